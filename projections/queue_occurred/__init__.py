"""The queue's past by what had occurred: from which instant until which a ticket stood where.

It is the queue's past along another axis. Read it with `page`, `counts` and `standing`, which take
an instant and how far the record is asked about; the tickets they name as lying aside are folded
elsewhere. It holds no personal value.
"""

from projections.queue_occurred.reading import Found, Occurred, counts, page, standing
from projections.queue_occurred.rows import VIEW

__all__ = ["VIEW", "Found", "Occurred", "counts", "page", "standing"]
