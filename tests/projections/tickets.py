"""Tickets of every course, told as facts: what the views of these tests are folded from."""

from domain.events import (
    AgentCertificateWithdrawn,
    AgentCertified,
    AgentMoved,
    AgentRated,
    AgentRegistered,
    AgentRetrained,
    AgentShiftEnded,
    AgentShiftStarted,
    AnswerGiven,
    AppealFiled,
    ArbitratorAssigned,
    ArbitratorRecused,
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    CouponIssued,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    DepartmentAsked,
    DepartmentPlanned,
    DiagnosisCorrected,
    DiagnosisMade,
    EvidenceContested,
    EvidenceDisclosed,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceRequested,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceWithdrawn,
    InterventionRequested,
    MerchantRefused,
    MessageSent,
    NoteAdded,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OrderPlaced,
    PlanGiven,
    PriorityInput,
    QueueEased,
    QueueOverflowed,
    RefundInitiated,
    RefundSettled,
    RemedyCompleted,
    RemedyOrdered,
    ResolutionSigned,
    ResolutionWritten,
    RulingIssued,
    RulingVaried,
    SourceReported,
    SurveyScheduled,
    TicketAccepted,
    TicketAssigned,
    TicketClosed,
    TicketEscalated,
    TicketOpened,
    TicketPrioritised,
    TicketQueued,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketRouted,
)
from domain.streams import ticket_id
from domain.values import (
    Attachment,
    Awaiting,
    Channel,
    Commitment,
    EvidenceKind,
    Examination,
    Kind,
    Money,
    Party,
    PlanLevel,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Sentiment,
    Sha256,
    Share,
    Stage,
    Terms,
    Urgency,
)
from tests.projections.history import (
    AGENT,
    ARBITRATOR,
    BUYER,
    MERCHANT,
    PAYMENT,
    SYSTEM,
    History,
    at,
)

BOOK = "2026-11-01"
TEXT = Commitment("x" * 43)
MEASURED = "measured"
"""A promise that is only measured, so it ranks nothing."""
PRICE = Money(amount_minor=459_900, currency="CNY")
ATTACHMENT = Attachment(sha256=Sha256("ab" * 32), size=1_234, media_type="image/png")
REFUND = Terms(kind=RemedyKind.REFUND, line="L1", amount=PRICE)


def opened(
    *,
    buyer: str = "b-1",
    merchant: str | None = "m-1",
    order: str | None = "o-1",
    priority: int = 2,
) -> TicketOpened:
    """Return an opening."""
    return TicketOpened(
        channel=Channel.APP,
        kind=Kind.DISPUTE,
        scenario=Scenario.PRODUCT,
        reason=Reason.QUALITY_FAULT,
        priority=priority,
        policy=BOOK,
        buyer=buyer,
        merchant=merchant,
        order=order,
        line="L1",
        remedy=RemedyKind.REFUND,
        claim=PRICE,
        statement=TEXT,
    )


def given(name: str, minutes: int, awaits: Awaiting) -> DeadlineGiven:
    """Return a deadline that is due some minutes after the start."""
    return DeadlineGiven(deadline=name, due_at=at(minutes), awaits=awaits, policy=BOOK)


def staged(item: str, party: Party, *, confidential: bool = False) -> EvidenceStaged:
    """Return an item that a side lays ready."""
    return EvidenceStaged(
        item=item,
        party=party,
        kind=EvidenceKind.PHOTO,
        attachment=ATTACHMENT,
        obtained="uploaded",
        confidential=confidential,
        caption=TEXT,
    )


def consulted(history: History, ticket: str) -> None:
    """A question is answered and the ticket closes by itself."""
    history.ticket(ticket, opened(priority=4), given("acceptance", 30, Awaiting.AGENT), by=BUYER)
    history.ticket(
        ticket,
        TicketAccepted(),
        DeadlineMet(deadline="acceptance"),
        TicketAssigned(agent="a-1"),
        given("answer", 90, Awaiting.AGENT),
        by=AGENT,
    )
    history.ticket(
        ticket,
        AnswerGiven(text=TEXT, resolves=True),
        DeadlineMet(deadline="answer"),
        TicketResolved(outcome="answered"),
        given("closing", 10_000, Awaiting.NOBODY),
        by=AGENT,
    )
    history.ticket(ticket, TicketClosed(outcome="answered"))


def negotiated(history: History, ticket: str) -> None:
    """Offers go back and forth, one lapses, and the talk goes on."""
    history.ticket(
        ticket,
        opened(buyer="b-2"),
        given("merchant_review", 4_000, Awaiting.MERCHANT),
        by=BUYER,
    )
    offer = {"terms": (REFUND,), "due_at": at(3_000), "policy": BOOK, "text": TEXT}
    history.ticket(
        ticket,
        OfferMade(offer="O1", by=Party.MERCHANT, **offer),
        given("offer:O1", 3_000, Awaiting.NOBODY),
        by=MERCHANT,
    )
    history.ticket(
        ticket,
        OfferCountered(offer="O2", counters="O1", by=Party.BUYER, **offer),
        given("offer:O2", 3_100, Awaiting.MERCHANT),
        by=BUYER,
    )
    history.ticket(ticket, OfferDeclined(offer="O2", by=Party.MERCHANT, reason=TEXT), by=MERCHANT)
    history.ticket(
        ticket,
        OfferMade(offer="O3", by=Party.MERCHANT, **offer),
        given("offer:O3", 3_200, Awaiting.BUYER),
        by=MERCHANT,
    )
    history.ticket(ticket, OfferLapsed(offer="O3", due_at=at(3_200)))
    history.ticket(ticket, DeadlineMissed(deadline="merchant_review", due_at=at(4_000)))


def weighed(history: History, ticket: str) -> None:
    """A dispute that waits for its ruling, with evidence of both sides in every state."""
    history.ticket(ticket, opened(), given("acceptance", 30, Awaiting.AGENT), by=BUYER)
    history.ticket(
        ticket,
        EvidenceGathered(
            item="E1",
            kind=EvidenceKind.ORDER_SNAPSHOT,
            attachment=ATTACHMENT,
            obtained="snapshot_at_opening",
            shown_to=(Party.BUYER, Party.MERCHANT),
        ),
    )
    history.ticket(ticket, TicketAccepted(), DeadlineMet(deadline="acceptance"), by=AGENT)
    history.ticket(ticket, MerchantRefused(reasons=TEXT, clause="quality.unused"), by=MERCHANT)
    history.ticket(ticket, MessageSent(by=Party.BUYER, text=TEXT), by=BUYER)
    history.ticket(ticket, NoteAdded(text=TEXT), by=AGENT)
    history.ticket(
        ticket,
        InterventionRequested(
            by=Party.BUYER, ground="merchant_refused", due_at=at(2_900), policy=BOOK
        ),
        given("ruling", 2_900, Awaiting.ARBITRATOR),
        given("assignment", 130, Awaiting.AGENT),
        by=BUYER,
    )
    history.ticket(
        ticket,
        EvidenceRequested(
            party=Party.BUYER, kinds=(EvidenceKind.PHOTO,), due_at=at(1_500), policy=BOOK
        ),
        given("evidence:buyer", 1_500, Awaiting.NOBODY),
    )
    history.ticket(ticket, staged("E2", Party.BUYER), by=BUYER)
    history.ticket(ticket, staged("E3", Party.MERCHANT), by=MERCHANT)
    history.ticket(
        ticket,
        EvidenceReplaced(
            item="E4",
            replaces="E3",
            party=Party.MERCHANT,
            kind=EvidenceKind.VIDEO,
            attachment=ATTACHMENT,
            obtained="uploaded",
            confidential=False,
        ),
        by=MERCHANT,
    )
    history.ticket(ticket, staged("E5", Party.BUYER, confidential=True), by=BUYER)
    history.ticket(ticket, staged("E6", Party.BUYER), by=BUYER)
    history.ticket(ticket, EvidenceWithdrawn(item="E6", party=Party.BUYER), by=BUYER)
    history.ticket(
        ticket,
        EvidenceSealed(
            party=Party.BUYER, items=("E2", "E5"), set_digest=Sha256("cd" * 32), shown=("E2",)
        ),
        by=BUYER,
    )
    history.ticket(ticket, EvidenceContested(item="E2", by=Party.MERCHANT, why=TEXT), by=MERCHANT)
    history.ticket(
        ticket,
        ArbitratorAssigned(arbitrator="r-9", instance=1),
        DeadlineMet(deadline="assignment"),
        by=AGENT,
    )
    history.ticket(ticket, ArbitratorRecused(arbitrator="r-9", reason="knows_party"))
    history.ticket(ticket, ArbitratorAssigned(arbitrator="r-1", instance=1), by=AGENT)


def ruled(history: History, ticket: str) -> None:
    """A dispute is ruled on, appealed, varied, and what it grants is enforced."""
    weighed(history, ticket)
    history.ticket(ticket, EvidenceDisclosed(item="E5", to=Party.MERCHANT), by=ARBITRATOR)
    shares = (Share(party=Responsible.MERCHANT, share_bp=10_000),)
    coupon = Terms(kind=RemedyKind.COUPON, line="L1", amount=Money(5_000, "CNY"))
    decision = {
        "in_favour_of": Party.BUYER,
        "shares": shares,
        "reasons": TEXT,
        "clauses": ("quality.hardware_fault",),
        "relied_on": ("E1", "E2"),
        "policy": BOOK,
    }
    history.ticket(
        ticket,
        RulingIssued(ruling="J1", awards=(REFUND,), **decision),
        DeadlineMet(deadline="ruling"),
        RemedyOrdered(remedy="R1", terms=REFUND, source="ruling", policy=BOOK),
        RefundInitiated(remedy="R1", amount=PRICE),
        given("remedy:R1", 3_600, Awaiting.PAYMENT),
        given("appeal", 12_000, Awaiting.NOBODY),
        by=ARBITRATOR,
    )
    history.ticket(
        ticket,
        AppealFiled(appeal="A1", ruling="J1", by=Party.BUYER, grounds=TEXT, policy=BOOK),
        given("appeal_ruling", 9_000, Awaiting.ARBITRATOR),
        by=BUYER,
    )
    history.ticket(
        ticket,
        EvidenceSupplemented(
            item="E7",
            party=Party.BUYER,
            kind=EvidenceKind.INSPECTION_REPORT,
            attachment=ATTACHMENT,
            obtained="uploaded",
            late=True,
            confidential=False,
        ),
        by=BUYER,
    )
    history.ticket(
        ticket,
        RulingVaried(appeal="A1", ruling="J2", awards=(REFUND, coupon), **decision),
        DeadlineMet(deadline="appeal_ruling"),
        RemedyOrdered(remedy="R2", terms=coupon, source="appeal", policy=BOOK),
        by=ARBITRATOR,
    )
    history.ticket(ticket, CouponIssued(remedy="R2", coupon="C-7", value=Money(5_000, "CNY")))
    history.ticket(ticket, RemedyCompleted(remedy="R2"))
    history.ticket(
        ticket,
        RefundSettled(remedy="R1", reference="pay-1"),
        RemedyCompleted(remedy="R1"),
        DeadlineMet(deadline="remedy:R1"),
        TicketResolved(outcome="remedied"),
        given("closing", 20_000, Awaiting.NOBODY),
        by=PAYMENT,
    )


def reopened(history: History, ticket: str) -> None:
    """A closed question comes back and is overdue."""
    consulted(history, ticket)
    history.ticket(
        ticket,
        TicketReopened(round=2, policy=BOOK, reason=TEXT),
        given("acceptance", 200, Awaiting.AGENT),
        by=BUYER,
    )
    history.ticket(ticket, DeadlineMissed(deadline="acceptance", due_at=at(200)))


def promise(name: str, due: int, *, next_at: int | None) -> ClockStarted:
    """Return a promise that runs from the start, due some minutes after it."""
    return ClockStarted(
        clock=name,
        row="SL-02",
        since=at(0),
        target_s=due * 60,
        calendar="always",
        zones="2026a",
        due_at=at(due),
        awaits=Awaiting.AGENT,
        policy=BOOK,
        next_at=None if next_at is None else at(next_at),
    )


def promised(history: History, ticket: str) -> None:
    """Promises run, rest, are moved and broken; others are kept or not asked for any more."""
    clocks = ("broken", "resting", "moved", "kept", "moot", "resumed")
    history.ticket(
        ticket,
        opened(),
        *(promise(name, 30, next_at=15) for name in clocks),
        promise(MEASURED, 3, next_at=None),
        by=BUYER,
    )
    history.ticket(
        ticket,
        ClockPaused(clock="resting", why="buyer", policy=BOOK),
        ClockPaused(clock="resumed", why="buyer", policy=BOOK),
    )
    history.ticket(
        ticket, ClockResumed(clock="resumed", due_at=at(50), policy=BOOK, next_at=at(35))
    )
    history.ticket(
        ticket,
        ClockWarned(
            clock="broken",
            share_bp=5000,
            due_at=at(15),
            to="supervisor",
            policy=BOOK,
            next_at=at(30),
        ),
        ClockBreached(clock="broken", row="SL-02", due_at=at(30), policy=BOOK, next_at=at(30)),
        TicketEscalated(
            clock="broken",
            rung=1,
            to="supervisor",
            due_at=at(30),
            policy=BOOK,
            next_at=at(90),
        ),
    )
    history.ticket(
        ticket,
        ClockMoved(
            clock="moved",
            target_s=1200,
            calendar="always",
            zones="2026a",
            due_at=at(20),
            why="stricter",
            policy="2026-12-01",
            next_at=at(10),
        ),
        ClockStopped(clock="kept", by="taken_over", at=at(9), elapsed_s=540, kept=True),
        ClockCancelled(clock="moot", why="not_in_book"),
    )


def diagnosed(history: History, ticket: str, kind: Kind, *, human: Kind | None) -> None:
    """A machine judges a matter, and a person may judge it otherwise."""
    history.ticket(
        ticket,
        opened(),
        DiagnosisMade(
            tags=("screen_flicker",),
            responsible=Responsible.MERCHANT,
            scenario=Scenario.PRODUCT,
            kind=kind,
            urgency=Urgency.MEDIUM,
            sentiment=Sentiment.NEUTRAL,
            upset=False,
            confidence_bp=8_000,
            flows=(),
            satisfied=False,
            method="lexicon:1",
            policy=BOOK,
        ),
        TicketPrioritised(
            priority=2,
            points=35,
            inputs=(PriorityInput("weight", "dispute", 35),),
            policy=BOOK,
        ),
        TicketQueued(queue="senior", why=("dispute",), policy=BOOK),
        by=BUYER,
    )
    if human is not None:
        history.ticket(
            ticket,
            DiagnosisCorrected(
                scenario=Scenario.PRODUCT,
                responsible=Responsible.LOGISTICS,
                kind=human,
                priority=2,
                policy=BOOK,
            ),
            by=AGENT,
        )


def advised(history: History, ticket: str) -> None:
    """Two departments are asked: one plans late, the other not before the matter is over."""
    diagnosed(history, ticket, Kind.COMPLAINT, human=Kind.COMPLAINT)
    history.ticket(
        ticket,
        PlanGiven(level=PlanLevel.PLAN, text=TEXT),
        DepartmentAsked(request="D1", department="legal", question=TEXT, policy=BOOK),
        DepartmentAsked(request="D2", department="finance", question=TEXT, policy=BOOK),
        promise("department_plan:D1", 120, next_at=60),
        promise("department_plan:D2", 120, next_at=60),
        by=AGENT,
    )
    history.ticket(
        ticket,
        ClockBreached(
            clock="department_plan:D1",
            row="SL-15",
            due_at=at(120),
            policy=BOOK,
            next_at=at(120),
        ),
        TicketEscalated(
            clock="department_plan:D1", rung=1, to="director", due_at=at(120), policy=BOOK
        ),
    )
    history.ticket(
        ticket,
        DepartmentPlanned(request="D1", plan=TEXT),
        ClockStopped(
            clock="department_plan:D1",
            by="department_planned",
            at=at(130),
            elapsed_s=7_800,
            kept=False,
        ),
        ResolutionWritten(
            text=TEXT,
            improvement=TEXT,
            compensation=Terms(RemedyKind.COUPON, "1", Money(500, "CNY")),
        ),
        ResolutionSigned(),
        by=AGENT,
    )
    history.ticket(
        ticket,
        TicketResolved(outcome="remedied"),
        ClockCancelled(clock="department_plan:D2", why="resolved"),
        SurveyScheduled(due_at=at(10_210), policy=BOOK),
        by=AGENT,
    )


def imported(history: History, ticket: str) -> None:
    """Another system's ticket, which is resolved and lives again there."""
    facts = (
        (opened(merchant=None, order=None, priority=3), TicketRouted(queue="Group 70")),
        (SourceReported(state="Active", stage=Stage.INTAKE, awaiting=Awaiting.AGENT, text=TEXT),),
        (TicketReprioritised(priority=1),),
        (
            SourceReported(state="Resolved", stage=Stage.REMEDY, awaiting=Awaiting.NOBODY),
            TicketResolved(outcome="resolved"),
        ),
        (
            SourceReported(state="Active", stage=Stage.INTAKE, awaiting=Awaiting.AGENT),
            TicketRouted(queue="Group 24"),
        ),
    )
    for events in facts:
        history.add(f"ticket:{ticket}", *events, by=SYSTEM, imported=True)


COURSES = (consulted, negotiated, weighed, ruled, reopened, promised, advised, imported)


def everything(lanes: int, rounds: int = 1) -> History:
    """Return a history with tickets of every course in every lane, and facts of other streams."""
    history = History(lanes)
    number = 0
    for _ in range(rounds):
        for lane in range(lanes):
            for course in COURSES:
                number += 1
                course(history, ticket_id(lane, "261122", number))
            history.add(
                f"order:o-{number}",
                OrderPlaced(buyer="b-1", merchant="m-1", lines=(), placed_at=at(0)),
            )
            staffed(history, f"a-{number}", f"queue-{number}")
    return history


def staffed(history: History, agent: str, queue: str) -> None:
    """An agent is hired, certified, moved and rated, and comes and goes; a queue overflows."""
    history.add(
        f"agent:{agent}",
        AgentRegistered(desk="general_desk", skills=("vip",), policy="b"),
        AgentRetrained(skills=("senior", "vip")),
        AgentCertified(certificate=Examination.LAW, expires_at=at(1_000)),
        AgentCertified(certificate=Examination.LUXURY, expires_at=at(1_000)),
        AgentCertificateWithdrawn(certificate=Examination.LUXURY, why="audit"),
        AgentShiftStarted(),
        AgentMoved(from_desk="general_desk", to_desk="vip_desk", why="idle", policy="b"),
        AgentRated(good_bp=9_500),
        AgentShiftEnded(),
        AgentShiftStarted(),
    )
    history.add(
        f"queue:{queue}",
        QueueOverflowed(open=25, capacity=20, to="overflow", policy="b"),
        QueueEased(open=20, capacity=20, policy="b"),
    )
