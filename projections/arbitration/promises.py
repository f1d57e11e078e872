"""What the facts of promises, judgements and plans mean for the case file."""

from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DepartmentAsked,
    DepartmentPlanned,
    DiagnosisMade,
    PayoutOwed,
    PlanGiven,
    ReadingCorrected,
    ResolutionSigned,
    ResolutionWritten,
    TicketEscalated,
    TicketMovedToBook,
    TicketPrioritised,
    TicketQueued,
)
from domain.record import Record
from projections.arbitration.places import Place
from projections.arbitration.promise_rows import (
    CaseClock,
    CaseDiagnosis,
    CasePlan,
    CasePriority,
    CaseQueue,
    CaseRequest,
    CaseResolution,
)
from projections.arbitration.rows import CaseRow
from projections.arbitration.view import VIEW, mark, place_of


@VIEW.on(DiagnosisMade)
def diagnosis_made(row: CaseRow, record: Record, event: DiagnosisMade) -> None:
    """A machine judged a text of the buyer's."""
    row.diagnoses.append(
        CaseDiagnosis(
            mark=mark(record),
            by="machine",
            responsible=event.responsible,
            scenario=event.scenario,
            kind=event.kind,
            policy=event.policy,
            tags=event.tags,
            urgency=event.urgency,
            sentiment=event.sentiment,
            upset=event.upset or None,
            confidence_bp=event.confidence_bp,
            words=place_of(record, "words"),
            flows=event.flows,
        )
    )


@VIEW.on(ReadingCorrected)
def reading_corrected(row: CaseRow, record: Record, event: ReadingCorrected) -> None:
    """A person read the words otherwise."""
    row.diagnoses.append(
        CaseDiagnosis(
            mark=mark(record),
            by="person",
            responsible=row.responsible,
            scenario=row.scenario,
            kind=row.kind,
            policy=event.policy,
            tags=event.tags or (),
            urgency=event.urgency,
            sentiment=event.sentiment,
            upset=event.upset,
        )
    )


@VIEW.on(TicketPrioritised)
def ticket_prioritised(row: CaseRow, record: Record, event: TicketPrioritised) -> None:
    """The book's weights say how urgent the matter is."""
    row.priority = event.priority
    row.priorities.append(
        CasePriority(
            mark=mark(record),
            priority=event.priority,
            points=event.points,
            inputs=event.inputs,
            policy=event.policy,
        )
    )


@VIEW.on(TicketQueued)
def ticket_queued(row: CaseRow, record: Record, event: TicketQueued) -> None:
    """The matter waits in a queue of the book."""
    row.queues.append(CaseQueue(mark=mark(record), queue=event.queue, why=event.why))


@VIEW.on(TicketMovedToBook)
def ticket_moved_to_book(row: CaseRow, record: Record, event: TicketMovedToBook) -> None:
    """Another book says what is promised."""
    row.policy = event.policy


@VIEW.on(ClockStarted)
def clock_started(row: CaseRow, record: Record, event: ClockStarted) -> None:
    """A promise runs; the same promise again stands beside its earlier run."""
    row.clocks.append(
        CaseClock(
            mark=mark(record),
            clock=event.clock,
            row=event.row,
            policy=event.policy,
            since=event.since,
            target_s=event.target_s,
            due_at=event.due_at,
            awaits=event.awaits,
            state="running",
        )
    )


@VIEW.on(ClockPaused)
def clock_paused(row: CaseRow, record: Record, event: ClockPaused) -> None:
    """The promise rests."""
    clock = _running(row, event.clock)
    clock.state = "paused"
    clock.turns.append(mark(record))


@VIEW.on(ClockResumed)
def clock_resumed(row: CaseRow, record: Record, event: ClockResumed) -> None:
    """The promise runs on."""
    clock = _running(row, event.clock)
    clock.state, clock.due_at = "running", event.due_at
    clock.turns.append(mark(record))


@VIEW.on(ClockMoved)
def clock_moved(row: CaseRow, record: Record, event: ClockMoved) -> None:
    """The promise is another book's."""
    clock = _running(row, event.clock)
    clock.due_at, clock.target_s, clock.policy = event.due_at, event.target_s, event.policy
    clock.turns.append(mark(record))


@VIEW.on(ClockBreached)
def clock_breached(row: CaseRow, record: Record, event: ClockBreached) -> None:
    """The promise is broken, and still owed."""
    clock = _running(row, event.clock)
    clock.state, clock.breached = "breached", mark(record)


@VIEW.on(TicketEscalated)
def ticket_escalated(row: CaseRow, record: Record, event: TicketEscalated) -> None:
    """The breach came before a desk."""
    _running(row, event.clock).escalated_to.append(event.to)


@VIEW.on(PayoutOwed)
def payout_owed(row: CaseRow, record: Record, event: PayoutOwed) -> None:
    """The breach costs an amount."""
    _running(row, event.clock).owed = event.amount


@VIEW.on(ClockStopped)
def clock_stopped(row: CaseRow, record: Record, event: ClockStopped) -> None:
    """What was promised happened."""
    clock = _running(row, event.clock)
    clock.state = "kept" if event.kept else "broken"
    clock.ended, clock.ended_by, clock.elapsed_s = mark(record), event.by, event.elapsed_s


@VIEW.on(ClockCancelled)
def clock_cancelled(row: CaseRow, record: Record, event: ClockCancelled) -> None:
    """The promise is not asked for any more."""
    clock = _running(row, event.clock)
    clock.state, clock.ended, clock.ended_by = "cancelled", mark(record), event.why


@VIEW.on(PlanGiven)
def plan_given(row: CaseRow, record: Record, event: PlanGiven) -> None:
    """The desk said how the matter will be resolved."""
    text = Place(record.version, "text")
    row.plans.append(CasePlan(mark=mark(record), level=event.level, text=text))


@VIEW.on(ResolutionWritten)
def resolution_written(row: CaseRow, record: Record, event: ResolutionWritten) -> None:
    """An agent wrote how the complaint is resolved."""
    row.resolutions.append(
        CaseResolution(
            mark=mark(record),
            text=Place(record.version, "text"),
            improvement=Place(record.version, "improvement"),
            compensation=event.compensation,
        )
    )


@VIEW.on(ResolutionSigned)
def resolution_signed(row: CaseRow, record: Record, event: ResolutionSigned) -> None:
    """A supervisor stands for what was written last."""
    row.resolutions[-1].signed = mark(record)


@VIEW.on(DepartmentAsked)
def department_asked(row: CaseRow, record: Record, event: DepartmentAsked) -> None:
    """Another department was asked."""
    row.requests[event.request] = CaseRequest(
        mark=mark(record),
        request=event.request,
        department=event.department,
        question=Place(record.version, "question"),
    )


@VIEW.on(DepartmentPlanned)
def department_planned(row: CaseRow, record: Record, event: DepartmentPlanned) -> None:
    """The department answered with a plan."""
    request = row.requests[event.request]
    request.planned, request.plan = mark(record), Place(record.version, "plan")


def _running(row: CaseRow, name: str) -> CaseClock:
    """Return the last run of a promise."""
    return next(one for one in reversed(row.clocks) if one.clock == name)
