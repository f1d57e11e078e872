"""A ledger to import into, and a small source of each test's own."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest

from api.ids import draw_ticket, new_id, wall_clock
from api.imports.engine import Totals, import_history
from api.imports.mapping import Mapping, parse_mapping
from api.imports.rejects import Rejects
from domain.ledger.application import Grounds, TicketLedger
from domain.ledger.sealing import KEY_BYTES, KeyEncryptionKey
from domain.ledger.vault import FileVault
from domain.record import Record
from tests.conftest import Database

SMALL = """
title = "A small help desk"
source = "SOURCE"

[row]
case = "case"
seq = "seq"
time = "time"
by = "worker"
nulls = ["", "?"]

[ticket]
buyer = "caller"
queue = "desk"
transfers = "moves"
[ticket.breach]
column = "in_time"
value = "no"
promise = "answer"

[state]
column = "state"
[state.values]
new = { stage = "intake", awaiting = "agent" }
waiting = { stage = "intake", awaiting = "buyer" }
solved = { stage = "remedy", awaiting = "nobody", resolved = true }
closed = { stage = "closed", awaiting = "nobody" }

[[outcome]]
columns = ["solved_at", "solution"]
states = ["solved", "closed"]
at = "solved_at"

[columns]
clear = ["topic", "in_time"]
personal = ["address"]
dropped = ["noise"]

[intake]
statement = "About {topic}"
"""
COLUMNS = (
    "case,seq,time,worker,caller,desk,moves,in_time,state,solved_at,solution,topic,address,noise"
)


@dataclass
class Desk:
    """A source of its own, and the rows its file has."""

    mapping: Mapping
    path: Path
    rejects_dir: Path
    ledger: TicketLedger = field(repr=False)

    def write(self, *rows: str) -> Path:
        """Write the file anew with these rows."""
        self.path.write_text("\n".join((COLUMNS, *rows)) + "\n", encoding="utf-8")
        return self.path

    def bring(self, *rows: str, **options: object) -> Totals:
        """Write the rows and import them."""
        if rows:
            self.write(*rows)
        with Rejects(self.path, directory=self.rejects_dir, fallback=self.rejects_dir) as rejects:
            return import_history(self.path, self.mapping, self.ledger, rejects, **options)  # type: ignore[arg-type]

    def records(self) -> list[Record]:
        """Everything on record of this source, in the order of the lanes' positions."""
        return [
            record
            for record in all_records(self.ledger)
            if record.stream.split("-")[1:2] == [self.mapping.source]
        ]


def all_records(ledger: TicketLedger) -> Iterator[Record]:
    """Every record of a ledger, lane by lane."""
    for lane in range(ledger.lanes):
        after = 0
        while page := ledger.records(lane, after, 5_000):
            yield from page
            after = page[-1].position


def row(
    case: str = "c1",
    seq: int | str = 1,
    time: str = "2026-01-05T10:00:00Z",
    *,
    state: str = "new",
    worker: str = "w1",
    caller: str = "b1",
    desk: str = "front",
    moves: int | str = 0,
    in_time: str = "yes",
    solved_at: str = "",
    solution: str = "",
    topic: str = "printer",
    address: str = "Rua 1",
) -> str:
    """One line of the small help desk's file."""
    cells = (case, seq, time, worker, caller, desk, moves, in_time, state, solved_at, solution)
    return ",".join(map(str, (*cells, topic, address, "x")))


def open_ledger(database: Database, place: Path) -> TicketLedger:
    """A ledger on a test's database."""
    ledger = TicketLedger(
        database.app_dsn,
        Grounds(
            now=wall_clock,
            new_id=new_id,
            draw_ticket=draw_ticket,
            key_encryption_key=KeyEncryptionKey(secrets.token_bytes(KEY_BYTES)),
            hmac_secret=secrets.token_bytes(32),
            vault=FileVault(place / "vault"),
            on_commit=lambda _lane, _position: None,
        ),
    )
    ledger.adopt(files("domain.policies").joinpath("tables/2026-11-01.toml").read_bytes())
    return ledger


@pytest.fixture(scope="module")
def ledger(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TicketLedger]:
    """A ledger of this module."""
    opened = open_ledger(database, tmp_path_factory.mktemp("ledger"))
    yield opened
    opened.close()


@pytest.fixture
def small_mapping() -> Callable[[str], Mapping]:
    """Read the small mapping, under a source of the test's own."""

    def read(text: str = SMALL) -> Mapping:
        source = f"desk_{secrets.token_hex(5)}"
        return parse_mapping(text.replace("SOURCE", source).encode(), where="small.toml")

    return read


@pytest.fixture
def desk(ledger: TicketLedger, small_mapping: Callable[..., Mapping], tmp_path: Path) -> Desk:
    """The small help desk, unknown to the ledger so far."""
    return Desk(small_mapping(), tmp_path / "desk.csv", tmp_path, ledger)
