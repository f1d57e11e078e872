"""A queue of any length, written straight into the view's table; nobody worked on its tickets."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg2

from domain.values import Awaiting, Channel, Instant, Kind, Reason, Scenario, Stage, instant
from projections.queue import Key, QueueRow
from projections.queue.rows import TABLES, Causes, Running

_TABLE: Final = "view.queue"
_COLUMNS: Final = (
    "ticket, lane, open, priority, due_at, stage, awaiting, queue, kind, assignee, buyer, "
    "merchant, order_ref, source_state, version, position, item"
)
_FIRST_DUE_AT: Final = datetime(2026, 11, 11, tzinfo=UTC)
_CHUNK: Final = 5_000
_BUCKETS: Final = (
    "insert into view.queue_bucket(lane, queue, priority, bucket, open) "
    """select lane, queue, priority, to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24'), """
    "count(*) from view.queue group by 1, 2, 3, 4"
)
"""What the view counts its tickets in, for the rank of each."""


def fill(dsn: str, tickets: int) -> None:
    """Make the view's table anew with so many open tickets, and its indexes afterwards."""
    create, *indexes = TABLES[_TABLE]
    connection = psycopg2.connect(dsn, options="-c maintenance_work_mem=256MB")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"drop table if exists {_TABLE}")
            cursor.execute(create)
            copy = f"copy {_TABLE} ({_COLUMNS}) from stdin"
            for chunk in _chunks(tickets):
                cursor.copy_expert(copy, chunk)
            for index in indexes:
                cursor.execute(index)
            cursor.execute("truncate view.queue_bucket")
            cursor.execute(_BUCKETS)
            cursor.execute("analyze view.queue_bucket")
            # As autovacuum leaves a table that has been there for a while.
            cursor.execute(f"vacuum (analyze) {_TABLE}")
    finally:
        connection.close()


def key_of(number: int) -> Key:
    """Return the place in the queue's order of the ticket with this number."""
    return Key(_priority(number), _due_at(number), _ticket(number))


def _chunks(tickets: int) -> Iterator[io.StringIO]:
    for first in range(0, tickets, _CHUNK):
        lines = [_line(number) for number in range(first, min(first + _CHUNK, tickets))]
        yield io.StringIO("".join(lines))


def _line(number: int) -> str:
    row = _row(number)
    cells: tuple[Any, ...] = (
        row.ticket,
        row.lane,
        "t",
        row.priority,
        row.due_at,
        row.stage.value,
        row.awaiting.value,
        row.queue,
        row.kind.value,
        r"\N",
        row.buyer,
        row.merchant,
        row.order,
        r"\N",
        row.version,
        row.position,
        msgspec.json.encode(row).decode(),
    )
    return "\t".join(map(str, cells)) + "\n"


def _row(number: int) -> QueueRow:
    due_at = _due_at(number)
    place = f"0-{3 * number + 1}"
    return QueueRow(
        ticket=_ticket(number),
        lane=0,
        version=3,
        position=f"0-{3 * number + 3}",
        stage=Stage.INTAKE,
        kind=Kind.COMPLAINT,
        scenario=Scenario.PRODUCT,
        reason=Reason.DAMAGED,
        priority=_priority(number),
        channel=Channel.APP,
        buyer=f"buyer-{number % 300_000}",
        merchant=f"merchant-{number % 2_000}",
        order=f"order-{number}",
        line="L1",
        opened_at=due_at,
        imported=False,
        caused_by=Causes(stage=place, priority=place, turn=place),
        awaiting=(Awaiting.MERCHANT, Awaiting.AGENT)[number % 2],
        due_at=due_at,
        deadlines={"acceptance": Running(due_at, Awaiting.AGENT, place)},
    )


def _ticket(number: int) -> str:
    return f"T0-261111-{number:07d}"


def _priority(number: int) -> int:
    return 1 + number % 4


def _due_at(number: int) -> Instant:
    # Spread over ten days in an order that has nothing to do with that of writing.
    return instant(_FIRST_DUE_AT + timedelta(seconds=number * 7_919 % 864_000))
