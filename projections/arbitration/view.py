"""How case files and their timelines are read and written; what facts mean is elsewhere."""

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import EVENTS, Event, personal_fields
from domain.record import Record
from projections.arbitration.places import Mark, Place
from projections.arbitration.rows import CaseRow
from projections.cells import add, encoded, integer, text
from projections.columns import documents, integers, split, texts
from projections.documents import Documents
from projections.projection import Fact, TicketPage, TicketView

CASE_FILES: Final = Documents("view.arbitration")
TABLES: Final = {
    CASE_FILES.table: (CASE_FILES.create,),
    "view.arbitration_timeline": (
        """create table view.arbitration_timeline(
          ticket text collate "C" not null,
          part int not null,
          entries text not null,
          primary key (ticket, part))""",
    ),
}

PART_SIZE: Final = 8
"""How many entries of a timeline share a row: it stays below the size that is compressed."""

_APPEND: Final = (
    "insert into view.arbitration_timeline as t (ticket, part, entries) "
    f"select * from unnest(%s::text[], %s::int[], {split()}) "
    "on conflict (ticket, part) do update set entries = t.entries || excluded.entries"
)
_DECODER: Final = msgspec.json.Decoder(CaseRow)
_PERSONAL: Final[dict[type[Event], tuple[str, ...]]] = {
    event_class: fields
    for event_class in EVENTS.values()
    if (fields := tuple(personal_fields(event_class)))
}


def decode_row(item: str) -> CaseRow:
    """Return the case file that a stored text holds."""
    return _DECODER.decode(item)


def mark(record: Record) -> Mark:
    """Return the mark of the record that says something."""
    return Mark(record.envelope.version)


def place_of(record: Record, field: str) -> Place | None:
    """Return where a personal value lies, None when the event has none there."""
    if getattr(record.event, field) is None:
        return None
    return Place(record.envelope.version, field)


class CasePage(TicketPage[CaseRow]):
    """The case files one page of records touches, and what it adds to their timelines."""

    select: ClassVar[str] = CASE_FILES.select
    keeps: ClassVar[bool] = True

    def __init__(self, view: TicketView[CaseRow], lane: int) -> None:
        """Begin with nothing."""
        super().__init__(view, lane)
        self._entries: dict[tuple[str, int], list[str]] = {}

    def decode(self, item: str) -> CaseRow:
        """Return the case file that a stored text holds."""
        return decode_row(item)

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts, and add an entry of each to its ticket's timeline."""
        super().fold(facts)
        entries = self._entries
        now: tuple[str, int] | None = None
        of_part: list[str] = []
        for ticket, record in facts:
            part = (ticket, (record.envelope.version - 1) // PART_SIZE)
            if part != now:
                of_part = entries.setdefault(part, [])
                now = part
            of_part.append(_entry(record))

    def timeline(self, ticket: str) -> str:
        """Return the entries of a ticket's timeline, a line each."""
        parts = sorted(part for part in self._entries if part[0] == ticket)
        return "".join(entry for part in parts for entry in self._entries[part])

    def write(self, db: Cursor) -> None:
        """Write the case files that were touched, and append to their timelines."""
        if not self.rows:
            return
        CASE_FILES.write(db, self.rows.values())
        db.execute(
            _APPEND,
            (
                texts(ticket for ticket, _ in self._entries),
                integers(part for _, part in self._entries),
                documents("".join(entries) for entries in self._entries.values()),
            ),
        )

    def add(self, db: Cursor) -> None:
        """Write the case files of new tickets, and their timelines from the beginning."""
        CASE_FILES.add(db, self.rows.values())
        add(
            db,
            "view.arbitration_timeline",
            ["ticket", "part", "entries"],
            [
                (text(ticket), integer(part), encoded("".join(entries).encode()))
                for (ticket, part), entries in self._entries.items()
            ],
        )


VIEW: Final[TicketView[CaseRow]] = TicketView(
    "arbitration", version=4, tables=TABLES, page=CasePage
)


def _entry(record: Record) -> str:
    """Return a timeline entry as a JSON array and a line break: nothing in it needs escaping."""
    envelope = record.envelope
    event = record.event
    held = ""
    names = _PERSONAL.get(type(event))
    if names:
        held = ",".join([f'"{name}"' for name in names if getattr(event, name) is not None])
    return (
        f'[{envelope.version},"{record.lane}-{record.position}","{envelope.topic}",'
        f'"{envelope.at}","{envelope.actor.kind}","{record.leaf_hash}",[{held}]]\n'
    )
