"""A log up to a moment: the ledger stands as the source stood then.

The incident log is brought up to three moments in `tests.replay.test_as_of_logs`.
"""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from api.imports.engine import import_history
from api.imports.mapping import load_mapping
from api.imports.rejects import Rejects
from domain.values import Instant
from projections.runner import Views
from projections.statistics import numbers
from tests.conftest import Database
from tests.imports.conftest import open_ledger

LOGS = [
    pytest.param(
        ("logs/helpdesk_mendeley.csv.gz", "helpdesk", "2012-01-01T00:00:00Z"), id="the help desk"
    ),
]
OVER = frozenset({"Resolved", "Closed", "A6"})
"""The sources' states in which nothing is open."""


@pytest.mark.parametrize("log", LOGS)
def test_a_log_until_a_moment_equals_its_snapshot(
    log: tuple[str, str, str],
    shared: Path,
    make_database: Callable[[int], Database],
    tmp_path: Path,
) -> None:
    """Rows are merged over cases by time, then by the source's own order, and end there."""
    file, mapping, moment = log
    path = shared / "data" / file
    expected = shared / "data" / "expected" / f"{path.name.partition('.')[0]}.json"
    snapshot = json.loads(expected.read_text())["snapshots"][moment]
    database = make_database(1)

    with closing(open_ledger(database, tmp_path)) as ledger:
        with Rejects(path, directory=tmp_path, fallback=tmp_path) as rejects:
            totals = import_history(
                path,
                load_mapping(mapping),
                ledger,
                rejects,
                until=Instant(moment.replace("Z", ".000000Z")),
            )
        with closing(Views(database.app_dsn, ledger)) as views:
            views.prepare()
            assert views.catch_up(), views.failure()
    with closing(psycopg2.connect(database.app_dsn)) as connection, connection.cursor() as db:
        found = numbers(db)

    assert totals.rejected == 0
    assert totals.later == totals.rows - totals.accepted > 0
    assert totals.tickets == found.tickets == snapshot["cases_started"]
    assert found.by_source_state == snapshot["by_state"]
    assert found.open == sum(
        count for state, count in snapshot["by_state"].items() if state not in OVER
    )


def test_complaints_wait_for_routing_as_they_waited(
    shared: Path, make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """At the end of a day, those received and not yet sent on stand as received."""
    path = shared / "data" / "complaints/cfpb_2014_oct_nov.csv.gz"
    expected = json.loads((shared / "data/expected/cfpb_2014_oct_nov.json").read_text())
    waiting = expected["waiting_for_routing_at_end_of_day(received<=D<sent)"]["2014-10-23"]

    with (
        closing(open_ledger(make_database(1), tmp_path)) as ledger,
        Rejects(path, directory=tmp_path, fallback=tmp_path) as rejects,
    ):
        until = Instant("2014-10-23T23:59:59.000000Z")
        totals = import_history(path, load_mapping("cfpb"), ledger, rejects, until=until)
        states = [ledger.ticket(ticket).source_state for ticket in sorted(totals.touched)]

    assert states.count("Received") == waiting == 1_424
