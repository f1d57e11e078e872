"""A rebuild from its beginning to its end: one at a time, gone on with after an interruption."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import TracebackType
from typing import Final, Self

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections import positions
from projections.projection import Source, View
from projections.session import Connect
from replay.rebuild import building, comparing, parts, shadow, swapping, whole
from replay.rebuild.building import Stretch, Watch
from replay.rebuild.comparing import Comparison
from replay.rebuild.parts import Moment
from replay.rebuild.shadow import Bare
from replay.rebuild.sharing import AtWork, Helpers, Share, shares
from replay.rebuild.source import StreamSource

_LOCK: Final = 0x74696362
"""The advisory lock of a rebuild: there is one shadow."""
_OTHERS: Final = "5s"
"""How long the lock of another rebuild is waited for: its process may be gone already."""
_NEAR: Final = 2_000
"""So few records are folded at once with what needs both views at one moment."""
SHARED_MIN: Final = 100_000
"""Facts, over all views, for which it takes longer to start a process than to fold them."""
_ROUNDS_MAX: Final = 100
_LOCK_TIMEOUT_MS: Final = 500
"""Readers wait no longer for the tables; it is less than what the server takes for a deadlock."""
TRIES_S: Final = 60.0


class Busy(Exception):  # noqa: N818 - a state of the world, named as one
    """Another process is at work that this one can not get past; the text tells which."""


class NothingToCompare(Exception):  # noqa: N818 - a state of the world, named as one
    """None of the views has live tables."""


class Rebuild:
    """The rebuild of some views beside the live ones; a context that holds its one connection."""

    def __init__(
        self,
        dsn: str,
        source: Source,
        *,
        lanes: int,
        views: Sequence[View],
        connect: Connect = shadow.connect,
        chapter: int = building.CHAPTER,
        part: int = parts.SIZE,
        helpers: Helpers | None = None,
    ) -> None:
        """Remember the parts; `dsn` is of the views' database, wherever the record is.

        A chapter is how many records are folded in memory before their rows are committed, and a
        part about how many where streams are folded whole.
        """
        self._helpers = helpers
        self._chapter = chapter
        self._part = part
        self.views = [Bare(view) for view in views]
        self._dsn = dsn
        self._source = source
        self._lanes = lanes
        self._connect = connect
        self._open: Connection | None = None

    def __enter__(self) -> Self:
        """Connect, and be the only rebuild there is; raise Busy when there is another."""
        self._open = self._connect(self._dsn)
        try:
            with self._open, self._open.cursor() as db:
                # A server sees by and by that a rebuild was killed, and lets go of its lock then.
                db.execute("select set_config('lock_timeout', %s, true)", (_OTHERS,))
                db.execute("select pg_advisory_lock(%s)", (_LOCK,))
        except psycopg2.errors.LockNotAvailable as error:
            self._open.close()
            raise Busy("another process rebuilds views") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go; what is built stays, and the next rebuild goes on with it."""
        connection = self._connection
        # A server sees by and by that a connection was closed, and the next rebuild may come first.
        with suppress(psycopg2.Error), connection.cursor() as db:
            connection.rollback()
            db.execute("select pg_advisory_unlock(%s)", (_LOCK,))
        connection.close()

    @property
    def _connection(self) -> Connection:
        assert self._open is not None, "a rebuild is entered before it is used"
        return self._open

    # --- building -----------------------------------------------------------------------------

    def build(self, watch: Watch = lambda _done, _all: None, *, anew: bool = False) -> None:
        """Build the views as far as the live ones have read; those not there yet, to the end.

        What an interrupted rebuild left is gone on with, unless it is wanted anew or the code
        has changed since.
        """
        shadow.make(self._connection, self.views, self._lanes, anew=anew)
        for _ in range(_ROUNDS_MAX):
            targets, behind = self._look()
            if self._is_ahead(targets):
                # The live view was begun anew meanwhile; only at one moment can both be seen.
                shadow.make(self._connection, self.views, self._lanes, anew=True)
                continue
            self._fold(targets, watch, shared=behind > SHARED_MIN)
            shadow.add_indexes(lambda: self._connect(self._dsn), self.views)
            if behind <= _NEAR:
                return

    def _fold(self, targets: Mapping[str, Moment], watch: Watch, *, shared: bool) -> None:
        """Fold streams whole where views begin with them, and the rest along the lanes."""
        source = self._source
        if isinstance(source, StreamSource):
            parts.plan(self._connection, source, self.views, targets, size=self._part)
        with self._connection, self._connection.cursor() as db:
            todo, begun = parts.left(db, self.views), parts.begun(db, self.views)
        along = {
            view: {lane: at for lane, at in moment.items() if (view, lane) not in begun}
            for view, moment in targets.items()
        }
        helpers = self._helpers if shared else None
        count = 1 if helpers is None else 1 + helpers.count
        (views, until), *others = shares(self.views, along, count)
        asked = [Share(tuple(view.name for view in dealt), upto) for dealt, upto in others]
        with (
            helpers.at_work(asked, todo, watch) if helpers else nullcontext(AtWork(watch, todo))
        ) as beside:
            total = sum(part.weight for part in todo)
            done = building.build(
                self._connection,
                source,
                views,
                until,
                lambda done, of: beside.watch(done, of + total),
                chapter=self._chapter,
            )
            if isinstance(source, StreamSource):
                whole.build(
                    self._connection,
                    source,
                    self.views,
                    beside.parts,
                    lambda also, of: beside.watch(done + also, done + of),
                    total=total,
                )
        parts.finish(self._connection, self.views)

    def drop(self) -> None:
        """Drop what is built."""
        shadow.drop(self._connection, self.views)

    def _look(self) -> tuple[dict[str, dict[int, int]], int]:
        """Return where the live views stand, and how many records the shadow is behind them."""
        with self._connection, shadow.live(self._connection) as db:
            targets = self._targets(db)
        with self._connection, self._connection.cursor() as db:
            reached = building.places(db, self.views)
        return targets, _gap(reached, targets)

    def _targets(self, db: Cursor) -> dict[str, dict[int, int]]:
        """Return how far each view is to be built: as the live one, but never beyond the record.

        A record that was restored from an older copy ends before what views have read.
        """
        standing = _versions(db)
        found = building.places(db, self.views) if standing else {}
        ends = {lane: self._source.position(lane) for lane in range(self._lanes)}
        return {
            view.name: {lane: min(at, ends.get(lane, at)) for lane, at in found[view.name].items()}
            if view.name in standing
            else ends
            for view in self.views
        }

    def _is_ahead(self, targets: Mapping[str, Moment]) -> bool:
        with self._connection, self._connection.cursor() as db:
            reached = building.places(db, self.views)
        return any(
            at > targets[view].get(lane, 0)
            for view, moment in reached.items()
            for lane, at in moment.items()
        )

    # --- comparing ----------------------------------------------------------------------------

    def compare(self, examples: int = 20) -> Comparison:
        """Return how the live views differ from the rebuilt ones, at one moment of each.

        One snapshot holds rows and positions of both, so nobody has to wait meanwhile.
        """
        with self._level() as db, shadow.live(self._connection) as both:
            standing = _versions(both)
            reached = building.places(db, self.views)
            alive = building.places(both, self.views) if standing else {}
            if not any(view.name in standing for view in self.views):
                raise NothingToCompare("nobody has built these views yet")
            return Comparison(
                tuple(
                    comparing.compare(
                        both,
                        view,
                        reached[view.name],
                        alive[view.name],
                        standing[view.name],
                        examples,
                    )
                    if view.name in standing
                    else comparing.new(view, reached[view.name])
                    for view in self.views
                )
            )

    @contextmanager
    def _level(self) -> Iterator[Cursor]:
        """Give a transaction in which both stand at one moment."""
        for _ in range(_ROUNDS_MAX):
            self.build()
            with self._connection, self._connection.cursor() as db:
                db.execute("set transaction isolation level repeatable read")
                if self._fold_rest(db):
                    yield db
                    return
        raise Busy("the live views are written faster than this machine can follow")

    def _fold_rest(self, db: Cursor) -> bool:
        """Fold what the live views have more, within the transaction; False when it is much."""
        with shadow.live(self._connection) as both:
            targets = self._targets(both)
        reached = building.places(db, self.views)
        if _gap(reached, targets) > _NEAR * len(self.views):
            return False
        for view in self.views:
            for lane, upto in targets[view.name].items():
                after = reached[view.name].get(lane, 0)
                if after > upto:
                    return False
                building.fold(db, self._source, view, Stretch(lane, after, upto))
        return True

    # --- swapping -----------------------------------------------------------------------------

    def swap(self) -> None:
        """Put what is built in the place of the live views, in one transaction.

        Raises Busy when readers leave no moment for it.
        """
        until = time.monotonic() + TRIES_S
        while True:
            self.build()
            with suppress(psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
                if self._swap():
                    return
            if time.monotonic() >= until:
                raise Busy("somebody reads the views without a pause")

    def _swap(self) -> bool:
        with (
            self._connection,
            self._connection.cursor() as db,
            shadow.live(self._connection) as both,
        ):
            both.execute(f"set local lock_timeout = {_LOCK_TIMEOUT_MS}")
            both.execute("set local synchronous_commit = on")
            positions.lock(both)
            if not self._fold_rest(db):
                return False
            swapping.exchange(both, self.views)
            shadow.forget(db, self.views)
        return True


def _versions(db: Cursor) -> dict[str, int]:
    """Return view → version of the live views, none where no view was ever made."""
    db.execute("select to_regclass('view.definition') is null")
    if db.fetchone() == (True,):
        return {}
    db.execute("select view, version from view.definition")
    return dict(db.fetchall())


def _gap(reached: Mapping[str, Moment], targets: Mapping[str, Moment]) -> int:
    """Return how many records, over views and lanes, are not folded yet."""
    return sum(
        max(0, upto - reached.get(view, {}).get(lane, 0))
        for view, moment in targets.items()
        for lane, upto in moment.items()
    )
