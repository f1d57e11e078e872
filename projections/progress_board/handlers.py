"""What each fact means on the progress board, in the order a ticket lives."""

from typing import Final

from domain.events import (
    AnswerGiven,
    ArbitratorAssigned,
    ArbitratorRecused,
    AssignmentReleased,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    DiagnosisCorrected,
    Event,
    InterventionRequested,
    MerchantApproved,
    MerchantRefused,
    NoteAdded,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferSuperseded,
    OfferWithdrawn,
    ReturnReviewed,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SettlementReached,
    SourceReported,
    TicketAccepted,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
)
from domain.record import Record
from domain.values import STAFF, ActorKind, Stage
from projections.progress_board.rows import (
    VIEW,
    BoardRow,
    Inside,
    NodeKey,
    Reached,
    Running,
)
from projections.projection import place
from projections.stages import is_window, stage_after

CLOCK: Final = "clock:"
"""What the name of a promise begins with, among the deadlines."""
_INSIDE_MAX: Final = 50
"""How many assignments and notes a board keeps; the case file has them all."""


@VIEW.opens(TicketOpened)
def ticket_opened(record: Record, event: TicketOpened) -> BoardRow:
    """A board with no step reached; imported history counts as accepted where it came from."""
    row = BoardRow(
        ticket=record.subject,
        lane=record.lane,
        version=record.version,
        position=place(record),
        stage=Stage.INTAKE,
        buyer=event.buyer,
        merchant=event.merchant,
        imported=record.imported,
        opened_at=record.at,
        policy=event.policy,
    )
    if record.imported:
        reach(row, record, NodeKey.ACCEPTED)
    return row


@VIEW.on(TicketAccepted)
def ticket_accepted(row: BoardRow, record: Record, event: TicketAccepted) -> None:
    """The platform took the matter up."""
    reach(row, record, NodeKey.ACCEPTED)


@VIEW.on(ReturnReviewed, AnswerGiven, DiagnosisCorrected)
def looked_at(row: BoardRow, record: Record, event: Event) -> None:
    """Somebody looked into the matter."""
    reach(row, record, NodeKey.UNDER_REVIEW)


@VIEW.on(TicketAssigned)
def ticket_assigned(row: BoardRow, record: Record, event: TicketAssigned) -> None:
    """Somebody works on it; who it is stays inside."""
    reach(row, record, NodeKey.UNDER_REVIEW)
    _keep_inside(row, record, f"assigned to {event.agent}")


@VIEW.on(AssignmentReleased)
def assignment_released(row: BoardRow, record: Record, event: AssignmentReleased) -> None:
    """Nobody in particular works on it."""
    _keep_inside(row, record, f"released by {event.agent}")


@VIEW.on(ArbitratorAssigned)
def arbitrator_assigned(row: BoardRow, record: Record, event: ArbitratorAssigned) -> None:
    """Who judges stays inside until the ruling."""
    _keep_inside(row, record, f"arbitrator {event.arbitrator}, instance {event.instance}")


@VIEW.on(ArbitratorRecused)
def arbitrator_recused(row: BoardRow, record: Record, event: ArbitratorRecused) -> None:
    """Who stepped aside, and why, stays inside."""
    _keep_inside(row, record, f"arbitrator {event.arbitrator} recused: {event.reason}")


@VIEW.on(NoteAdded)
def note_added(row: BoardRow, record: Record, event: NoteAdded) -> None:
    """That there is a note; its text is in the case file."""
    _keep_inside(row, record, "note")


@VIEW.on(MerchantApproved)
def merchant_approved(row: BoardRow, record: Record, event: MerchantApproved) -> None:
    """The merchant looked at the claim and granted it."""
    reach(row, record, NodeKey.UNDER_REVIEW)
    row.stage = stage_after(row.stage, event)


@VIEW.on(MerchantRefused)
def merchant_refused(row: BoardRow, record: Record, event: MerchantRefused) -> None:
    """The merchant looked at the claim and said no: they have to talk."""
    reach(row, record, NodeKey.UNDER_REVIEW)
    reach(row, record, NodeKey.NEGOTIATING)
    row.stage = stage_after(row.stage, event)


@VIEW.on(OfferMade)
def offer_made(row: BoardRow, record: Record, event: OfferMade) -> None:
    """The two sides talk."""
    reach(row, record, NodeKey.NEGOTIATING)
    row.stage = stage_after(row.stage, event)


@VIEW.on(OfferCountered)
def offer_countered(row: BoardRow, record: Record, event: OfferCountered) -> None:
    """The two sides talk; the answered offer's time runs no more."""
    row.deadlines.pop(f"offer:{event.counters}", None)
    reach(row, record, NodeKey.NEGOTIATING)
    row.stage = stage_after(row.stage, event)


@VIEW.on(OfferAccepted, OfferDeclined, OfferWithdrawn, OfferLapsed, OfferSuperseded)
def offer_over(
    row: BoardRow,
    record: Record,
    event: OfferAccepted | OfferDeclined | OfferWithdrawn | OfferLapsed | OfferSuperseded,
) -> None:
    """The offer is open no more."""
    row.deadlines.pop(f"offer:{event.offer}", None)


@VIEW.on(SettlementReached)
def settlement_reached(row: BoardRow, record: Record, event: SettlementReached) -> None:
    """They agreed: that too is an event of the negotiation."""
    reach(row, record, NodeKey.NEGOTIATING)
    row.stage = stage_after(row.stage, event)


@VIEW.on(InterventionRequested)
def intervention_requested(row: BoardRow, record: Record, event: InterventionRequested) -> None:
    """The platform is to decide."""
    reach(row, record, NodeKey.WITH_PLATFORM)
    row.stage = stage_after(row.stage, event)


@VIEW.on(RulingIssued)
def ruling_issued(row: BoardRow, record: Record, event: RulingIssued) -> None:
    """The matter is decided."""
    reach(row, record, NodeKey.RULED)
    row.stage = stage_after(row.stage, event)


@VIEW.on(RulingUpheld, RulingVaried, RulingOverturned)
def appeal_decided(row: BoardRow, record: Record, event: Event) -> None:
    """The appeal's decision belongs to the same step, after the first ruling."""
    reach(row, record, NodeKey.RULED)


@VIEW.on(DeadlineGiven)
def deadline_given(row: BoardRow, record: Record, event: DeadlineGiven) -> None:
    """The next step has a promised time."""
    row.deadlines[event.deadline] = Running(event.due_at, event.awaits, place(record))


@VIEW.on(DeadlineExtended)
def deadline_extended(row: BoardRow, record: Record, event: DeadlineExtended) -> None:
    """The promise moved."""
    awaits = row.deadlines[event.deadline].awaits
    row.deadlines[event.deadline] = Running(event.due_at, awaits, place(record))


@VIEW.on(DeadlineMet)
def deadline_met(row: BoardRow, record: Record, event: DeadlineMet) -> None:
    """The promise was kept, or is moot."""
    row.deadlines.pop(event.deadline, None)


@VIEW.on(DeadlineMissed)
def deadline_missed(row: BoardRow, record: Record, event: DeadlineMissed) -> None:
    """The promise was broken and is shown as overdue; a window that only passed is gone."""
    if is_window(event.deadline):
        row.deadlines.pop(event.deadline, None)
    elif event.deadline in row.deadlines:
        row.deadlines[event.deadline].missed = True


@VIEW.on(SourceReported)
def source_reported(row: BoardRow, record: Record, event: SourceReported) -> None:
    """Imported history stands at the step its stage belongs to."""
    row.stage = event.stage
    reached = _OF_STAGE.get(event.stage)
    if reached is not None and reached not in row.nodes:
        reach(row, record, reached)


_OF_STAGE: Final = {
    Stage.NEGOTIATION: NodeKey.NEGOTIATING,
    Stage.INTERVENTION: NodeKey.WITH_PLATFORM,
    Stage.REMEDY: NodeKey.REMEDY_UNDER_WAY,
}


@VIEW.on(TicketResolved)
def ticket_resolved(row: BoardRow, record: Record, event: TicketResolved) -> None:
    """Nothing more is to be done, as far as the platform knows."""
    row.outcome = event.outcome
    reach(row, record, NodeKey.COMPLETED)


@VIEW.on(TicketClosed)
def ticket_closed(row: BoardRow, record: Record, event: TicketClosed) -> None:
    """The matter is over."""
    row.outcome = event.outcome
    row.stage = Stage.CLOSED
    without_deadlines(row)
    reach(row, record, NodeKey.COMPLETED)


@VIEW.on(TicketReopened)
def ticket_reopened(row: BoardRow, record: Record, event: TicketReopened) -> None:
    """A new round begins at review; what was ruled and granted stays to be seen."""
    row.round = event.round
    row.outcome = None
    row.stage = stage_after(row.stage, event)
    without_deadlines(row)
    row.nodes.pop(NodeKey.COMPLETED, None)
    reach(row, record, NodeKey.UNDER_REVIEW)


def without_deadlines(row: BoardRow) -> None:
    """No deadline runs any more; what becomes of a promise is said by a fact of its own."""
    row.deadlines = {name: one for name, one in row.deadlines.items() if name.startswith(CLOCK)}


def reach(row: BoardRow, record: Record, node: NodeKey) -> None:
    """Note that a step was reached; when it was reached before, the event is one more cause."""
    reached = row.nodes.get(node.value)
    if reached is None:
        row.nodes[node.value] = Reached(
            at=record.at,
            by=public_word(record.actor.kind),
            caused_by=[place(record)],
            staff=record.actor.ref if record.actor.kind in STAFF else None,
        )
    elif len(reached.caused_by) < _CAUSES_MAX:
        reached.caused_by.append(place(record))


_CAUSES_MAX: Final = 20


def public_word(kind: ActorKind) -> str:
    """Return what the parties are told of who acted: the role, and of staff only the platform."""
    return _WORDS.get(kind, "platform")


_WORDS: Final = {
    ActorKind.BUYER: "buyer",
    ActorKind.MERCHANT: "merchant",
    ActorKind.ARBITRATOR: "arbitrator",
    ActorKind.CARRIER: "carrier",
    ActorKind.PAYMENT: "payment",
    ActorKind.INSPECTOR: "inspector",
}


def _keep_inside(row: BoardRow, record: Record, what: str) -> None:
    by = f"{record.actor.kind}:{record.actor.ref}"
    row.inside.append(Inside(what, record.at, by, place(record)))
    del row.inside[:-_INSIDE_MAX]
