"""What a trial keeps of each ticket: its two histories, and by whose rules they are judged."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from domain.events import Event, TicketMovedToBook, TicketOpened
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.diagnosing import by_words
from domain.ticket.diagnosis import Diagnoser
from domain.ticket.state import Ticket
from domain.values import SYSTEM, Actor, Instant, instant

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


def in_force(books: Iterable[Book]) -> Callable[[Instant], Book]:
    """Return who finds the book in force at an instant; the first one before any was."""
    in_order = sorted(books, key=lambda one: (one.in_force_from, one.version))
    begins = [instant(one.in_force_from) for one in in_order]

    def find(at: Instant) -> Book:
        if not in_order:
            raise UnknownBook("the history was made under a book that is not here")
        return in_order[max(0, bisect_right(begins, at) - 1)]

    return find


def books_under(records: Iterable[Record]) -> Iterator[str]:
    """Yield the versions of the books that tickets were under; history of others has none."""
    for one in records:
        event = one.event
        if isinstance(event, TicketOpened | TicketMovedToBook) and not one.imported:
            yield event.policy


class Telling(NamedTuple):
    """By which books it is told that something happened, where the fact itself names none."""

    own: Callable[[Instant], Book]
    """The book that was in force at an instant."""
    other: Callable[[Instant], Book]
    """The book that would have been."""

    def by_own(self, event: Event, at: Instant, named: Callable[[str], Book]) -> Book:
        """Return the book by which it was told of a fact on record."""
        policy = getattr(event, "policy", None)
        return named(policy) if policy else self.own(at)

    def by_other(self, event: Event, at: Instant, book: Book) -> Book:
        """Return the book by which it would have been, of a ticket that this book serves."""
        return book if getattr(event, "policy", None) else self.other(at)


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
    book: Book | None = None
    """By which somebody is told of it; None where it is not asked who is."""


class Refused(NamedTuple):
    """Something that was done and the other book would not have let pass."""

    at: Instant
    place: int
    what: str
    """The command's name."""
    code: str
    fact: Made
    """What is on record of it."""
    figures: Mapping[str, str | int]
    """What it was refused by, and what of the deed was."""


class Turned(NamedTuple):
    """What a ticket's priority or queue came to be, on record and otherwise, from a deed on."""

    at: Instant
    place: int
    what: str
    before: str
    after: str
    fact: Made | None
    """By which it stands on record as it does; None where nothing there says so."""


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
    levels: dict[str, Made] = {}
    """By which facts on record priority and queue are what they are."""
    opened_at: Instant = Instant("")
    category: str | None = None
    follows: bool = False
    """Whether the record will have the ticket look at its order again."""
    released: frozenset[str] = frozenset()
    """Who lets go on record in the deed that is lived through: what they can do is not here."""
