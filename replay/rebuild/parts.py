"""The parts of the record that are folded stream by stream, and which of them are done.

They are settled when a view is begun and stand beside its rows, so whoever goes on finds the same
ones. What is made of a part is in `replay.rebuild.whole`.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from replay.rebuild.shadow import Bare
from replay.rebuild.source import StreamSource

SIZE: Final = 20_000
"""About how many records a part has."""

Moment = Mapping[int, int]


class Overtaken(Exception):  # noqa: N818 - a state of the world, named as one
    """The shadow is not where this process left it; nothing was written by this one."""


class Part(NamedTuple):
    """The streams of a lane from one up to another, with their records up to a position."""

    lane: int
    upto: int
    number: int
    of: int
    """How many parts there are."""
    first: str
    before: str | None
    """The stream the next part begins with."""
    views: tuple[str, ...]
    """Those that have not been folded over it yet."""

    @property
    def weight(self) -> int:
        """Return its share of the lane's records, for all its views: for who watches."""
        upto, of = self.upto, self.of
        return (upto * (self.number + 1) // of - upto * self.number // of) * len(self.views)


def plan(
    connection: Connection,
    source: StreamSource,
    views: Sequence[Bare],
    targets: Mapping[str, Moment],
    *,
    size: int = SIZE,
) -> None:
    """Divide the record for the views that stand at its beginning and are not begun."""
    with connection, connection.cursor() as db:
        db.execute(
            "select p.view, p.lane from view.position p where position = 0 and not exists "
            "(select from view.build_part b where b.view = p.view and b.lane = p.lane)"
        )
        found = set(db.fetchall())
        fresh: dict[tuple[int, int], list[Bare]] = {}
        for view in views:
            for lane, upto in targets[view.name].items():
                if view.by_stream and upto and (view.name, lane) in found:
                    fresh.setdefault((lane, upto), []).append(view)
        for (lane, upto), begun in sorted(fresh.items()):
            streams = source.divided(lane, upto, size)
            _keep(db, lane, upto, streams, [view.name for view in begun])


def _keep(db: Cursor, lane: int, upto: int, streams: Sequence[str], views: Sequence[str]) -> None:
    bounds = ["", *streams, None]
    for number, (first, before) in enumerate(pairwise(bounds)):
        db.execute(
            "insert into view.build_part (view, lane, number, parts, upto, first, before) "
            "select *, %s, %s, %s, %s, %s, %s from unnest(%s::text[])",
            (lane, number, len(bounds) - 1, upto, first, before, list(views)),
        )


def families_of(views: Collection[Bare]) -> frozenset[str]:
    """Return the kinds of streams that some view of these folds."""
    return frozenset().union(*(view.families for view in views))


def begun(db: Cursor, views: Sequence[Bare]) -> set[tuple[str, int]]:
    """Return the views that are folded stream by stream, each with the lane in which it is."""
    db.execute(
        "select distinct view, lane from view.build_part where view = any(%s)",
        ([view.name for view in views],),
    )
    return set(db.fetchall())


def left(db: Cursor, views: Sequence[Bare]) -> list[Part]:
    """Return the parts that are to be done, in their order."""
    db.execute(
        "select lane, upto, number, parts, first, before, array_agg(view order by view) "
        "from view.build_part where view = any(%s) and not done "
        "group by lane, upto, number, parts, first, before order by lane, number, upto",
        ([view.name for view in views],),
    )
    return [
        Part(lane, upto, number, of, first, before, tuple(names))
        for lane, upto, number, of, first, before, names in db.fetchall()
    ]


def take(db: Cursor, part: Part) -> None:
    """Say that a part is done, in the transaction that writes its rows, before them.

    Whoever else is at it waits for the end of that transaction, and then writes nothing.
    """
    db.execute(
        "update view.build_part set done = true where view = any(%s) and lane = %s "
        "and number = %s and upto = %s and first = %s and before is not distinct from %s "
        "and not done",
        (list(part.views), part.lane, part.number, part.upto, part.first, part.before),
    )
    if db.rowcount != len(part.views):
        raise Overtaken("another process has built these views further")


def finish(connection: Connection, views: Sequence[Bare]) -> None:
    """Let the views whose parts are all done stand where these end."""
    with connection, connection.cursor() as db:
        db.execute(
            "delete from view.build_part b where view = any(%s) and not exists (select from "
            "view.build_part o where o.view = b.view and o.lane = b.lane and not o.done) "
            "returning view, lane, upto",
            ([view.name for view in views],),
        )
        for view, lane, upto in set(db.fetchall()):
            db.execute(
                "update view.position set position = %s "
                "where view = %s and lane = %s and position = 0",
                (upto, view, lane),
            )
            if not db.rowcount:
                raise Overtaken("another process has built these views further")
