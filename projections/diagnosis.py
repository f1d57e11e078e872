"""Machine and person side by side: how often a person's diagnosis is the machine's (DI-06).

A ticket counts once: the last correction against what the machine had said before the first one.
What either of them said on a ticket stays in its case file; here are the pairs, counted.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import DiagnosisCorrected, DiagnosisMade, Event
from domain.record import Record
from domain.values import BASIS_POINTS
from projections.columns import integers, texts, upsert
from projections.projection import MOMENT, OF_TICKETS, Fact, Page, Poisoned, View, where

DIMENSIONS: Final = ("responsible", "scenario", "kind")
TABLES: Final = {
    "view.diagnosis": (
        """create table view.diagnosis(
          ticket text collate "C" not null primary key,
          lane int not null,
          machine text not null,
          person text)""",
    ),
    "view.agreement": (
        """create table view.agreement(
          lane int not null,
          dimension text not null,
          machine text not null,
          person text not null,
          tickets bigint not null,
          primary key (lane, dimension, machine, person))""",
    ),
}
_UPSERT: Final = upsert(
    "view.diagnosis",
    (("ticket", "text"), ("lane", "int"), ("machine", "text"), ("person", "text")),
    ["ticket"],
)
_COUNT: Final = (
    "insert into view.agreement as a (lane, dimension, machine, person, tickets) "
    "select %s, * from unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) "
    "on conflict (lane, dimension, machine, person) "
    "do update set tickets = a.tickets + excluded.tickets"
)
_DIAGNOSED: Final = ("", "", "")
"""The counter of tickets that a machine judged."""
_CONCERNED: Final[frozenset[type[Event]]] = frozenset({DiagnosisMade, DiagnosisCorrected})

Judged = tuple[str, str, str]
"""One value a dimension."""


class _Pair(msgspec.Struct):
    """What the machine said of a ticket, and a person after it."""

    machine: Judged
    person: Judged | None = None


class DiagnosisPage:
    """The judgements on the tickets that one page of records touches."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._pairs: dict[str, _Pair] = {}
        self._counts: dict[tuple[str, str, str], int] = {}

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the judgements on the tickets this page says more of."""
        tickets = {ticket for ticket, record in facts if type(record.event) in _CONCERNED}
        if not tickets:
            return
        db.execute(
            "select ticket, machine, person from view.diagnosis where ticket = any(%s::text[])",
            (texts(sorted(tickets)),),
        )
        for ticket, machine, person in db.fetchall():
            self._pairs[ticket] = _Pair(_read(machine), None if person is None else _read(person))
        for pair in self._pairs.values():
            self._count(pair, -1)

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
        db.execute(
            _UPSERT,
            (
                texts(self._pairs),
                integers(self.lane for _ in self._pairs),
                texts("/".join(one.machine) for one in self._pairs.values()),
                texts(one.person and "/".join(one.person) for one in self._pairs.values()),
            ),
        )
        for pair in self._pairs.values():
            self._count(pair, 1)
        changed = sorted((key, number) for key, number in self._counts.items() if number)
        if changed:
            db.execute(
                _COUNT,
                (
                    self.lane,
                    *(texts(key[column] for key, _ in changed) for column in range(3)),
                    integers(number for _, number in changed),
                ),
            )
            db.execute("delete from view.agreement where lane = %s and tickets = 0", (self.lane,))

    def _apply(self, ticket: str, record: Record) -> None:
        event = record.event
        pair = self._pairs.get(ticket)
        if isinstance(event, DiagnosisMade):
            if pair is None or pair.person is None:
                self._pairs[ticket] = _Pair(_judged(event))
        elif isinstance(event, DiagnosisCorrected) and pair is not None:
            pair.person = _judged(event)

    def _count(self, pair: _Pair, sign: int) -> None:
        keys = [_DIAGNOSED]
        if pair.person is not None:
            keys += zip(DIMENSIONS, pair.machine, pair.person, strict=True)
        for key in keys:
            self._counts[key] = self._counts.get(key, 0) + sign


class DiagnosisView:
    """The view of judgements; its rows belong to a ticket."""

    name: str = "diagnosis"
    version: int = 1
    families: frozenset[str] = OF_TICKETS
    tables: Mapping[str, Sequence[str]] = TABLES

    def page(self, lane: int) -> Page:
        """Return an empty page of a lane."""
        return DiagnosisPage(lane)


VIEW: Final[View] = DiagnosisView()


def _judged(event: DiagnosisMade | DiagnosisCorrected) -> Judged:
    return (event.responsible.value, event.scenario.value, event.kind.value)


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
    """Those of them that a person judged otherwise in at least one dimension."""
    dimensions: Mapping[str, Dimension]


def agreement(db: Cursor) -> Agreement:
    """Return the counts of every dimension, over all lanes."""
    db.execute(
        f"select {MOMENT}, dimension, machine, person, sum(tickets)::bigint "
        "from (values (1)) as one left join view.agreement on true "
        "group by dimension, machine, person order by dimension, machine, person",
        ("diagnosis",),
    )
    rows = db.fetchall()
    found: dict[str, dict[str, int]] = {name: {} for name in DIMENSIONS}
    diagnosed = 0
    for _, dimension, machine, person, tickets in rows:
        if dimension == "":
            diagnosed = tickets
        elif dimension is not None:
            found[dimension][f"{machine}/{person}"] = tickets
    dimensions = {name: _dimension(pairs) for name, pairs in found.items()}
    return Agreement(rows[0][0], diagnosed, dimensions["kind"].judged, dimensions)


def _dimension(pairs: Mapping[str, int]) -> Dimension:
    judged = sum(pairs.values())
    agreed = sum(
        tickets
        for pair, tickets in pairs.items()
        if pair.partition("/")[0] == pair.partition("/")[2]
    )
    return Dimension(judged, agreed, agreed * BASIS_POINTS // judged if judged else 0, pairs)
