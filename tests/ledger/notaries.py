"""A notary joined by hand with keys of its own, and a process of one that is killed on its way."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from api.ids import wall_clock
from api.keys import FileKeys
from domain.ledger.connections import Connections
from domain.ledger.notary import Notary, Step
from domain.ledger.recorder import Recorder
from domain.ledger.signing import Signer
from domain.proof.keys import KeyType, VerifierKey
from domain.values import KeyPurpose
from tests.ledger.attempts import attempt, new
from tests.ledger.matters import fresh


@contextmanager
def notary(
    dsn: str,
    directory: Path,
    *,
    signers: Callable[[], Sequence[Signer]] | None = None,
    passed: Callable[[Step], None] = lambda _step: None,
) -> Iterator[Notary]:
    """Give a notary that signs with the first log key of a directory."""
    store = FileKeys(directory)

    def own() -> Sequence[Signer]:
        return [store.make(KeyPurpose.LOG, 1)]

    with closing(Connections(dsn, readers_max=2)) as connections:
        yield Notary(connections, signers=signers or own, now=wall_clock, passed=passed)


def log_key(directory: Path, origin: str) -> VerifierKey:
    """Return the public half of that key under a lane's origin."""
    return VerifierKey(origin, KeyType.NOTE, FileKeys(directory).make(KeyPurpose.LOG, 1).public)


def write(recorder: Recorder, events: int, *, lane: int = 0) -> None:
    """Append events to a lane, each batch on a stream of its own."""
    while events > 0:
        some = min(events, 500)
        recorder.append(lane, [attempt(new(fresh("ticket:notary")), events=some)])
        events -= some


def main(dsn: str, directory: str, die_at: str) -> None:
    """Do one step of a notary that is killed when it reaches a boundary."""

    def passed(step: Step) -> None:
        if step.name == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with notary(dsn, Path(directory), passed=passed) as one:
        one.step(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
