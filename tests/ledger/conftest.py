"""What tests of the ledger may ask for: a ledger on the module's database, or several of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from domain.ledger.application import TicketLedger
from tests.conftest import Database
from tests.interop.install import object_store_is_there
from tests.ledger.matters import opened_ledger
from tests.ledger.object_store import make_bucket, serving_objects

MakeLedger = Callable[..., TicketLedger]


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server: the one TICKETLEDGER_TEST_S3 names, or one of the tests' own."""
    if url := os.environ.get("TICKETLEDGER_TEST_S3"):
        assert make_bucket(url), "the S3 server that is named makes no bucket"
        yield url
        return
    if not object_store_is_there():
        pytest.skip("TICKETLEDGER_TEST_S3 names no S3 server, and none is here: make interop")
    with serving_objects(tmp_path_factory.mktemp("objects")) as own:
        yield own


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
