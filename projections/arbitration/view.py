"""How case files and their timelines are read and written; what facts mean is elsewhere."""

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import EVENTS, Event, personal_fields
from domain.record import Record
from projections.arbitration.places import Mark, Place
from projections.arbitration.rows import CaseRow
from projections.columns import (
    DOCUMENT,
    add,
    cell,
    document,
    documents,
    integers,
    split,
    texts,
    upsert,
)
from projections.projection import Fact, TicketPage, TicketView

TABLES: Final = {
    "view.arbitration": (
        """create table view.arbitration(
          ticket text collate "C" primary key,
          lane int not null,
          version int not null,
          position text not null,
          item text not null)""",
    ),
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


_COLUMNS: Final = (
    ("ticket", "text"),
    ("lane", "int"),
    ("version", "int"),
    ("position", "text"),
    ("item", DOCUMENT),
)
_UPSERT: Final = upsert("view.arbitration", _COLUMNS, ["ticket"])
_APPEND: Final = (
    "insert into view.arbitration_timeline as t (ticket, part, entries) "
    f"select * from unnest(%s::text[], %s::int[], {split()}) "
    "on conflict (ticket, part) do update set entries = t.entries || excluded.entries"
)
_ENCODER: Final = msgspec.json.Encoder()
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

    select: ClassVar[str] = "select item from view.arbitration where ticket = any(%s::text[])"
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
        rows = list(self.rows.values())
        if not rows:
            return
        db.execute(
            _UPSERT,
            (
                texts(row.ticket for row in rows),
                integers(row.lane for row in rows),
                integers(row.version for row in rows),
                texts(row.position for row in rows),
                documents(_ENCODER.encode(row).decode() for row in rows),
            ),
        )
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
        lines = [
            f"{cell(row.ticket)}\t{row.lane}\t{row.version}\t{row.position}\t"
            f"{document(_ENCODER.encode(row).decode())}"
            for row in self.rows.values()
        ]
        add(db, "view.arbitration", [name for name, _ in _COLUMNS], lines)
        lines = [
            f"{cell(ticket)}\t{part}\t{_joined(entries)}"
            for (ticket, part), entries in self._entries.items()
        ]
        add(db, "view.arbitration_timeline", ["ticket", "part", "entries"], lines)


VIEW: Final[TicketView[CaseRow]] = TicketView(
    "arbitration", version=3, tables=TABLES, page=CasePage
)


def _joined(entries: Sequence[str]) -> str:
    """Return entries as a cell of a line of COPY: the line breaks between them are part of it."""
    return "".join(entries).replace("\n", "\\n")


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
