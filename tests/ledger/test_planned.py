"""Reads that are planned once: the same rows as ever, by whatever table has the name now."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import planned
from tests.conftest import Database

LANES = (1,)
_BELOW = "select number from numbers where number < %s order by number limit %s"


@pytest.fixture
def db(database: Database) -> Iterator[Cursor]:
    """A cursor on a table with the numbers from 1 to 9."""
    with closing(psycopg2.connect(database.app_dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create temp table numbers(number int)")
            cursor.execute("insert into numbers select generate_series(1, 9)")
            yield cursor


def found(db: Cursor, below: int, limit: int) -> list[int]:
    """Return the numbers that the planned statement comes to."""
    planned.execute(db, _BELOW, (below, limit))
    return [number for (number,) in db.fetchall()]


def plans(db: Cursor) -> int:
    """Return how many plans the connection holds."""
    db.execute("select count(*) from pg_prepared_statements")
    (count,) = db.fetchone() or (0,)
    return int(count)


def test_a_statement_is_planned_once_and_run_with_any_values(db: Cursor) -> None:
    """That is what it is for."""
    assert found(db, 4, 50) == [1, 2, 3]
    assert found(db, 8, 2) == [1, 2]
    assert plans(db) == 1
    planned.execute(db, "select count(*) from numbers", ())
    assert db.fetchone() == (9,)
    assert plans(db) == 2


def test_a_table_that_took_anothers_place_is_read(db: Cursor) -> None:
    """A rebuilt view is swapped in under the name of the old one while readers go on."""
    assert found(db, 3, 50) == [1, 2]
    db.execute("alter table numbers rename to former")
    db.execute("create temp table numbers(number int)")
    db.execute("insert into numbers values (2)")
    assert found(db, 3, 50) == [2]


def test_what_fails_is_planned_when_it_can_be(db: Cursor) -> None:
    """A view that is not there yet is no reason to fail for ever."""
    with pytest.raises(psycopg2.errors.UndefinedTable):
        planned.execute(db, "select * from later", ())
    db.execute("create temp table later as select 1")
    planned.execute(db, "select * from later", ())
    assert db.fetchall() == [(1,)]
    assert plans(db) == 1


def test_the_plan_that_was_not_used_for_longest_makes_room(db: Cursor) -> None:
    """Filters combine in thousands of ways, and plans lie in the server's memory."""
    for number in range(planned.PLANS_MAX + 2):
        assert found(db, 3, 50) == [1, 2]
        planned.execute(db, f"select %s + {number}", (1,))
        assert db.fetchone() == (1 + number,)
    assert plans(db) == planned.PLANS_MAX
    db.execute("select count(*) from pg_prepared_statements where statement like '%numbers%'")
    assert db.fetchone() == (1,)
    planned.execute(db, "select %s + 0", (1,))
    assert db.fetchone() == (1,)
