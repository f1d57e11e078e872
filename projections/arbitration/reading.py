"""Asking the arbitration view: one ticket's case file with its timeline."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import planned
from domain.streams import ticket_stream
from domain.values import ActorKind, Instant
from projections.arbitration.places import Mark, Place
from projections.arbitration.rows import CaseRow
from projections.arbitration.view import decode_row
from projections.projection import MOMENT


class TimelineEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of the ticket: what kind of fact it is and where it stands."""

    version: int
    position: str
    topic: str
    at: Instant
    by: ActorKind
    leaf_hash: str
    fields: tuple[str, ...] = ()
    """The personal fields it has; their values are opened by the caller."""


class CaseFile(msgspec.Struct, frozen=True):
    """A ticket laid out for judgement."""

    moment: str
    """How far the view had read."""
    case: CaseRow
    timeline: tuple[TimelineEntry, ...]

    @property
    def messages(self) -> tuple[TimelineEntry, ...]:
        """Return the entries whose texts the parties and staff wrote to one another."""
        return tuple(one for one in self.timeline if one.topic in _MESSAGES)

    @property
    def notes(self) -> tuple[TimelineEntry, ...]:
        """Return the entries whose texts only staff may see."""
        return tuple(one for one in self.timeline if one.topic == "note.added.v1")


_MESSAGES: Final = frozenset({"message.sent.v1", "answer.given.v1"})
_STORED: Final = msgspec.json.Decoder(
    tuple[int, str, str, Instant, ActorKind, str, tuple[str, ...]]
)


def case_file(db: Cursor, ticket: str) -> CaseFile | None:
    """Return a ticket's case file, None when the view knows no such ticket."""
    planned.execute(
        db,
        f"select {MOMENT}, (select item from view.arbitration where ticket = %s), "
        "array_to_string(array(select entries from view.arbitration_timeline "
        "where ticket = %s order by part), '')",
        ("arbitration", ticket, ticket),
    )
    moment, item, entries = db.fetchone() or ("", None, "")
    return None if item is None else laid_out(moment, decode_row(item), entries)


def laid_out(moment: str, case: CaseRow, entries: str) -> CaseFile:
    """Return a case file whose marks say what the entries of its timeline, a line each, say."""
    timeline = tuple(TimelineEntry(*_STORED.decode(line)) for line in entries.splitlines())
    for part in parts_of(case):
        if isinstance(part, Mark):
            entry = timeline[part.version - 1]
            part.position, part.leaf_hash = entry.position, entry.leaf_hash
            part.at, part.by = entry.at, entry.by
        elif isinstance(part, Place):
            part.stream = ticket_stream(case.ticket)
    return CaseFile(moment, case, timeline)


def places(file: CaseFile) -> tuple[Place, ...]:
    """Return the place of every personal value on the ticket, notes and messages included."""
    stream = ticket_stream(file.case.ticket)
    return tuple(
        Place(entry.version, field, stream) for entry in file.timeline for field in entry.fields
    )


def parts_of(value: Any) -> Iterator[msgspec.Struct]:
    """Yield every struct within a value."""
    if isinstance(value, msgspec.Struct):
        yield value
        for field in value.__struct_fields__:
            yield from parts_of(getattr(value, field))
    elif isinstance(value, dict):
        for one in value.values():
            yield from parts_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from parts_of(one)
