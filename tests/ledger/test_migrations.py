"""Migrations: once, in order, never edited, and never another number of lanes."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from psycopg2 import sql

from domain.ledger.migrations import (
    MigrationError,
    Names,
    migrate,
    migrations,
    placeholders,
    render,
)
from domain.ledger.recorder import Recorder
from tests.conftest import Database


@pytest.fixture
def names() -> Names:
    """Schemas of the test's own."""
    return Names.beside(f"migrated_{secrets.token_hex(4)}")


@pytest.fixture
def applied(database: Database, names: Names) -> sql.Identifier:
    """The table of applied migrations of a record with two lanes."""
    migrate(database.owner_dsn, lanes=2, origin="ledger.example", names=names)
    return sql.Identifier(f"{names.ledger}_migration", "applied")


def as_owner(database: Database, statement: sql.Composable) -> None:
    """Run a statement as the owner."""
    connection = psycopg2.connect(database.owner_dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def test_migrating_again_changes_nothing(
    database: Database, names: Names, applied: sql.Identifier
) -> None:
    """`serve` migrates at every start."""
    migrate(database.owner_dsn, lanes=2, origin="another.example", names=names)
    recorder = Recorder(Recorder.connect(database.app_dsn).connections, names=names)
    assert recorder.genesis().origins == ("ledger.example/lane-0", "ledger.example/lane-1")
    recorder.close()


def test_another_number_of_lanes_is_refused(
    database: Database, names: Names, applied: sql.Identifier
) -> None:
    """An order's lane is its id modulo that number: it never changes."""
    with pytest.raises(MigrationError, match="2 lane"):
        migrate(database.owner_dsn, lanes=4, names=names)


def test_no_lanes_is_refused(database: Database, names: Names) -> None:
    """A ledger without a lane could hold nothing."""
    with pytest.raises(MigrationError, match="at least one lane"):
        migrate(database.owner_dsn, lanes=0, names=names)


@pytest.mark.parametrize("origin", ["", "with space", "with+plus", "ünicode", "new\nline"])
def test_an_origin_that_cannot_name_a_log_is_refused(
    database: Database, names: Names, origin: str
) -> None:
    """It stands in signed notes, where a space or a plus would end it."""
    with pytest.raises(MigrationError, match="origin"):
        migrate(database.owner_dsn, origin=origin, names=names)


def test_an_edited_file_is_refused(
    database: Database, names: Names, applied: sql.Identifier
) -> None:
    """Two databases of one version would differ."""
    as_owner(
        database, sql.SQL("update {} set digest = sha256('') where number = 2").format(applied)
    )
    with pytest.raises(MigrationError, match=r"0002_personal\.sql was changed"):
        migrate(database.owner_dsn, lanes=2, names=names)


def test_a_newer_database_is_refused(
    database: Database, names: Names, applied: sql.Identifier
) -> None:
    """An old program does not know what it would be writing into."""
    as_owner(
        database,
        sql.SQL("insert into {} values (9999, '9999_future.sql', '')").format(applied),
    )
    with pytest.raises(MigrationError, match="9999"):
        migrate(database.owner_dsn, lanes=2, names=names)


def test_missing_roles_are_named(database: Database) -> None:
    """`migrate` creates no role; whoever does must know which."""
    with pytest.raises(MigrationError, match="no_such_role"):
        migrate(database.owner_dsn, names=Names(ledger="roleless", app="no_such_role"))


def test_two_migrations_at_once_apply_each_file_once(database: Database, names: Names) -> None:
    """Two servers may start together."""
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(migrate, database.owner_dsn, names=names) for _ in range(2)]
        for one in both:
            one.result(timeout=60)
    recorder = Recorder(Recorder.connect(database.app_dsn).connections, names=names)
    assert recorder.genesis().lanes == 1
    recorder.close()


def test_files_are_numbered_without_gaps() -> None:
    """What runs next is never in doubt."""
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_failed_file_leaves_nothing_behind(database: Database, names: Names) -> None:
    """Each file is a transaction: after the cause is gone, migrating goes on."""
    as_owner(database, sql.SQL("create schema {}").format(sql.Identifier(names.personal)))
    with pytest.raises(psycopg2.errors.DuplicateSchema):
        migrate(database.owner_dsn, names=names)
    as_owner(database, sql.SQL("drop schema {}").format(sql.Identifier(names.personal)))
    migrate(database.owner_dsn, names=names)


def test_a_file_is_cut_where_statements_end_and_nowhere_else() -> None:
    """Text, comments and function bodies hold semicolons too."""
    text = "-- a; b\nselect 'c;''d';\nselect $x$ e; 'f $x$; select 1 -- g;\n - 2;\n"
    assert list(render(text, {})) == [
        "select 'c;''d'",
        "select $x$ e; 'f $x$",
        "select 1 -- g;\n - 2",
    ]
    with pytest.raises(MigrationError, match="semicolon"):
        list(render("select 1", {}))


def test_every_placeholder_is_known() -> None:
    """A name in braces that nobody fills in would reach the server as it stands."""
    for migration in migrations():
        for statement in render(migration.text, placeholders(Names())):
            assert "{" not in statement.replace("'{}'", "")
