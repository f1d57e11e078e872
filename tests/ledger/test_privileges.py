"""Append-only by privilege: what each role may do to the record, tried on a real server."""

from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege

from domain.ledger.batch import SealedValue, WrappedKey
from domain.ledger.recorder import Recorder
from tests.conftest import Database
from tests.ledger.attempts import attempt, new

RECORD = ("genesis", "lane_head", "event", "reservation", "book")
PERSONAL = ("subject_key", "disclosure")
TABLES = [*(("ledger", table) for table in RECORD), *(("personal", table) for table in PERSONAL)]
STATEMENTS = {
    "insert": "insert into {} default values",
    "update": "update {} set lane = lane",
    "delete": "delete from {}",
    "truncate": "truncate {}",
    "drop": "drop table {}",
    "alter": "alter table {} add column note text",
    "index": "create index on {} (lane)",
    "trigger": "create trigger quiet before insert on {} for each row execute function"
    " suppress_redundant_updates_trigger()",
    "rule": "create rule quiet as on insert to {} do instead nothing",
    "lock": "lock table {} in access exclusive mode",
}


@pytest.fixture(scope="module")
def written(database: Database) -> Iterator[Recorder]:
    """A ledger in which there is something to lose."""
    recorder = Recorder.connect(database.app_dsn)
    stream = "ticket:privileges"
    recorder.append(
        0,
        [
            attempt(
                new(stream),
                take=(("name", stream),),
                keys=(WrappedKey(stream, "buyer", b"wrapped"),),
                disclosures=(SealedValue(stream, 1, "/data/phone", "buyer", b"sealed"),),
            )
        ],
    )
    recorder.keep_book(0, b"book")
    yield recorder
    recorder.close()


def attempted(dsn: str, statement: sql.Composable | str) -> None:
    """Run a statement as a role and take it back."""
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.rollback()
        connection.close()


@pytest.mark.parametrize("role", ["app", "notary", "eraser"])
@pytest.mark.parametrize("verb", STATEMENTS)
def test_nobody_but_the_owner_changes_the_record(
    database: Database, written: Recorder, role: str, verb: str
) -> None:
    """The application reads and calls the append; not even the eraser deletes by itself."""
    for schema, table in TABLES:
        statement = sql.SQL(STATEMENTS[verb]).format(sql.Identifier(schema, table))
        dsn = getattr(database, f"{role}_dsn")
        with pytest.raises(InsufficientPrivilege):
            attempted(dsn, statement)
    assert written.position(0) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "create table ledger.mine(lane int)",
        "create function ledger.mine() returns int language sql as 'select 1'",
        "drop function ledger.append",
        "alter function ledger.append security invoker",
        "set role ticketledger_owner",
        "set session_replication_role = replica",
        "create table personal.mine(lane int)",
        "update ledger_migration.applied set digest = ''",
    ],
)
def test_the_application_makes_nothing_in_the_record_and_becomes_nobody_else(
    database: Database, statement: str
) -> None:
    """A stolen application password must not be enough to change what is written."""
    with pytest.raises(InsufficientPrivilege):
        attempted(database.app_dsn, statement)


def test_the_application_makes_views_of_its_own(database: Database) -> None:
    """Views may be dropped at any time, by those who make them."""
    attempted(database.app_dsn, "create table view.queue(lane int, ticket text)")
    attempted(database.app_dsn, "insert into view.position(lane, view) values (0, 'queue')")


@pytest.mark.parametrize("role", ["notary", "eraser"])
@pytest.mark.parametrize("function", ["append", "keep_book"])
def test_only_the_application_calls_the_append(
    database: Database, role: str, function: str
) -> None:
    """A function is everyone's unless it is taken from everyone first."""
    connection = psycopg2.connect(database.owner_dsn)
    with connection.cursor() as cursor:
        cursor.execute(
            "select oid, has_function_privilege(%s, oid, 'execute'),"
            " has_function_privilege('ticketledger_app', oid, 'execute'), prosecdef,"
            " pg_get_userbyid(proowner) from pg_proc"
            " where pronamespace = 'ledger'::regnamespace and proname = %s",
            (f"ticketledger_{role}", function),
        )
        rows = cursor.fetchall()
    connection.close()
    assert [row[1:] for row in rows] == [(False, True, True, "ticketledger_owner")]


def test_nobody_calls_the_part_of_the_append_that_judges_one_by_one(database: Database) -> None:
    """There is one way into the record."""
    with psycopg2.connect(database.owner_dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select rolname from pg_roles where rolname like 'ticketledger%'"
            " and has_function_privilege(rolname, 'ledger.append_each'::regproc, 'execute')"
        )
        assert cursor.fetchall() == [("ticketledger_owner",)]
    connection.close()


def test_names_of_the_callers_own_do_not_reach_into_the_append(database: Database) -> None:
    """The function runs as the owner: a caller's temporary function must not run in it."""
    recorder = Recorder.connect(database.app_dsn)

    def with_traps() -> None:
        connection = recorder.connections.open()
        with connection.cursor() as cursor:
            cursor.execute(
                "create function pg_temp.sha256(bytea) returns bytea language sql as"
                " $$ select '\\xbad0'::bytea $$"
            )
            cursor.execute(
                "create function pg_temp.array_position(anyarray, anyelement) returns int"
                " language plpgsql as $$ begin raise exception 'trapped'; end $$"
            )
            cursor.execute("set search_path = pg_temp, pg_catalog")
            recorder.append_with(cursor, 0, [attempt(new("ticket:trap"))])
        connection.close()

    with_traps()
    (row,) = recorder.read_streams(0, ["ticket:trap"])
    assert len(row.leaf_hash) == 32
    recorder.close()


def test_the_application_reads_everything_it_needs(written: Recorder) -> None:
    """SELECT on the record and on what is sealed; opening it takes a key that is not here."""
    stream = "ticket:privileges"
    assert len(written.read_streams(0, [stream])) == 1
    assert written.keys(0, [(stream, "buyer")]) == {(stream, "buyer"): b"wrapped"}
    assert written.holders(0, ["name"]) == {"name": stream}
