"""Building the shadow stream by stream: every row is folded from its beginning and written once.

A part of the record is one transaction, whichever process does it. Which parts there are stands
in `replay.rebuild.parts`; what comes behind them is folded by `replay.rebuild.building`.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, cast

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from projections import quarantine
from projections.folding import settle
from projections.projection import Fact, Page, Poisoned, TicketPage
from replay.collecting import uncollected
from replay.rebuild import parts
from replay.rebuild.building import Watch, facts_by
from replay.rebuild.parts import Part
from replay.rebuild.shadow import Bare
from replay.rebuild.source import StreamPage, StreamSource, ahead
from replay.rebuild.writing import Later


def build(
    connection: Connection,
    source: StreamSource,
    views: Sequence[Bare],
    todo: Iterable[Part],
    watch: Watch,
    *,
    total: int,
) -> None:
    """Fold parts as they come, and commit part by part; `total` is for who watches."""
    with uncollected(), ThreadPoolExecutor(1, thread_name_prefix="writing") as writer:
        work = _Work(connection, source, views, watch, total=total, writer=writer)
        for part, records in ahead(_read(source, views, todo)):
            work.go(part, records)
        work.finish()


def _read(
    source: StreamSource, views: Sequence[Bare], todo: Iterable[Part]
) -> Iterator[tuple[Part, StreamPage | None]]:
    """Yield the records of parts page by page, and after each part that it ends."""
    for part in todo:
        for page in _pages(source, views, part):
            yield part, page
        yield part, None


def _pages(source: StreamSource, views: Sequence[Bare], part: Part) -> Iterator[StreamPage]:
    families = parts.families_of([view for view in views if view.name in part.views])
    after = None
    while True:
        page = source.streams(part.lane, families, part.first, part.before, after)
        after = page.last
        if after is None:
            return
        yield page


class _Nothing:
    """A cursor for which no row is stored: of streams that begin here none is."""

    def execute(self, statement: str, values: Any = None) -> None:
        """Ask nothing."""

    def fetchone(self) -> None:
        """Return no row."""

    def fetchall(self) -> list[Any]:
        """Return no rows."""
        return []


_NOTHING: Final = cast(Cursor, _Nothing())


class _Folding:
    """The pages of a part, and what is not folded yet."""

    def __init__(self, views: Sequence[Bare], lane: int) -> None:
        self.failed = False
        """Whether some view can not fold all of it."""
        self._views = views
        self._pages: list[tuple[Page, frozenset[str]]] = [
            (view.page(lane), view.families) for view in views
        ]
        self._facts: dict[frozenset[str], list[Fact]] = {
            families: [] for page, families in self._pages if not isinstance(page, TicketPage)
        }

    def fold(self, records: Sequence[Record]) -> None:
        """Fold records into the tickets' rows at once, and keep them for other views."""
        facts = facts_by(records, self._views)
        for families, kept in self._facts.items():
            kept.extend(facts[families])
        for page, families in self._pages:
            if isinstance(page, TicketPage):
                page.fold(facts[families])

    def write(self, db: Cursor) -> None:
        """Fold what is left, and write all rows as new ones."""
        for page, families in self._pages:
            if isinstance(page, TicketPage):
                page.add(db)
            else:
                page.load(_NOTHING, self._facts[families])
                page.fold(self._facts[families])
                page.write(db)


class _Work:
    """One process at its parts."""

    def __init__(
        self,
        connection: Connection,
        source: StreamSource,
        views: Sequence[Bare],
        watch: Watch,
        *,
        total: int,
        writer: Executor,
    ) -> None:
        self._connection = connection
        self._source = source
        self._views = views
        self._watch = watch
        self._done, self._total = 0, total
        self._writer = writer
        self._folding: _Folding | None = None
        self._pending: tuple[Part, Future[None]] | None = None

    def go(self, part: Part, page: StreamPage | None) -> None:
        """Fold a page of a part, or write the part when that was all."""
        if self._folding is None:
            self._folding = _Folding(self._of(part), part.lane)
        folding = self._folding
        try:
            if page is not None:
                if not folding.failed:
                    for records in page.batches(part.upto):
                        folding.fold(records)
                return
            later = Later()
            if not folding.failed:
                folding.write(cast(Cursor, later))
        except (Poisoned, ValueError):
            folding.failed = True
            if page is not None:
                return
        self._folding = None
        self.finish()
        if folding.failed:
            self._one_by_one(part)
        else:
            self._pending = (part, self._writer.submit(self._write, part, later))

    def finish(self) -> None:
        """Wait until what is being written is on record."""
        if self._pending is None:
            return
        (part, writing), self._pending = self._pending, None
        try:
            writing.result()
        except (psycopg2.DataError, ValueError):
            self._one_by_one(part)
        else:
            self._tell(part)

    def _write(self, part: Part, later: Later) -> None:
        with self._connection, self._connection.cursor() as db:
            parts.take(db, part)
            later.do(db)

    def _one_by_one(self, part: Part) -> None:
        """Fold a part again, view by view, and put aside what can not be folded."""
        views = self._of(part)
        records = [
            record
            for page in _pages(self._source, views, part)
            for records in page.batches(part.upto)
            for record in records
        ]
        facts = facts_by(records, views)
        with self._connection, self._connection.cursor() as db:
            parts.take(db, part)
            for view in views:
                poison = settle(db, view, part.lane, facts[view.families], set())
                if poison:
                    quarantine.put_aside(db, view.name, part.lane, poison)
        self._tell(part)

    def _of(self, part: Part) -> list[Bare]:
        return [view for view in self._views if view.name in part.views]

    def _tell(self, part: Part) -> None:
        self._done += part.weight
        self._watch(self._done, self._total)
