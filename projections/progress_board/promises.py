"""What the facts of promises mean on the progress board: the next expected time is theirs too."""

from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    TicketMovedToBook,
)
from domain.record import Record
from projections.progress_board.handlers import CLOCK
from projections.progress_board.rows import VIEW, BoardRow, Running
from projections.projection import place


@VIEW.on(TicketMovedToBook)
def ticket_moved_to_book(row: BoardRow, record: Record, event: TicketMovedToBook) -> None:
    """What parties are told of is the other book's to say."""
    row.policy = event.policy


@VIEW.on(ClockStarted)
def clock_started(row: BoardRow, record: Record, event: ClockStarted) -> None:
    """Something is promised until then; what is only measured is not."""
    if event.next_at is not None:
        row.deadlines[CLOCK + event.clock] = Running(event.due_at, event.awaits, place(record))


@VIEW.on(ClockPaused)
def clock_paused(row: BoardRow, record: Record, event: ClockPaused) -> None:
    """The promise rests."""
    running = row.deadlines.get(CLOCK + event.clock)
    if running is not None:
        running.paused = True


@VIEW.on(ClockResumed, ClockMoved)
def clock_moved(row: BoardRow, record: Record, event: ClockResumed | ClockMoved) -> None:
    """The promise has another due time."""
    running = row.deadlines.get(CLOCK + event.clock)
    if running is not None:
        running.due_at, running.caused_by = event.due_at, place(record)
        running.paused = running.paused and isinstance(event, ClockMoved)


@VIEW.on(ClockBreached)
def clock_breached(row: BoardRow, record: Record, event: ClockBreached) -> None:
    """The promise is broken, and shown as overdue."""
    running = row.deadlines.get(CLOCK + event.clock)
    if running is not None:
        running.missed = True


@VIEW.on(ClockStopped, ClockCancelled)
def clock_ended(row: BoardRow, record: Record, event: ClockStopped | ClockCancelled) -> None:
    """The promise is kept, or moot."""
    row.deadlines.pop(CLOCK + event.clock, None)
