"""Pages of the queue as bytes, the tickets of one party, and the counts beside them."""

from collections.abc import Mapping
from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.outcomes import Moment
from domain.values import Awaiting, Instant, Kind, Reason, Scenario, Stage
from projections import queue, statistics
from projections.queue import Filters, Key, QueueList, QueueRow
from projections.statistics import Numbers

_DECODER: Final = msgspec.json.Decoder(QueueRow)


class QueuePage(msgspec.Struct, frozen=True):
    """A page of the queue, the most urgent first."""

    items: tuple[QueueRow, ...]
    next_cursor: str | None
    position: Moment


class QueueCounts(msgspec.Struct, frozen=True):
    """How many tickets stand where: facet → value → number."""

    open: Mapping[str, Mapping[str, int]]
    """Of those that are neither resolved nor closed."""
    everything: Mapping[str, Mapping[str, int]]
    position: Moment


class TicketSummary(msgspec.Struct, frozen=True):
    """A ticket in a list, as everybody on it may see it."""

    ticket: str
    version: int
    stage: Stage
    kind: Kind
    scenario: Scenario
    reason: Reason
    priority: int
    buyer: str
    merchant: str | None
    order: str | None
    line: str | None
    opened_at: Instant
    awaiting: Awaiting
    due_at: Instant | None
    resolved: str | None
    imported: bool


class TicketList(msgspec.Struct, frozen=True):
    """A page of tickets."""

    items: tuple[TicketSummary, ...]
    next_cursor: str | None
    position: Moment


def queue_page(
    connection: Connection, filters: Filters, after: Key | None, limit: int
) -> QueueList:
    """Return a page of the queue behind a key. Blocks."""
    with connection.cursor() as db:
        return queue.page(db, filters, after, limit)


def page_bytes(page: QueueList, next_cursor: str | None) -> bytes:
    """Return a page as `QueuePage` has it; the rows leave as they are stored, unread."""
    cursor = msgspec.json.encode(next_cursor)
    position = msgspec.json.encode(page.moment)
    return b'{"items":%b,"next_cursor":%b,"position":%b}' % (page.json(), cursor, position)


def summaries(page: QueueList) -> tuple[TicketSummary, ...]:
    """Return the rows of a page without what is for staff."""
    names = TicketSummary.__struct_fields__
    rows = (_DECODER.decode(item) for item in page.items)
    return tuple(TicketSummary(**{name: getattr(row, name) for name in names}) for row in rows)


def queue_counts(connection: Connection) -> QueueCounts:
    """Return the counters of every facet. Blocks."""
    with connection.cursor() as db:
        found = queue.counts(db)
    return QueueCounts(open=found.open, everything=found.everything, position=found.moment)


def numbers(connection: Connection) -> Numbers:
    """Return the numbers over all tickets. Blocks."""
    with connection.cursor() as db:
        return statistics.numbers(db)
