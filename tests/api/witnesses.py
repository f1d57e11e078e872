"""Logs without a ledger, and witnesses that listen, for the tests of witnessing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import uvicorn

from api.witness.cosigning import Witness
from api.witness.exchange import AddCheckpoint
from api.witness.service import witness_app
from api.witness.state import Memory, key_of
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.keys import SigningKey, VerifierKey
from domain.proof.merkle import CompactRange, consistency_proof
from tests.proof.trees import hashes_of

NAME = "witness.test/w1"
AT = 1_800_000_000


class TestLog:
    """A log of made-up leaves, which can be made to lie."""

    __test__ = False

    def __init__(self, origin: str = "log.test/lane-0", *, seed: bytes = b"\x01" * 32) -> None:
        """Begin without leaves."""
        self.key = SigningKey(origin, seed)
        self.leaves: list[bytes] = []

    def grow(self, leaves: int, *, salt: bytes = b"") -> None:
        """Add leaves, which another salt makes others."""
        for _ in range(leaves):
            self.leaves.append(len(self.leaves).to_bytes(16, "big") + salt.ljust(16, b"\0"))

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Return the checkpoint of a size."""
        size = len(self.leaves) if size is None else size
        tree = CompactRange()
        tree.extend(self.leaves[:size])
        return Checkpoint(self.key.verifier.name, size, tree.root())

    def request(self, old: int, size: int | None = None, *keys: SigningKey) -> AddCheckpoint:
        """Return an honest request."""
        checkpoint = self.checkpoint(size)
        proof = ()
        if 0 < old <= checkpoint.size:
            proof = consistency_proof(old, checkpoint.size, hashes_of(self.leaves))
        return AddCheckpoint(old, proof, sign_checkpoint(checkpoint, *(keys or (self.key,))))


@contextmanager
def remembering(
    directory: Path, *logs: VerifierKey, now: int = AT, name: str | None = NAME
) -> Iterator[Witness]:
    """Give a witness with its key and memory below a directory, made when they are not there."""
    key = key_of(directory / "key", name=name, state=directory / "state")
    with closing(Memory(directory / "state", key)) as memory:
        yield Witness(key, logs, memory, now=lambda: now)


class _Server(uvicorn.Server):
    """Says when it listens."""

    listens = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@contextmanager
def listening(witness: Witness) -> Iterator[str]:
    """Serve a witness on a port of this machine; give its address."""
    config = uvicorn.Config(witness_app(witness), host="127.0.0.1", port=0, log_level="warning")
    server = _Server(config)
    server.listens = threading.Event()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.listens.wait(20)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
