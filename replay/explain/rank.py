"""Why a ticket stands where it stands in the queue's order: each part of its key, from its facts.

The key is found twice: as the queue folds it, and from the ticket as judgement folds it. How many
others stand before it is told by the queue's own page.
"""

from collections.abc import Iterable, Sequence

from domain.record import Record
from domain.streams import parse_moment
from domain.ticket.state import Ticket
from domain.values import Awaiting
from projections.queue import QueueRow
from replay.as_of import queue_row
from replay.explain import due, priority
from replay.explain.clocks import MISSING
from replay.explain.deadlines import PREFIX
from replay.explain.deeds import Deeds
from replay.explain.following import book_of, deeds_of, queue_due
from replay.explain.history import Moment
from replay.explain.telling import (
    IMPORTED,
    Books,
    Decision,
    Difference,
    Input,
    Step,
    ref,
    text_of,
    used,
)

_PROMISE = "clock:"


def explain(
    ticket: Sequence[Record], life: Sequence[Moment], deeds: Deeds, books: Books
) -> tuple[Decision, ...]:
    """Return why the ticket has its place in the queue's order, after its last record."""
    row, last = queue_row(ticket), life[-1]
    by_position = {one.position: one for one in ticket}
    state = last.after
    place = ref(last.record)
    key = _key(row)
    judged = _judged(state, row)
    wrong = [
        Difference(name, text_of(key[name]), text_of(judged[name]), place)
        for name in key
        if key[name] != judged[name]
    ]
    wrong += _of_parts(row, life, deeds, books)
    wrong += _of_queue(row, life, deeds, books)
    causes = row.caused_by
    imported = row.source_turn is not None
    return (
        Decision(
            about="rank",
            book=used(state.policy, books),
            inputs=(
                _part("priority", str(row.priority), causes.priority, by_position),
                _part("due_at", row.due_at or "infinity", causes.due or causes.turn, by_position),
                _part("ticket", row.ticket, causes.opened, by_position),
                _part("awaiting", row.awaiting, causes.turn, by_position),
                _part("queue", row.queue, causes.queue or causes.stage, by_position),
            ),
            steps=tuple(_steps(row)),
            result={
                "priority": row.priority,
                "due_at": row.due_at,
                "ticket": row.ticket,
                "queue": row.queue,
                "open": row.open,
            },
            event=place,
            recomputed=None if imported else not wrong,
            differences=() if imported else tuple(wrong),
            not_recomputed=IMPORTED if imported else None,
        ),
    )


def _key(row: QueueRow) -> dict[str, str | int | bool | None]:
    return {"priority": row.priority, "due_at": row.due_at, "open": row.open}


def _judged(ticket: Ticket, row: QueueRow) -> dict[str, str | int | bool | None]:
    """Return the key by the ticket's own fold; of promises only those that rank are in a row."""
    ranked = {name.removeprefix(_PROMISE) for name in row.deadlines if name.startswith(_PROMISE)}
    waits = [one.due_at for one in ticket.deadlines.values() if one.awaits is not Awaiting.NOBODY]
    waits += [
        clock.due_at
        for name, clock in ticket.clocks.items()
        if name in ranked
        and not clock.paused
        and row.deadlines[_PROMISE + name].awaits is not Awaiting.NOBODY
    ]
    is_open = ticket.resolved is None and ticket.stage != "closed"
    return {
        "priority": ticket.priority,
        "due_at": min(waits, default=None),
        "open": is_open,
    }


def _of_parts(
    row: QueueRow, life: Sequence[Moment], deeds: Deeds, books: Books
) -> list[Difference]:
    """Return what is wrong with the facts the key rests on, each worked out again."""
    found: list[Difference] = []
    weighed = priority.explain(life, deeds, books)
    if weighed:
        found += weighed[-1].differences
    last = {one.about: one for one in due.explain(life, deeds, books)}
    for one in last.values():
        found += one.differences if one.result["state"] == MISSING else ()
    for name in row.deadlines:
        about = name.removeprefix(_PROMISE) if name.startswith(_PROMISE) else PREFIX + name
        found += last[about].differences if about in last else ()
    return found


def _of_queue(
    row: QueueRow, life: Sequence[Moment], deeds: Deeds, books: Books
) -> Iterable[Difference]:
    """Yield that the ticket does not wait where its last command should have brought it."""
    *_, last = deeds_of(life, deeds)
    book = book_of(last, books)
    queued = None if book is None else queue_due(last, book)
    if queued is not None:
        yield Difference("queue", text_of(row.queue), queued.queue, ref(last.last.record))


def _part(name: str, value: str, position: str | None, records: dict[int, Record]) -> Input:
    """Return a part of the key with the fact it comes from."""
    if position is None:
        return Input(name, value)
    ((_, place),) = parse_moment(position).items()
    return Input(name, value, ref(records[place]))


def _steps(row: QueueRow) -> list[Step]:
    steps = [Step("1 is the most urgent priority.", points=row.priority)]
    for name, one in sorted(row.deadlines.items(), key=lambda each: each[1].due_at):
        rests = "; it rests" if one.paused else "; it is overdue" if one.missed else ""
        steps.append(Step(f"{name} awaits the {one.awaits}{rests}.", until=one.due_at))
    if row.due_at is None:
        steps.append(Step("Nobody is waited for: it sorts behind all that are due."))
    else:
        steps.append(Step("The strictest that somebody is waited for counts.", until=row.due_at))
    steps.append(Step("Of equals, the id is the one order that never changes."))
    return steps
