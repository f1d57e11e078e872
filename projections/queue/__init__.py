"""The queue: who must act next, the most urgent priority first and then what is due soonest.

One row a ticket, with the positions of the events that put it where it is, and counter rows for
badges. Read it with `page`, `row` and `counts`, each taking a cursor; numbers over everything are
in `projections.statistics`. It holds no personal value.
"""

from projections.queue import handlers
from projections.queue.ranking import Rank, Standing, standing
from projections.queue.reading import (
    Counts,
    Filters,
    Key,
    QueueList,
    counts,
    live_of_order,
    open_after,
    page,
    row,
)
from projections.queue.rows import FACETS, VIEW, QueueRow

__all__ = [
    "FACETS",
    "VIEW",
    "Counts",
    "Filters",
    "Key",
    "QueueList",
    "QueueRow",
    "Rank",
    "Standing",
    "counts",
    "handlers",
    "live_of_order",
    "open_after",
    "page",
    "row",
    "standing",
]
