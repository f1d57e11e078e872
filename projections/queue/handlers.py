"""What each fact means for the queue, in the order a ticket lives."""

from operator import itemgetter
from typing import Final

from domain.events import (
    AppealFiled,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    ChannelJoined,
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    DiagnosisCorrected,
    Event,
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
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SettlementReached,
    SourceReported,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketPrioritised,
    TicketQueued,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketRouted,
)
from domain.record import Record
from domain.values import Awaiting, Stage
from projections.projection import place
from projections.queue.rows import VIEW, Causes, QueueRow, Running
from projections.stages import is_window, stage_after

PROMISE: Final = "clock:"
"""Begins the names of promises among the deadlines of a row."""
_BY_TIME: Final = itemgetter(1, 2)


@VIEW.opens(TicketOpened)
def ticket_opened(record: Record, event: TicketOpened) -> QueueRow:
    """A new ticket waits for nobody until a deadline says otherwise."""
    cause = place(record)
    return QueueRow(
        ticket=record.subject,
        lane=record.lane,
        version=record.version,
        position=place(record),
        stage=Stage.INTAKE,
        kind=event.kind,
        scenario=event.scenario,
        reason=event.reason,
        priority=event.priority,
        channel=event.channel,
        buyer=event.buyer,
        merchant=event.merchant,
        order=event.order,
        line=event.line,
        opened_at=record.at,
        imported=record.imported,
        caused_by=Causes(stage=cause, priority=cause, opened=cause),
    )


@VIEW.on(DeadlineGiven)
def deadline_given(row: QueueRow, record: Record, event: DeadlineGiven) -> None:
    """Somebody's turn begins."""
    row.deadlines[event.deadline] = Running(event.due_at, event.awaits, place(record))
    _rank(row)


@VIEW.on(DeadlineExtended)
def deadline_extended(row: QueueRow, record: Record, event: DeadlineExtended) -> None:
    """The same turn lasts longer."""
    running = row.deadlines.get(event.deadline)
    if running is not None:
        row.deadlines[event.deadline] = Running(event.due_at, running.awaits, place(record))
        _rank(row)


@VIEW.on(DeadlineMet)
def deadline_met(row: QueueRow, record: Record, event: DeadlineMet) -> None:
    """That turn is over."""
    if row.deadlines.pop(event.deadline, None) is not None:
        _rank(row)


@VIEW.on(DeadlineMissed)
def deadline_missed(row: QueueRow, record: Record, event: DeadlineMissed) -> None:
    """What is still owed stays in the queue, overdue; a window that only passed is gone."""
    if is_window(event.deadline):
        row.deadlines.pop(event.deadline, None)
        _rank(row)
    elif event.deadline in row.deadlines:
        row.deadlines[event.deadline].missed = True


@VIEW.on(ClockStarted)
def clock_started(row: QueueRow, record: Record, event: ClockStarted) -> None:
    """A promise ranks the ticket as a deadline does: the stricter of all counts."""
    if event.next_at is not None:  # else it is only measured
        row.deadlines[PROMISE + event.clock] = Running(event.due_at, event.awaits, place(record))
        _rank(row)


@VIEW.on(ClockPaused)
def clock_paused(row: QueueRow, record: Record, event: ClockPaused) -> None:
    """While somebody else is waited for, it is not the turn of who made the promise."""
    running = row.deadlines.get(PROMISE + event.clock)
    if running is not None:
        running.paused = True
        _rank(row)


@VIEW.on(ClockResumed, ClockMoved)
def clock_moved(row: QueueRow, record: Record, event: ClockResumed | ClockMoved) -> None:
    """The promise has another due time."""
    running = row.deadlines.get(PROMISE + event.clock)
    if running is not None:
        row.deadlines[PROMISE + event.clock] = Running(
            event.due_at,
            running.awaits,
            place(record),
            paused=running.paused and isinstance(event, ClockMoved),
        )
        _rank(row)


@VIEW.on(ClockStopped, ClockCancelled)
def clock_ended(row: QueueRow, record: Record, event: ClockStopped | ClockCancelled) -> None:
    """The promise is kept, or moot."""
    if row.deadlines.pop(PROMISE + event.clock, None) is not None:
        _rank(row)


@VIEW.on(ClockBreached)
def clock_breached(row: QueueRow, record: Record, event: ClockBreached) -> None:
    """What was promised is still owed, and overdue."""
    row.deadlines[PROMISE + event.clock].missed = True


@VIEW.on(ChannelJoined)
def channel_joined(row: QueueRow, record: Record, event: ChannelJoined) -> None:
    """The row shows the channel the matter came by last."""
    row.channel = event.channel


@VIEW.on(DiagnosisCorrected)
def diagnosis_corrected(row: QueueRow, record: Record, event: DiagnosisCorrected) -> None:
    """A person said what the matter is about, which may change how urgent it is."""
    row.scenario = event.scenario
    row.kind = event.kind
    row.priority = event.priority
    row.caused_by.priority = place(record)


@VIEW.on(TicketPrioritised)
def ticket_prioritised(row: QueueRow, record: Record, event: TicketPrioritised) -> None:
    """The book's weights say how urgent the matter is."""
    row.priority = event.priority
    row.caused_by.priority = place(record)


@VIEW.on(TicketReprioritised)
def ticket_reprioritised(row: QueueRow, record: Record, event: TicketReprioritised) -> None:
    """The source ranks it otherwise."""
    row.priority = event.priority
    row.caused_by.priority = place(record)


@VIEW.on(TicketRouted)
def ticket_routed(row: QueueRow, record: Record, event: TicketRouted) -> None:
    """The ticket lies in a queue of the source."""
    row.source_queue = event.queue
    row.caused_by.queue = place(record)
    _rank(row)


@VIEW.on(TicketQueued)
def ticket_queued(row: QueueRow, record: Record, event: TicketQueued) -> None:
    """The ticket waits in a queue of the book."""
    row.routed = event.queue
    row.caused_by.queue = place(record)
    _rank(row)


@VIEW.on(TicketAssigned)
def ticket_assigned(row: QueueRow, record: Record, event: TicketAssigned) -> None:
    """One person works on it."""
    row.assignee = event.agent
    row.caused_by.assignment = place(record)


@VIEW.on(AssignmentReleased, AssignmentLapsed, AssignmentReturned)
def assignment_released(
    row: QueueRow,
    record: Record,
    event: AssignmentReleased | AssignmentLapsed | AssignmentReturned,
) -> None:
    """Nobody in particular works on it."""
    row.assignee = None
    row.caused_by.assignment = place(record)


@VIEW.on(
    MerchantApproved,
    MerchantRefused,
    OfferMade,
    SettlementReached,
    InterventionRequested,
    RulingIssued,
)
def stage_reached(row: QueueRow, record: Record, event: Event) -> None:
    """The matter has come further."""
    _move(row, record, stage_after(row.stage, event))


@VIEW.on(OfferCountered)
def offer_countered(row: QueueRow, record: Record, event: OfferCountered) -> None:
    """The answered offer's time runs no more; that of the new one is given beside."""
    row.deadlines.pop(f"offer:{event.counters}", None)
    _move(row, record, stage_after(row.stage, event))


@VIEW.on(OfferAccepted, OfferDeclined, OfferWithdrawn, OfferLapsed, OfferSuperseded)
def offer_over(
    row: QueueRow,
    record: Record,
    event: OfferAccepted | OfferDeclined | OfferWithdrawn | OfferLapsed | OfferSuperseded,
) -> None:
    """The offer is open no more."""
    if row.deadlines.pop(f"offer:{event.offer}", None) is not None:
        _rank(row)


@VIEW.on(AppealFiled)
def appeal_filed(row: QueueRow, record: Record, event: AppealFiled) -> None:
    """The ticket is the arbitration desk's again; what was resolved lives again."""
    row.appeal = True
    row.resolved = None
    row.caused_by.queue = place(record)
    _rank(row)


@VIEW.on(RulingUpheld, RulingVaried, RulingOverturned)
def appeal_decided(row: QueueRow, record: Record, event: Event) -> None:
    """The one appeal is decided."""
    row.appeal = False
    row.caused_by.queue = place(record)
    _rank(row)


@VIEW.on(SourceReported)
def source_reported(row: QueueRow, record: Record, event: SourceReported) -> None:
    """The source's own state stands beside our stage; a resolved matter may live again there."""
    if event.state != row.source_state:
        row.source_state = event.state
        row.resolved = None
    row.reports[event.state] = row.reports.get(event.state, 0) + 1
    if event.awaiting is not row.source_turn:
        row.source_turn = event.awaiting
        row.caused_by.turn = place(record)
    _move(row, record, event.stage)


@VIEW.on(TicketResolved)
def ticket_resolved(row: QueueRow, record: Record, event: TicketResolved) -> None:
    """Nobody need act unless somebody comes back."""
    row.resolved = event.outcome


@VIEW.on(TicketClosed)
def ticket_closed(row: QueueRow, record: Record, event: TicketClosed) -> None:
    """The matter is over: nobody is waited for."""
    row.resolved = event.outcome
    _without_deadlines(row)
    _move(row, record, Stage.CLOSED)


@VIEW.on(TicketReopened)
def ticket_reopened(row: QueueRow, record: Record, event: TicketReopened) -> None:
    """The matter lives again."""
    row.resolved = None
    _without_deadlines(row)
    _move(row, record, stage_after(row.stage, event))


def _without_deadlines(row: QueueRow) -> None:
    """No deadline runs any more; what becomes of a promise is said by a fact of its own."""
    row.deadlines = {name: one for name, one in row.deadlines.items() if name.startswith(PROMISE)}


def _move(row: QueueRow, record: Record, stage: Stage) -> None:
    if stage is not row.stage:
        row.stage = stage
        row.caused_by.stage = place(record)
    _rank(row)


def _rank(row: QueueRow) -> None:
    """Find whose turn it is, and then the desk."""
    if row.source_turn is not None:
        row.awaiting = row.source_turn
    else:
        _take_turn(row)
    row.queue = _desk(row)


def _take_turn(row: QueueRow) -> None:
    """It is the turn of who is waited for by the earliest deadline, overdue ones included.

    A promise says whose turn it is where no deadline does; the strictest of all says until when.
    """
    waits = [
        (name.startswith(PROMISE), one.due_at, name)
        for name, one in row.deadlines.items()
        if one.awaits is not Awaiting.NOBODY and not one.paused
    ]
    if not waits:
        row.awaiting, row.due_at = Awaiting.NOBODY, None
        row.caused_by.turn = row.caused_by.due = None
        return
    if len(waits) == 1:
        turn = strictest = row.deadlines[waits[0][2]]
    else:
        turn = row.deadlines[min(waits)[2]]
        strictest = row.deadlines[min(waits, key=_BY_TIME)[2]]
    row.awaiting, row.caused_by.turn = turn.awaits, turn.caused_by
    row.due_at, row.caused_by.due = strictest.due_at, strictest.caused_by


def _desk(row: QueueRow) -> str:
    if row.source_queue is not None:
        return row.source_queue
    if row.stage is Stage.INTERVENTION or row.appeal:
        return "arbitration"
    if row.routed is not None:
        return row.routed
    if row.awaiting is Awaiting.PAYMENT:
        return "refunds"
    return "general"
