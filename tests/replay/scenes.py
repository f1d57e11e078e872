"""A ledger with a history, copied for every test that breaks it; and the tools of who breaks it.

The breaking is done as the superuser, with the walls switched off.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2

from api.auditing import public_keys
from api.keys import FileKeys, introduce
from domain.ledger.application import TicketLedger
from domain.ledger.connections import Connections
from domain.ledger.migrations import Names
from domain.ledger.notary import Notary
from domain.ledger.signing import Signer, sign_text
from domain.ledger.vault import FileVault
from domain.proof import base64text
from domain.proof.chain import GENESIS, leaf_hash
from domain.proof.checkpoint import Checkpoint
from domain.proof.merkle import CompactRange
from domain.proof.receipt import Receipt, key_name
from domain.values import Instant, KeyPurpose, later, moment_of
from replay.verify.auditing import Scope, audit
from replay.verify.outside import Copies, read_copies
from replay.verify.reading import Audited
from replay.verify.report import Report
from replay.verify.stamps import Outsiders
from tests.conftest import ORIGIN, Database
from tests.ledger.matters import close, open_ticket, opened_ledger, place, query, say

LANE = f"{ORIGIN}/lane-0"
BEGIN = Instant("2026-11-22T03:00:00.000000Z")
Mutate = Callable[[dict[str, Any]], dict[str, Any] | None]


class Clock:
    """The time of a scene: it goes on by a millisecond whenever somebody looks."""

    def __init__(self, at: Instant = BEGIN) -> None:
        """Begin at an instant."""
        self.at = at

    def __call__(self) -> Instant:
        """Return the time it is."""
        self.at = later(self.at, timedelta(milliseconds=1))
        return self.at

    def pass_by(self, within: timedelta) -> None:
        """Let time pass."""
        self.at = later(self.at, within)


@dataclass
class Scene:
    """One ledger that may be broken: its database, and its keys and vault below a directory."""

    database: Database
    directory: Path
    clock: Clock

    # --- what honest people do ----------------------------------------------------------------

    @contextmanager
    def ledger(self) -> Iterator[TicketLedger]:
        """Give the ledger, opened anew: it knows the newest checkpoint."""
        with opened_ledger(self.database.app_dsn, self.directory, now=self.clock) as opened:
            yield opened

    def notarize(self, *signers: Signer) -> None:
        """Have the log take in and sign what is new, by this ledger's own key unless told."""
        own = signers or (FileKeys(self.directory / "keys").make(KeyPurpose.LOG, 1),)
        with closing(Connections(self.database.notary_dsn, readers_max=1)) as connections:
            Notary(connections, signers=lambda: own, now=self.clock).step(0)

    def take_copy(self, name: str) -> Path:
        """Return a file with the newest checkpoint, as somebody outside keeps it."""
        ((note,),) = self.query("select note from ledger.checkpoint order by size desc limit 1")
        path = self.directory / name
        path.write_bytes(bytes(note))
        return path

    def take_receipt(self, stream: str, version: int) -> Path:
        """Return a file with the receipt of an event, as its sender keeps it."""
        leaf, at = self.query(
            "select leaf_hash, convert_from(state, 'UTF8')::json ->> 'at' from ledger.event"
            " where stream = %s and version = %s",
            stream,
            version,
        )[0]
        body = Receipt(stream, version, bytes(leaf), at).body
        signer = FileKeys(self.directory / "keys").make(KeyPurpose.RECEIPT, 1)
        path = self.directory / f"{version}.receipt"
        path.write_text(str(sign_text(body, key_name(LANE), [signer])))
        return path

    # --- the auditor --------------------------------------------------------------------------

    def audit(
        self,
        *copies: Path,
        workers: int = 1,
        since: int = 0,
        outsiders: Outsiders = Outsiders(),  # noqa: B008
    ) -> Report:
        """Return what an audit comes to, against copies where there are some."""
        keys = self.directory / "keys"
        log_keys = public_keys(keys, KeyPurpose.LOG)
        audited = Audited(
            dsn=self.database.app_dsn,
            names=Names(),
            origins=(LANE,),
            log_keys=log_keys,
            key_encryption_key=(keys / "personal.kek").read_bytes(),
        )
        outside = Copies({}, {})
        if copies:
            receipt_keys = public_keys(keys, KeyPurpose.RECEIPT)
            outside = read_copies(copies, (LANE,), log_keys, receipt_keys)
        vault = FileVault(self.directory / "vault")
        scope = Scope(
            workers=workers, since=since, vault=vault, copies=outside, outsiders=outsiders
        )
        return audit(audited, scope, now=moment_of(self.clock.at))

    def found(self, *copies: Path) -> set[str]:
        """Return the codes of what an audit finds."""
        return {finding.code for finding in self.audit(*copies).findings}

    # --- who breaks it ------------------------------------------------------------------------

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a statement of the superuser reads."""
        return query(self.database.superuser_dsn, statement, *values)

    def break_in(self, *statements: str | tuple[str, Sequence[object]]) -> None:
        """Run statements as the superuser in one transaction, without constraints or triggers."""
        connection = psycopg2.connect(self.database.superuser_dsn)
        try:
            with connection, connection.cursor() as db:
                db.execute("set session_replication_role = replica")
                for one in statements:
                    text, values = (one, None) if isinstance(one, str) else one
                    db.execute(text, values)
                    assert db.rowcount != 0, f"the attack must do something: {text}"
        finally:
            connection.close()

    def positions(self, stream: str) -> list[int]:
        """Return where the events of a stream stand in the lane."""
        rows = self.query(
            "select position from ledger.event where stream = %s order by version", stream
        )
        return [position for (position,) in rows]

    def record(self, position: int) -> dict[str, Any]:
        """Return the record at a position."""
        ((state,),) = self.query("select state from ledger.event where position = %s", position)
        told: dict[str, Any] = json.loads(bytes(state))
        return told

    def change(self, position: int, mutate: Mutate) -> None:
        """Write an event anew where it stands; the server computes its leaf hash again."""
        changed = mutate(self.record(position))
        assert changed is not None, "one event is changed, not left out"
        statement = (
            "update ledger.event set state = %s, recorded_at = %s, stream = %s, version = %s"
            " where position = %s"
        )
        row = (canon(changed), changed["at"], changed["stream"], changed["version"], position)
        self.break_in((statement, row))

    def rewrite(self, mutate: Mutate, *signers: Signer) -> None:
        """Write the whole history anew, consistent in itself, and have it signed.

        An event for which `mutate` returns None is left out. Links, positions, tiles, roots and
        the checkpoints that records name are all made again; personal values are left as they are.
        """
        rows = self.query("select state, command, body_hmac from ledger.event order by position")
        checkpoints = self.query("select size, published_at from ledger.checkpoint order by size")
        heads: dict[str, tuple[int, str]] = {}
        tree, signed, roots, kept = CompactRange(), [], {}, []
        pending = iter(checkpoints)
        size, published_at = next(pending, (0, None))
        own = signers or (FileKeys(self.directory / "keys").make(KeyPurpose.LOG, 1),)
        for old_position, (state, command, hmac) in enumerate(rows, 1):
            record = mutate(json.loads(bytes(state)))
            if record is not None:
                version, prev = heads.get(record["stream"], (0, GENESIS.hex()))
                record |= {"version": version + 1, "prev": prev}
                if "after" in record:
                    record["after"] = roots[record["after"]["size"]]
                content = canon(record)
                leaf = leaf_hash(content)
                heads[record["stream"]] = (version + 1, leaf.hex())
                tree.append(leaf)
                kept.append((tree.size, record, content, command, hmac))
            if old_position == size:
                root = tree.root()
                roots[size] = {"size": tree.size, "root": base64text.encode(root)}
                body = Checkpoint(LANE, tree.size, root).body
                note = str(sign_text(body, LANE, own)).encode()
                signed.append((tree.size, root, note, published_at))
                size, published_at = next(pending, (0, None))
        self.break_in(
            "delete from ledger.event",
            "delete from ledger.checkpoint",
            "delete from ledger.tile",
            "update ledger.tree set size = 0, edge = ''",
            ("update ledger.lane_head set position = %s", [tree.size]),
            *(
                (
                    "insert into ledger.event(lane, position, stream, version, topic, command,"
                    " body_hmac, recorded_at, state) values (0, %s, %s, %s, %s, %s, %s, %s, %s)",
                    (
                        position,
                        record["stream"],
                        record["version"],
                        record["topic"],
                        command,
                        hmac,
                        record["at"],
                        content,
                    ),
                )
                for position, record, content, command, hmac in kept
            ),
        )
        with closing(Connections(self.database.notary_dsn, readers_max=1)) as connections:
            Notary(connections, signers=lambda: own, now=self.clock).integrate(0)
        self.break_in(
            *(
                (
                    "insert into ledger.checkpoint(lane, size, root, note, published_at)"
                    " values (0, %s, %s, %s, %s)",
                    one,
                )
                for one in signed
            )
        )


def ticket_of(scene: Scene) -> str:
    """Return the ticket of the first order."""
    rows = scene.query("select stream from ledger.reservation where name like '%%order-a%%'")
    return str(rows[0][0]).removeprefix("ticket:")


def canon(record: dict[str, Any]) -> bytes:
    """Return canonical bytes, as anybody can make them."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def tell(scene: Scene) -> tuple[str, str]:
    """Let a history happen that is longer than a tile; return the tickets that live and ended."""
    with scene.ledger() as ledger:
        introduce(ledger, FileKeys(scene.directory / "keys"), *KeyPurpose)
        living = open_ticket(ledger, place(ledger, "order-a"))
        ended = open_ticket(ledger, place(ledger, "order-b"))
        for number in range(130):
            say(ledger, living, f"this is message {number}")
        say(ledger, ended, "it works again")
        close(ledger, ended)
    scene.notarize()
    with scene.ledger() as ledger:
        other = open_ticket(ledger, place(ledger, "order-c"))
        for number in range(130):
            say(ledger, other, f"and this is message {number}")
        say(ledger, living, "hello again")
    scene.notarize()
    with scene.ledger() as ledger:
        say(ledger, living, "and once more")
        say(ledger, living, "and a last time")
    scene.notarize()
    return living, ended


def copy_directory(source: Path, to: Path) -> Path:
    """Return a copy of keys and vault."""
    shutil.copytree(source, to)
    return to
