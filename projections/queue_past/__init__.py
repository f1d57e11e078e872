"""The queue's past: from which position until which a ticket stood where in the queue.

A row begins each time something changes that the queue is sorted, filtered or counted by. Read it
with `page` and `counts`, which take a moment, and of one ticket or agent with `standing`, `carried`
and `assigned`. What else a ticket was at that moment is folded from its own records elsewhere.
The same by what had occurred is in `projections.queue_occurred`. It holds no personal value.
"""

from projections.queue_past.reading import Counted, counts, page
from projections.queue_past.rows import VIEW, where_of
from projections.queue_past.standing import assigned, carried, standing

__all__ = [
    "VIEW",
    "Counted",
    "assigned",
    "carried",
    "counts",
    "page",
    "standing",
    "where_of",
]
