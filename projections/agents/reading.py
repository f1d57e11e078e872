"""Asking who is there, what each carries, what waits in which queue, and which lease is over."""

from collections.abc import Sequence
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Instant
from projections.agents.rows import AgentRow, OverflowRow
from projections.agents.view import AGENT
from projections.columns import texts
from projections.projection import MOMENT, PAGE_SIZE_MAX

STAFF_MAX: Final = 5_000
"""So many agents are looked at for assignments, no more."""
_OPEN: Final = "(select count(*) from view.route r where r.live and r.agent = a.agent)"


class Counted(msgspec.Struct, frozen=True):
    """An agent with what they carry now."""

    row: AgentRow
    open: int


class Staff(msgspec.Struct, frozen=True):
    """All agents, as far as the view has read."""

    moment: str
    agents: tuple[Counted, ...]


Place = tuple[str | int, ...]
"""Where a matter stands in the order it was asked for in; the next page begins behind it."""


class Waiting(msgspec.Struct, frozen=True):
    """A matter that waits, or that somebody else may take over."""

    ticket: str
    buyer: str
    cause: str
    """The place of the event since which it is there."""
    queue: str | None
    at: Place


class Figures(msgspec.Struct, frozen=True):
    """How full a queue is, and what was last said of that."""

    open: int
    """Matters in it, counted up to a limit."""
    waiting_since: Instant | None
    said: OverflowRow | None


class Overflowing(msgspec.Struct, frozen=True):
    """A queue that overflows, as was last said of it."""

    queue: str
    since: Instant
    event: str
    """The place of the fact that says so."""


class Held(msgspec.Struct, frozen=True):
    """A matter that an agent works on."""

    ticket: str
    cause: str
    """The place of the event by which the agent came to it."""


class Lease(msgspec.Struct, frozen=True):
    """An assignment whose agent was silent until its lease was over."""

    ticket: str
    due_at: Instant


class Assignment(msgspec.Struct, frozen=True):
    """A live matter that an agent works on."""

    ticket: str
    queue: str | None
    since: Instant
    lease_until: Instant | None


class AgentList(msgspec.Struct, frozen=True):
    """One page of agents, in the order of their references."""

    moment: str
    agents: tuple[Counted, ...]
    next: str | None


def everybody(db: Cursor) -> Staff:
    """Return all agents with what they carry."""
    db.execute(f"select {MOMENT}", ("agents",))
    (moment,) = db.fetchone() or ("",)
    db.execute(f"select item, {_OPEN} from view.agent a order by agent limit %s", (STAFF_MAX,))
    return Staff(str(moment), _counted(db))


def page(db: Cursor, desk: str | None, after: str | None, limit: int) -> AgentList:
    """Return up to `limit` agents behind a reference, of one desk or of all."""
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    db.execute(f"select {MOMENT}", ("agents",))
    (moment,) = db.fetchone() or ("",)
    at_desk, values = ("", []) if desk is None else ("desk = %s and ", [desk])
    db.execute(
        f"select item, {_OPEN} from view.agent a where {at_desk}agent > %s order by agent limit %s",
        (*values, after or "", limit + 1),
    )
    found = _counted(db)
    more = found[limit - 1].row.agent if len(found) > limit else None
    return AgentList(str(moment), found[:limit], more)


def one(db: Cursor, agent: str) -> Counted | None:
    """Return an agent with what they carry, None when the view knows none of this reference."""
    db.execute(f"select item, {_OPEN} from view.agent a where agent = %s", (agent,))
    return next(iter(_counted(db)), None)


def references(db: Cursor, after: str, limit: int) -> list[str]:
    """Return up to `limit` agents behind one, by their references."""
    db.execute(
        "select agent from view.agent where agent > %s order by agent limit %s", (after, limit)
    )
    return [agent for (agent,) in db.fetchall()]


def queues(db: Cursor) -> list[str]:
    """Return the queues of which it was ever said that they overflow, by their names."""
    db.execute("select queue from view.overflow order by queue")
    return [queue for (queue,) in db.fetchall()]


def assignments(
    db: Cursor, agent: str, limit: int, after: str | None = None
) -> tuple[Assignment, ...]:
    """Return live matters that an agent works on, behind a ticket, by their ids."""
    db.execute(
        "select ticket, queue, since, lease_until from view.route "
        "where live and agent = %s and ticket > %s order by ticket limit %s",
        (agent, after or "", limit),
    )
    return tuple(Assignment(*row) for row in db.fetchall())


def waiting(db: Cursor, queue: str, after: Place | None, limit: int) -> list[Waiting]:
    """Return matters of a queue nobody works on, in the order of the queue, behind a place."""
    behind = (
        "" if after is None else "and (q.priority, q.due_at, q.ticket) > (%s, %s::timestamptz, %s) "
    )
    db.execute(
        "select r.ticket, r.buyer, r.cause, r.queue, q.priority, q.due_at::text, q.ticket "
        "from view.queue q join view.route r using (ticket) "
        "where q.open and q.queue = %s and r.queue = q.queue and r.live and r.agent is null "
        f"{behind}order by q.priority, q.due_at, q.ticket limit %s",
        (queue, *(after or ()), limit),
    )
    return _waiting(db)


def later_matters(
    db: Cursor, queue: str, since: Instant, after: Place | None, limit: int
) -> list[Waiting]:
    """Return matters nobody works on that came to a queue later, none that was moved there.

    Those that wait longest come first, behind a place.
    """
    behind = "" if after is None else "and (waiting_since, ticket) > (%s, %s) "
    db.execute(
        "select ticket, buyer, cause, queue, waiting_since, ticket from view.route "
        "where queue = %s and waiting_since > %s and queued_at > %s and not moved "
        f"{behind}order by waiting_since, ticket limit %s",
        (queue, since, since, *(after or ()), limit),
    )
    return _waiting(db)


def angry(db: Cursor, top: Sequence[str], after: Place | None, limit: int) -> list[Waiting]:
    """Return live matters of angry buyers on which somebody works who is none of these.

    In the order of their tickets, behind a place.
    """
    behind = "" if after is None else "and ticket > %s "
    db.execute(
        "select ticket, buyer, cause || '/' || angry, queue, ticket from view.route "
        "where live and angry is not null and agent is not null and agent <> all(%s::text[]) "
        f"{behind}order by ticket limit %s",
        (texts(top), *(after or ()), limit),
    )
    return _waiting(db)


def held(
    db: Cursor, named: Sequence[str], queue: str | None, after: Place | None, limit: int
) -> list[Waiting]:
    """Return live matters that one of these works on, or, of a queue, that none of these does.

    In the order of their tickets, behind a place.
    """
    whose, values = "agent = any(%s::text[])", [texts(named)]
    if queue is not None:
        whose, values = "queue = %s and agent <> all(%s::text[])", [queue, texts(named)]
    behind, place = ("", ()) if after is None else ("and ticket > %s ", after)
    db.execute(
        "select ticket, buyer, cause, queue, ticket from view.route "
        f"where live and agent is not null and {whose} {behind}order by ticket limit %s",
        (*values, *place, limit),
    )
    return _waiting(db)


def youngest(db: Cursor, agent: str, limit: int) -> list[Held]:
    """Return live matters an agent works on, the last that came to them first."""
    db.execute(
        "select ticket, cause from view.route where live and agent = %s "
        "order by since desc, ticket desc limit %s",
        (agent, limit),
    )
    return [Held(*row) for row in db.fetchall()]


def served_by(db: Cursor, buyer: str, ticket: str) -> str | None:
    """Return who served a buyer last, on another matter or on this one."""
    db.execute(
        "select served_by from view.route where buyer = %s and served_by is not null "
        "order by since desc, ticket = %s desc, ticket desc limit 1",
        (buyer, ticket),
    )
    row = db.fetchone()
    return None if row is None else str(row[0])


def figures(db: Cursor, queue: str, count_max: int) -> Figures:
    """Return how full a queue is, counted up to a limit."""
    db.execute(
        "select (select count(*) from (select from view.route where live and queue = %s "
        "limit %s) as counted), (select min(waiting_since) from view.route "
        "where queue = %s and waiting_since is not null)",
        (queue, count_max, queue),
    )
    count, since = db.fetchone() or (0, None)
    db.execute(
        "select queue, lane, since, overflows, cause from view.overflow where queue = %s", (queue,)
    )
    said = db.fetchone()
    return Figures(int(count), since, None if said is None else OverflowRow(*said))


def overflowing(db: Cursor) -> tuple[Overflowing, ...]:
    """Return the queues that overflow, by their names; a book has no more than a few."""
    db.execute("select queue, since, cause from view.overflow where overflows order by queue")
    return tuple(Overflowing(*row) for row in db.fetchall())


def leases_due(db: Cursor, now: Instant, limit: int) -> list[Lease]:
    """Return up to `limit` assignments whose lease is over, the longest first."""
    db.execute(
        "select ticket, lease_until from view.route where lease_until <= %s "
        "order by lease_until, ticket limit %s",
        (now, limit),
    )
    return [Lease(*row) for row in db.fetchall()]


def _waiting(db: Cursor) -> list[Waiting]:
    return [
        Waiting(ticket, buyer, cause, queue, tuple(at))
        for ticket, buyer, cause, queue, *at in db.fetchall()
    ]


def _counted(db: Cursor) -> tuple[Counted, ...]:
    return tuple(Counted(AGENT.decode(item), int(count)) for item, count in db.fetchall())
