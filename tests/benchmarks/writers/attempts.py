"""The commands the writers of our own append: chained, keyed, of the common length."""

import hashlib
from datetime import UTC, datetime
from uuid import uuid4

from domain.ledger.batch import GENESIS, Attempt, Line, Link
from tests.benchmarks.measuring import payload, places


class Attempts:
    """One writer's commands, each the successor of the one before."""

    def __init__(self, writer: int) -> None:
        """Begin with a stream of this writer's own."""
        self._places = places(writer)
        self._leaf_hash = GENESIS

    def next(self) -> Attempt:
        """Return the next command, judged on the head that the one before left."""
        stream, version = next(self._places)
        state = payload(stream, version)
        before = self._leaf_hash if version > 1 else GENESIS
        self._leaf_hash = hashlib.sha256(b"\x00" + state).digest()
        return Attempt(
            command=str(uuid4()),
            body_hmac=self._leaf_hash,
            links=(Link(stream, version - 1, before),),
            lines=(Line(stream, version, "message.posted.v1", datetime.now(UTC), state),),
        )
