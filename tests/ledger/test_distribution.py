"""What keeps the step to a distributed PostgreSQL a matter of configuration.

The same SQL files make partitioned tables on a stock server, which then itself refuses a key
without the lane and counts which partitions a statement touched.
"""

import re
import secrets
from collections.abc import Iterator
from itertools import count

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.batch import SealedValue, VerdictKind, WrappedKey
from domain.ledger.connections import Connections
from domain.ledger.migrations import Names, migrations, placeholders, render
from domain.ledger.recorder import Recorder
from tests.conftest import Database
from tests.ledger.attempts import attempt, heads_after, new

PARTITIONS = 8
LANES_OF_THE_LEDGER = 4
STORAGE = "0005_storage.sql"
"""Left out: a partitioned table refuses storage parameters."""
WRITE_PATH = ("0003_append.sql", "0008_append_at_once.sql")
FORBIDDEN = r"clock_timestamp|\bnow\s*\(|\bnotify\b|advisory|nextval|currval|\bserial\b|random\s*\("
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def names(database: Database) -> Names:
    """A record whose tables are partitioned by lane."""
    names = Names.beside(f"partitioned_{secrets.token_hex(4)}")
    values = placeholders(names, lanes=LANES_OF_THE_LEDGER, partition="partition by hash (lane)")
    connection = psycopg2.connect(database.owner_dsn)
    with connection, connection.cursor() as cursor:
        for migration in migrations():
            if migration.name == STORAGE:
                continue
            for statement in render(migration.text, values):
                cursor.execute(statement)
                made = re.match(r"create table (\S+?)\(", statement)
                if made:
                    partition(cursor, made[1])
    connection.close()
    return names


def partition(cursor: Cursor, table: str) -> None:
    """Make the partitions of a table."""
    schema, name = (part.strip('"') for part in table.split("."))
    for number in range(PARTITIONS):
        part = f"{schema}.{name}_{number}"
        cursor.execute(
            f"create table {part} partition of {table}"
            f" for values with (modulus {PARTITIONS}, remainder {number})"
        )


@pytest.fixture
def recorder(database: Database, names: Names) -> Iterator[Recorder]:
    """A recorder of the partitioned record."""
    recorder = Recorder(Connections(database.app_dsn), names=names)
    yield recorder
    recorder.close()


def touched(recorder: Recorder, names: Names) -> dict[str, tuple[int, ...]]:
    """Return what the server counted for every partition: scans and changes."""
    recorder.connections.write(0, lambda db: db.execute("select pg_stat_force_next_flush()"))
    connection = recorder.connections.open()
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname, seq_scan, coalesce(idx_scan, 0), n_tup_ins, n_tup_upd, n_tup_del"
            " from pg_stat_user_tables where schemaname in (%s, %s)",
            (names.ledger, names.personal),
        )
        counts = {name: tuple(numbers) for name, *numbers in cursor}
    connection.close()
    return counts


def test_every_statement_of_the_append_touches_one_partition(
    recorder: Recorder, names: Names
) -> None:
    """One transaction, one lane, one machine; the plans are cached ones, as in real use."""

    def everything() -> None:
        stream = f"ticket:{next(_NUMBERS)}"
        name = f"{stream}/name"
        one = attempt(
            new(stream),
            take=((name, stream),),
            keys=(WrappedKey(stream, "buyer", b"wrapped"),),
            disclosures=(SealedValue(stream, 1, "/data/phone", "buyer", b"sealed"),),
        )
        two = attempt(heads_after(one)[stream], free=(name,))
        usual = attempt(
            heads_after(two)[stream],
            disclosures=(SealedValue(stream, 3, "/data/phone", "buyer", b"sealed"),),
        )
        for batch, kind in (
            (one, "accepted"),
            (two, "accepted"),
            (usual, "accepted"),
            (one, "replayed"),
        ):
            (verdict,) = recorder.append(0, [batch])
            assert verdict.kind is VerdictKind(kind)
        recorder.keep_book(0, stream.encode())

    for _ in range(10):
        everything()
    before = touched(recorder, names)
    everything()
    after = touched(recorder, names)
    moved = {part for part, counts in after.items() if counts != before[part]}
    tables = {part.rsplit("_", 1)[0] for part in moved}
    assert tables == {"lane_head", "event", "reservation", "subject_key", "disclosure", "book"}
    assert len(moved) == len(tables)
    assert len({part.rsplit("_", 1)[1] for part in moved}) == 1


def test_lanes_lie_in_different_partitions_and_count_for_themselves(recorder: Recorder) -> None:
    """Otherwise the test above would prove nothing."""
    for lane in range(LANES_OF_THE_LEDGER):
        before = recorder.position(lane)
        recorder.append(lane, [attempt(new(f"ticket:{next(_NUMBERS)}"), events=2)])
        assert [row.position for row in recorder.read(lane, before, 9)] == [before + 1, before + 2]
        assert recorder.position(lane) == before + 2


READS: dict[str, dict[str, object]] = {
    "position": {},
    "heads": {"streams": ["ticket:1", "ticket:2"]},
    "read": {"after": 0, "upto": 9},
    "read_streams": {"streams": ["ticket:1", "ticket:2"], "versions": [0, 1]},
    "read_streams_upto": {"streams": ["ticket:1", "ticket:2"], "upto": 9},
    "outcome": {"commands": ["command-1"]},
    "holders": {"names": ["name"]},
    "keys": {"streams": ["ticket:1"], "subjects": ["buyer"]},
    "disclosures": {"stream": "ticket:1", "after": 0, "upto": None},
    "book": {"digest": b""},
    "books": {},
}
ACROSS_LANES = {"genesis", "keep_book"}
"""genesis is asked once at start; keep_book is a call of a function, counted above."""


def test_every_read_of_the_recorder_is_of_one_partition(recorder: Recorder, names: Names) -> None:
    """Loading a ticket is on the write path too."""
    assert set(recorder.statements) == set(READS) | ACROSS_LANES
    connection = recorder.connections.open()
    with connection.cursor() as cursor:
        for name, values in READS.items():
            cursor.execute("explain " + recorder.statements[name], {"lane": 1, **values})
            plan = "\n".join(row for (row,) in cursor)
            parts = set(re.findall(r"\bon (\w+_\d) ", plan))
            assert len(parts) == 1, (name, plan)
    connection.close()


@pytest.mark.parametrize("schema", ["ledger", "personal"])
def test_no_key_is_without_its_lane(database: Database, schema: str) -> None:
    """A distributed table cannot enforce a key that does not hold what it is distributed by."""
    connection = psycopg2.connect(database.owner_dsn)
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, i.indexrelid::regclass::text, i.indisunique,"
            " (select attname from pg_attribute a where a.attrelid = i.indrelid"
            "   and a.attnum = i.indkey[0])"
            " from pg_index i join pg_class c on c.oid = i.indrelid"
            " where c.relnamespace = %s::regnamespace",
            (schema,),
        )
        indexes = cursor.fetchall()
        cursor.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace and relkind = 'r'",
            (schema,),
        )
        tables = {table for (table,) in cursor}
    connection.close()
    assert {table for table, _, unique, _ in indexes if unique} == tables
    assert {first for *_, first in indexes} == {"lane"}


def test_nothing_in_the_record_leaves_its_lane(database: Database) -> None:
    """No foreign key, no trigger, no sequence: each would tie machines together or leave gaps."""
    connection = psycopg2.connect(database.owner_dsn)
    schemas = "('ledger'::regnamespace, 'personal'::regnamespace)"
    with connection.cursor() as cursor:
        for query in (
            f"select conname from pg_constraint where contype = 'f' and connamespace in {schemas}",
            "select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
            f" where c.relnamespace in {schemas}",
            f"select relname from pg_class where relkind = 'S' and relnamespace in {schemas}",
            "select rulename from pg_rules where schemaname in ('ledger', 'personal')",
        ):
            cursor.execute(query)
            assert cursor.fetchall() == []
    connection.close()


def code_of(file: str) -> str:
    """The statements of a migration without its comments."""
    text = next(one.text for one in migrations() if one.name == file)
    return re.sub(r"--[^\n]*", "", text)


@pytest.mark.parametrize("file", WRITE_PATH)
def test_the_write_path_asks_for_nothing_that_is_not_the_lanes(file: str) -> None:
    """No clock of one machine, no lock or hint that all share, no number with gaps."""
    code = code_of(file)
    assert re.findall(FORBIDDEN, code, re.IGNORECASE) == []
    tables = re.findall(r"\{(?:ledger|personal)\}\.(\w+) (\w)\b", code)
    assert {table for table, _ in tables} >= {"lane_head", "event"}
    for table, alias in tables:
        assert re.search(rf"\b{alias}\.lane = p_lane\b", code), table


@pytest.mark.parametrize("file", WRITE_PATH)
def test_the_append_is_plain_statements(file: str) -> None:
    """One big CTE would judge by a snapshot from before it waited for the lane."""
    code = code_of(file)
    assert not re.search(r"\bwith\b(?!\s+ordinality)", code)
    assert "volatile" in code
    assert code.index("for update") < code.index("unnest(c_id)")


def test_statements_are_sent_one_by_one() -> None:
    """Distributed tables forward the whole text of a call and refuse two statements in it."""
    for migration in migrations():
        for statement in render(migration.text, placeholders(Names())):
            bare = re.sub(r"\$(\w*)\$.*?\$\1\$|'[^']*'|--[^\n]*", "", statement, flags=re.DOTALL)
            assert ";" not in bare
