"""What other departments were asked: open, planned or moot, and how their clocks stand (RO-04).

It holds no text: the question and the plan are read on the ticket.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockStarted,
    ClockStopped,
    DepartmentAsked,
    DepartmentPlanned,
    Event,
    TicketClosed,
    TicketEscalated,
    TicketResolved,
)
from domain.record import Record
from domain.values import Instant
from projections import listing, spans
from projections.columns import Shared, integers, texts
from projections.listing import Table
from projections.projection import (
    MOMENT,
    Fact,
    FactView,
    Poisoned,
    View,
    place,
    where,
)

TABLES: Final = {
    "view.department_request": (
        """create table view.department_request(
          ticket text collate "C" not null,
          request text collate "C" not null,
          lane int not null,
          department text not null,
          state text not null,
          asked_at text collate "C" not null,
          asked text not null,
          planned_at text collate "C",
          planned text,
          ended text,
          clock text,
          due_at text collate "C",
          breached boolean not null,
          escalated_to text,
          primary key (ticket, request))""",
        "create index on view.department_request (department, state, asked_at, ticket, request)",
        "create index on view.department_request (department, asked_at, ticket, request)",
    ),
    "view.department_count": (
        """create table view.department_count(
          lane int not null,
          department text not null,
          state text not null,
          requests bigint not null,
          primary key (lane, department, state))""",
    ),
}
_COUNT: Final = Shared(
    "insert into view.department_count as c (lane, department, state, requests) "
    "select %s, * from unnest(%s::text[], %s::text[], %s::bigint[]) "
    "on conflict (lane, department, state) do update set requests = c.requests + excluded.requests"
)
_TAKE_NOUGHT: Final = Shared("delete from view.department_count where lane = %s and requests = 0")
OPEN: Final = "open"
PLANNED: Final = "planned"
MOOT: Final = "moot"
_STOOD: Final = (
    f"{spans.MOMENT} join view.department_request r "
    "on r.lane = m.lane and split_part(r.asked, '-', 2)::bigint <= m.upto"
)
"""The requests that were asked by a moment."""
_STATE: Final = (
    f"case when split_part(r.planned, '-', 2)::bigint <= m.upto then '{PLANNED}' "
    f"when split_part(r.ended, '-', 2)::bigint <= m.upto then '{MOOT}' else '{OPEN}' end"
)
"""How a request stood at a moment."""
_CLOCKS: Final = (
    ClockStarted,
    ClockMoved,
    ClockBreached,
    TicketEscalated,
    ClockStopped,
    ClockCancelled,
)
_CONCERNED: Final[frozenset[type[Event]]] = frozenset(
    {DepartmentAsked, DepartmentPlanned, TicketResolved, TicketClosed, *_CLOCKS}
)


class Asked(msgspec.Struct):
    """One request to one department."""

    ticket: str
    request: str
    department: str
    state: str
    """open, planned, or moot: the matter ended before a plan came."""
    asked_at: Instant
    asked: str
    """The event in which it was asked."""
    planned_at: Instant | None = None
    planned: str | None = None
    """The event in which the plan came."""
    ended: str | None = None
    """The event by which the matter ended before a plan came."""
    clock: str | None = None
    due_at: Instant | None = None
    """Of the clock that runs, or ran."""
    breached: bool = False
    escalated_to: str | None = None


_TABLE: Final = Table(
    "departments",
    "view.department_request",
    Asked,
    (
        ("ticket", "text"),
        ("request", "text"),
        ("department", "text"),
        ("state", "text"),
        ("asked_at", "text"),
        ("asked", "text"),
        ("planned_at", "text"),
        ("planned", "text"),
        ("ended", "text"),
        ("clock", "text"),
        ("due_at", "text"),
        ("breached", "boolean"),
        ("escalated_to", "text"),
    ),
)


class DepartmentsPage:
    """The requests on the tickets that one page of records touches."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._asked: dict[tuple[str, str], Asked] = {}
        self._counts: dict[tuple[str, str], int] = {}

    @property
    def requests(self) -> Mapping[tuple[str, str], Asked]:
        """Return the requests that were folded, by ticket and request."""
        return self._asked

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the requests on the tickets this page says more of."""
        tickets = {ticket for ticket, record in facts if _is_concerned(record.event)}
        if not tickets:
            return
        for one in _TABLE.of(db, sorted(tickets)):
            self._asked[one.ticket, one.request] = one
            self._count(one, -1)

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for ticket, record in facts:
            if _is_concerned(record.event):
                try:
                    self._apply(ticket, record)
                except Exception as error:
                    raise Poisoned(record, where(error)) from error

    def write(self, db: Cursor) -> None:
        """Write the requests, and the differences they make to the counters."""
        rows = list(self._asked.values())
        if not rows:
            return
        _TABLE.put(db, rows, self.lane)
        for one in rows:
            self._count(one, 1)
        changed = sorted((key, number) for key, number in self._counts.items() if number)
        if changed:
            db.execute(
                _COUNT,
                (
                    self.lane,
                    texts(department for (department, _), _ in changed),
                    texts(state for (_, state), _ in changed),
                    integers(number for _, number in changed),
                ),
            )
            db.execute(_TAKE_NOUGHT, (self.lane,))

    def _apply(self, ticket: str, record: Record) -> None:
        match record.event:
            case DepartmentAsked() as event:
                self._asked[ticket, event.request] = Asked(
                    ticket, event.request, event.department, OPEN, record.at, place(record)
                )
            case DepartmentPlanned() as event:
                one = self._asked[ticket, event.request]
                one.state, one.planned_at, one.planned = PLANNED, record.at, place(record)
            case TicketResolved() | TicketClosed():
                for one in self._of(ticket):
                    if one.state == OPEN:
                        one.state, one.ended = MOOT, place(record)
            case event:
                about = getattr(event, "clock", "").partition(":")[2]
                if (ticket, about) in self._asked:
                    _tick(self._asked[ticket, about], event)

    def _of(self, ticket: str) -> Iterable[Asked]:
        return [one for one in self._asked.values() if one.ticket == ticket]

    def _count(self, one: Asked, sign: int) -> None:
        key = (one.department, one.state)
        self._counts[key] = self._counts.get(key, 0) + sign


VIEW: Final[View] = FactView(
    name="departments",
    version=2,
    tables=TABLES,
    begin=DepartmentsPage,
)
"""The view of requests to other departments; its rows belong to a ticket and a request."""


def _is_concerned(event: Event) -> bool:
    """Return whether a fact can be about a request; of clocks those about one thing of several."""
    if isinstance(event, _CLOCKS):
        return ":" in event.clock
    return type(event) in _CONCERNED


def _tick(one: Asked, event: Event) -> None:
    match event:
        case ClockStarted():
            one.clock, one.due_at = event.clock, event.due_at
        case ClockMoved():
            one.due_at = event.due_at
        case ClockBreached():
            one.breached = True
        case TicketEscalated():
            one.escalated_to = event.to
        case _:
            pass


# --- reading ----------------------------------------------------------------------------------


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests are asked for; what is None is not looked at."""

    department: str
    state: str | None = None


class Key(msgspec.Struct, frozen=True):
    """The place of a request in the order of asking: the next page begins behind it."""

    asked_at: str
    ticket: str
    request: str


class RequestPage(msgspec.Struct, frozen=True):
    """One page of requests, the longest waiting first."""

    moment: str
    requests: tuple[Asked, ...]
    next: Key | None
    """Where the next page begins, or None when this is the last."""


def page(db: Cursor, filters: Filters, after: Key | None, limit: int) -> RequestPage:
    """Return up to `limit` requests (200 at most) behind a key, on an index of their order."""
    asked: list[tuple[str, Sequence[object]]] = [("department = %s", (filters.department,))]
    if filters.state is not None:
        asked.append(("state = %s", (filters.state,)))
    moment, found, key = listing.page(
        db, _TABLE, where=asked, order=("asked_at", "ticket", "request"), after=after, limit=limit
    )
    return RequestPage(moment, found, None if key is None else Key(*key))


def keys_at(
    db: Cursor, upto: Mapping[int, int], filters: Filters, after: Key | None, limit: int
) -> list[Key]:
    """Return up to `limit` requests that stood so at a moment, behind a key.

    The moment is a position of each lane.
    """
    conditions, values = ["r.department = %s"], [filters.department]
    if filters.state is not None:
        conditions.append(f"{_STATE} = %s")
        values.append(filters.state)
    if after is not None:
        conditions.append("(r.asked_at, r.ticket, r.request) > (%s, %s, %s)")
        values += msgspec.structs.astuple(after)
    db.execute(
        f"select r.asked_at, r.ticket, r.request from {_STOOD} "
        f"where {' and '.join(conditions)} order by r.asked_at, r.ticket, r.request limit %s",
        (*spans.moment(upto), *values, limit),
    )
    return [Key(*row) for row in db.fetchall()]


class Counts(msgspec.Struct, frozen=True):
    """How many requests stand how: department → state → number, from counter rows."""

    moment: str
    requests: Mapping[str, Mapping[str, int]]


def counts(db: Cursor) -> Counts:
    """Return the requests of every department by state, over all lanes."""
    db.execute(
        f"select {MOMENT}, department, state, sum(requests)::bigint "
        "from (values (1)) as one left join view.department_count on true "
        "group by department, state order by department, state",
        ("departments",),
    )
    rows = db.fetchall()
    found: dict[str, dict[str, int]] = {}
    for _, department, state, requests in rows:
        if department is not None:
            found.setdefault(department, {})[state] = requests
    return Counts(rows[0][0], found)


def counts_at(db: Cursor, upto: Mapping[int, int], moment: str) -> Counts:
    """Return the requests of every department by state as they were at a moment, one by one."""
    db.execute(
        f"select r.department, {_STATE} as stood, count(*) from {_STOOD} "
        "group by r.department, stood order by r.department, stood",
        spans.moment(upto),
    )
    found: dict[str, dict[str, int]] = {}
    for department, state, requests in db.fetchall():
        found.setdefault(department, {})[state] = requests
    return Counts(moment, found)
