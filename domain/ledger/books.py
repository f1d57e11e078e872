"""The adopted books and their pilots as one process knows them: read, and looked for again.

Whether a book may be adopted is judged in `domain.ticket.adoption`; what it promises is the book's.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final

from domain.policies import book as books
from domain.policies.book import Book
from domain.ticket.adoption import Adopted
from domain.ticket.pilots import Pilot
from domain.values import Instant, Sha256, moment_of

REFRESH_S: Final = 1.0
"""How old what is known may be: less than the notice a book is given before it is in force."""


class AdoptedBooks:
    """The books of one ledger, each parsed once; what other processes adopt is found in time.

    A look costs one query of each policy stream's head, and there is at most one a second.
    """

    def __init__(
        self,
        adopted: Callable[[], Sequence[Adopted]],
        content: Callable[[Sha256], bytes | None],
        pilots: Callable[[], tuple[Pilot, ...]] = lambda: (),
        *,
        refresh_s: float = REFRESH_S,
    ) -> None:
        """Read what is adopted, the bytes of a book, and what is piloted, by a function each."""
        self._adopted = adopted
        self._announced = pilots
        self._pilots: tuple[Pilot, ...] = ()
        self._content = content
        self._refresh_s = refresh_s
        self._lock = Lock()
        self._parsed: dict[Adopted, Book] = {}
        self._in_order: tuple[tuple[Instant, Book], ...] = ()
        self._lent: Book | None = None
        self._looked_at = float("-inf")

    def known(self) -> tuple[Book, ...]:
        """Return the books, the first in force first; looked for again when that is a while ago."""
        if time.monotonic() - self._looked_at > self._refresh_s:
            self.look()
        return tuple(book for _, book in self._in_order)

    def look(self) -> None:
        """Read what is adopted by now, whoever adopted it."""
        with self._lock:
            adopted = sorted(self._adopted(), key=lambda one: (one.in_force_from, one.version))
            for one in adopted:
                if one not in self._parsed:
                    self._parsed[one] = self._read(one)
            self._in_order = tuple((one.in_force_from, self._parsed[one]) for one in adopted)
            self._pilots = self._announced()
            self._looked_at = time.monotonic()

    @contextmanager
    def lent(self, book: Book) -> Iterator[None]:
        """Let the first adoption of a ledger be judged under the very book that is adopted."""
        self._lent = book
        try:
            yield
        finally:
            self._lent = None

    def at(self, now: Instant) -> Book:
        """Return the book in force at an instant; the first one before any was."""
        known = self.known()
        current = known[0] if known else self._lent
        for begins, book in self._in_order:
            if begins <= now:
                current = book
        assert current is not None, "a ledger judges under an adopted book"
        return current

    def named(self, version: str) -> Book | None:
        """Return the adopted book of a version; one that is not known is looked for once."""
        found = self._find(version)
        if found is None:
            self.look()
            found = self._find(version)
        return found

    def pilots_at(self, now: Instant) -> tuple[Pilot, ...]:
        """Return the pilots in which a ticket may be opened at an instant."""
        self.known()
        return tuple(one for one in self._pilots if one.runs_at(now)) if self._pilots else ()

    def _find(self, version: str) -> Book | None:
        return next((book for _, book in self._in_order if book.version == version), None)

    def _read(self, adopted: Adopted) -> Book:
        content = self._content(adopted.digest)
        assert content is not None, "an adopted book's bytes are kept before its adoption"
        book = books.parse(content)
        # From when it is in force was said at its adoption; the bytes say what was meant.
        return book.model_copy(update={"in_force_from": moment_of(adopted.in_force_from)})
