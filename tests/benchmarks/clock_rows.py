"""Any number of running clocks, written straight into the view's table; no ticket has them."""

from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg2

from domain.values import Instant, instant
from projections.clocks import TABLES

_TABLE: Final = "view.clock"
_FIRST_DUE_AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
_FILL: Final = f"""
insert into {_TABLE} (ticket, clock, lane, promise, policy, since, target_s, due_at, next_at,
    awaits, paused, breached, escalated_to, position)
select 'T0-261122-' || lpad(number::text, 7, '0'), 'complaint_takeover', 0, 'SL-02', '2026-11-22',
    due_at, 1800, due_at, due_at, 'agent', false, false, null, '0-' || number
from (select number, to_char(
        timestamp '2026-11-22' + number * 7919::bigint %% %(clocks)s * interval '1 s',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as due_at
    from generate_series(0, %(clocks)s - 1) as number) as running
"""
"""One is due every second, in an order that has nothing to do with that of writing."""


def fill(dsn: str, clocks: int) -> None:
    """Make the view's table anew with so many running clocks, and its indexes afterwards."""
    create, *indexes = TABLES[_TABLE]
    connection = psycopg2.connect(dsn, options="-c maintenance_work_mem=256MB")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"drop table if exists {_TABLE}")
            cursor.execute(create)
            cursor.execute(_FILL, {"clocks": clocks})
            for index in indexes:
                cursor.execute(index)
            # As autovacuum leaves a table that has been there for a while.
            cursor.execute(f"vacuum (analyze) {_TABLE}")
    finally:
        connection.close()


def due_by(clocks: int) -> Instant:
    """Return the instant at which so many of the clocks are due."""
    return instant(_FIRST_DUE_AT + timedelta(seconds=clocks - 1))
