"""As of: a ticket, its board, its case file, the queue, agents and departments at any moment.

A moment is a version, a position of each lane, an instant by what was recorded, or an instant by
what had occurred. What is answered for the newest moment is what the live reads answer.
"""

from replay.as_of.folding import Then
from replay.as_of.moments import (
    MEANINGS,
    At,
    HasOccurred,
    LastBefore,
    NoSuchMoment,
    Upto,
    heads,
    resolve,
)
from replay.as_of.queues import (
    Asked,
    Streams,
    Walk,
    counts,
    counts_of,
    page,
    page_of,
    rows_of,
    streams_of,
)
from replay.as_of.ranking import standing
from replay.as_of.requests import request_page
from replay.as_of.staff import agent, agent_list, assignments, overflowing
from replay.as_of.tickets import Past, case, past, ticket_state
from replay.as_of.views import board, case_file, queue_row, queue_rows

__all__ = [
    "MEANINGS",
    "Asked",
    "At",
    "HasOccurred",
    "LastBefore",
    "NoSuchMoment",
    "Past",
    "Streams",
    "Then",
    "Upto",
    "Walk",
    "agent",
    "agent_list",
    "assignments",
    "board",
    "case",
    "case_file",
    "counts",
    "counts_of",
    "heads",
    "overflowing",
    "page",
    "page_of",
    "past",
    "queue_row",
    "queue_rows",
    "request_page",
    "resolve",
    "rows_of",
    "standing",
    "streams_of",
    "ticket_state",
]
