"""What the facts of opening, service, time, negotiation and ending mean for the case file."""

from domain.events import (
    ChannelJoined,
    ClaimAmended,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    DiagnosisCorrected,
    InterventionRequested,
    MerchantApproved,
    MerchantRefused,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferSuperseded,
    OfferWithdrawn,
    ReturnReviewed,
    SatisfactionGiven,
    SettlementReached,
    SourceReported,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketsLinked,
)
from domain.record import Record
from domain.values import Stage
from projections.arbitration.promise_rows import CaseDiagnosis
from projections.arbitration.rows import (
    Answer,
    CaseDeadline,
    CaseOffer,
    CaseRow,
    Claim,
    Intervention,
    Rating,
    Review,
)
from projections.arbitration.view import VIEW, mark, place_of
from projections.projection import place
from projections.stages import stage_after


@VIEW.opens(TicketOpened)
def ticket_opened(record: Record, event: TicketOpened) -> CaseRow:
    """A case file begins with the claim."""
    claim = Claim(
        mark=mark(record),
        remedy=event.remedy,
        amount=event.claim,
        statement=place_of(record, "statement"),
    )
    return CaseRow(
        ticket=record.subject,
        lane=record.lane,
        version=record.version,
        position=place(record),
        stage=Stage.INTAKE,
        kind=event.kind,
        scenario=event.scenario,
        reason=event.reason,
        priority=event.priority,
        channels=[event.channel],
        buyer=event.buyer,
        merchant=event.merchant,
        order=event.order,
        line=event.line,
        opened_at=record.at,
        imported=record.imported,
        policy=event.policy,
        claims=[claim],
    )


@VIEW.on(ChannelJoined)
def channel_joined(row: CaseRow, record: Record, event: ChannelJoined) -> None:
    """The same matter came by another door too."""
    if event.channel not in row.channels:
        row.channels.append(event.channel)


@VIEW.on(TicketsLinked)
def tickets_linked(row: CaseRow, record: Record, event: TicketsLinked) -> None:
    """Another ticket is about the same matter."""
    row.links.append(event.other)


@VIEW.on(ClaimAmended)
def claim_amended(row: CaseRow, record: Record, event: ClaimAmended) -> None:
    """What is asked now stands last; what was asked before stays."""
    row.claims.append(Claim(mark=mark(record), remedy=event.remedy, amount=event.claim))


@VIEW.on(DiagnosisCorrected)
def diagnosis_corrected(row: CaseRow, record: Record, event: DiagnosisCorrected) -> None:
    """A person said what the matter is about."""
    row.scenario = event.scenario
    row.responsible = event.responsible
    row.kind = event.kind
    row.priority = event.priority
    row.diagnoses.append(
        CaseDiagnosis(
            mark=mark(record),
            by="person",
            responsible=event.responsible,
            scenario=event.scenario,
            kind=event.kind,
            policy=event.policy,
        )
    )


@VIEW.on(TicketReprioritised)
def ticket_reprioritised(row: CaseRow, record: Record, event: TicketReprioritised) -> None:
    """The source ranks it otherwise."""
    row.priority = event.priority


@VIEW.on(ReturnReviewed)
def return_reviewed(row: CaseRow, record: Record, event: ReturnReviewed) -> None:
    """What the book says of a return; the newest review counts."""
    row.review = Review(
        mark=mark(record),
        eligible=event.eligible,
        clause=event.clause,
        policy=event.policy,
        days_since_signing=event.days_since_signing,
    )


@VIEW.on(MerchantApproved)
def merchant_approved(row: CaseRow, record: Record, event: MerchantApproved) -> None:
    """The merchant's answer is yes."""
    row.answers.append(Answer(mark=mark(record), approves=True, terms=event.terms))
    row.stage = stage_after(row.stage, event)


@VIEW.on(MerchantRefused)
def merchant_refused(row: CaseRow, record: Record, event: MerchantRefused) -> None:
    """The merchant's answer is no, with reasons."""
    row.answers.append(
        Answer(
            mark=mark(record),
            approves=False,
            clause=event.clause,
            reasons=place_of(record, "reasons"),
        )
    )
    row.stage = stage_after(row.stage, event)


@VIEW.on(DeadlineGiven)
def deadline_given(row: CaseRow, record: Record, event: DeadlineGiven) -> None:
    """Time runs; the same deadline given anew takes the place of the old."""
    row.deadlines[event.deadline] = CaseDeadline(
        mark=mark(record),
        deadline=event.deadline,
        due_at=event.due_at,
        awaits=event.awaits,
        state="running",
    )


@VIEW.on(DeadlineExtended)
def deadline_extended(row: CaseRow, record: Record, event: DeadlineExtended) -> None:
    """More time was given."""
    deadline = row.deadlines[event.deadline]
    deadline.mark = mark(record)
    deadline.due_at = event.due_at
    deadline.state = "running"
    deadline.ended = None
    deadline.extended = True


@VIEW.on(DeadlineMet)
def deadline_met(row: CaseRow, record: Record, event: DeadlineMet) -> None:
    """What was asked for happened, or is no longer asked for."""
    _end_deadline(row, record, event.deadline, "met")


@VIEW.on(DeadlineMissed)
def deadline_missed(row: CaseRow, record: Record, event: DeadlineMissed) -> None:
    """The instant passed."""
    _end_deadline(row, record, event.deadline, "missed")


@VIEW.on(OfferMade, OfferCountered)
def offer_made(row: CaseRow, record: Record, event: OfferMade | OfferCountered) -> None:
    """A proposal is open; the one it answers is not any more."""
    counters = event.counters if isinstance(event, OfferCountered) else None
    if counters is not None:
        _end_offer(row, record, counters, "countered")
    row.offers[event.offer] = CaseOffer(
        mark=mark(record),
        offer=event.offer,
        by=event.by,
        terms=event.terms,
        due_at=event.due_at,
        state="open",
        counters=counters,
        text=place_of(record, "text"),
    )
    row.stage = stage_after(row.stage, event)


@VIEW.on(OfferAccepted)
def offer_accepted(row: CaseRow, record: Record, event: OfferAccepted) -> None:
    """The other side agreed."""
    _end_offer(row, record, event.offer, "accepted")


@VIEW.on(OfferDeclined)
def offer_declined(row: CaseRow, record: Record, event: OfferDeclined) -> None:
    """The other side said no."""
    _end_offer(row, record, event.offer, "declined")
    row.offers[event.offer].reason = place_of(record, "reason")


@VIEW.on(OfferWithdrawn)
def offer_withdrawn(row: CaseRow, record: Record, event: OfferWithdrawn) -> None:
    """The offer was taken back."""
    _end_offer(row, record, event.offer, "withdrawn")


@VIEW.on(OfferLapsed)
def offer_lapsed(row: CaseRow, record: Record, event: OfferLapsed) -> None:
    """Nobody answered in time."""
    _end_offer(row, record, event.offer, "lapsed")


@VIEW.on(OfferSuperseded)
def offer_superseded(row: CaseRow, record: Record, event: OfferSuperseded) -> None:
    """Something else ended the matter while the offer was open."""
    _end_offer(row, record, event.offer, "superseded")


@VIEW.on(SettlementReached)
def settlement_reached(row: CaseRow, record: Record, event: SettlementReached) -> None:
    """They agreed."""
    row.settlement = mark(record)
    row.stage = stage_after(row.stage, event)


@VIEW.on(InterventionRequested)
def intervention_requested(row: CaseRow, record: Record, event: InterventionRequested) -> None:
    """The platform is to decide."""
    row.interventions.append(
        Intervention(mark=mark(record), by=event.by, ground=event.ground, due_at=event.due_at)
    )
    row.stage = stage_after(row.stage, event)


@VIEW.on(SourceReported)
def source_reported(row: CaseRow, record: Record, event: SourceReported) -> None:
    """The source's own state stands beside our stage."""
    row.source_state = event.state
    row.stage = event.stage


@VIEW.on(TicketResolved)
def ticket_resolved(row: CaseRow, record: Record, event: TicketResolved) -> None:
    """The answer or the remedies stand."""
    row.outcome = event.outcome


@VIEW.on(TicketClosed)
def ticket_closed(row: CaseRow, record: Record, event: TicketClosed) -> None:
    """The matter is over: nothing runs or stands open."""
    row.outcome = event.outcome
    row.stage = stage_after(row.stage, event)
    _end_all(row, record)


@VIEW.on(TicketReopened)
def ticket_reopened(row: CaseRow, record: Record, event: TicketReopened) -> None:
    """A new round begins; everything said before stays in the file."""
    row.outcome = None
    row.stage = stage_after(row.stage, event)
    _end_all(row, record)


@VIEW.on(SatisfactionGiven)
def satisfaction_given(row: CaseRow, record: Record, event: SatisfactionGiven) -> None:
    """What the buyer said of how it was."""
    row.rating = Rating(
        mark=mark(record),
        result=event.result,
        speed=event.speed,
        attitude=event.attitude,
        text=place_of(record, "text"),
    )


def _end_deadline(row: CaseRow, record: Record, name: str, state: str) -> None:
    deadline = row.deadlines[name]
    deadline.state = state
    deadline.ended = mark(record)


def _end_offer(row: CaseRow, record: Record, name: str, state: str) -> None:
    offer = row.offers[name]
    offer.state = state
    offer.ended = mark(record)
    running = row.deadlines.get(f"offer:{name}")
    if running is not None and running.state == "running":
        _end_deadline(row, record, running.deadline, "moot")


def _end_all(row: CaseRow, record: Record) -> None:
    for deadline in row.deadlines.values():
        if deadline.state == "running":
            _end_deadline(row, record, deadline.deadline, "moot")
    for offer in row.offers.values():
        if offer.state == "open":
            _end_offer(row, record, offer.offer, "superseded")
