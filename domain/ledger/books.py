"""The adopted books as one process knows them: read from the record, and looked for again.

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
from domain.values import Instant, Sha256, moment_of

REFRESH_S: Final = 1.0
"""How old what is known may be: less than the notice a book is given before it is in force."""


class AdoptedBooks:
    """The books of one ledger, each parsed once; what other processes adopt is found in time.

    A look costs one query of the policy stream's head, and there is at most one a second.
    """

    def __init__(
        self,
        adopted: Callable[[], Sequence[Adopted]],
        content: Callable[[Sha256], bytes | None],
        *,
        refresh_s: float = REFRESH_S,
    ) -> None:
        """Read what is adopted by one function, and the bytes of a book by another."""
        self._adopted = adopted
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

    def _find(self, version: str) -> Book | None:
        return next((book for _, book in self._in_order if book.version == version), None)

    def _read(self, adopted: Adopted) -> Book:
        content = self._content(adopted.digest)
        assert content is not None, "an adopted book's bytes are kept before its adoption"
        book = books.parse(content)
        # From when it is in force was said at its adoption; the bytes say what was meant.
        return book.model_copy(update={"in_force_from": moment_of(adopted.in_force_from)})
