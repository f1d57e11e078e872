"""A ledger with a history to archive, and the tools of who tampers with an archive."""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from api.auditing import public_keys
from api.keys import FileKeys, introduce
from domain.ledger.application import TicketLedger
from domain.ledger.connections import Connections
from domain.ledger.notary import Notary
from domain.streams import order_stream
from domain.values import KeyPurpose
from replay.archive.layout import MANIFEST, part_of, range_path
from replay.archive.manifest import Manifest, read, written
from replay.archive.source import Source
from replay.archive.writing import Order, Progress, write
from tests.conftest import Database
from tests.ledger.matters import close, fresh_in, open_ticket, opened_ledger, place, say
from tests.replay.scenes import Clock

WIDTH = 256
"""Positions of a range: small, so that a short history has several."""
PARTS = 4
TICKETS = 12
MESSAGES = 40


@dataclass
class Ledger:
    """One ledger: its database, and its keys below a directory."""

    database: Database
    directory: Path
    clock: Clock

    @contextmanager
    def opened(self) -> Iterator[TicketLedger]:
        """Give the ledger, opened anew: it knows the newest checkpoints."""
        with opened_ledger(self.database.app_dsn, self.directory, now=self.clock) as ledger:
            yield ledger

    @property
    def log_keys(self) -> tuple[bytes, ...]:
        """The public keys of the log."""
        return public_keys(self.directory / "keys", KeyPurpose.LOG)

    def notarize(self) -> None:
        """Have the logs take in and sign what is new."""
        signer = FileKeys(self.directory / "keys").make(KeyPurpose.LOG, 1)
        with closing(Connections(self.database.notary_dsn, readers_max=1)) as connections:
            notary = Notary(connections, signers=lambda: (signer,), now=self.clock)
            for lane in range(self.database.lanes):
                notary.step(lane)

    def archive(
        self,
        directory: Path,
        *,
        moment: dict[int, int] | None = None,
        progress: Progress = lambda _done, _all: None,
        parts: int = PARTS,
    ) -> Manifest:
        """Write an archive, or add to one."""
        order = Order(
            directory=directory, moment=moment, log_keys=self.log_keys, parts=parts, width=WIDTH
        )
        with Source(self.database.app_dsn) as source:
            return write(source, order, progress)


def tell(ledger: Ledger) -> None:
    """Let a history happen in every lane that is longer than a range, with several checkpoints."""
    lanes = ledger.database.lanes
    with ledger.opened() as opened:
        introduce(opened, FileKeys(ledger.directory / "keys"), *KeyPurpose)
        orders = [_fresh_order(number, lanes) for number in range(TICKETS)]
        for order in orders:
            place(opened, order)
        tickets = [open_ticket(opened, order) for order in orders]
        _talk(opened, tickets)
        close(opened, tickets[0])
    ledger.notarize()
    with ledger.opened() as opened:
        # The second one of an order that lies in an earlier range.
        tickets.append(open_ticket(opened, orders[0]))
        _talk(opened, tickets[1:])
    ledger.notarize()


def _fresh_order(number: int, lanes: int) -> str:
    """Return an unused order, so that in every lane the parts are filled one after the other."""
    lane, part = number % lanes, number // lanes % PARTS
    candidates = iter(lambda: fresh_in(lane, lanes), "")
    return next(one for one in candidates if part_of(order_stream(one), PARTS) == part)


def _talk(opened: TicketLedger, tickets: list[str]) -> None:
    """Have everybody write at the same time."""
    with ThreadPoolExecutor(8) as everybody:
        for number in range(MESSAGES // 2):
            told = [
                everybody.submit(say, opened, ticket, f"message {number}") for ticket in tickets
            ]
            for one in told:
                one.result()


def files(directory: Path) -> dict[str, bytes]:
    """Return every file of an archive."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def first_file(directory: Path, *, lane: int = 0) -> Path:
    """Return the first file of records of a lane."""
    return next(iter(sorted((directory / f"lane-{lane}").rglob("part-*.parquet"))))


def flip(path: Path, at: int | None = None) -> None:
    """Change one byte of a file: the middle one unless told."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.write_bytes(content)


def forge(directory: Path, path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Write a file anew, changed, and a manifest that vouches for it.

    So does who has the archive and no key: every digest fits again. Records are counted as before,
    for a manifest whose records are not as many as its positions is refused at once.
    """
    content = pq.ParquetFile(path)
    schema = content.schema_arrow
    table = change(content.read()).cast(schema)
    pq.write_table(table, path, store_schema=False)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def vouch(name: Path, file: dict[str, Any]) -> None:
        if name == path:
            rows = table.num_rows if file["part"] is None else file["rows"]
            file.update(sha256=digest, size=path.stat().st_size, rows=rows)

    reseal(directory, vouch)


def reseal(directory: Path, change: Callable[[Path, dict[str, Any]], object]) -> None:
    """Have a function change the manifest's entries of files; its own digest fits again."""
    plain = json.loads((directory / MANIFEST).read_bytes())["archive"]
    whole = read(directory)
    for lane, entry in zip(whole.lanes, plain["lanes"], strict=True):
        for one, of_range in zip(lane.ranges, entry["ranges"], strict=True):
            for file in of_range["files"]:
                change(directory / range_path(lane.lane, one.extent) / file["name"], file)
    rewrite(directory, plain)


def rewrite(directory: Path, plain: dict[str, Any]) -> None:
    """Write a manifest from plain data, with its own digest."""
    (directory / MANIFEST).write_bytes(written(msgspec.convert(plain, Manifest)))
