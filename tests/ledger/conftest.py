"""What tests of the ledger may ask for: a ledger on the module's database, or several of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from domain.ledger.application import TicketLedger
from tests.conftest import Database
from tests.ledger.matters import opened_ledger

MakeLedger = Callable[..., TicketLedger]


@pytest.fixture(scope="module")
def secrets_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys and the vault of the module's ledgers are."""
    return tmp_path_factory.mktemp("installation")


@pytest.fixture(scope="module")
def ledger(database: Database, secrets_dir: Path) -> Iterator[TicketLedger]:
    """A ledger on the module's database."""
    with opened_ledger(database.app_dsn, secrets_dir) as opened:
        yield opened


@pytest.fixture
def make_ledger(database: Database, secrets_dir: Path) -> Iterator[MakeLedger]:
    """Open one more ledger on the same database, as another process would; closed at the end."""
    with ExitStack() as opened:

        def make(**grounds: Any) -> TicketLedger:
            return opened.enter_context(opened_ledger(database.app_dsn, secrets_dir, **grounds))

        yield make
