"""What a trial keeps of each ticket: its two histories, and by whose rules they are judged."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from domain.events import Event
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.diagnosing import by_words
from domain.ticket.diagnosis import Diagnoser
from domain.ticket.state import Ticket
from domain.values import SYSTEM, Actor, Instant

Texts = Callable[[Record, str], str | None]
"""Finds the words of a record's field; None where they were erased or can not be opened."""
Judge = Callable[[Book], Diagnoser | None]
"""Finds who judges texts under a book; None where nobody does."""


class UnknownBook(Exception):  # noqa: N818 - a state of a history, named as one
    """A history names a book that is not at hand: an archive's lanes may end at other moments."""


def named(books: Mapping[str, Book]) -> Callable[[str], Book]:
    """Return who finds the book of a version; it raises UnknownBook."""

    def find(version: str) -> Book:
        if version not in books:
            raise UnknownBook(f"the history names a book that is not here: {version}")
        return books[version]

    return find


class Rules(NamedTuple):
    """What a matter is judged by, on record and otherwise."""

    own: Callable[[str], Book]
    """The book of a version, as it was adopted."""
    other: Callable[[str], Book]
    """The book that is tried in the place of the one of a version."""
    texts: Texts = lambda _record, _field: None
    judge: Judge = by_words
    """Who judges texts under a book."""


class Made(NamedTuple):
    """One fact of a ticket, on record or as it would have been."""

    event: Event
    at: Instant
    place: int
    """The position of the record it is, or by which it would have followed."""
    version: int | None = None
    """On record; None for what would have been."""
    by: Actor = SYSTEM


class Refused(NamedTuple):
    """Something that was done and the other book would not have let pass."""

    at: Instant
    place: int
    what: str
    """The command's name."""
    code: str


class Turned(NamedTuple):
    """What a ticket's priority or queue came to be, on record and otherwise, from a deed on."""

    at: Instant
    place: int
    what: str
    before: str
    after: str


class Life(msgspec.Struct):
    """One ticket on record and under the other book."""

    ticket: str
    own_book: Book
    book: Book
    own: Ticket | None = None
    other: Ticket | None = None
    record: list[Made] = []
    otherwise: list[Made] = []
    refused: list[Refused] = []
    turned: list[Turned] = []
    opened_at: Instant = Instant("")
    category: str | None = None
    follows: bool = False
    """Whether the record will have the ticket look at its order again."""
