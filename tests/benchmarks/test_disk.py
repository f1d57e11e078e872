"""The benchmark of disk counts what it says: tickets made by commands, every byte of a table."""

from contextlib import closing
from functools import partial
from typing import Final

import psycopg2
import pytest

from api.wiring import Dsns
from tests.benchmarks import disk
from tests.benchmarks.disk_tickets import CHANGES, write
from tests.conftest import Database

TICKETS: Final = 23
"""More than a share of them, and not a multiple of one."""
_RELATIONS: Final = """
select sum(pg_relation_size(c.oid, fork)) from pg_class c, pg_namespace n,
  unnest(array['main', 'fsm', 'vm', 'init']) as fork
where n.oid = c.relnamespace and n.nspname !~ '^(pg_|information_schema$)'
  and c.relkind in ('r', 'm', 'i')
"""
_TOASTED: Final = """
select sum(pg_total_relation_size(c.reltoastrelid)) from pg_class c, pg_namespace n
where n.oid = c.relnamespace and n.nspname !~ '^(pg_|information_schema$)' and c.reltoastrelid <> 0
"""
_UNRESOLVED: Final = "select count(*) from view.queue where open"


@pytest.fixture(scope="module")
def written(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with a few tickets, written as the benchmark writes many."""
    write(
        Dsns(app=database.app_dsn, views=database.app_dsn),
        database.notary_dsn,
        tmp_path_factory.mktemp("disk"),
        TICKETS,
        partial(disk.tidy, database.superuser_dsn),
    )
    return database


def _asked(database: Database, statement: str) -> int:
    """Return the one number that a statement finds."""
    with (
        closing(psycopg2.connect(database.superuser_dsn)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        (found,) = cursor.fetchone() or (None,)
    assert found is not None
    return int(found)


def test_each_ticket_has_what_four_commands_and_the_platform_record_and_no_promise_broke(
    written: Database,
) -> None:
    """A breach that came because the machine was slow would make tickets longer than they are."""
    found = {one.topic: one.events for one in disk.topics(written.superuser_dsn)}
    commands = ("ticket.opened.v1", "ticket.accepted.v1", "message.sent.v1", "answer.given.v1")
    assert len(commands) == 1 + CHANGES
    assert {found[topic] for topic in commands} == {TICKETS}
    assert found["customer.ticket_opened.v1"] == TICKETS, "the worker carried it on"
    assert not [topic for topic in found if "breached" in topic or "missed" in topic]
    assert all(
        count % TICKETS == 0
        for topic, count in found.items()
        if topic not in {"key.introduced.v1", "policy.adopted.v1"}
    ), found
    assert _asked(written, _UNRESOLVED) == 0


def test_every_byte_of_every_table_is_in_a_part(written: Database) -> None:
    """An index or what lies beside a row would be easy to forget."""
    parts = disk.parts(written.superuser_dsn)
    whole = _asked(written, _RELATIONS) + _asked(written, _TOASTED)
    assert sum(part.total for part in parts) == whole
    assert {part.schema for part in parts} >= {"ledger", "personal", "view"}
    assert [part.total for part in parts] == sorted((part.total for part in parts), reverse=True)


def test_the_log_and_all_views_are_level_with_the_record_before_anything_is_counted(
    written: Database,
) -> None:
    """What is not there yet takes no room."""
    head = _asked(written, "select position from ledger.lane_head")
    assert _asked(written, "select size from ledger.tree") == head
    assert _asked(written, "select max(size) from ledger.checkpoint") == head
    assert _asked(written, "select min(position) from view.position where view !~ '^process:'") == (
        head
    )


def test_views_built_anew_take_the_place_of_the_live_ones_and_leave_the_record_alone(
    written: Database,
) -> None:
    """Both rows are about the same tickets; that nothing differs is asked by the rebuild itself."""
    before = {part.table: part for part in disk.parts(written.superuser_dsn)}
    disk.rebuild(written.app_dsn)
    after = {part.table: part for part in disk.parts(written.superuser_dsn)}
    assert {name for name, part in before.items() if part.schema == "view"} <= set(after)
    assert after["event"].total == before["event"].total
    assert _asked(written, "select count(*) from view.queue") == TICKETS
