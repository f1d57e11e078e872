"""What tests of exports share: a day over four lanes, signed for, and a bare ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from api import demo
from api.reads.privacy import eraser_of
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import notary_of
from domain.ledger.application import TicketLedger
from domain.ledger.recorder import StoredRow
from domain.record import Record, read_record
from domain.values import SYSTEM, ErasureGround, Instant
from replay.exports.reading import Span
from tests.conftest import Database
from tests.imports.conftest import desk, ledger, small_mapping

__all__ = ["desk", "ledger", "small_mapping"]

END = Instant("2026-11-22T12:00:00.000000Z")
LONG_AFTER = Instant("2036-11-22T12:00:00.000000Z")
"""When no law asks any more that what is personal be kept."""
TICKETS = 16


@dataclass(frozen=True)
class History:
    """A ledger with a history nobody changes."""

    ledger: TicketLedger
    database: Database
    settings: Settings

    def whole(self, *tickets: str) -> Span:
        """Return all of it, or all of some tickets."""
        lanes = range(self.ledger.lanes)
        ends = {lane: self.ledger.position(lane) for lane in lanes}
        return Span(dict.fromkeys(lanes, 0), ends, tickets)

    def rows(self) -> list[StoredRow]:
        """Return every stored event, lane by lane."""
        lanes = range(self.ledger.lanes)
        return [row for lane in lanes for row in self.ledger.record.read(lane, 0, 50_000)]

    def records(self) -> list[Record]:
        """Return every record, lane by lane."""
        return [
            read_record(row.lane, row.position, row.state, row.leaf_hash) for row in self.rows()
        ]

    def tickets(self) -> list[str]:
        """Return every ticket, by name."""
        streams = {row.stream for row in self.rows() if row.stream.startswith("ticket:")}
        return sorted(stream.removeprefix("ticket:") for stream in streams)


def sign(parts: Services, database: Database) -> None:
    """Have every lane signed for, up to its end."""
    with notary_of(parts, database.notary_dsn) as notary:
        for lane in range(parts.ledger.lanes):
            while parts.ledger.merkle_log.covering(lane, parts.ledger.position(lane)) is None:
                notary.step(lane)
            assert parts.ledger.position(lane)


@pytest.fixture(scope="session")
def history(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[History]:
    """A day of disputes in four lanes; one buyer was forgotten, and everything is signed for."""
    database, directory = make_database(4), tmp_path_factory.mktemp("day")
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn, eraser=database.eraser_dsn)
    settings = Settings(
        data_dir=directory,
        database_url=database.app_dsn,
        notary_database_url=database.notary_dsn,
        eraser_database_url=database.eraser_dsn,
    )
    demo.load(settings, dsns, tickets_per_day=TICKETS, end=END)
    with joined(settings, dsns, now=lambda: LONG_AFTER) as parts:
        found = History(parts.ledger, database, settings)
        eraser = eraser_of(parts)
        buyers = [parts.ledger.ticket(ticket).buyer for ticket in found.tickets()]
        eraser.erase(
            next(
                subject
                for subject in (f"buyer:{buyer}" for buyer in buyers)
                if any(one.standing is None for one in eraser.preview(subject))
            ),
            ErasureGround.CONSENT_WITHDRAWN,
            SYSTEM,
        )
        sign(parts, database)
        yield found


@pytest.fixture(scope="session")
def bare(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[History]:
    """A ledger nobody has used: a book of rules and no ticket."""
    database, directory = make_database(1), tmp_path_factory.mktemp("bare")
    settings = Settings(
        data_dir=directory,
        database_url=database.app_dsn,
        notary_database_url=database.notary_dsn,
    )
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    with joined(settings, dsns, now=lambda: END) as parts:
        sign(parts, database)
        yield History(parts.ledger, database, settings)


class Interrupting:
    """Somebody who presses Ctrl-C as soon as something was written, and then never again."""

    def __init__(self, after: int = 1) -> None:
        """Press it when so much has been told."""
        self._left = after

    def __call__(self, done: int, total: int) -> None:
        """Hear how far an export is."""
        self._left -= 1
        if self._left == 0 and done < total:
            raise KeyboardInterrupt


def unwatched(_done: int, _total: int) -> None:
    """Let an export go on with nobody looking."""
