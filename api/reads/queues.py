"""Pages of the queue as bytes, now or as it was, and the tickets of one party."""

from collections.abc import Iterator
from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment
from api.reads.counts import TICKETS_MAX
from api.wiring import Services
from domain.values import Awaiting, Instant, Kind, Reason, Scenario, Stage
from projections import queue
from projections.queue import Filters, Key, QueueList, QueueRow
from replay import as_of
from replay.as_of import Asked, At, Upto

_DECODER: Final = msgspec.json.Decoder(QueueRow)


class QueuePage(msgspec.Struct, frozen=True):
    """A page of the queue, the most urgent first."""

    items: tuple[QueueRow, ...]
    next_cursor: str | None
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


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


def queue_page_at(services: Services, upto: Upto, asked: Asked, limit: int) -> QueueList:
    """Return a page of the queue behind a key as it was at a moment. Blocks."""

    def query(connection: Connection) -> QueueList:
        streams = as_of.streams_of(services.ledger)
        with connection.cursor() as db:
            return as_of.page(db, streams, upto, asked, limit, aside_max=TICKETS_MAX)

    return services.read_now(query)


def queue_pages_at(
    services: Services, upto: Upto, filters: Filters, limit: int, size: int
) -> Iterator[QueueList]:
    """Yield the pages of the queue as it was at a moment, up to so many rows over all. Blocks.

    However many tickets lie aside, somebody waits for them.
    """
    walk = as_of.Walk(as_of.streams_of(services.ledger), upto, Asked(filters), limit)

    def query(connection: Connection) -> QueueList:
        with connection.cursor() as db:
            return walk.page(db, size)

    while walk.left:
        yield services.read_now(query)


def page_bytes(page: QueueList, next_cursor: str | None, at: At | None = None) -> bytes:
    """Return a page as `QueuePage` has it; the rows leave as they are stored, unread."""
    cursor = msgspec.json.encode(next_cursor)
    position = msgspec.json.encode(page.moment)
    told = msgspec.json.encode(None if at is None else told_as_of(at))
    return b'{"items":%b,"next_cursor":%b,"position":%b,"as_of":%b}' % (
        page.json(),
        cursor,
        position,
        told,
    )


def summaries(page: QueueList) -> tuple[TicketSummary, ...]:
    """Return the rows of a page without what is for staff."""
    names = TicketSummary.__struct_fields__
    rows = (_DECODER.decode(item) for item in page.items)
    return tuple(TicketSummary(**{name: getattr(row, name) for name in names}) for row in rows)
