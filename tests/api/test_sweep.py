"""The sweep of the vault as an operator and the worker run it."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api import cli, sweeping
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from domain.ledger.vault import place_of
from domain.ledger.vault_errors import VaultUnavailable
from domain.values import Sha256
from tests.conftest import Database


@pytest.fixture
def parts(database: Database, tmp_path: Path) -> Iterator[Services]:
    """The parts of a worker, under the clock on the wall."""
    settings = Settings(data_dir=tmp_path, database_url=database.app_dsn)
    with joined(settings, Dsns(app=database.app_dsn, views=database.app_dsn)) as made:
        yield made


@pytest.fixture
def forgotten(parts: Services, tmp_path: Path) -> Callable[[bytes], Sha256]:
    """Leave an upload in the vault that came in long ago and that nothing names."""

    def leave(content: bytes) -> Sha256:
        digest = parts.ledger.keep_content(content, "text/plain").sha256
        os.utime(tmp_path / "vault" / place_of(digest), (0, 0))
        return digest

    return leave


def lies(parts: Services, digest: Sha256) -> bool:
    """Return whether a content is in the vault."""
    return digest in {one.sha256 for one in parts.ledger.vault.contents()}


def test_the_command_tells_first_and_then_does_it(
    parts: Services,
    forgotten: Callable[[bytes], Sha256],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was found by the dry run is what goes."""
    digest, settings = forgotten(b"by hand"), parts.settings
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(settings.data_dir))
    for arguments, is_left in ((["--dry-run"], True), ([], False)):
        monkeypatch.setattr(sys, "argv", ["ticketledger", "vault", "sweep", "--json", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        told = json.loads(capsys.readouterr().out)
        assert (told["contents"], told["bytes"], told["dry_run"]) == (1, 7, is_left)
        assert lies(parts, digest) is is_left


def test_the_worker_sweeps_and_goes_on_when_it_can_not(
    parts: Services, forgotten: Callable[[bytes], Sha256], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away costs a day, not the worker; one that is told to stop has stopped."""
    digest, stop = forgotten(b"by the worker"), threading.Event()
    rounds: list[float] = []

    def once_more(self: threading.Event, seconds: float | None = None) -> bool:
        rounds.append(seconds or 0)
        if len(rounds) == 2:
            stop.set()
        return stop.is_set()

    contents = parts.ledger.vault.contents

    def away() -> object:
        if not rounds:
            raise VaultUnavailable("away")
        return contents()

    monkeypatch.setattr(stop, "wait", lambda seconds: once_more(stop, seconds))
    monkeypatch.setattr(parts.ledger.vault, "contents", away)
    sweeping.run(parts, stop)
    assert rounds == [sweeping.EVERY_S] * 2
    assert not lies(parts, digest)
