"""What the tests of views ask for: a database whose views are gone, and views over a history."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.runner import Views
from projections.views import VIEWS
from tests.conftest import Database
from tests.projections.history import History

MakeViews = Callable[..., Views]


@pytest.fixture
def make_views(database: Database, lanes: int) -> Iterator[MakeViews]:
    """Make views over a history in a database that starts with none; all are closed at the end."""
    made: list[Views] = []

    def make(history: History, **options: Any) -> Views:
        views = Views(database.app_dsn, history, lanes=lanes, **options)
        made.append(views)
        views.prepare()
        return views

    first = Views(database.app_dsn, History(lanes), lanes=lanes)
    first.drop()
    first.close()
    yield make
    for views in made:
        views.close()


@contextmanager
def gone_afterwards(*made: Views) -> Iterator[None]:
    """Drop and close views in the end, so that the next example finds none, whatever happened."""
    try:
        yield
    finally:
        for views in made:
            views.drop()
            views.close()


@pytest.fixture
def db(database: Database) -> Iterator[Cursor]:
    """A cursor of the application's role, outside any transaction."""
    connection = psycopg2.connect(database.app_dsn, options="-c timezone=UTC")
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def all_rows(db: Cursor) -> dict[str, list[Any]]:
    """Return every row of every table of every view, in an order that is always the same."""
    found = {}
    for view in VIEWS:
        for table in view.tables:
            db.execute(f"select row::text from {table} as row order by 1")
            found[table] = [text for (text,) in db.fetchall()]
    return found
