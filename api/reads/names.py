"""What a ticket's own book calls the words it is told by, in both languages."""

from collections.abc import Iterable

import msgspec

from domain.policies.book import Book
from domain.ticket.state import Ticket


class NameItem(msgspec.Struct, frozen=True):
    """A word of the book's vocabulary, with its names."""

    subject: str
    """What it is a word for: kind, channel …"""
    word: str
    zh: str
    en: str


def names_told(ticket: Ticket, book: Book) -> tuple[NameItem, ...]:
    """Return the names of the words a ticket is told by; none where its book has no vocabulary."""
    words = book.vocabulary
    if words is None:
        return ()
    found = ((subject, words.word(subject, name)) for subject, name in _words(ticket))
    return tuple(
        NameItem(subject, word.id, word.zh, word.en) for subject, word in found if word is not None
    )


def _words(ticket: Ticket) -> Iterable[tuple[str, str]]:
    yield "stage", ticket.stage
    yield "kind", ticket.kind
    yield "scenario", ticket.scenario
    yield "reason", ticket.reason
    yield "responsible", ticket.responsible
    if ticket.remedy is not None:
        yield "remedy", ticket.remedy
    yield from (("channel", one) for one in sorted(ticket.channels))
