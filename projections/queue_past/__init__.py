"""The queue's past: from which position until which a ticket stood where in the queue.

A row begins each time something changes that the queue is sorted, filtered or counted by. Read it
with `page` and `counts`, which take a moment. What else a ticket was at that moment is folded from
its own records elsewhere. It holds no personal value.
"""

from projections.queue_past.reading import counts, page, tickets_after, tickets_of
from projections.queue_past.rows import VIEW

__all__ = ["VIEW", "counts", "page", "tickets_after", "tickets_of"]
