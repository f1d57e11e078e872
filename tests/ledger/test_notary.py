"""The notary: what it signs is what is on record, whoever else is at it, whenever it is killed."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg2.errors import InsufficientPrivilege

from domain.ledger.log import Log
from domain.ledger.notary import PAGE_MAX, Alarm, Notary, Step
from domain.ledger.recorder import Recorder
from domain.ledger.signing import KeyMissing, KeysFrozenAlready
from domain.proof.chain import leaf_hash
from domain.proof.checkpoint import open_checkpoint
from domain.proof.merkle import CompactRange, verify_consistency
from domain.proof.tiles import TILE_SIZE, WIDTH
from tests.api.embedded_cases import HOUSE
from tests.conftest import ORIGIN, Database
from tests.ledger.matters import query
from tests.ledger.notaries import log_key, notary, write
from tests.ledger.test_privileges import attempted


@pytest.fixture
def own(make_database: Callable[[int], Database], lanes: int) -> Database:
    """A database of the test's own: most tests here break something."""
    return make_database(lanes)


@pytest.fixture
def recorder(own: Database) -> Iterator[Recorder]:
    """The record of that database."""
    opened = Recorder.connect(own.app_dsn)
    yield opened
    opened.close()


@pytest.fixture
def one(own: Database, tmp_path: Path) -> Iterator[Notary]:
    """A notary of that database."""
    with notary(own.notary_dsn, tmp_path) as opened:
        yield opened


@pytest.fixture
def log(recorder: Recorder) -> Log:
    """The log as everybody reads it."""
    return Log(recorder.connections)


def root_of_record(recorder: Recorder, size: int, lane: int = 0) -> bytes:
    """Return the root over the first positions of the record, made from its bytes alone."""
    tree = CompactRange()
    tree.extend(leaf_hash(row.state) for row in recorder.read(lane, 0, size))
    assert tree.size == size
    return tree.root()


def check(log: Log, recorder: Recorder, key_dir: Path, lane: int = 0) -> int:
    """Return the size of the newest checkpoint, after checking every one and every tile."""
    key = log_key(key_dir, f"{ORIGIN}/lane-{lane}")
    before = None
    for signed in log.checkpoints(lane, limit=1_000):
        opened = open_checkpoint(signed.note, [key])
        assert (opened.checkpoint.size, opened.checkpoint.root) == (signed.size, signed.root)
        assert signed.root == root_of_record(recorder, signed.size, lane)
        if before is not None:
            verify_consistency(
                old=before.size,
                new=signed.size,
                old_root=before.root,
                new_root=signed.root,
                proof=log.consistency(lane, before.size, signed.size),
            )
        before = signed
    edge = log.edge(lane)
    leaves = [leaf_hash(row.state) for row in recorder.read(lane, 0, edge.size)]
    for index in range(edge.size // WIDTH):
        assert log.tile(lane, 0, index) == b"".join(leaves[index * WIDTH : (index + 1) * WIDTH])
    return before.size if before else 0


# --- what it does -----------------------------------------------------------------------------


@pytest.mark.parametrize("events", [1, 2, 255, 256, 257, 511, 1_000])
def test_what_is_signed_is_the_tree_over_the_record(
    recorder: Recorder, one: Notary, log: Log, tmp_path: Path, events: int
) -> None:
    """One below a full tile, a full tile, one above: where an index is off by one."""
    write(recorder, events)
    assert one.step(0)
    assert check(log, recorder, tmp_path) == events
    assert not one.step(0), "nothing is new"
    assert len(log.checkpoints(0)) == 1


def test_a_log_that_grows_is_signed_again_and_only_then(
    recorder: Recorder, one: Notary, log: Log, tmp_path: Path
) -> None:
    """Every checkpoint extends the one before it."""
    assert not one.step(0)
    assert log.checkpoint(0) is None
    sizes = []
    for events in (3, 250, 3, 1, 600):
        write(recorder, events)
        assert one.step(0)
        sizes.append(recorder.position(0))
    assert [signed.size for signed in log.checkpoints(0)] == sizes
    assert check(log, recorder, tmp_path) == 857


def test_positions_are_taken_in_before_they_are_signed(
    recorder: Recorder, one: Notary, log: Log
) -> None:
    """Five times a second the one, once the other."""
    write(recorder, 5)
    assert one.integrate(0)
    assert log.size(0) == 5
    assert log.checkpoint(0) is None
    assert one.sign(0) is not None
    assert one.sign(0) is None


@pytest.mark.lanes(2)
def test_each_lane_is_a_log_under_its_own_origin(
    recorder: Recorder, one: Notary, log: Log, tmp_path: Path
) -> None:
    """A proof from one lane must not fit another."""
    write(recorder, 3, lane=0)
    write(recorder, 4, lane=1)
    for lane in (0, 1):
        assert one.step(lane)
    assert [check(log, recorder, tmp_path, lane) for lane in (0, 1)] == [3, 4]
    signed = log.checkpoint(1)
    assert signed is not None
    assert signed.note.startswith(f"{ORIGIN}/lane-1\n4\n".encode())


def test_more_than_a_page_is_taken_in_at_once(
    recorder: Recorder, one: Notary, log: Log, tmp_path: Path
) -> None:
    """After an import, or when the notary was away."""
    events = PAGE_MAX + 700
    write(recorder, events)
    assert one.step(0)
    assert check(log, recorder, tmp_path) == events
    assert len(log.tile(0, 1, 0, events // WIDTH)) == events // WIDTH * 32


def test_it_runs_until_it_is_told_to_stop(recorder: Recorder, one: Notary, log: Log) -> None:
    """As the worker runs it: new positions are signed for within seconds."""
    write(recorder, 3)
    stop = threading.Event()
    running = threading.Thread(target=one.run, args=(stop,))
    running.start()
    try:
        signed = wait_for_checkpoint(log, 3)
        write(recorder, 2)
        assert wait_for_checkpoint(log, 5) > signed
    finally:
        stop.set()
        running.join()


def wait_for_checkpoint(log: Log, size: int, *, timeout_s: float = 20) -> int:
    """Return the size of the newest checkpoint once it covers a position."""
    ticks = threading.Event()
    for _ in range(int(timeout_s / 0.05)):
        if (covering := log.covering(0, size)) is not None:
            return covering.size
        ticks.wait(0.05)
    raise AssertionError(f"no checkpoint covers {size}")


# --- two at once ------------------------------------------------------------------------------


def test_two_at_once_do_no_harm(own: Database, recorder: Recorder, tmp_path: Path) -> None:
    """Two workers on two machines: one log, every checkpoint of one history."""
    done = threading.Event()

    def notarise(_number: int) -> None:
        with notary(own.notary_dsn, tmp_path) as each:
            while not done.is_set():
                each.step(0)
            each.step(0)
            assert each.alarms == {}

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(notarise, number) for number in range(3)]
        for number in range(60):
            write(recorder, 1 + number % 40)
        done.set()
        for each in running:
            each.result()
    log = Log(recorder.connections)
    assert check(log, recorder, tmp_path) == recorder.position(0) == log.size(0)


def test_who_is_late_finds_the_tree_grown_and_writes_nothing(
    own: Database, recorder: Recorder, log: Log, tmp_path: Path
) -> None:
    """Compare and swap on the size: the rival came between reading and writing."""
    write(recorder, 300)
    with ExitStack() as opened:
        rival = opened.enter_context(notary(own.notary_dsn, tmp_path))

        def outrun(step: Step) -> None:
            if step is Step.LEAVES_CHECKED and not log.size(0):
                write(recorder, 300)
                rival.step(0)

        late = opened.enter_context(notary(own.notary_dsn, tmp_path, passed=outrun))
        late.step(0)
    assert late.alarms == rival.alarms == {}
    assert check(log, recorder, tmp_path) == 600
    assert query(own.superuser_dsn, "select count(*) from ledger.tile") == [(2,)]


# --- killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", Step, ids=lambda step: step.name)
@pytest.mark.parametrize("before", [0, 200], ids=["first", "later"])
def test_killed_at_any_boundary_it_goes_on_where_it_was(
    own: Database, recorder: Recorder, tmp_path: Path, step: Step, before: int
) -> None:
    """Both kinds: what was not committed is done again, what was committed is not."""
    log = Log(recorder.connections)
    with notary(own.notary_dsn, tmp_path) as earlier:
        write(recorder, before)
        earlier.step(0)
    write(recorder, 300)
    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.ledger.notaries",
            own.notary_dsn,
            str(tmp_path),
            step.name,
        ],
        cwd=HOUSE,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    integrated = step not in {Step.LEAVES_CHECKED, Step.TILES_WRITTEN}
    stored = step is Step.STORED
    assert log.size(0) == (before + 300 if integrated else before)
    assert len(log.checkpoints(0)) == bool(before) + stored
    with notary(own.notary_dsn, tmp_path) as following:
        assert following.step(0) is not stored
        assert following.alarms == {}
    assert check(log, recorder, tmp_path) == before + 300


# --- alarms -----------------------------------------------------------------------------------

BREAKS = {
    "a byte of a new event": "update ledger.event set state = set_byte(state, 9, 0)"
    " where position = 303",
    "a new event is gone": "delete from ledger.event where position = 303",
    "the tail is gone": "delete from ledger.event where position > 250",
    "the tail is gone and the head knows": "update ledger.lane_head set position = 250",
    "a byte of the edge": "update ledger.tree set edge = set_byte(edge, 3, 0)",
    "the edge is cut": "update ledger.tree set edge = substr(edge, 1, 32)",
    "a byte of an event in the last tile": "update ledger.event"
    " set state = set_byte(state, 9, 0) where position = 299",
    "a byte of a full tile": "update ledger.tile set hashes = set_byte(hashes, 9, 0)",
    "a full tile is gone": "delete from ledger.tile",
    "the root that was signed": "update ledger.checkpoint set root = set_byte(root, 0, 0)",
    "the note that was signed": "update ledger.checkpoint set note = 'nothing'",
    "a checkpoint from nowhere": "insert into ledger.checkpoint"
    " select lane, 9999, root, note, published_at from ledger.checkpoint",
}


@pytest.mark.parametrize("broken", BREAKS)
def test_what_was_changed_is_an_alarm_and_nothing_is_signed(
    own: Database, recorder: Recorder, log: Log, tmp_path: Path, broken: str
) -> None:
    """One flipped bit in one leaf hash ended a public log: what is signed is out for good."""
    write(recorder, 300)
    with notary(own.notary_dsn, tmp_path) as before:
        before.step(0)
    write(recorder, 10)
    said = log.checkpoint(0)
    # The generated column follows the bytes, so only a broken disk makes the two differ: here a
    # plain column in its place does.
    if "new event" in broken or "last tile" in broken:
        keep = "alter table ledger.event alter column leaf_hash drop expression"
        query(own.superuser_dsn, keep)
    query(own.superuser_dsn, BREAKS[broken])
    with notary(own.notary_dsn, tmp_path) as one:
        with pytest.raises(Alarm) as raised:
            one.step(0)
        with pytest.raises(Alarm):
            one.step(0)
        assert one.alarms == {0: raised.value}
    if "checkpoint" not in BREAKS[broken]:
        assert log.checkpoint(0) == said
    assert log.covering(0, 310) is None or "nowhere" in broken


def test_a_tree_that_was_lost_is_made_again_from_the_record(
    own: Database, recorder: Recorder, log: Log, tmp_path: Path
) -> None:
    """The record is the truth; what was signed before is what the new tree is held against."""
    write(recorder, 300)
    with notary(own.notary_dsn, tmp_path) as before:
        before.step(0)
    query(own.superuser_dsn, "update ledger.tree set size = 0, edge = ''")
    write(recorder, 10)
    with notary(own.notary_dsn, tmp_path) as one:
        assert one.step(0)
    assert check(log, recorder, tmp_path) == 310


def test_an_alarm_names_the_first_place_that_is_wrong(
    own: Database, recorder: Recorder, one: Notary
) -> None:
    """Whoever looks knows where."""
    write(recorder, 40)
    query(own.superuser_dsn, "alter table ledger.event alter column leaf_hash drop expression")
    query(
        own.superuser_dsn,
        "update ledger.event set leaf_hash = set_byte(leaf_hash, 5, get_byte(leaf_hash, 5) # 1)"
        " where position in (17, 23)",
    )
    with pytest.raises(Alarm) as raised:
        one.step(0)
    assert (raised.value.lane, raised.value.position) == (0, 17)


@pytest.mark.lanes(2)
def test_an_alarm_stops_its_lane_and_no_other(
    own: Database, recorder: Recorder, one: Notary, log: Log
) -> None:
    """The others are sound, and must stay provable."""
    write(recorder, 3, lane=0)
    write(recorder, 3, lane=1)
    query(own.superuser_dsn, "delete from ledger.event where lane = 0 and position = 2")
    stop = threading.Event()
    running = threading.Thread(target=one.run, args=(stop,))
    running.start()
    ticks = threading.Event()
    for _ in range(400):
        if log.checkpoint(1) is not None:
            break
        ticks.wait(0.05)
    stop.set()
    running.join()
    assert log.checkpoint(1) is not None
    assert log.checkpoint(0) is None
    assert set(one.alarms) == {0}


# --- keys and privileges ----------------------------------------------------------------------


@pytest.mark.parametrize("reason", [KeyMissing("lost"), KeysFrozenAlready("frozen")])
def test_without_keys_positions_are_taken_in_and_nothing_is_signed(
    own: Database, recorder: Recorder, log: Log, tmp_path: Path, reason: Exception
) -> None:
    """Frozen or lost: the log goes on, and says nothing."""
    write(recorder, 3)

    def nobody() -> list[object]:
        raise reason

    with notary(own.notary_dsn, tmp_path, signers=nobody) as one:  # type: ignore[arg-type]  # it returns nothing
        assert one.step(0)
        assert not one.step(0)
    assert log.size(0) == 3
    assert log.checkpoint(0) is None


LOG_TABLES = ("tree", "tile", "checkpoint", "anchor")
MAY = {
    "tree": {"update ledger.tree set size = size"},
    "tile": {f"insert into ledger.tile values (0, 7, 1, decode(repeat('00', {TILE_SIZE}), 'hex'))"},
    "checkpoint": {
        "insert into ledger.checkpoint values (0, 1, decode(repeat('00', 32), 'hex'), '', now())"
    },
    "anchor": {"insert into ledger.anchor values (0, 1, 'kind', 'name', '', now())"},
}


@pytest.mark.parametrize("table", LOG_TABLES)
def test_the_notary_adds_and_nobody_changes_or_deletes(database: Database, table: str) -> None:
    """What was published stays; the tree's state alone moves, and only for the notary."""
    others = {
        f"delete from ledger.{table}",
        f"truncate ledger.{table}",
        f"update ledger.{table} set lane = lane",
    }
    for allowed in MAY[table]:
        attempted(database.notary_dsn, allowed)
        for role in (database.app_dsn, database.eraser_dsn):
            with pytest.raises(InsufficientPrivilege):
                attempted(role, allowed)
    for forbidden in others:
        for role in (database.app_dsn, database.eraser_dsn, database.notary_dsn):
            with pytest.raises(InsufficientPrivilege):
                attempted(role, forbidden)
    attempted(database.app_dsn, f"select * from ledger.{table}")
