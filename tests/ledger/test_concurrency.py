"""Many processes write at once: positions have no gaps and come in the order of commits."""

import multiprocessing
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor

from domain.ledger.recorder import Recorder
from tests.conftest import Database
from tests.ledger.attempts import leaf_hash
from tests.ledger.writers import write

LANES = (1, 4)
PROCESSES, THREADS, ROUNDS = 4, 16, 6


def test_a_reader_never_misses_an_event(database: Database, lanes: int) -> None:
    """A position seen means that every smaller one can be seen: no reader skips what comes late."""
    recorder = Recorder.connect(database.app_dsn)
    seen = [0] * lanes
    versions: Counter[tuple[int, str]] = Counter()
    hashes: dict[tuple[int, str], bytes] = {}

    def read_on() -> None:
        for lane in range(lanes):
            for row in recorder.read(lane, seen[lane], 1000):
                assert row.position == seen[lane] + 1
                seen[lane] = row.position
                versions[lane, row.stream] += 1
                assert row.version == versions[lane, row.stream]
                assert row.leaf_hash == leaf_hash(row.state)
                hashes[lane, row.stream] = row.leaf_hash

    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        writing: list[Future[int]] = [
            pool.submit(write, database.app_dsn, lanes, process, THREADS, ROUNDS)
            for process in range(PROCESSES)
        ]
        while not all(one.done() for one in writing):
            read_on()
        acknowledged = sum(one.result() for one in writing)
    read_on()
    assert sum(seen) == acknowledged
    assert seen == [recorder.position(lane) for lane in range(lanes)]
    assert sum(versions.values()) == acknowledged
    for lane in range(lanes):
        streams = [stream for of, stream in hashes if of == lane]
        for stream, head in recorder.heads(lane, streams).items():
            assert head.leaf_hash == hashes[lane, stream]
    recorder.close()
