"""The rows about verification: all findings against reading the same rows, and a longer history."""

import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Final

import psycopg2

from domain.ledger.connections import Connections
from domain.ledger.migrations import Names
from domain.ledger.notary import Notary
from domain.ledger.recorder import Recorder
from domain.ledger.sealing import KEY_BYTES, KeyEncryptionKey, commitment, disclosure, place, seal
from domain.ledger.signing import Signer
from domain.proof.canonical import canonical
from domain.proof.chain import GENESIS, leaf_hash
from domain.proof.keys import SigningKey
from domain.values import instant
from replay.verify.auditing import Scope, audit
from replay.verify.reading import Audited
from tests.benchmarks.arithmetic import Row, Skipped, Target, turns
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Database, Place, run_sql

EVENTS_EACH: Final = 4
"""Events of one ticket: opened, two messages with a text each, and a note on its queue."""
PAGE: Final = 4_096
CHECKPOINT_EVERY: Final = 1_000
"""Events a second of a busy ledger: one checkpoint each."""
_ORIGIN: Final = "ledger.benchmark/lane-0"
_START: Final = datetime(2026, 11, 22, tzinfo=UTC)


class OwnSigner:
    """A key of the benchmark's own."""

    def __init__(self) -> None:
        """Draw it."""
        self._key = SigningKey(_ORIGIN, secrets.token_bytes(32))
        self.public = self._key.verifier.public

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self._key.sign(message.decode())


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the rate of an audit against that of reading, and of a long history's audit."""
    many = effort.queue_tickets
    few = many // 10
    small, large = (_History(place, events) for events in (few, many))
    small.check()
    for history in (small, large):
        samples = _in_turns({"read": history.read, "audit": history.audit}, effort.rounds)
        yield Row(
            name=f"verification of {history.events:,} events, one process",
            what="an audit, all findings",
            reference="reading the same rows",
            unit="/s",
            samples=samples["audit"],
            reference_samples=samples["read"],
            target=Target(0.5, 1.0),
            note="events with their texts and keys, as the application reads them",
        )
    samples = _in_turns({"small": small.audit, "large": large.audit}, effort.rounds)
    yield Row(
        name=f"verification of {many:,} events against {few:,}",
        what="the long history",
        reference="the short one",
        unit="/s",
        samples=samples["large"],
        reference_samples=samples["small"],
        target=Target(0.9, 1.0),
        note="1 is linear: as many events a second",
    )


def _in_turns(
    contestants: dict[str, Callable[[], float]], rounds: int
) -> dict[str, tuple[float, ...]]:
    """Return rates by round; a first round only warms up."""
    names = list(contestants)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for number, turn in enumerate([names, *turns(names, rounds)]):
        for name in turn:
            rate = contestants[name]()
            if number:
                samples[name].append(rate)
    return {name: tuple(rates) for name, rates in samples.items()}


class _History:
    """A ledger with so many events, its log and its checkpoints."""

    def __init__(self, place: Place, events: int) -> None:
        self.events = events // EVENTS_EACH * EVENTS_EACH
        self._kek = secrets.token_bytes(KEY_BYTES)
        self._signer = OwnSigner()
        database = place.new_database("verify", migrated=True)
        self._dsn = database.app_dsn
        _fill(database, self.events, KeyEncryptionKey(self._kek))
        notary_dsn = place.server.dsn("ticketledger_notary", database.name)
        _sign(notary_dsn, self._signer, self.events, database)
        run_sql(database.superuser_dsn, "vacuum analyze")

    def check(self) -> None:
        """See that the history is whole: a broken one would be measured as something else."""
        report = self._report()
        assert report.findings == (), report.findings[0]
        assert report.events == self.events

    def audit(self) -> float:
        """Return the rate of one audit."""
        began = perf_counter()
        self._report()
        return self.events / (perf_counter() - began)

    def read(self) -> float:
        """Return the rate of reading the same rows by the application's way."""
        began = perf_counter()
        after = 0
        with closing(Recorder.connect(self._dsn, readers_max=1)) as recorder:
            while rows := recorder.read(0, after, PAGE):
                after = rows[-1].position
            recorder.connections.read(_read_beside)
        return self.events / (perf_counter() - began)

    def _report(self) -> Any:
        audited = Audited(
            dsn=self._dsn,
            names=Names(),
            origins=(_ORIGIN,),
            log_keys=(self._signer.public,),
            key_encryption_key=self._kek,
        )
        return audit(audited, Scope(), now=_START + timedelta(days=1))


def _read_beside(cursor: Any) -> None:
    """Read the sealed texts, page by page, as rows."""
    last = ("", 0)
    while True:
        cursor.execute(
            "select d.stream, d.version, d.pointer, d.subject, d.sealed, k.wrapped"
            " from personal.disclosure d join personal.subject_key k using (lane, stream, subject)"
            " where lane = 0 and (d.stream, d.version) > (%s, %s)"
            " order by d.stream, d.version limit %s",
            (*last, PAGE),
        )
        rows = cursor.fetchall()
        if not rows:
            return
        last = (rows[-1][0], rows[-1][1])


def _fill(database: Database, events: int, kek: KeyEncryptionKey) -> None:
    """Write a history as the ledger would have, by way of COPY."""
    rows, texts, keys = io.StringIO(), io.StringIO(), io.StringIO()
    heads: dict[str, tuple[int, bytes]] = {}
    data_keys: dict[str, bytes] = {}
    tickets = events // EVENTS_EACH
    for number in range(events):
        ticket = number % tickets  # the events of a ticket lie far apart, as they do in life
        stream = f"ticket:T0-261122-{ticket:07d}"
        version, prev = heads.get(stream, (0, GENESIS))
        version += 1
        at = instant(_START + timedelta(milliseconds=number))
        if stream not in data_keys:
            data_keys[stream], wrapped = kek.new_key()
            keys.write(f"0\t{stream}\tbuyer:b-{ticket}\t\\\\x{wrapped.hex()}\n")
        data: dict[str, Any] = {"queue": "after-sales"}
        topic = "ticket.routed.v1"
        if version in {2, 3}:
            topic, data = "message.sent.v1", {"author": "buyer", "channel": "app"}
            disclosed = disclosure("text", f"this is message {number} about my order")
            data["text"] = {"sd": commitment(disclosed)}
            bound = place(_ORIGIN, stream, version, "/data/text", data["text"]["sd"])
            sealed = seal(data_keys[stream], disclosed, place=bound)
            where = f"0\t{stream}\t{version}\t/data/text\tbuyer:b-{ticket}"
            texts.write(f"{where}\t\\\\x{sealed.hex()}\n")
        command = f"{number:032x}"
        state = canonical(
            {
                "actor": {"kind": "buyer", "ref": f"b-{ticket}"},
                "at": at,
                "cause": {"command": command, "correlation": command},
                "data": data,
                "format": 1,
                "id": f"01a2-{number:032x}",
                "ledger": _ORIGIN,
                "prev": prev.hex(),
                "stream": stream,
                "topic": topic,
                "version": version,
            }
        )
        heads[stream] = (version, leaf_hash(state))
        columns = f"0\t{number + 1}\t{stream}\t{version}\t{topic}\t{command}\t\\\\x00\t{at}"
        rows.write(f"{columns}\t\\\\x{state.hex()}\n")
    connection = psycopg2.connect(database.superuser_dsn)
    try:
        with connection, connection.cursor() as cursor:
            for content, table in (
                (
                    rows,
                    "ledger.event(lane, position, stream, version, topic, command, body_hmac,"
                    " recorded_at, state)",
                ),
                (keys, "personal.subject_key(lane, stream, subject, wrapped)"),
                (texts, "personal.disclosure(lane, stream, version, pointer, subject, sealed)"),
            ):
                content.seek(0)
                cursor.copy_expert(f"copy {table} from stdin", content)
    finally:
        connection.close()


def _sign(dsn: str, signer: Signer, events: int, database: Database) -> None:
    """Have the log take everything in, and sign it as often as a notary would have."""
    with closing(Connections(dsn, readers_max=1)) as connections:
        for size in range(CHECKPOINT_EVERY, events + CHECKPOINT_EVERY, CHECKPOINT_EVERY):
            upto = min(size, events)
            run_sql(database.superuser_dsn, f"update ledger.lane_head set position = {upto}")
            moment = instant(_START + timedelta(milliseconds=upto))
            own = [signer]
            Notary(connections, signers=lambda own=own: own, now=lambda at=moment: at).step(0)
