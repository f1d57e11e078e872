"""A process of many writers, for tests of what a reader sees meanwhile."""

from concurrent.futures import ThreadPoolExecutor

from domain.ledger.batch import Attempt, Link, VerdictKind
from domain.ledger.connections import Connections
from domain.ledger.recorder import Recorder
from tests.ledger.attempts import attempt, heads_after, new


def write(dsn: str, lanes: int, process: int, threads: int, rounds: int) -> int:
    """Append from many sessions at once and return how many events were acknowledged."""
    with ThreadPoolExecutor(threads) as pool:
        return sum(
            pool.map(
                lambda thread: _one_writer(dsn, lanes, f"{process}-{thread}", rounds),
                range(threads),
            )
        )


def _one_writer(dsn: str, lanes: int, name: str, rounds: int) -> int:
    """Write to a stream of one's own and to one that everybody wants, in turn over the lanes."""
    recorder = Recorder(Connections(dsn, readers_max=1))
    mine = [new(f"ticket:{name}") for _ in range(lanes)]
    acknowledged = 0
    for number in range(rounds):
        lane = number % lanes
        shared = recorder.heads(lane, ["order:shared"])["order:shared"]
        batch = [
            _named(attempt(mine[lane], events=1 + number % 3), f"{name}:{number}:own"),
            _named(attempt(shared), f"{name}:{number}:shared"),
        ]
        own, contended = recorder.append(lane, batch)
        assert own.kind is VerdictKind.ACCEPTED
        assert contended.kind in {VerdictKind.ACCEPTED, VerdictKind.CONFLICT}
        mine[lane] = _head(batch[0])
        acknowledged += len(batch[0].lines) + (contended.kind is VerdictKind.ACCEPTED)
    recorder.close()
    return acknowledged


def _named(one: Attempt, command: str) -> Attempt:
    return Attempt(command, one.body_hmac, one.links, one.lines)


def _head(one: Attempt) -> Link:
    return heads_after(one)[one.links[0].stream]
