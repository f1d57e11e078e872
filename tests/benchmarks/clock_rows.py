"""Any number of things that become due, written straight into the views' tables; no ticket is real.

Clocks, deadlines, leases and surveys: as many rows of each, for a worker asks for all of them.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Instant, instant
from projections import agents, clocks, deadlines, positions, surveys
from projections.agents.rows import TABLES as AGENT_TABLES

_FIRST_DUE_AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
_VIEWS: Final = (clocks.VIEW, deadlines.VIEW, agents.VIEW, surveys.VIEW)


class _Filled(NamedTuple):
    """One table, and the columns of a row by its number, its ticket and when it is due."""

    table: str
    statements: tuple[str, ...]
    columns: str
    values: str


_FILLED: Final = (
    _Filled(
        "view.clock",
        tuple(clocks.TABLES["view.clock"]),
        "ticket, clock, lane, promise, policy, since, target_s, due_at, next_at, awaits, paused, "
        "breached, escalated_to, position",
        "ticket, 'complaint_takeover', 0, 'SL-02', '2026-11-22', due_at, 1800, due_at, due_at, "
        "'agent', false, false, null, position",
    ),
    _Filled(
        "view.deadline",
        tuple(deadlines.TABLES["view.deadline"]),
        "ticket, deadline, lane, due_at, awaits, position, missed",
        "ticket, 'merchant_review', 0, due_at, 'merchant', position, false",
    ),
    _Filled(
        "view.route",
        tuple(AGENT_TABLES["view.route"]),
        "ticket, lane, buyer, queue, queued_at, moved, waiting_since, agent, since, lease_until, "
        "served_by, live, angry, cause",
        "ticket, 0, 'b-' || number, 'senior', due_at, false, null, 'a-' || number %% 1000, due_at, "
        "due_at, null, true, null, position",
    ),
    _Filled(
        "view.survey",
        tuple(surveys.TABLES["view.survey"]),
        "ticket, lane, due_at, position",
        "ticket, 0, due_at, position",
    ),
)
KINDS: Final = len(_FILLED)
"""How many kinds of things become due."""
_FILL: Final = """
insert into {table} ({columns}) select {values}
from (select number, 'T0-261122-' || lpad(number::text, 7, '0') as ticket,
    '0-' || number as position, to_char(
        timestamp '2026-11-22' + number * 7919::bigint %% %(rows)s * interval '1 s',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as due_at
    from generate_series(0, %(rows)s - 1) as number) as due
"""
"""One is due every second, in an order that has nothing to do with that of writing."""


def fill(dsn: str, rows: int) -> None:
    """Make the tables anew with so many rows each, and their indexes afterwards."""
    connection = psycopg2.connect(dsn, options="-c maintenance_work_mem=256MB")
    try:
        positions.prepare(connection, _VIEWS, 1)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for one in _FILLED:
                _fill(cursor, one, rows)
    finally:
        connection.close()


def _fill(cursor: Cursor, one: _Filled, rows: int) -> None:
    create, *indexes = one.statements
    cursor.execute(f"drop table if exists {one.table}")
    cursor.execute(create)
    cursor.execute(
        _FILL.format(table=one.table, columns=one.columns, values=one.values), {"rows": rows}
    )
    for index in indexes:
        cursor.execute(index)
    # As autovacuum leaves a table that has been there for a while.
    cursor.execute(f"vacuum (analyze) {one.table}")


def due_by(rows: int) -> Instant:
    """Return the instant at which so many rows of each table are due."""
    return instant(_FIRST_DUE_AT + timedelta(seconds=rows - 1))
