"""Imported complaints: matters without orders, whose views are dropped and made again."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2

from api.imports.engine import import_history
from api.imports.mapping import load_mapping
from api.imports.rejects import Rejects
from domain.values import Instant
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import Rebuild, RecordSource
from tests.conftest import Database
from tests.imports.conftest import open_ledger
from tests.projections.conftest import all_rows

UNTIL = Instant("2014-10-11T00:00:00.000000Z")
"""The first day of two months: each row is as any other."""


def test_deleting_all_views_of_complaints_and_rebuilding_them_loses_nothing(
    shared: Path, make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Every row, as text: what was folded as the import went on is what a rebuild makes."""
    path, database = shared / "data/complaints/cfpb_2014_oct_nov.csv.gz", make_database(2)
    with (
        closing(open_ledger(database, tmp_path)) as ledger,
        closing(psycopg2.connect(database.app_dsn, options="-c timezone=UTC")) as connection,
        connection.cursor() as db,
        closing(Views(database.app_dsn, RecordSource(ledger.record), lanes=2)) as views,
    ):
        connection.autocommit = True
        with Rejects(path, directory=tmp_path, fallback=tmp_path) as rejects:
            brought = import_history(path, load_mapping("cfpb"), ledger, rejects, until=UNTIL)
        views.prepare()
        assert views.catch_up(120), views.failure()
        folded = all_rows(db)
        assert len(folded["view.queue"]) > 50, brought
        assert brought.rejected == 0
        views.drop()
        source = RecordSource(ledger.record)
        with Rebuild(database.app_dsn, source, lanes=2, views=VIEWS) as work:
            work.build()
            work.swap()
        assert views.prepare() == [], "all views stand again"
        assert all_rows(db) == folded
