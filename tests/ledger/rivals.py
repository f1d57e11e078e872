"""A second session that holds a lane, for tests of what happens meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from time import monotonic

import psycopg2

from domain.ledger.batch import Attempt, VerdictKind
from domain.ledger.recorder import Recorder
from tests.conftest import Database


@contextmanager
def holding_the_lane(
    database: Database, recorder: Recorder, lane: int, batch: Sequence[Attempt]
) -> Iterator[None]:
    """Append a batch and keep the transaction, and so the lane, open until the block ends."""
    rival = psycopg2.connect(database.owner_dsn)
    try:
        with rival.cursor() as cursor:
            cursor.execute(
                "select position from ledger.lane_head where lane = %s for update", (lane,)
            )
            if batch:
                verdicts = recorder.append_with(cursor, lane, batch)
                assert {verdict.kind for verdict in verdicts} == {VerdictKind.ACCEPTED}
        yield
        rival.commit()
    finally:
        rival.close()


def wait_for_a_waiter(database: Database, *, then: str = "select %s") -> None:
    """Wait until a session of the application waits for a lock, and run a statement on its pid."""
    admin = psycopg2.connect(database.superuser_dsn)
    admin.autocommit = True
    deadline = monotonic() + 30
    pause = Event()
    try:
        with admin.cursor() as cursor:
            while monotonic() < deadline:
                cursor.execute(
                    "select pid from pg_stat_activity where datname = current_database()"
                    " and usename = 'ticketledger_app' and wait_event_type = 'Lock'"
                )
                waiting = cursor.fetchone()
                if waiting:
                    cursor.execute(then, waiting)
                    return
                pause.wait(0.005)
    finally:
        admin.close()
    raise AssertionError("nobody came to wait for the lane")
