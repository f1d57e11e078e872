"""Records a view could not fold: put aside with their error, and those of the same stream behind.

Everything else goes on. What folding means, and when it is tried again, is for the runner.
"""

from collections.abc import Iterable, Sequence

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from projections.columns import integers, texts


class SetAside(msgspec.Struct, frozen=True):
    """One record that a view has not folded."""

    view: str
    lane: int
    position: int
    stream: str
    version: int
    topic: str
    error: str | None
    """Where folding failed, without the record's data; None for one that only waits behind."""


def put_aside(
    db: Cursor, view: str, lane: int, records: Iterable[tuple[Record, str | None]]
) -> None:
    """Keep records with the reason of each."""
    kept = list(records)
    db.execute(
        "insert into view.set_aside (lane, view, position, stream, version, topic, error) "
        "select %s, %s, * from unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[]) "
        "on conflict (lane, view, position) do update set error = excluded.error",
        (
            lane,
            view,
            integers(record.position for record, _ in kept),
            texts(record.stream for record, _ in kept),
            integers(record.version for record, _ in kept),
            texts(record.envelope.topic for record, _ in kept),
            texts(error for _, error in kept),
        ),
    )


def take_back(db: Cursor, view: str, lane: int, positions: Sequence[int]) -> None:
    """Forget records that are folded now."""
    db.execute(
        "delete from view.set_aside where lane = %s and view = %s and position = any(%s::bigint[])",
        (lane, view, integers(positions)),
    )


def streams_aside(db: Cursor, lane: int) -> dict[str, set[str]]:
    """Return view → the streams of a lane whose records wait."""
    db.execute("select distinct view, stream from view.set_aside where lane = %s", (lane,))
    waiting: dict[str, set[str]] = {}
    for view, stream in db.fetchall():
        waiting.setdefault(view, set()).add(stream)
    return waiting


def set_aside(db: Cursor, *, limit: int, view: str | None = None) -> list[SetAside]:
    """Return what is put aside, the poison first and then what waits behind it."""
    db.execute(
        "select view, lane, position, stream, version, topic, error from view.set_aside "
        "where %s::text is null or view = %s "
        "order by error is null, view, lane, position limit %s",
        (view, view, limit),
    )
    return [SetAside(*row) for row in db.fetchall()]


def waiting_of(db: Cursor, view: str, lane: int) -> dict[str, list[int]]:
    """Return stream → the positions that wait, in order."""
    db.execute(
        "select stream, position from view.set_aside where lane = %s and view = %s "
        "order by position",
        (lane, view),
    )
    waiting: dict[str, list[int]] = {}
    for stream, position in db.fetchall():
        waiting.setdefault(stream, []).append(position)
    return waiting
