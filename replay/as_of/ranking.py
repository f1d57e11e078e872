"""Where a ticket ranked in its queue, and among all, as of a moment."""

from collections.abc import Iterable

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections import queue_occurred, queue_past
from projections.queue import QueueRow, Rank, Standing
from replay.as_of.moments import Upto
from replay.as_of.queues import Streams, few, order_of, rows_of


def standing(
    db: Cursor, streams: Streams, upto: Upto, row: QueueRow, *, aside_max: int | None = None
) -> Standing:
    """Return where a ticket, whose row of then this is, stood at a moment.

    Raises NoSuchMoment when more tickets lie aside than somebody would wait for.
    """
    if not row.open:
        return Standing(upto.moment, row)
    if upto.occurred is None:
        return queue_past.standing(db, upto.places, row, upto.moment)
    occurred = queue_occurred.Occurred(upto.occurred, upto.places)
    here, overall, aside = queue_occurred.standing(db, occurred, row, aside_max=aside_max)
    others = [one for one in rows_of(streams, upto, few(aside, aside_max)) if one.open]
    of_queue = [one for one in others if one.queue == row.queue]
    return Standing(upto.moment, row, _among(of_queue, row, here), _among(others, row, overall))


def _among(others: Iterable[QueueRow], row: QueueRow, known: Rank) -> Rank:
    """Return a rank with other rows counted too."""
    ahead = [order_of(one) <= order_of(row) for one in others]
    return Rank(known.rank + sum(ahead), known.total + len(ahead))
