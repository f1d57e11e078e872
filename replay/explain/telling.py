"""What an explanation is made of: inputs, steps and a result, each with the events behind it."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from domain.events import Event
from domain.policies.book import Book
from domain.record import Record
from domain.streams import position_text
from domain.values import Instant

Books = Callable[[str], Book | None]
"""Finds an adopted book by its version."""


class EventRef(msgspec.Struct, frozen=True):
    """A fact on record that something rests on."""

    position: str
    stream: str
    version: int
    topic: str
    at: Instant


class BookUsed(msgspec.Struct, frozen=True):
    """The book a decision was taken under."""

    version: str
    digest: str | None
    """None when no book of this version is adopted here."""


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a decision rests on."""

    name: str
    value: str
    event: EventRef | None = None
    """The fact that says so; absent for what the book says, and for what nobody has said."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step from the inputs to the result, in words and figures."""

    words: str
    since: Instant | None = None
    until: Instant | None = None
    seconds: int | None = None
    points: int | None = None
    event: EventRef | None = None


class Difference(msgspec.Struct, frozen=True):
    """Where the record says something else than the computation done again."""

    what: str
    on_record: str
    recomputed: str
    event: EventRef


class Decision(msgspec.Struct, frozen=True):
    """One decision on record: what it rests on, how it follows, and whether it follows again."""

    about: str
    book: BookUsed
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    result: dict[str, str | int | bool | None]
    """As it stands on record."""
    event: EventRef
    recomputed: bool | None
    """Whether the same functions give the same again; None where their input is gone."""
    differences: tuple[Difference, ...] = ()
    not_recomputed: str | None = None
    """Why it could not be computed again."""


def ref(record: Record) -> EventRef:
    """Return the place and kind of a fact."""
    return EventRef(
        position=position_text(record.lane, record.position),
        stream=record.stream,
        version=record.version,
        topic=record.envelope.topic,
        at=record.at,
    )


def used(version: str, books: Books) -> BookUsed:
    """Return a book by its version and digest."""
    book = books(version)
    return BookUsed(version, None if book is None else book.digest)


def text_of(value: Any) -> str:
    """Return a value in one line: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, frozenset):
        value = sorted(value)
    return msgspec.json.encode(value).decode()


def differences(
    record: Record, again: Event | None, *, ignored: Iterable[str] = ()
) -> tuple[Difference, ...]:
    """Return in which fields a fact on record is not what follows when it is worked out again."""
    event, place = record.event, ref(record)
    if again is None or type(again) is not type(event):
        found = "nothing" if again is None else again.TOPIC
        return (Difference("fact", event.TOPIC, found, place),)
    names = [name for name in event.__struct_fields__ if name not in frozenset(ignored)]
    return tuple(
        Difference(name, text_of(getattr(event, name)), text_of(getattr(again, name)), place)
        for name in names
        if getattr(event, name) != getattr(again, name)
    )


NO_BOOK = "the book is not adopted here"
IMPORTED = "the system it was imported from decided it"
