"""The promises that run: what is due on which of them when, and who is late.

A clock leaves the list when its promise is kept or moot. Its `next_at` is when something is next
due on it (a warning, the breach, a rung of its ladder), so what is due is found by its index.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Event,
    TicketEscalated,
)
from domain.record import Record
from domain.values import Awaiting, Instant
from projections import listing
from projections.listing import ListPage, Table
from projections.projection import (
    MOMENT,
    FactView,
    View,
    place,
)

TABLES: Final = {
    "view.clock": (
        """create table view.clock(
          ticket text collate "C" not null,
          clock text collate "C" not null,
          lane int not null,
          promise text not null,
          policy text not null,
          since text collate "C" not null,
          target_s bigint not null,
          due_at text collate "C" not null,
          next_at text collate "C",
          awaits text not null,
          paused boolean not null,
          breached boolean not null,
          escalated_to text,
          position text not null,
          primary key (ticket, clock))""",
        "create index on view.clock (next_at, ticket, clock) where next_at is not null",
        "create index on view.clock (due_at, ticket, clock)",
        "create index on view.clock (promise, due_at, ticket, clock)",
        "create index on view.clock (due_at, ticket, clock) where paused",
        "create index on view.clock (due_at, ticket, clock) where breached",
    ),
}
_ENDS: Final = (ClockStopped, ClockCancelled)
_CONCERNED: Final[frozenset[type[Event]]] = frozenset(
    {
        ClockStarted,
        ClockPaused,
        ClockResumed,
        ClockWarned,
        ClockBreached,
        ClockMoved,
        TicketEscalated,
        *_ENDS,
    }
)


class Running(msgspec.Struct, frozen=True):
    """One promise that runs, rests or is broken and still owed."""

    ticket: str
    clock: str
    row: str
    policy: str
    since: Instant
    target_s: int
    due_at: Instant
    next_at: Instant | None
    awaits: Awaiting
    paused: bool
    breached: bool
    escalated_to: str | None
    position: str
    """The event that changed it last."""


_TABLE: Final = Table(
    "clocks",
    "view.clock",
    Running,
    (
        ("ticket", "text"),
        ("clock", "text"),
        ("promise", "text"),
        ("policy", "text"),
        ("since", "text"),
        ("target_s", "bigint"),
        ("due_at", "text"),
        ("next_at", "text"),
        ("awaits", "text"),
        ("paused", "boolean"),
        ("breached", "boolean"),
        ("escalated_to", "text"),
        ("position", "text"),
    ),
)


VIEW: Final[View] = FactView(
    name="clocks",
    version=2,
    tables=TABLES,
    begin=lambda lane: ListPage(_TABLE, lane, concerned=_CONCERNED, apply=_apply),
)
"""The view of every promise that runs; its rows belong to a ticket and a clock."""


def _apply(running: dict[str, Running], record: Record) -> None:
    at, event = place(record), record.event
    match event:
        case ClockStarted():
            running[event.clock] = Running(
                ticket=record.subject,
                clock=event.clock,
                row=event.row,
                policy=event.policy,
                since=event.since,
                target_s=event.target_s,
                due_at=event.due_at,
                next_at=event.next_at,
                awaits=event.awaits,
                paused=False,
                breached=False,
                escalated_to=None,
                position=at,
            )
        case ClockStopped() | ClockCancelled():
            running.pop(event.clock, None)
        case ClockPaused():
            running[event.clock] = replace(
                running[event.clock], paused=True, next_at=None, position=at
            )
        case ClockResumed():
            running[event.clock] = replace(
                running[event.clock],
                paused=False,
                due_at=event.due_at,
                next_at=event.next_at,
                position=at,
            )
        case ClockMoved():
            running[event.clock] = replace(
                running[event.clock],
                due_at=event.due_at,
                target_s=event.target_s,
                policy=event.policy,
                next_at=event.next_at,
                position=at,
            )
        case ClockWarned():
            running[event.clock] = replace(running[event.clock], next_at=event.next_at, position=at)
        case ClockBreached():
            running[event.clock] = replace(
                running[event.clock], breached=True, next_at=event.next_at, position=at
            )
        case TicketEscalated():
            running[event.clock] = replace(
                running[event.clock],
                escalated_to=event.to,
                next_at=event.next_at,
                position=at,
            )
        case _:
            raise AssertionError("only facts about clocks are looked at here")


# --- reading ----------------------------------------------------------------------------------


class DueClock(msgspec.Struct, frozen=True):
    """A clock on which something is due."""

    ticket: str
    clock: str
    at: Instant


def due(db: Cursor, now: Instant, limit: int) -> list[DueClock]:
    """Return up to `limit` clocks on which something is due, the longest overdue first."""
    db.execute(
        "select ticket, clock, next_at from view.clock where next_at <= %s "
        "order by next_at, ticket, clock limit %s",
        (now, limit),
    )
    return [DueClock(*row) for row in db.fetchall()]


def next_due(db: Cursor) -> Instant | None:
    """Return the earliest instant anything is due at, so a worker knows how long it may rest."""
    db.execute("select min(next_at) from view.clock where next_at is not null")
    (at,) = db.fetchone() or (None,)
    return None if at is None else Instant(at)


class ClockList(msgspec.Struct, frozen=True):
    """The promises of one ticket that run, as far as the view has read."""

    moment: str
    clocks: tuple[Running, ...]


def of_ticket(db: Cursor, ticket: str) -> ClockList:
    """Return the promises of a ticket, the next due first."""
    db.execute(f"select {MOMENT}", ("clocks",))
    (moment,) = db.fetchone() or ("",)
    found = sorted(_TABLE.of(db, [ticket]), key=lambda one: (one.due_at, one.clock))
    return ClockList(str(moment), tuple(found))


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which promises are asked for; what is None is not looked at."""

    state: str | None = None
    """running, paused, or breached."""
    row: str | None = None
    awaits: str | None = None
    due_before: Instant | None = None


class Key(msgspec.Struct, frozen=True):
    """The place of a promise in the order of due times: the next page begins behind it."""

    due_at: str
    ticket: str
    clock: str


class ClockPage(msgspec.Struct, frozen=True):
    """One page of promises, what is due soonest first."""

    moment: str
    clocks: tuple[Running, ...]
    next: Key | None
    """Where the next page begins, or None when this is the last."""


_STATES: Final = {
    "running": "not paused and not breached",
    "paused": "paused",
    "breached": "breached",
}
_FILTERED: Final = {"row": "promise = %s", "awaits": "awaits = %s", "due_before": "due_at < %s"}


def page(db: Cursor, filters: Filters, after: Key | None, limit: int) -> ClockPage:
    """Return up to `limit` promises (200 at most) behind a key, on an index that holds the order.

    A broken promise is one that is still owed.
    """
    asked: list[tuple[str, Sequence[object]]] = []
    if filters.state is not None:
        asked.append((_STATES[filters.state], ()))
    asked += [
        (condition, (value,))
        for name, condition in _FILTERED.items()
        if (value := getattr(filters, name)) is not None
    ]
    moment, found, key = listing.page(
        db, _TABLE, where=asked, order=("due_at", "ticket", "clock"), after=after, limit=limit
    )
    return ClockPage(moment, found, None if key is None else Key(*key))
