"""Which past matters a trainee can decide again: their keys, never what they are about.

A row is kept of every ticket from its opening, and is listed once the matter was decided and is
over. What a scenario tells is built from the record, elsewhere.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import TicketOpened
from domain.record import Record
from domain.streams import CROCKFORD
from domain.ticket.decisions import CONCERNED, Decision, evolve_decision
from domain.values import Decided, Difficulty, Ending, Reason, Sha256
from projections import listing
from projections.columns import texts
from projections.listing import Table
from projections.projection import Fact, FactView, Poisoned, View, where

NAME: Final = "training"
_LETTERS: Final = 13


class ScenarioRow(msgspec.Struct, frozen=True):
    """The keys of one ticket as a scenario."""

    ticket: str
    scenario: str
    """A name that follows from the first record's hash: whoever knows the ticket can not guess it,
    and a list in its order tells nothing of dates."""
    reason: Reason
    imported: bool
    decided: Decided | None = None
    version: int = 0
    ending: Ending | None = None
    difficulty: Difficulty = Difficulty.EASY
    over: bool = False
    reopened: bool = False
    system: str = ""
    """Whose history it is; empty for our own."""


_COLUMNS: Final = (
    ("ticket", "text"),
    ("scenario", "text"),
    ("reason", "text"),
    ("imported", "boolean"),
    ("decided", "text"),
    ("version", "int"),
    ("ending", "text"),
    ("difficulty", "text"),
    ("over", "boolean"),
    ("reopened", "boolean"),
    ("system", "text"),
)
_TABLE: Final = Table(NAME, "view.training_scenario", ScenarioRow, _COLUMNS)
TABLES: Final = {
    "view.training_scenario": (
        """create table view.training_scenario(
          ticket text collate "C" not null,
          scenario text collate "C" not null,
          reason text not null,
          imported boolean not null,
          decided text,
          version int not null,
          ending text,
          difficulty text not null,
          over boolean not null,
          reopened boolean not null,
          system text not null,
          lane int not null,
          primary key (ticket, scenario))""",
        "create index on view.training_scenario (scenario)",
        "create index on view.training_scenario (reason, scenario) "
        "where over and decided is not null",
        "create index on view.training_scenario (ending, scenario) "
        "where over and decided is not null",
        "create index on view.training_scenario (difficulty, scenario) "
        "where over and decided is not null",
    ),
}


class TrainingPage:
    """The rows of the tickets that one page of records opens, decides or closes."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._rows: dict[str, ScenarioRow] = {}

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the rows of the tickets that were opened before this page."""
        concerned = {ticket for ticket, record in facts if type(record.event) in CONCERNED}
        opened = {ticket for ticket, record in facts if isinstance(record.event, TicketOpened)}
        if concerned - opened:
            self._rows = {one.ticket: one for one in _TABLE.of(db, sorted(concerned - opened))}

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for ticket, record in facts:
            try:
                if isinstance(record.event, TicketOpened):
                    self._rows[ticket] = _opened(ticket, record, record.event)
                elif type(record.event) in CONCERNED:
                    self._rows[ticket] = _after(self._rows[ticket], record)
            except Exception as error:
                raise Poisoned(record, where(error)) from error

    def write(self, db: Cursor) -> None:
        """Write every row that was touched."""
        _TABLE.put(db, list(self._rows.values()), self.lane)


VIEW: Final[View] = FactView(
    name=NAME,
    version=3,
    tables=TABLES,
    begin=TrainingPage,
)
"""The view of every past matter that may be decided again."""


def scenario_name(first: Sha256) -> str:
    """Return the name of the scenario of a ticket by the hash of its first record."""
    digest = hashlib.sha256(f"training\x1f{first}".encode()).digest()
    number = int.from_bytes(digest[:9])
    return "S" + "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in range(_LETTERS))


def _opened(ticket: str, record: Record, event: TicketOpened) -> ScenarioRow:
    source = record.envelope.source
    system = source.system if source is not None and record.imported else ""
    name = scenario_name(record.leaf_hash)
    return ScenarioRow(ticket, name, event.reason, record.imported, system=system)


def _after(row: ScenarioRow, record: Record) -> ScenarioRow:
    known = Decision(row.decided, row.version, row.over, row.reopened)
    now = evolve_decision(known, record.event, record.version, imported=row.imported)
    return msgspec.structs.replace(
        row,
        decided=now.decided,
        version=now.version,
        ending=now.ending,
        difficulty=now.difficulty,
        over=now.over,
        reopened=now.reopened,
    )


# --- reading ----------------------------------------------------------------------------------


class Filters(msgspec.Struct, frozen=True):
    """Which scenarios are listed."""

    reason: Reason | None = None
    difficulty: Difficulty | None = None
    ending: Ending | None = None
    without: tuple[str, ...] = ()
    """The systems whose matters are left out."""


class Key(msgspec.Struct, frozen=True):
    """The sort key of one scenario."""

    scenario: str


class ScenarioPage(msgspec.Struct, frozen=True):
    """A page of scenarios, and how far the view had read."""

    moment: str
    scenarios: tuple[ScenarioRow, ...]
    next: Key | None


def page(db: Cursor, filters: Filters, after: Key | None, limit: int) -> ScenarioPage:
    """Return up to `limit` scenarios in the order of their names."""
    conditions: list[tuple[str, Sequence[object]]] = [("over and decided is not null", ())]
    asked = ((name, getattr(filters, name)) for name in ("reason", "difficulty", "ending"))
    conditions += [(f"{name} = %s", (value,)) for name, value in asked if value is not None]
    if filters.without:
        conditions.append(("not system = any(%s::text[])", (texts(filters.without),)))
    moment, rows, following = listing.page(
        db, _TABLE, where=conditions, order=("scenario",), after=after, limit=limit
    )
    return ScenarioPage(moment, rows, None if following is None else Key(*following))


def find(db: Cursor, scenario: str) -> ScenarioRow | None:
    """Return the row of a scenario, listed or not."""
    db.execute(f"select {_TABLE.read} from {_TABLE.name} where scenario = %s", (scenario,))
    row = db.fetchone()
    return None if row is None else _TABLE.decode(row)
