"""Building the shadow of views along the lanes: large pages, written while one reads on.

A chapter is a page of a view like any other, only larger: rows and positions commit together, so
a crash repeats a chapter and skips none of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple, cast

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from projections import quarantine
from projections.folding import facts_of, settle
from projections.projection import Fact, Page, Poisoned, Source, TicketPage
from replay.collecting import uncollected
from replay.rebuild.parts import Moment, Overtaken
from replay.rebuild.shadow import Bare
from replay.rebuild.source import PAGE, pages
from replay.rebuild.writing import Later

CHAPTER: Final = 40_000
"""How many records are folded in memory before their rows are written."""
KEPT_MAX: Final = 100_000
"""How many rows of a view stay in memory between two chapters."""

Watch = Callable[[int, int], None]
"""Called with how many records are folded and how many there are, all views together."""


class Stretch(NamedTuple):
    """A part of a lane: the records behind one position up to another."""

    lane: int
    after: int
    upto: int


def places(db: Cursor, views: Sequence[Bare]) -> dict[str, dict[int, int]]:
    """Return view → lane → how far the shadow, or what the cursor sees, has read."""
    db.execute(
        "select view, lane, position from view.position where view = any(%s)",
        ([view.name for view in views],),
    )
    found: dict[str, dict[int, int]] = {view.name: {} for view in views}
    for view, lane, position in db.fetchall():
        found[view][lane] = position
    return found


def build(
    connection: Connection,
    source: Source,
    views: Sequence[Bare],
    targets: Mapping[str, Moment],
    watch: Watch,
    *,
    chapter: int = CHAPTER,
) -> int:
    """Fold the shadow of views up to their targets, and commit chapter by chapter.

    Returns how many records that were, all views together.
    """
    with connection, connection.cursor() as db:
        reached = places(db, views)
    with uncollected(), ThreadPoolExecutor(1, thread_name_prefix="writing") as writer:
        work = _Work(connection, source, watch, chapter_size=chapter, writer=writer)
        work.total = sum(
            max(0, upto - reached[view.name].get(lane, 0))
            for view in views
            for lane, upto in targets[view.name].items()
        )
        for lane in sorted({lane for of_view in targets.values() for lane in of_view}):
            for group, stretch in _stretches(views, reached, targets, lane):
                work.go(group, stretch)
        return work.total


def fold(db: Cursor, source: Source, view: Bare, stretch: Stretch) -> None:
    """Fold a view along a stretch within a transaction of the caller's."""
    after = stretch.after
    for records in pages(source, *stretch):
        _settle(db, _Chapter(stretch.lane, [view], after, records))
        after = records[-1].position


class _Chapter(NamedTuple):
    """Records, and the views they are folded into at once."""

    lane: int
    views: Sequence[Bare]
    after: int
    """Where the views stand before it."""
    records: Sequence[Record]


class _Waiting:
    """A cursor that waits until what was written before is there to be read."""

    def __init__(self, db: Cursor, wait: Callable[[], None]) -> None:
        self._db = db
        self._wait = wait

    def execute(self, statement: str, values: Any = None) -> None:
        """Wait, then ask."""
        self._wait()
        self._db.execute(statement, values)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the answer."""
        return self._db.fetchone()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the answer."""
        return self._db.fetchall()


class _Work:
    """One build: where its records come from, and how far it is."""

    def __init__(
        self,
        connection: Connection,
        source: Source,
        watch: Watch,
        *,
        chapter_size: int,
        writer: Executor,
    ) -> None:
        self.total = 0
        self._done = 0
        self._connection = connection
        self._source = source
        self._watch = watch
        self._chapter_size = chapter_size
        self._writer = writer
        self._pending: tuple[_Chapter, Future[None]] | None = None
        self._pages: dict[str, Page] = {}
        """The page of each view that was folded last."""
        self._aside = False
        """Whether something waits in this lane, so that every page has to look."""

    def go(self, views: Sequence[Bare], stretch: Stretch) -> None:
        """Fold views that stand at the beginning of a stretch up to its end."""
        with self._connection, self._connection.cursor() as db:
            self._aside = bool(quarantine.streams_aside(db, stretch.lane))
        self._pages = {}
        records: list[Record] = []
        after = stretch.after
        size = min(PAGE, self._chapter_size)
        for page in pages(self._source, *stretch, size=size):
            records += page
            if len(records) >= self._chapter_size or records[-1].position >= stretch.upto:
                self._fold(_Chapter(stretch.lane, views, after, records))
                after = records[-1].position
                records = []
        if records:
            self._fold(_Chapter(stretch.lane, views, after, records))
        self._finish()
        self._pages = {}

    def _fold(self, chapter: _Chapter) -> None:
        """Fold a chapter in memory, and let it be written when the one before is on record."""
        later = None if self._aside else self._folded(chapter)
        self._finish()
        if later is None or self._aside:
            self._connection.rollback()
            self._one_by_one(chapter)
        else:
            self._pending = (chapter, self._writer.submit(self._write, chapter, later))

    def _folded(self, chapter: _Chapter) -> Later | None:
        """Return what is to be written of a chapter, None when some view can not fold all of it.

        Rows of the chapter before are at hand; who needs others waits until all are on record.
        """
        later = Later()
        facts = facts_by(chapter.records, chapter.views)
        with self._connection.cursor() as db:
            reading = cast(Cursor, _Waiting(db, self._finish))
            for view in chapter.views:
                page = view.page(chapter.lane)
                before = self._pages.get(view.name)
                if isinstance(page, TicketPage) and isinstance(before, TicketPage):
                    page.keep(before, KEPT_MAX)
                try:
                    page.load(reading, facts[view.families])
                    page.fold(facts[view.families])
                    page.write(cast(Cursor, later))
                except (Poisoned, ValueError):
                    return None
                self._pages[view.name] = page
        return later

    def _write(self, chapter: _Chapter, later: Later) -> None:
        """Do what was remembered, and move the positions, in one transaction."""
        with self._connection, self._connection.cursor() as db:
            later.do(db)
            _move(db, chapter)

    def _finish(self) -> None:
        """Wait until what is being written is on record."""
        if self._pending is None:
            return
        (chapter, writing), self._pending = self._pending, None
        try:
            writing.result()
        except (psycopg2.DataError, ValueError):
            # What was folded behind it began with rows that are not there.
            self._one_by_one(chapter)
        else:
            self._tell(chapter)

    def _one_by_one(self, chapter: _Chapter) -> None:
        """Fold a chapter view by view, and put aside what can not be folded; so to the end."""
        self._aside = True
        with self._connection, self._connection.cursor() as db:
            _settle(db, chapter)
        self._tell(chapter)

    def _tell(self, chapter: _Chapter) -> None:
        self._done += len(chapter.records) * len(chapter.views)
        self._watch(self._done, self.total)


def _settle(db: Cursor, chapter: _Chapter) -> None:
    """Fold records into views, put aside what can not be folded, and move their positions."""
    waiting = quarantine.streams_aside(db, chapter.lane)
    facts = facts_by(chapter.records, chapter.views)
    for view in chapter.views:
        known = waiting.get(view.name, set())
        poison = settle(db, view, chapter.lane, facts[view.families], known)
        if poison:
            quarantine.put_aside(db, view.name, chapter.lane, poison)
    _move(db, chapter)


def facts_by(records: Sequence[Record], views: Sequence[Bare]) -> dict[frozenset[str], list[Fact]]:
    """Return the facts of records by the families of streams that views fold."""
    wanted = {view.families for view in views}
    return {families: facts_of(records, families) for families in wanted}


def _move(db: Cursor, chapter: _Chapter) -> None:
    """Say how far the views of a chapter have read, in the transaction that writes their rows.

    Who begins behind a helper of a rebuild that was killed can be sure that it writes no more.
    """
    db.execute(
        "update view.position set position = %s "
        "where lane = %s and view = any(%s) and position = %s",
        (
            chapter.records[-1].position,
            chapter.lane,
            [view.name for view in chapter.views],
            chapter.after,
        ),
    )
    if db.rowcount != len(chapter.views):
        raise Overtaken("another process has built these views further")


def _stretches(
    views: Sequence[Bare],
    reached: Mapping[str, Moment],
    targets: Mapping[str, Moment],
    lane: int,
) -> Iterator[tuple[list[Bare], Stretch]]:
    """Yield which views go together, from where to where: views begun anew wait for nobody."""
    at = {view.name: reached[view.name].get(lane, 0) for view in views}
    while True:
        going = [view for view in views if at[view.name] < targets[view.name].get(lane, 0)]
        if not going:
            return
        after = min(at[view.name] for view in going)
        group = [view for view in going if at[view.name] == after]
        ends = [targets[view.name][lane] for view in group]
        ends += [at[view.name] for view in going if at[view.name] > after]
        upto = min(ends)
        yield group, Stretch(lane, after, upto)
        for view in group:
            at[view.name] = upto
