"""Machine and person side by side: how often a person's diagnosis is the machine's (DI-06).

A ticket counts once: the last correction against what the machine had said before the first one.
What either of them said on a ticket stays in its case file; here are the pairs, from which position
until which each stood, so those of any moment can be listed. They are counted by blocks of
positions: a pair adds one to the block it begins in, and takes one there for the pair it ends.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import DiagnosisCorrected, DiagnosisMade, Event
from domain.record import Record
from domain.streams import parse_moment
from domain.values import BASIS_POINTS
from projections import blocks, spans
from projections.columns import Shared, integers, texts, upsert
from projections.projection import (
    MOMENT,
    PAGE_SIZE_MAX,
    Fact,
    FactView,
    Poisoned,
    View,
    where,
)

NAME: Final = "diagnosis"
DIMENSIONS: Final = ("responsible", "scenario", "kind")
TABLES: Final = {
    "view.diagnosis": (
        """create table view.diagnosis(
          ticket text collate "C" not null,
          lane int not null,
          since bigint not null,
          until bigint not null,
          machine text not null,
          person text,
          primary key (ticket, since))""",
        "create index on view.diagnosis (ticket, since) where person is not null",
        "create index on view.diagnosis (lane, since)",
        f"create index on view.diagnosis (lane, until) where until < {spans.LASTING}",
    ),
    "view.agreement": (
        """create table view.agreement(
          lane int not null,
          block bigint not null,
          dimension text not null,
          machine text not null,
          person text not null,
          tickets bigint not null,
          primary key (lane, block, dimension, machine, person))""",
    ),
}
_UPSERT: Final = upsert(
    "view.diagnosis",
    (
        ("ticket", "text"),
        ("lane", "int"),
        ("since", "bigint"),
        ("until", "bigint"),
        ("machine", "text"),
        ("person", "text"),
    ),
    ["ticket", "since"],
)
_COUNT: Final = Shared(
    "insert into view.agreement as a (lane, block, dimension, machine, person, tickets) "
    "select %s, * from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[]) "
    "on conflict (lane, block, dimension, machine, person) "
    "do update set tickets = a.tickets + excluded.tickets"
)
_TAKE_NOUGHT: Final = Shared(
    "delete from view.agreement where lane = %s and block = any(%s::bigint[]) and tickets = 0"
)
_AT: Final = (
    f"select a.dimension, a.machine, a.person, a.tickets from {blocks.MOMENT} "
    "join view.agreement a on a.lane = m.lane and a.block < m.block union all "
    f"select null, d.machine, d.person, count(*) from {blocks.MOMENT} "
    "join view.diagnosis d on d.lane = m.lane and d.since between m.first and m.upto "
    "group by d.machine, d.person union all "
    f"select null, d.machine, d.person, -count(*) from {blocks.MOMENT} "
    "join view.diagnosis d on d.lane = m.lane and d.until between m.first and m.upto "
    f"and d.until < {spans.LASTING} group by d.machine, d.person"
)
"""Counters of whole blocks, and pairs that begin and end in the one that holds the moment."""
_DIAGNOSED: Final = ("", "", "")
"""The counter of tickets that a machine judged."""
_CONCERNED: Final[frozenset[type[Event]]] = frozenset({DiagnosisMade, DiagnosisCorrected})

Judged = tuple[str, str, str]
"""One value a dimension."""
Counted = tuple[str, str, str]
"""What is counted together: a dimension, what the machine said and what the person did."""


class _Pair(msgspec.Struct, frozen=True):
    """What the machine said of a ticket, and a person after it, from a position on."""

    since: int
    machine: Judged
    person: Judged | None = None


class DiagnosisPage:
    """The judgements on the tickets that one page of records touches."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._pairs: dict[str, list[_Pair]] = {}
        """Ticket → its pair that stood before this page, and those since."""
        self._counts: Counter[tuple[int, Counted]] = Counter()
        """By block: how many more tickets there are at its end than before."""

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the judgements on the tickets this page says more of."""
        tickets = {ticket for ticket, record in facts if type(record.event) in _CONCERNED}
        if not tickets:
            return
        db.execute(
            "select ticket, since, machine, person from view.diagnosis "
            "where ticket = any(%s::text[]) and until = %s",
            (texts(sorted(tickets)), spans.LASTING),
        )
        for ticket, since, machine, person in db.fetchall():
            pair = _Pair(since, _read(machine), None if person is None else _read(person))
            self._pairs[ticket] = [pair]

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for ticket, record in facts:
            if type(record.event) in _CONCERNED:
                try:
                    self._apply(ticket, record)
                except Exception as error:
                    raise Poisoned(record, where(error)) from error

    def write(self, db: Cursor) -> None:
        """Write the judgements, and the differences they make to the counters."""
        if not self._pairs:
            return
        rows = [
            (ticket, pair, until)
            for ticket, pairs in self._pairs.items()
            for pair, until in spans.ended(pairs)
        ]
        db.execute(
            _UPSERT,
            (
                texts(ticket for ticket, _, _ in rows),
                integers(self.lane for _ in rows),
                integers(pair.since for _, pair, _ in rows),
                integers(until for _, _, until in rows),
                texts("/".join(pair.machine) for _, pair, _ in rows),
                texts(pair.person and "/".join(pair.person) for _, pair, _ in rows),
            ),
        )
        changed = sorted((key, number) for key, number in self._counts.items() if number)
        if changed:
            found = [block for (block, _), _ in changed]
            db.execute(
                _COUNT,
                (
                    *(self.lane, integers(found)),
                    *(texts(key[column] for (_, key), _ in changed) for column in range(3)),
                    integers(number for _, number in changed),
                ),
            )
            db.execute(_TAKE_NOUGHT, (self.lane, integers(sorted(set(found)))))

    def _apply(self, ticket: str, record: Record) -> None:
        event = record.event
        last = self._pairs[ticket][-1] if ticket in self._pairs else None
        if isinstance(event, DiagnosisMade):
            if last is None or last.person is None:
                self._begin(ticket, last, _Pair(record.position, _judged(event)))
        elif isinstance(event, DiagnosisCorrected) and last is not None:
            self._begin(ticket, last, _Pair(record.position, last.machine, _judged(event)))

    def _begin(self, ticket: str, last: _Pair | None, pair: _Pair) -> None:
        """Let a pair stand from now on in the place of the last one."""
        self._pairs.setdefault(ticket, []).append(pair)
        block = blocks.block_of(pair.since)
        self._counts.update((block, key) for key in _counted(pair.machine, pair.person))
        if last is not None:
            self._counts.subtract((block, key) for key in _counted(last.machine, last.person))


VIEW: Final[View] = FactView(
    name=NAME,
    version=2,
    tables=TABLES,
    begin=DiagnosisPage,
)
"""The view of judgements; its rows belong to a ticket."""


def _judged(event: DiagnosisMade | DiagnosisCorrected) -> Judged:
    return (event.responsible.value, event.scenario.value, event.kind.value)


def _counted(machine: Judged, person: Judged | None) -> Iterator[Counted]:
    """Yield what a ticket is counted in."""
    yield _DIAGNOSED
    if person is not None:
        yield from zip(DIMENSIONS, machine, person, strict=True)


def _read(text: str) -> Judged:
    responsible, scenario, kind = text.split("/")
    return (responsible, scenario, kind)


# --- reading ----------------------------------------------------------------------------------


class Dimension(msgspec.Struct, frozen=True):
    """How often both say the same, in one dimension, of the tickets a person judged too."""

    judged: int
    agreed: int
    agreed_bp: int
    """The share, in basis points; 0 when nobody judged."""
    pairs: Mapping[str, int]
    """What the machine and the person said ("merchant/logistics") → tickets."""


class Agreement(msgspec.Struct, frozen=True):
    """Machine and person over all tickets."""

    position: str
    diagnosed: int
    """Tickets that a machine judged."""
    corrected: int
    """Those of them that a person judged too."""
    dimensions: Mapping[str, Dimension]


def agreement(db: Cursor) -> Agreement:
    """Return the counts of every dimension, over all lanes."""
    db.execute(
        f"select {MOMENT}, dimension, machine, person, sum(tickets)::bigint "
        "from (values (1)) as one left join view.agreement on true "
        "group by dimension, machine, person",
        (NAME,),
    )
    rows = db.fetchall()
    counts = Counter({(one[1], one[2], one[3]): one[4] for one in rows if one[1] is not None})
    return _agreement(rows[0][0], counts)


def agreement_at(db: Cursor, moment: str) -> Agreement:
    """Return the counts of every dimension at a moment, a position of every lane."""
    db.execute(_AT, blocks.moment(parse_moment(moment)) * 3)
    counts: Counter[Counted] = Counter()
    for dimension, machine, person, tickets in db.fetchall():
        if dimension is not None:
            counts[dimension, machine, person] += tickets
            continue
        for key in _counted(_read(machine), None if person is None else _read(person)):
            counts[key] += tickets
    return _agreement(moment, counts)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets that a machine judged are asked for; what is None is not looked at."""

    judged: bool | None = None
    """Whether a person judged too."""
    dimension: str | None = None
    """What `agreed`, `machine` and `person` are asked of."""
    agreed: bool | None = None
    machine: str | None = None
    person: str | None = None


class Key(msgspec.Struct, frozen=True):
    """The place of a ticket in the order of ids."""

    ticket: str


class Row(msgspec.Struct, frozen=True):
    """What the machine said of a ticket and a person after it, by dimension."""

    ticket: str
    machine: Mapping[str, str]
    person: Mapping[str, str] | None


class RowPage(msgspec.Struct, frozen=True):
    """A page of tickets that a machine judged, and as of which moment."""

    moment: str
    rows: tuple[Row, ...]
    next: Key | None


def page(
    db: Cursor, filters: Filters, moment: str | None, after: Key | None, limit: int
) -> RowPage:
    """Return up to `limit` tickets behind a key, as of a moment or now."""
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    source, given = _source(None if moment is None else parse_moment(moment))
    conditions, values = _conditions(filters)
    if after is not None:
        conditions.append("ticket > %s")
        values.append(after.ticket)
    db.execute(
        f"select {MOMENT}, found.* from (values (1)) as one left join lateral ("
        f"select ticket, machine, person from {source} where {' and '.join(conditions)} "
        "order by ticket limit %s) as found on true order by found.ticket",
        (NAME, *given, *values, limit + 1),
    )
    rows = db.fetchall()
    found = tuple(
        Row(ticket, _by_name(machine), None if person is None else _by_name(person))
        for _, ticket, machine, person in rows
        if ticket is not None
    )
    following = Key(found[limit - 1].ticket) if len(found) > limit else None
    return RowPage(rows[0][0] if moment is None else moment, found[:limit], following)


def _source(places: Mapping[int, int] | None) -> tuple[str, list[Any]]:
    """Return the pairs that stand, or stood at positions of lanes, and the values of that."""
    if places is None:
        return "(select * from view.diagnosis where until = %s) as d", [spans.LASTING]
    return (
        f"(select p.* from {spans.MOMENT} join view.diagnosis p on {spans.HOLDS}) as d",
        [*spans.moment(places)],
    )


def _conditions(filters: Filters) -> tuple[list[str], list[Any]]:
    conditions, values = ["true"], []
    asked = (filters.agreed, filters.machine, filters.person)
    if filters.judged or filters.agreed is not None or filters.person is not None:
        conditions.append("person is not null")
    elif filters.judged is False:
        conditions.append("person is null")
    if any(one is not None for one in asked):
        if filters.dimension is None:
            raise ValueError("these are asked of a dimension")
        number = DIMENSIONS.index(filters.dimension) + 1
        machine, person = (f"split_part({one}, '/', {number})" for one in ("machine", "person"))
        if filters.agreed is not None:
            conditions.append(f"{machine} {'=' if filters.agreed else '<>'} {person}")
        for said, meant in ((machine, filters.machine), (person, filters.person)):
            if meant is not None:
                conditions.append(f"{said} = %s")
                values.append(meant)
    return conditions, values


def _by_name(text: str) -> Mapping[str, str]:
    return dict(zip(DIMENSIONS, _read(text), strict=True))


def _agreement(position: str, counts: Mapping[Counted, int]) -> Agreement:
    found: dict[str, dict[str, int]] = {name: {} for name in ("", *DIMENSIONS)}
    for (dimension, machine, person), tickets in sorted(counts.items()):
        if tickets:
            found[dimension][f"{machine}/{person}"] = tickets
    diagnosed = sum(found.pop("").values())
    dimensions = {name: _dimension(pairs) for name, pairs in found.items()}
    return Agreement(position, diagnosed, dimensions["kind"].judged, dimensions)


def _dimension(pairs: Mapping[str, int]) -> Dimension:
    judged = sum(pairs.values())
    agreed = sum(
        tickets
        for pair, tickets in pairs.items()
        if pair.partition("/")[0] == pair.partition("/")[2]
    )
    return Dimension(judged, agreed, agreed * BASIS_POINTS // judged if judged else 0, pairs)
