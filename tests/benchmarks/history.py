"""A long history to verify: recorded by the append, taken in and signed by the notary.

Nothing is written past them, so chains, log and checkpoints are those of a ledger; only the
judgement before an append is left out, and many commands share a call.
"""

import secrets
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from domain.ledger.batch import GENESIS, Attempt, Line, Link, SealedValue, VerdictKind, WrappedKey
from domain.ledger.connections import Connections
from domain.ledger.notary import Notary
from domain.ledger.recorder import Recorder
from domain.ledger.sealing import KEY_BYTES, KeyEncryptionKey, commitment, disclosure, place, seal
from domain.ledger.signing import Signer
from domain.proof import base64text
from domain.proof.canonical import canonical
from domain.proof.chain import leaf_hash
from domain.proof.keys import SigningKey
from domain.values import Instant, instant
from tests.benchmarks.place import Place, run_sql
from tests.benchmarks.processes import BenchmarkError

ORIGIN: Final = "ledger.benchmark/lane-0"
BEGAN: Final = datetime(2026, 11, 22, tzinfo=UTC)
EVENTS_EACH: Final = 4
"""Events of one ticket: opened, two messages with a text each, and a note on its queue."""
CHECKPOINT_EVERY: Final = 1_000
"""Events a second of a busy ledger: one checkpoint each."""
_BATCH: Final = 250
_TELL_EVERY: Final = 100_000


class OwnSigner:
    """A key of the benchmark's own."""

    def __init__(self) -> None:
        """Draw it."""
        self._key = SigningKey(ORIGIN, secrets.token_bytes(32))
        self.public = self._key.verifier.public

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self._key.sign(message.decode())


class History:
    """A database with so many events, their log and its checkpoints, and the keys to them."""

    def __init__(self, where: Place, events: int) -> None:
        """Write it, a checkpoint's worth at a time; so records name what was published before."""
        self.events = events // EVENTS_EACH * EVENTS_EACH
        self.key_encryption_key = secrets.token_bytes(KEY_BYTES)
        self.signer = OwnSigner()
        self._database = where.new_database("verify", migrated=True)
        attempts = _Tickets(self.events, KeyEncryptionKey(self.key_encryption_key))
        notary_dsn = where.server.dsn("ticketledger_notary", self._database.name)
        with (
            closing(Recorder.connect(self.dsn, readers_max=1)) as recorder,
            closing(Connections(notary_dsn, readers_max=1)) as connections,
        ):
            signers: list[Signer] = [self.signer]
            notary = Notary(connections, signers=lambda: signers, now=attempts.now)
            for _ in range(0, self.events, CHECKPOINT_EVERY):
                for _ in range(0, CHECKPOINT_EVERY, _BATCH):
                    _append(recorder, list(islice(attempts, _BATCH)))
                notary.integrate(0)
                signed = notary.sign(0)
                assert signed is not None, "every part of the history has a checkpoint"
                attempts.after = {"size": signed.size, "root": base64text.encode(signed.root)}
                if signed.size % _TELL_EVERY == 0:
                    words = f"{signed.size:,} of {self.events:,} events are recorded and signed"
                    print(words, file=sys.stderr)  # noqa: T201 - words go to stderr
        run_sql(self._database.superuser_dsn, "vacuum analyze")

    @property
    def dsn(self) -> str:
        """Return how the application connects."""
        return self._database.app_dsn


class _Tickets:
    """The commands of tickets whose events lie far apart, as they do in life."""

    def __init__(self, events: int, kek: KeyEncryptionKey) -> None:
        self.after: dict[str, Any] | None = None
        """The newest checkpoint, for the records that follow."""
        self._events = events
        self._kek = kek
        self._number = 0
        self._links: dict[str, Link] = {}
        self._keys: dict[str, bytes] = {}

    def now(self) -> Instant:
        """Return the time of the next event: one a millisecond."""
        return instant(BEGAN + timedelta(milliseconds=self._number))

    def __iter__(self) -> Iterator[Attempt]:
        return self

    def __next__(self) -> Attempt:
        if self._number == self._events:
            raise StopIteration
        ticket = self._number % (self._events // EVENTS_EACH)
        attempt = self._attempt(f"ticket:T0-261122-{ticket:07d}", f"b-{ticket}")
        self._number += 1
        return attempt

    def _attempt(self, stream: str, buyer: str) -> Attempt:
        link = self._links.pop(stream, None) or Link(stream, 0, GENESIS)
        version, at = link.version + 1, self.now()
        keys: list[WrappedKey] = []
        if version == 1:
            self._keys[stream], wrapped = self._kek.new_key()
            keys.append(WrappedKey(stream, f"buyer:{buyer}", wrapped))
        topic, sealed = "ticket.routed.v1", []
        data: dict[str, Any] = {"queue": "after-sales"}
        if version in {2, 3}:
            disclosed = disclosure("text", f"this is message {self._number} about my order")
            sd = commitment(disclosed)
            topic = "message.sent.v1"
            data = {"author": "buyer", "channel": "app", "text": {"sd": sd}}
            bound = place(ORIGIN, stream, version, "/data/text", sd)
            content = seal(self._keys[stream], disclosed, place=bound)
            sealed.append(SealedValue(stream, version, "/data/text", f"buyer:{buyer}", content))
        command = f"{self._number:032x}"
        record = {
            "actor": {"kind": "buyer", "ref": buyer},
            "at": at,
            "cause": {"command": command, "correlation": command},
            "data": data,
            "format": 1,
            "id": f"01a2-{command}",
            "ledger": ORIGIN,
            "prev": link.leaf_hash.hex(),
            "stream": stream,
            "topic": topic,
            "version": version,
        }
        state = canonical(record if self.after is None else record | {"after": self.after})
        if version < EVENTS_EACH:
            self._links[stream] = Link(stream, version, leaf_hash(state))
        else:
            del self._keys[stream]
        return Attempt(
            command=command,
            body_hmac=bytes(32),
            links=(link,),
            lines=(Line(stream, version, topic, datetime.fromisoformat(at), state),),
            keys=tuple(keys),
            disclosures=tuple(sealed),
        )


def _append(recorder: Recorder, batch: list[Attempt]) -> None:
    """Record a batch whole."""
    for verdict in recorder.append(0, batch):
        if verdict.kind is not VerdictKind.ACCEPTED:
            raise BenchmarkError(f"a history was not recorded: {verdict}")
