"""What is due when, on live tickets: the worker's list of what to look at next.

A deadline leaves the list when it is met, missed or moot, so each fires once; one that is owed
still is remembered as missed, for it may be extended. What a passed deadline means is for
`domain.ticket`; imported history starts no clock and is not listed.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import (
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    Event,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferSuperseded,
    OfferWithdrawn,
    TicketClosed,
    TicketReopened,
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
from projections.stages import is_window

TABLES: Final = {
    "view.deadline": (
        """create table view.deadline(
          ticket text collate "C" not null,
          deadline text collate "C" not null,
          lane int not null,
          due_at text collate "C" not null,
          awaits text not null,
          position text not null,
          missed boolean not null,
          primary key (ticket, deadline))""",
        "create index on view.deadline (due_at, ticket, deadline) where not missed",
        "create index on view.deadline (due_at, ticket, deadline) where missed",
    ),
}

_OVER: Final = (OfferAccepted, OfferDeclined, OfferWithdrawn, OfferLapsed, OfferSuperseded)
_ENDS: Final = (TicketClosed, TicketReopened)
_CONCERNED: Final[frozenset[type[Event]]] = frozenset(
    {DeadlineGiven, DeadlineExtended, DeadlineMet, DeadlineMissed, OfferCountered, *_OVER, *_ENDS}
)


class Due(msgspec.Struct, frozen=True):
    """One deadline that runs."""

    ticket: str
    deadline: str
    due_at: Instant
    awaits: Awaiting
    position: str
    """The event that set it."""
    missed: bool = False


_TABLE: Final = Table(
    "deadlines",
    "view.deadline",
    Due,
    (
        ("ticket", "text"),
        ("deadline", "text"),
        ("due_at", "text"),
        ("awaits", "text"),
        ("position", "text"),
        ("missed", "boolean"),
    ),
)


VIEW: Final[View] = FactView(
    name="deadlines",
    version=2,
    tables=TABLES,
    begin=lambda lane: ListPage(_TABLE, lane, concerned=_CONCERNED, apply=_apply),
)
"""The view of everything that is due; its rows belong to a ticket and a deadline."""


def _apply(running: dict[str, Due], record: Record) -> None:
    event = record.event
    match event:
        case DeadlineGiven():
            running[event.deadline] = Due(
                record.subject, event.deadline, event.due_at, event.awaits, place(record)
            )
        case DeadlineExtended():
            running[event.deadline] = replace(
                running[event.deadline], due_at=event.due_at, position=place(record), missed=False
            )
        case DeadlineMissed() if not is_window(event.deadline):
            running[event.deadline] = replace(running[event.deadline], missed=True)
        case DeadlineMet() | DeadlineMissed():
            running.pop(event.deadline, None)
        case OfferCountered():
            running.pop(f"offer:{event.counters}", None)
        case (
            OfferAccepted() | OfferDeclined() | OfferWithdrawn() | OfferLapsed() | OfferSuperseded()
        ):
            running.pop(f"offer:{event.offer}", None)
        case TicketClosed() | TicketReopened():
            running.clear()
        case _:
            raise AssertionError("only facts about time are looked at here")


# --- reading ----------------------------------------------------------------------------------


class DueList(msgspec.Struct, frozen=True):
    """The deadlines whose instant has come, the longest overdue first."""

    moment: str
    due: tuple[Due, ...]


def due(db: Cursor, now: Instant, limit: int) -> DueList:
    """Return up to `limit` deadlines that are due at an instant, over all lanes."""
    db.execute(
        f"select m.moment, d.* from (select {MOMENT} as moment) m left join lateral ("
        "select ticket, deadline, due_at, awaits, position from view.deadline "
        "where not missed and due_at <= %s order by due_at, ticket, deadline limit %s) d on true",
        ("deadlines", now, limit),
    )
    rows = db.fetchall()
    found = [Due(row[1], row[2], row[3], Awaiting(row[4]), row[5]) for row in rows if row[1]]
    return DueList(rows[0][0], tuple(found))


def next_due(db: Cursor) -> Instant | None:
    """Return the earliest instant anything is due at, so a worker knows how long it may rest."""
    db.execute("select min(due_at) from view.deadline where not missed")
    (at,) = db.fetchone() or (None,)
    return None if at is None else Instant(at)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which deadlines are asked for; what is None is not looked at."""

    missed: bool = False
    """Whether those that passed, and are still owed, are asked for; else those that run."""
    awaits: str | None = None
    due_before: Instant | None = None


class Key(msgspec.Struct, frozen=True):
    """The place of a deadline in the order of due times: the next page begins behind it."""

    due_at: str
    ticket: str
    deadline: str


class DeadlinePage(msgspec.Struct, frozen=True):
    """One page of deadlines, what is due soonest first."""

    moment: str
    deadlines: tuple[Due, ...]
    next: Key | None
    """Where the next page begins, or None when this is the last."""


def page(db: Cursor, filters: Filters, after: Key | None, limit: int) -> DeadlinePage:
    """Return up to `limit` deadlines (200 at most) behind a key, on an index of their order."""
    asked: list[tuple[str, Sequence[object]]] = [("missed" if filters.missed else "not missed", ())]
    if filters.awaits is not None:
        asked.append(("awaits = %s", (filters.awaits,)))
    if filters.due_before is not None:
        asked.append(("due_at < %s", (filters.due_before,)))
    moment, found, key = listing.page(
        db, _TABLE, where=asked, order=("due_at", "ticket", "deadline"), after=after, limit=limit
    )
    return DeadlinePage(moment, found, None if key is None else Key(*key))
