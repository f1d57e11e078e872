"""The log as it is read: tiles, entries and proofs of any size, and what new records say of it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from domain.ledger import log as logs
from domain.ledger.application import TicketLedger
from domain.ledger.log import Log, Newest, NotIntegrated
from domain.ledger.notary import Notary
from domain.ledger.recorder import Recorder
from domain.proof import base64text
from domain.proof.chain import leaf_hash
from domain.proof.errors import NotInTree
from domain.proof.merkle import CompactRange, perfect_root, verify_consistency, verify_inclusion
from domain.proof.tiles import WIDTH, decode_bundle
from domain.record import Covered
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import open_ticket, opened_ledger, say
from tests.ledger.notaries import notary, write

EVENTS = 3 * WIDTH + 44


@pytest.fixture(scope="module")
def recorder(database: Database) -> Iterator[Recorder]:
    """The module's record, with three full tiles and a partial one."""
    opened = Recorder.connect(database.app_dsn)
    write(opened, EVENTS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def log(database: Database, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Its log."""
    with notary(database.notary_dsn, tmp_path_factory.mktemp("keys")) as one:
        one.step(0)
    return Log(recorder.connections)


@pytest.fixture(scope="module")
def states(recorder: Recorder, log: Log) -> list[bytes]:
    """The bytes of its events."""
    return [row.state for row in recorder.read(0, 0, EVENTS)]


def root_of(states: list[bytes]) -> bytes:
    """Return the root over some events."""
    tree = CompactRange()
    tree.extend(map(leaf_hash, states))
    return tree.root()


@pytest.mark.parametrize("index", range(4))
def test_a_tile_is_the_leaf_hashes_of_its_positions(
    log: Log, states: list[bytes], index: int
) -> None:
    """Full tiles are stored, the partial one is the edge: nobody can tell which is which."""
    leaves = [leaf_hash(state) for state in states[index * WIDTH : (index + 1) * WIDTH]]
    for width in {1, 43, len(leaves)}:
        assert log.tile(0, 0, index, width) == b"".join(leaves[:width])


def test_a_tile_of_a_higher_level_is_the_roots_of_those_below(log: Log) -> None:
    """Three full tiles: a tile of level 1, three wide."""
    below = [perfect_root(log.tile(0, 0, index)) for index in range(3)]
    assert log.tile(0, 1, 0, 3) == b"".join(below)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(0, 3, 45), (0, 3, 256), (0, 4, 1), (1, 0, 4), (2, 0, 1)]
)
def test_a_tile_beyond_the_log_is_not_there(log: Log, level: int, index: int, width: int) -> None:
    """Neither a wider partial tile than there are positions, nor one of another level."""
    with pytest.raises(NotInTree):
        log.tile(0, level, index, width)


@pytest.mark.parametrize(("index", "width"), [(0, 256), (2, 7), (3, 44), (3, 1)])
def test_entries_are_the_bytes_on_record(
    log: Log, states: list[bytes], index: int, width: int
) -> None:
    """An auditor hashes them and gets the tile."""
    bundle = decode_bundle(log.entries(0, index, width), width)
    assert list(bundle) == states[index * WIDTH : index * WIDTH + width]
    assert b"".join(map(leaf_hash, bundle)) == log.tile(0, 0, index, width)


def test_entries_beyond_the_log_are_not_given(log: Log) -> None:
    """Also not when they are on record already: nothing proves them yet."""
    with pytest.raises(NotInTree):
        log.entries(0, 3, 45)


@pytest.mark.parametrize("size", [1, 2, 256, 257, 512, 700, EVENTS])
def test_every_position_is_proved_in_every_size(log: Log, states: list[bytes], size: int) -> None:
    """The proofs of a size that was never signed lead to its root as well."""
    root = root_of(states[:size])
    for position in {1, 2, size // 2 + 1, size}:
        if position <= size:
            verify_inclusion(
                index=position - 1,
                size=size,
                leaf=leaf_hash(states[position - 1]),
                proof=log.inclusion(0, position, size),
                root=root,
            )


@pytest.mark.parametrize("old", [1, 255, 256, 300, 768, EVENTS])
def test_every_size_is_shown_to_begin_the_log(log: Log, states: list[bytes], old: int) -> None:
    """What a witness asks for."""
    verify_consistency(
        old=old,
        new=EVENTS,
        old_root=root_of(states[:old]),
        new_root=root_of(states),
        proof=log.consistency(0, old, EVENTS),
    )


def test_proofs_of_what_is_not_there_are_refused(log: Log) -> None:
    """Not yet is told from never."""
    with pytest.raises(NotIntegrated):
        log.inclusion(0, EVENTS + 1, EVENTS + 1)
    with pytest.raises(NotIntegrated):
        log.consistency(0, 1, EVENTS + 1)
    for position in (0, -1, 11):
        with pytest.raises(NotInTree):
            log.inclusion(0, position, 10)
    with pytest.raises(NotInTree):
        log.consistency(0, 0, 10)
    with pytest.raises(NotInTree):
        log.consistency(0, 11, 10)


def test_a_lane_that_is_not_there_has_no_log(log: Log) -> None:
    """Told as such, not as an empty one."""
    with pytest.raises(LookupError):
        log.size(7)
    with pytest.raises(LookupError):
        log.edge(7)
    assert log.checkpoint(7) is None


def test_checkpoints_are_found_by_size_by_position_and_in_order(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Anchors page through them, a bundle asks for the one that covers its ticket."""
    own = make_database(1)
    recorder = Recorder.connect(own.app_dsn)
    log = Log(recorder.connections)
    with notary(own.notary_dsn, tmp_path) as one:
        for events in (2, 3, 4):
            write(recorder, events)
            one.step(0)
    assert [each.size for each in log.checkpoints(0)] == [2, 5, 9]
    assert [each.size for each in log.checkpoints(0, after=2, limit=1)] == [5]
    covering = [log.covering(0, position) for position in (1, 2, 3, 9)]
    assert [each.size for each in covering if each] == [2, 2, 5, 9]
    assert log.covering(0, 10) is None
    assert log.checkpoint_at(0, 4) is None
    assert log.checkpoint_at(0, 5) == log.checkpoints(0)[1]
    assert log.checkpoint(0) == log.checkpoints(0)[2]
    assert log.anchors(0, 5) == []
    recorder.close()


# --- what new records say of it ---------------------------------------------------------------


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[Notary]:
    """A notary of the module's database."""
    with notary(database.notary_dsn, tmp_path) as opened:
        yield opened


def last_after(ledger: TicketLedger, stream: str, version: int) -> Covered | None:
    """Return what a record says of the newest checkpoint."""
    (record,) = ledger.stream(stream, version - 1)
    return record.envelope.after


def test_a_record_names_the_newest_checkpoint_its_writer_knew(
    make_ledger: MakeLedger, log: Log
) -> None:
    """So it can not be older than that: the lower side of its time bracket."""
    signed = log.checkpoint(0)
    assert signed is not None
    ledger = make_ledger()
    outcome = say(ledger, open_ticket(ledger))
    after = last_after(ledger, outcome.stream, outcome.version)
    assert after is not None
    assert (after.size, after.root) == (signed.size, base64text.encode(signed.root))


def test_before_the_first_checkpoint_a_record_names_none(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """The member is absent, neither null nor a tree of size 0."""
    with opened_ledger(make_database(1).app_dsn, tmp_path) as ledger:
        open_ticket(ledger)
        for record in ledger.records(0, 0, 100):
            assert record.envelope.after is None
        (first,) = ledger.record.read(0, 0, 1)
        assert b'"after"' not in first.state


def test_a_writer_hears_of_newer_checkpoints_while_it_writes(
    make_ledger: MakeLedger, one: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds, by a thread of its own."""
    monkeypatch.setattr(logs, "REFRESH_S", 0.01)
    ledger = make_ledger()
    ticket = open_ticket(ledger)
    one.step(0)
    signed = one.log.checkpoint(0)
    assert signed is not None
    ticks = threading.Event()
    for _ in range(400):
        outcome = say(ledger, ticket)
        after = last_after(ledger, outcome.stream, outcome.version)
        if after is not None and after.size == signed.size:
            break
        ticks.wait(0.02)
    else:
        raise AssertionError("the writer never heard of it")


def test_a_writer_never_waits_for_the_checkpoint(
    database: Database, make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever holds the table of checkpoints: the append goes on with what is known."""
    monkeypatch.setattr(logs, "REFRESH_S", 0.0)
    ledger = make_ledger()
    ticket = open_ticket(ledger)
    connection = psycopg2.connect(database.superuser_dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("lock table ledger.checkpoint in access exclusive mode")
            for _ in range(5):
                outcome = say(ledger, ticket)
            assert last_after(ledger, outcome.stream, outcome.version) is not None
    finally:
        connection.rollback()
        connection.close()


def test_nobody_who_asks_for_the_newest_checkpoint_is_told_of_a_broken_database(
    recorder: Recorder, log: Log
) -> None:
    """What is known stays known."""
    gone = Recorder.connect(recorder.connections.dsn)
    newest = Newest(Log(gone.connections), 1)
    known = newest.covered(0)
    assert known is not None
    gone.close()
    newest._ask()
    newest.close()
    assert newest.covered(0) == known
