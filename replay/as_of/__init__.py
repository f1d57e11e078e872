"""As of: a ticket, its board, its case file, the queue and its counts at any moment of the past.

A moment is a version, a position of each lane, an instant by what was recorded, or an instant by
what had occurred. What is answered for the newest moment is what the live reads answer.
"""

from replay.as_of.moments import (
    MEANINGS,
    At,
    LastBefore,
    NoSuchMoment,
    Upto,
    heads,
    resolve,
)
from replay.as_of.queues import (
    Asked,
    Streams,
    counts,
    counts_occurred,
    page,
    page_occurred,
    rows_occurred,
    streams_of,
)
from replay.as_of.tickets import Past, case, past, ticket_state
from replay.as_of.views import board, case_file, queue_row, queue_rows

__all__ = [
    "MEANINGS",
    "Asked",
    "At",
    "LastBefore",
    "NoSuchMoment",
    "Past",
    "Streams",
    "Upto",
    "board",
    "case",
    "case_file",
    "counts",
    "counts_occurred",
    "heads",
    "page",
    "page_occurred",
    "past",
    "queue_row",
    "queue_rows",
    "resolve",
    "rows_occurred",
    "streams_of",
    "ticket_state",
]
