"""Intake and the service track: opening, taking up, answering, reviewing, approving, refusing."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AcceptTicket,
    AddNote,
    AmendClaim,
    ApproveClaim,
    CorrectDiagnosis,
    GiveAnswer,
    OpenTicket,
    RefuseClaim,
    ReleaseAssignment,
    ReviewReturn,
    SendMessage,
    TakeAssignment,
)
from domain.events import (
    AnswerGiven,
    AssignmentReleased,
    ChannelJoined,
    ClaimAmended,
    DeadlineGiven,
    DeadlineMet,
    DiagnosisCorrected,
    EvidenceGathered,
    MerchantApproved,
    MerchantRefused,
    MessageSent,
    NoteAdded,
    RefundGranted,
    RefundInitiated,
    RemedyOrdered,
    ReturnReviewed,
    TicketAccepted,
    TicketAssigned,
    TicketOpened,
    TicketResolved,
    TicketsLinked,
)
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    EvidenceKind,
    Kind,
    Money,
    OrderLine,
    Party,
    Personal,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Stage,
    Terms,
)
from tests.scenario import (
    AGENT,
    ARBITRATOR,
    BOOK,
    BUYER,
    EVERYBODY,
    LINE,
    MERCHANT,
    MOMENT,
    NOW,
    ORDER,
    OTHER_AGENT,
    OTHER_BUYER,
    OTHER_MERCHANT,
    PRICE,
    SUPERVISOR,
    TICKET,
    ago,
    by_buyer,
    for_each,
    given,
    opened,
    ordered,
    yuan,
)
from tests.scenario import Scenario as Story

OPEN = OpenTicket(channel=Channel.APP, order=ORDER)
ACCEPT = AcceptTicket(ticket=TICKET)
TAKE = TakeAssignment(ticket=TICKET)
RELEASE = ReleaseAssignment(ticket=TICKET)
REVIEW = ReviewReturn(ticket=TICKET)
REFUSE = RefuseClaim(ticket=TICKET, reasons="it was activated")
HOLDS = (f"line:{ORDER}/{LINE}/product",)


def line(name: str, paid: Money = PRICE, category: str = "phones") -> OrderLine:
    """Return a line of an order."""
    return OrderLine(
        line=name, sku=f"sku-{name}", title="goods", category=category, quantity=1, paid=paid
    )


def accepted(command: OpenTicket = OPEN) -> Story:
    """Return a matter the desk has taken up."""
    return opened(command).done(ACCEPT, AGENT)


def claiming(remedy: RemedyKind | None, claim: Money | None) -> Story:
    """Return a matter taken up with a claim."""
    return accepted(OpenTicket(channel=Channel.APP, order=ORDER, remedy=remedy, claim=claim))


def answer(*, resolves: bool) -> GiveAnswer:
    """Return an answer of the desk."""
    return GiveAnswer(ticket=TICKET, text="please restart it", resolves=resolves)


def approve(kind: RemedyKind, amount: Money | None = None, line: str | None = None) -> ApproveClaim:
    """Return a merchant's approval."""
    return ApproveClaim(ticket=TICKET, terms=Terms(kind=kind, amount=amount, line=line))


def correct(
    scenario: Scenario = Scenario.SERVICE,
    kind: Kind = Kind.COMPLAINT,
    responsible: Responsible = Responsible.LOGISTICS,
) -> CorrectDiagnosis:
    """Return a correction of the diagnosis."""
    return CorrectDiagnosis(ticket=TICKET, scenario=scenario, responsible=responsible, kind=kind)


# --- opening ----------------------------------------------------------------------------------


def test_an_order_number_is_enough_to_open_a_ticket() -> None:
    """IN-02: the rest is prefilled from the order as it is known at that moment."""
    outcome = ordered().when(OPEN, by=BUYER)
    snapshot = outcome.the(EvidenceGathered)
    outcome.then(
        TicketOpened(
            channel=Channel.APP,
            kind=Kind.COMPLAINT,
            scenario=Scenario.PRODUCT,
            reason=Reason.OTHER,
            priority=BOOK.priority[Kind.COMPLAINT],
            policy=BOOK.version,
            buyer=BUYER.ref,
            merchant=MERCHANT.ref,
            order=ORDER,
            line=LINE,
            holds=HOLDS,
        ),
        snapshot,
        DeadlineGiven(
            deadline="acceptance",
            due_at=BOOK.due("acceptance", NOW),
            awaits=Awaiting.AGENT,
            policy=BOOK.version,
        ),
    )


def test_the_order_snapshot_is_the_first_evidence_item_and_both_sides_see_it() -> None:
    """IN-02: what was bought, at what price, is on the record before anybody argues."""
    story = ordered()
    snapshot = story.when(OPEN, by=BUYER).the(EvidenceGathered)
    assert snapshot.item == "E1"
    assert snapshot.kind is EvidenceKind.ORDER_SNAPSHOT
    assert snapshot.obtained == "snapshot_at_opening"
    assert set(snapshot.shown_to) == {Party.BUYER, Party.MERCHANT}
    content = story.kept[snapshot.attachment.sha256]
    told = json.loads(content)
    assert told["lines"][LINE]["paid"] == {"amount_minor": 499900, "currency": "CNY"}
    assert told["signed_at"] == NOW
    assert content == json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def test_the_snapshot_tells_nothing_of_other_tickets() -> None:
    """What an earlier matter was granted belongs to that matter."""
    grant = RefundGranted(
        ticket="T0-261101-0000002", remedy="R1", line=LINE, amount=yuan(1), cap=PRICE, policy="p"
    )
    story = ordered().given(grant)
    snapshot = story.when(OPEN, by=BUYER).the(EvidenceGathered)
    assert b"T0-261101-0000002" not in story.kept[snapshot.attachment.sha256]


def test_the_platform_is_the_party_of_the_snapshot_whoever_opens() -> None:
    """A buyer who opens a ticket has not brought the order as evidence."""
    assert opened(by=BUYER).live.evidence["E1"].party is Party.PLATFORM


def test_an_order_of_somebody_else_is_unknown_to_a_buyer() -> None:
    """Whether an order number exists is nobody else's business."""
    ordered().when(OPEN, by=OTHER_BUYER).then_refused(errors.UnknownOrder)


def test_an_order_that_was_never_placed_is_unknown() -> None:
    """A matter about an order needs the order."""
    given().when(OPEN, by=BUYER).then_refused(errors.UnknownOrder)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[BUYER, AGENT, SUPERVISOR]))
def test_only_the_buyer_and_the_desk_open_tickets(actor: object) -> None:
    """Machines post facts and merchants answer: they do not complain for a buyer."""
    ordered().when(OPEN, by=actor).then_refused(errors.NotYourRole)


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR])
def test_the_desk_opens_for_the_buyer_of_the_order(actor: object) -> None:
    """IN-01: by phone an agent types, and the matter is still the buyer's."""
    assert ordered().when(OPEN, by=actor).the(TicketOpened).buyer == BUYER.ref


def test_of_several_lines_the_right_one_must_be_named() -> None:
    """A refund is bound to a line: guessing would spend another line's money."""
    story = ordered(line("1"), line("2"))
    refusal = story.when(OPEN, by=BUYER).then_refused(errors.LineRequired)
    assert refusal.facts["lines"] == ["1", "2"]
    named = OpenTicket(channel=Channel.APP, order=ORDER, line="2")
    assert story.when(named, by=BUYER).the(TicketOpened).line == "2"


def test_a_line_the_order_does_not_have_is_refused() -> None:
    """There is nothing to be about."""
    named = OpenTicket(channel=Channel.APP, order=ORDER, line="9")
    ordered().when(named, by=BUYER).then_refused(errors.UnknownLine)


@pytest.mark.parametrize(
    ("claim", "refusal"),
    [
        (PRICE, None),
        (Money(PRICE.amount_minor + 1, "CNY"), errors.CapExceeded),
        (Money(1, "CNY"), None),
        (Money(0, "CNY"), errors.AmountRequired),
        (Money(-1, "CNY"), errors.AmountRequired),
        (Money(1, "EUR"), errors.CurrencyDiffers),
    ],
)
def test_a_claim_lies_between_nothing_and_the_price(
    claim: Money, refusal: type[errors.Refusal] | None
) -> None:
    """Nobody can ask back more than was paid, or in other money."""
    command = OpenTicket(channel=Channel.APP, order=ORDER, claim=claim)
    outcome = ordered().when(command, by=BUYER)
    if refusal is None:
        assert outcome.the(TicketOpened).claim == claim
    else:
        outcome.then_refused(refusal)


def test_a_matter_without_an_order_belongs_to_who_brings_it() -> None:
    """A question needs no order; it holds no name and has no snapshot."""
    command = OpenTicket(channel=Channel.CHAT, kind=Kind.CONSULTATION, statement="which size?")
    outcome = given().when(command, by=BUYER)
    fact = outcome.the(TicketOpened)
    assert (fact.buyer, fact.merchant, fact.order, fact.holds) == (BUYER.ref, None, None, None)
    assert fact.statement == by_buyer("which size?")
    assert fact.priority == BOOK.priority[Kind.CONSULTATION]
    outcome.then_kinds(TicketOpened, DeadlineGiven)


def test_without_an_order_the_desk_says_whose_matter_it_is() -> None:
    """A ticket of nobody could be answered to nobody."""
    command = OpenTicket(channel=Channel.PHONE)
    given().when(command, by=AGENT).then_refused(errors.Unreasonable)
    named = OpenTicket(channel=Channel.PHONE, buyer=BUYER.ref)
    assert given().when(named, by=AGENT).the(TicketOpened).buyer == BUYER.ref


def test_a_line_without_an_order_is_refused() -> None:
    """A line number alone means nothing."""
    command = OpenTicket(channel=Channel.APP, line=LINE)
    given().when(command, by=BUYER).then_refused(errors.UnknownLine)


def test_opening_twice_yields_one_ticket() -> None:
    """IN-03: a double click is one fact."""
    opened().when(OPEN, by=BUYER).then_nothing()


def test_the_same_matter_through_another_channel_joins_the_ticket() -> None:
    """IN-01: every channel shows the same ticket, and both are on record."""
    by_phone = OpenTicket(channel=Channel.PHONE, order=ORDER)
    joined = opened().when(by_phone, by=AGENT).then(ChannelJoined(channel=Channel.PHONE))
    assert joined.live.channels == {Channel.APP, Channel.PHONE}
    joined.when(by_phone, by=AGENT).then_nothing()


# --- taking up --------------------------------------------------------------------------------


def test_a_complaint_that_is_taken_up_goes_to_the_merchant() -> None:
    """AR-10: the merchant decides first, within the time the book gives."""
    story = opened().after(timedelta(minutes=5))
    story.when(ACCEPT, by=AGENT).then(
        TicketAccepted(),
        DeadlineMet(deadline="acceptance"),
        DeadlineGiven(
            deadline="merchant_review",
            due_at=BOOK.due("merchant_review", story.now),
            awaits=Awaiting.MERCHANT,
            policy=BOOK.version,
        ),
    )


def test_a_consultation_that_is_taken_up_waits_for_an_answer() -> None:
    """SL-01: a question is the desk's to answer, not the merchant's."""
    story = opened(OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.CONSULTATION))
    outcome = story.when(ACCEPT, by=AGENT)
    assert outcome.the(DeadlineGiven).deadline == "answer"
    assert outcome.the(DeadlineGiven).due_at == BOOK.due("answer", story.now)


def test_a_complaint_without_a_merchant_waits_for_an_answer() -> None:
    """Nobody else could be waited for."""
    story = given().done(OpenTicket(channel=Channel.APP), BUYER)
    assert story.when(ACCEPT, by=AGENT).the(DeadlineGiven).deadline == "answer"


def test_accepting_twice_is_once() -> None:
    """A repetition by the same person is harmless; by another one it is too late."""
    story = accepted()
    story.when(ACCEPT, by=AGENT).then_nothing()
    story.when(ACCEPT, by=OTHER_AGENT).then_refused(errors.AlreadyDone)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[AGENT, SUPERVISOR]))
def test_only_the_desk_takes_matters_up(actor: object) -> None:
    """The platform's promise to look is the platform's to keep."""
    opened().when(ACCEPT, by=actor).then_refused(errors.NotYourRole)


# --- who works on it --------------------------------------------------------------------------


def test_one_agent_works_on_a_ticket() -> None:
    """RO-05: two people never work on the same ticket unknowingly."""
    taken = opened().when(TAKE, by=AGENT).then(TicketAssigned(agent=AGENT.ref))
    taken.when(TAKE, by=AGENT).then_nothing()
    for other in (OTHER_AGENT, SUPERVISOR):
        taken.when(TAKE, by=other).then_refused(errors.AssignedToAnother)


@pytest.mark.parametrize(
    "command", [ACCEPT, RELEASE, answer(resolves=True), correct(), AddNote(ticket=TICKET, text="x")]
)
def test_what_another_agent_works_on_is_left_alone(command: object) -> None:
    """RO-05: a claim is exclusive for every command of an agent."""
    taken = opened().done(TAKE, AGENT)
    taken.when(command, by=OTHER_AGENT).then_refused(errors.AssignedToAnother)


def test_a_supervisor_steps_past_an_assignment() -> None:
    """An absent agent must not keep a matter from being answered."""
    opened().done(TAKE, AGENT).done(ACCEPT, SUPERVISOR)


def test_agents_release_their_own_work_and_supervisors_anybodys() -> None:
    """An agent may not take a colleague's work away."""
    taken = opened().done(TAKE, AGENT)
    for who in (AGENT, SUPERVISOR):
        free = taken.when(RELEASE, by=who).then(AssignmentReleased(agent=AGENT.ref))
        assert free.live.assignee is None
        free.done(TAKE, OTHER_AGENT)


def test_releasing_what_nobody_has_is_harmless() -> None:
    """A repeated release finds nothing to release."""
    opened().when(RELEASE, by=AGENT).then_nothing()


def test_whoever_of_the_desk_acts_is_remembered() -> None:
    """AR-04: who handled a matter may not judge it."""
    assert accepted().live.handlers == {f"agent:{AGENT.ref}"}
    assert opened(by=AGENT).live.handlers == {f"agent:{AGENT.ref}"}
    assert opened(by=BUYER).live.handlers == set()


# --- what it is about -------------------------------------------------------------------------


def test_a_buyer_may_ask_for_something_else() -> None:
    """What is wanted may change while nothing is decided."""
    command = AmendClaim(ticket=TICKET, remedy=RemedyKind.REFUND, claim=yuan(100))
    amended = (
        opened()
        .when(command, by=BUYER)
        .then(ClaimAmended(remedy=RemedyKind.REFUND, claim=yuan(100)))
    )
    assert (amended.live.remedy, amended.live.claim) == (RemedyKind.REFUND, yuan(100))
    amended.when(command, by=BUYER).then_nothing()


def test_an_amended_claim_stays_within_the_price() -> None:
    """The rule of the opening holds for a change too."""
    for claim, refusal in (
        (Money(PRICE.amount_minor + 1, "CNY"), errors.CapExceeded),
        (Money(1, "USD"), errors.CurrencyDiffers),
    ):
        command = AmendClaim(ticket=TICKET, remedy=RemedyKind.REFUND, claim=claim)
        opened().when(command, by=BUYER).then_refused(refusal)


def test_only_the_tickets_own_buyer_amends_the_claim() -> None:
    """A claim is the claimant's."""
    command = AmendClaim(ticket=TICKET, remedy=RemedyKind.REFUND)
    opened().when(command, by=OTHER_BUYER).then_refused(errors.NotYourTicket)
    for actor in for_each(EVERYBODY, but=[BUYER]):
        opened().when(command, by=actor).then_refused(errors.NotYourRole)


def test_what_is_settled_is_not_claimed_anew() -> None:
    """A claim ends with the decision on it."""
    story = claiming(RemedyKind.REFUND, yuan(100)).done(
        approve(RemedyKind.REFUND, yuan(100)), MERCHANT
    )
    command = AmendClaim(ticket=TICKET, remedy=RemedyKind.REFUND, claim=yuan(200))
    story.when(command, by=BUYER).then_refused(errors.WrongStage)


def test_a_corrected_scenario_moves_the_reservation() -> None:
    """IN-03: the name that is held tells what the matter is really about."""
    corrected = (
        opened()
        .when(correct(), by=AGENT)
        .then(
            DiagnosisCorrected(
                scenario=Scenario.SERVICE,
                responsible=Responsible.LOGISTICS,
                kind=Kind.COMPLAINT,
                priority=BOOK.priority[Kind.COMPLAINT],
                policy=BOOK.version,
                holds=(f"line:{ORDER}/{LINE}/service",),
            )
        )
    )
    assert corrected.live.holds == (f"line:{ORDER}/{LINE}/service",)
    corrected.when(correct(), by=AGENT).then_nothing()


def test_the_same_scenario_keeps_the_reservation() -> None:
    """A change of kind or party is no reason to let the name go."""
    command = correct(scenario=Scenario.PRODUCT)
    assert opened().when(command, by=AGENT).the(DiagnosisCorrected).holds == HOLDS


def test_a_collision_links_the_tickets_and_holds_nothing() -> None:
    """Two tickets turn out to be one matter: neither is refused, and they know of each other."""
    elsewhere = replace(opened().live, ticket="T0-261110-0000003")
    outcome = opened().held_by(elsewhere).when(correct(), by=AGENT)
    assert outcome.the(DiagnosisCorrected).holds is None
    linked = outcome.then_among(TicketsLinked(other=elsewhere.ticket, why="same_matter"))
    assert linked.live.holds == ()
    assert linked.live.links == (elsewhere.ticket,)
    again = correct(scenario=Scenario.EXPERIENCE)
    linked.when(again, by=AGENT).then_kinds(DiagnosisCorrected)


def test_another_kind_changes_whose_turn_it_is() -> None:
    """A question that is a complaint goes to the merchant, and the other way round."""
    story = accepted(OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.CONSULTATION))
    outcome = story.when(correct(kind=Kind.DISPUTE), by=AGENT)
    assert outcome.the(DiagnosisCorrected).priority == BOOK.priority[Kind.DISPUTE]
    outcome.then_among(DeadlineMet(deadline="answer"))
    assert outcome.the(DeadlineGiven).deadline == "merchant_review"


# --- words ------------------------------------------------------------------------------------


def test_an_answer_that_settles_the_matter_resolves_it() -> None:
    """Most tickets end here: answered, without an offer or a ruling."""
    story = accepted(OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.CONSULTATION))
    resolved = story.when(answer(resolves=True), by=AGENT).then(
        AnswerGiven(text=Personal("please restart it", subject="agent:a-1"), resolves=True),
        DeadlineMet(deadline="answer"),
        TicketResolved(outcome="answered"),
        DeadlineGiven(
            deadline="closing",
            due_at=BOOK.due("closing", story.now),
            awaits=Awaiting.NOBODY,
            policy=BOOK.version,
        ),
    )
    assert resolved.live.resolved == "answered"
    resolved.when(answer(resolves=True), by=AGENT).then_refused(errors.WrongStage)


def test_an_answer_that_settles_nothing_leaves_the_buyer_time_to_come_back() -> None:
    """The promise was an answer, not an end; but something always runs."""
    story = accepted(OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.CONSULTATION))
    answered = story.when(answer(resolves=False), by=AGENT).then_kinds(
        AnswerGiven, DeadlineMet, DeadlineGiven
    )
    assert answered.live.resolved is None
    assert answered.live.deadlines["reply"].awaits is Awaiting.BUYER
    answered.when(answer(resolves=False), by=AGENT).then_kinds(
        AnswerGiven, DeadlineMet, DeadlineGiven
    )


def test_nothing_is_answered_before_it_is_taken_up() -> None:
    """Whoever answers has taken the matter up."""
    opened().when(answer(resolves=True), by=AGENT).then_refused(errors.WrongStage)


def test_a_negotiation_is_not_answered_away() -> None:
    """Once the two sides negotiate, the desk does not end it with a word."""
    story = accepted().done(REFUSE, MERCHANT)
    story.when(answer(resolves=True), by=AGENT).then_refused(errors.WrongStage)
    story.when(answer(resolves=False), by=AGENT).then_kinds(AnswerGiven)


@pytest.mark.parametrize("actor", [BUYER, MERCHANT, AGENT, SUPERVISOR])
def test_the_parties_and_the_desk_write_to_each_other(actor: object) -> None:
    """A text is personal data of whoever wrote it."""
    fact = accepted().when(SendMessage(ticket=TICKET, text="hello"), by=actor).the(MessageSent)
    assert fact.by is actor.party
    assert fact.text == Personal("hello", subject=f"{actor.kind}:{actor.ref}")


@pytest.mark.parametrize("actor", [OTHER_BUYER, OTHER_MERCHANT])
def test_a_stranger_does_not_write(actor: object) -> None:
    """A ticket belongs to its parties."""
    command = SendMessage(ticket=TICKET, text="hello")
    accepted().when(command, by=actor).then_refused(errors.NotYourTicket)


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR, ARBITRATOR])
def test_staff_leave_notes(actor: object) -> None:
    """What staff note among themselves is theirs."""
    accepted().when(AddNote(ticket=TICKET, text="vip"), by=actor).then_kinds(NoteAdded)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[AGENT, SUPERVISOR, ARBITRATOR]))
def test_parties_and_machines_leave_no_notes(actor: object) -> None:
    """A note is not seen by the parties, so it can not be by one of them."""
    command = AddNote(ticket=TICKET, text="x")
    accepted().when(command, by=actor).then_refused(errors.NotYourRole)


# --- the review of a return -------------------------------------------------------------------

NO_REASON = timedelta(days=BOOK.returns.no_reason_days)
QUALITY = timedelta(days=BOOK.returns.quality_days)


@pytest.mark.parametrize(
    ("reason", "since", "clause"),
    [
        (Reason.CHANGED_MIND, timedelta(0), "returns.no_reason"),
        (Reason.CHANGED_MIND, NO_REASON, "returns.no_reason"),
        (Reason.CHANGED_MIND, NO_REASON + MOMENT, "returns.window_passed"),
        (Reason.QUALITY_FAULT, NO_REASON + MOMENT, "returns.quality"),
        (Reason.QUALITY_FAULT, QUALITY, "returns.quality"),
        (Reason.QUALITY_FAULT, QUALITY + MOMENT, "returns.window_passed"),
    ],
)
def test_the_book_says_until_when_goods_go_back(
    reason: Reason, since: timedelta, clause: str
) -> None:
    """DI-07: the answer is exact and names the rule it follows."""
    story = ordered(signed_at=ago(since))
    story = story.done(OpenTicket(channel=Channel.APP, order=ORDER, reason=reason), BUYER)
    story.when(REVIEW, by=MERCHANT).then(
        ReturnReviewed(
            eligible=clause != "returns.window_passed",
            clause=clause,
            policy=BOOK.version,
            days_since_signing=since.days,
        )
    )


@pytest.mark.parametrize("category", BOOK.returns.excluded_categories)
def test_excluded_goods_go_back_for_a_fault_only(category: str) -> None:
    """DI-07: custom-made and fresh goods are the exception, a fault is the exception to that."""
    for reason, clause in (
        (Reason.CHANGED_MIND, "returns.excluded"),
        (Reason.DAMAGED, "returns.quality"),
    ):
        story = ordered(line("1", category=category))
        story = story.done(OpenTicket(channel=Channel.APP, order=ORDER, reason=reason), BUYER)
        fact = story.when(REVIEW, by=AGENT).the(ReturnReviewed)
        assert (fact.eligible, fact.clause) == (clause == "returns.quality", clause)


def test_what_is_not_signed_for_can_not_go_back() -> None:
    """It has not arrived: the matter is another one."""
    story = ordered(signed_at=None).done(OPEN, BUYER)
    fact = story.when(REVIEW, by=SYSTEM).the(ReturnReviewed)
    assert (fact.eligible, fact.clause) == (False, "returns.not_signed")
    assert fact.days_since_signing is None


def test_the_clauses_a_review_names_stand_in_the_book() -> None:
    """A decision can only rest on a sentence that is there."""
    for name in ("no_reason", "quality", "excluded", "window_passed", "not_signed"):
        assert BOOK.has_clause(f"returns.{name}")


def test_a_matter_without_an_order_has_no_return_to_review() -> None:
    """There is nothing that could go back."""
    story = given().done(OpenTicket(channel=Channel.APP), BUYER)
    story.when(REVIEW, by=AGENT).then_refused(errors.WrongState)


# --- the merchant's own decision --------------------------------------------------------------


def test_a_merchant_grants_what_is_claimed() -> None:
    """AR-10: the quickest end of a complaint; the remedy is owed at once."""
    story = claiming(RemedyKind.REFUND, yuan(300))
    command = approve(RemedyKind.REFUND, yuan(300))
    outcome = story.when(command, by=MERCHANT)
    approved = outcome.then_among(
        MerchantApproved(terms=command.terms), DeadlineMet(deadline="merchant_review")
    )
    assert outcome.the(RemedyOrdered).source == "approval"
    assert outcome.the(RefundGranted).amount == yuan(300)
    assert outcome.the(RefundInitiated).amount == yuan(300)
    assert approved.live.stage is Stage.REMEDY
    assert list(approved.live.deadlines) == ["remedy:R1"]


@pytest.mark.parametrize(
    ("asked", "claim", "granted", "amount", "refusal"),
    [
        (RemedyKind.REFUND, yuan(300), RemedyKind.REFUND, yuan(300), None),
        (
            RemedyKind.REFUND,
            yuan(300),
            RemedyKind.REFUND,
            Money(29_999, "CNY"),
            errors.LessThanClaimed,
        ),
        (RemedyKind.REFUND, yuan(300), RemedyKind.REFUND, PRICE, None),
        (RemedyKind.RETURN, None, RemedyKind.REFUND, PRICE, None),
        (RemedyKind.REFUND, None, RemedyKind.RETURN, PRICE, errors.LessThanClaimed),
        (
            RemedyKind.RETURN,
            None,
            RemedyKind.RETURN,
            Money(PRICE.amount_minor - 1, "CNY"),
            errors.LessThanClaimed,
        ),
        (RemedyKind.EXCHANGE, None, RemedyKind.EXCHANGE, None, None),
        (RemedyKind.EXCHANGE, None, RemedyKind.REPAIR, None, errors.LessThanClaimed),
        (None, None, RemedyKind.REPAIR, None, None),
        (None, None, RemedyKind.COUPON, yuan(10), errors.LessThanClaimed),
    ],
)
def test_an_approval_is_what_is_claimed_or_better(
    asked: RemedyKind | None,
    claim: Money | None,
    granted: RemedyKind,
    amount: Money | None,
    refusal: type[errors.Refusal] | None,
) -> None:
    """AR-10: never below the claim; less than that is an offer the buyer may decline."""
    outcome = claiming(asked, claim).when(approve(granted, amount), by=MERCHANT)
    if refusal is None:
        outcome.the(MerchantApproved)
    else:
        outcome.then_refused(refusal)


def test_an_approval_of_all_that_is_left_is_enough() -> None:
    """Where an earlier matter took a part, nobody can give it twice."""
    earlier = RefundGranted(
        ticket="T0-261101-0000002", remedy="R1", line=LINE, amount=yuan(4000), cap=PRICE, policy="p"
    )
    story = claiming(RemedyKind.REFUND, None).given(earlier)
    story.when(approve(RemedyKind.REFUND, yuan(999)), by=MERCHANT).the(MerchantApproved)
    story.when(approve(RemedyKind.REFUND, Money(99_899, "CNY")), by=MERCHANT).then_refused(
        errors.LessThanClaimed, least_minor=99_900
    )


def test_an_approval_in_other_money_is_refused() -> None:
    """The price was paid in one currency."""
    story = claiming(RemedyKind.REFUND, yuan(300))
    command = approve(RemedyKind.REFUND, Money(30_000, "EUR"))
    story.when(command, by=MERCHANT).then_refused(errors.CurrencyDiffers)


def test_only_the_tickets_own_merchant_decides_and_only_once_it_is_taken_up() -> None:
    """The platform first says that there is a matter, then the merchant says what he does."""
    command = approve(RemedyKind.EXCHANGE)
    opened().when(command, by=MERCHANT).then_refused(errors.WrongStage)
    accepted().when(command, by=OTHER_MERCHANT).then_refused(errors.NotYourTicket)
    for actor in for_each(EVERYBODY, but=[MERCHANT]):
        accepted().when(command, by=actor).then_refused(errors.NotYourRole)
        accepted().when(REFUSE, by=actor).then_refused(errors.NotYourRole)


def test_a_refusal_opens_the_negotiation() -> None:
    """AR-01: no to the claim is not the end, it is where the two sides begin to talk."""
    story = accepted().after(timedelta(hours=1))
    refused = story.when(REFUSE, by=MERCHANT).then(
        MerchantRefused(reasons=Personal("it was activated", subject="merchant:m-1")),
        DeadlineMet(deadline="merchant_review"),
        DeadlineGiven(
            deadline="negotiation",
            due_at=BOOK.due("negotiation", story.now),
            awaits=BOOK.awaits("negotiation"),
            policy=BOOK.version,
        ),
    )
    assert refused.live.stage is Stage.NEGOTIATION
    assert refused.live.negotiation_failed is None
    refused.when(REFUSE, by=MERCHANT).then_refused(errors.AlreadyDone)


def test_a_merchant_may_still_grant_after_refusing() -> None:
    """A change of mind in the buyer's favour is always welcome."""
    story = claiming(RemedyKind.REFUND, yuan(300)).done(REFUSE, MERCHANT)
    approved = story.done(approve(RemedyKind.REFUND, yuan(300)), MERCHANT)
    assert approved.live.stage is Stage.REMEDY


def test_a_refusal_names_only_clauses_of_the_book() -> None:
    """A reason nobody can look up is none."""
    known = RefuseClaim(ticket=TICKET, reasons="late", clause="returns.window_passed")
    accepted().when(known, by=MERCHANT).then_among(DeadlineMet(deadline="merchant_review"))
    unknown = RefuseClaim(ticket=TICKET, reasons="late", clause="returns.never")
    accepted().when(unknown, by=MERCHANT).then_refused(errors.UnknownClause)
