"""A trial: which book in the place of which, on which tickets; and matter by matter what it finds.

A trial can be sent to another process or machine: it holds the books as bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from domain.policies import book as books
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.diagnosing import by_words
from domain.values import Instant, instant, moment_of
from replay.what_if.deeds import deeds
from replay.what_if.differing import Found, Totals, counted, differences, merge
from replay.what_if.lives import Judge, Life, Rules, Telling, Texts, in_force, named
from replay.what_if.running import Replay

COVERING: Final = (
    *("calendar", "matter", "clock", "weight", "level", "desk", "queue", "department"),
    *("tag", "lexicon", "contacts", "load", "survey"),
)
"""Tables without which a book says nothing of what a book with them decided."""
OF_WORDS: Final = frozenset({"tag", "lexicon"})
"""Those by which texts are judged."""


def no_texts(_record: Record, _field: str) -> str | None:
    """Return nothing: where no words can be read, what was said of them stays as it was."""
    return None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets are asked about; all of them where nothing is said."""

    opened_from: Instant | None = None
    opened_before: Instant | None = None
    category: str | None = None
    """Of the order line a ticket is about."""
    tickets: frozenset[str] = frozenset()

    def holds(self, life: Life) -> bool:
        """Return whether a ticket is asked about."""
        return (
            (self.opened_from is None or self.opened_from <= life.opened_at)
            and (self.opened_before is None or life.opened_at < self.opened_before)
            and (self.category is None or self.category == life.category)
            and (not self.tickets or life.ticket in self.tickets)
        )


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Another book in the place of those that history was made under."""

    adopted: Mapping[str, bytes]
    """By version: the books on record."""
    other: bytes
    until: Instant
    """To when time passes: what is due by then has come."""
    window: Window = Window()
    begins: Mapping[str, Instant] = {}
    """By version: from when a book on record is in force, where that is not what it says itself."""
    named: frozenset[str] | None = None
    """The books that tickets were under; None where that is not known."""
    judge: bytes | None = None
    """Another book by whose words texts are judged; None for those of `other`."""
    beside: bool = False
    """Whether the other book serves tickets one by one, as a pilot's does: what names no book goes
    by the one in force."""
    listed: bool = True
    """Whether every difference is kept, or only what they come to."""


class Trying:
    """A trial with its books read, which takes a moment: it is made once for many matters."""

    def __init__(self, trial: Trial, judge: Judge = by_words) -> None:
        """Read the books; texts are judged by their words, or by another judge."""
        self.trial = trial
        self._judge = judge
        self.book = books.parse(trial.other)
        self._words = self.book
        if trial.judge is not None:
            self._words = books.parse(trial.judge)
            words = by_words(self._words)
            self._judge = lambda _book: words
        self._own = {name: books.parse(content) for name, content in trial.adopted.items()}
        told = in_force(_as_adopted(one, trial.begins) for one in self._own.values())
        self._telling = Telling(told, told if trial.beside else lambda _at: self.book)

    @property
    def in_force_from(self) -> Instant:
        """Return when the tried book begins: as its adoption says, or as it says itself."""
        return self._begins(self.book)

    @property
    def judges_words(self) -> bool:
        """Return whether the tried book may judge words otherwise than one on record."""
        if self._judge is not by_words:
            return True
        return any(_words_of(one) != _words_of(self.book) for one in self._own.values())

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Return the tables that books which decided have rows of and the tried book has none.

        Words are looked for where texts are judged by them.
        """
        deciding = [one for one in self._own.values() if self._decided(one)]
        return tuple(
            name
            for name in COVERING
            if not getattr(self._words if name in OF_WORDS else self.book, name)
            and any(getattr(one, name) for one in deciding)
        )

    def matter(self, history: Sequence[Record], texts: Texts = no_texts) -> Found:
        """Return what differs on one matter, given all its records in the order of their lane.

        Records of other streams among them are passed over. Raises UnknownBook.
        """
        rules = Rules(named(self._own), lambda _version: self.book, texts, self._judge)
        replay = Replay(rules, self._telling)
        own = (one for one in history if one.event.FAMILY in {"order", "ticket"})
        for deed in deeds(own):
            replay.take(deed)
        replay.finish(self.trial.until)
        found = Found(Totals(imported=len(replay.imported), headless=len(replay.headless)))
        for life in replay.lives.values():
            if self.trial.window.holds(life):
                found = merge(found, self._of(life))
        return found

    def _decided(self, book: Book) -> bool:
        """Return whether a ticket was under a book; where that is not known, whether one may."""
        if self.trial.named is not None:
            return book.version in self.trial.named
        return self._begins(book) <= self.trial.until

    def _begins(self, book: Book) -> Instant:
        adopted = self._own.get(book.version)
        known = adopted is not None and adopted.digest == book.digest
        said = self.trial.begins.get(book.version) if known else None
        return said or instant(book.in_force_from)

    def _of(self, life: Life) -> Found:
        told = tuple(differences(life))
        early = life.opened_at < self.in_force_from
        totals = msgspec.structs.replace(counted(life, told), early=int(early))
        return Found(totals, told if self.trial.listed else ())


def matters(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the matters of a lane: an order with its tickets, or a ticket about no order."""
    known: dict[str, list[Record]] = {}
    of: dict[str, str] = {}
    for record in records:
        stream = record.stream
        match record.event.FAMILY:
            case "order":
                known.setdefault(stream, []).append(record)
            case "ticket":
                if record.version == 1:
                    order = getattr(record.event, "order", None)
                    of[stream] = stream if order is None else f"order:{order}"
                known.setdefault(of.get(stream, stream), []).append(record)
            case _:
                pass
    yield from (one for one in known.values() if any(x.event.FAMILY == "ticket" for x in one))


def _as_adopted(book: Book, begins: Mapping[str, Instant]) -> Book:
    """Return a book with the instant from which its adoption says it is in force."""
    said = begins.get(book.version)
    return book if said is None else book.model_copy(update={"in_force_from": moment_of(said)})


def _words_of(book: Book) -> tuple[object, ...]:
    return (book.lexicon, book.tag, book.answers)
