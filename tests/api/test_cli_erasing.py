"""`erase` and `keys reconcile` as an operator meets them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from api import cli
from domain.values import Actor, ActorKind
from tests.conftest import Database
from tests.ledger.matters import asked, close, fresh, opened_ledger, opening


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command as somebody who may erase, on a database of the test's module."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_ERASER_DATABASE_URL", database.eraser_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path / "var"))

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


def closed_ticket(database: Database, directory: Path) -> tuple[Actor, str]:
    """Return a person and their ticket, which is over."""
    buyer = Actor(ActorKind.BUYER, fresh("b"))
    with opened_ledger(database.app_dsn, directory) as ledger:
        command = opening(None, buyer=buyer.ref, statement="secret")
        ticket = ledger.handle(asked(command, buyer)).stream.removeprefix("ticket:")
        close(ledger, ticket, by=buyer)
    return buyer, ticket


def test_an_erasure_is_looked_at_first_and_its_answer_says_what_stands_against_it(
    run: Run, database: Database, tmp_path: Path
) -> None:
    """For scripts as JSON, for people in words, and until when it has to wait."""
    buyer, ticket = closed_ticket(database, tmp_path / "var")
    person = ("--subject", f"buyer:{buyer.ref}")
    (seen,) = json.loads(run("erase", *person, "--dry-run", "--json").out)["tickets"]
    assert (seen["ticket"], seen["texts"], seen["standing"]) == (ticket, 1, "retention")
    said = run("erase", *person, "--ground", "objection", "--by", "admin-7", "--json")
    told = json.loads(said.out)
    assert (told["carried_out"], told["requested_by"]) == (True, "admin:admin-7")
    assert told["tickets"] == [seen]
    assert f"{ticket}: kept, and kept from view until {seen['until']}" in said.err
    assert json.loads(run("erase", "--due", "--json").out) == {"erased": 0}


def test_reconcile_needs_the_erasers_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would say that all is done and have done nothing."""
    done = json.loads(run("keys", "reconcile", "--json").out)
    assert (done["keys"], done["texts"]) == (0, 0)
    monkeypatch.delenv("TICKETLEDGER_ERASER_DATABASE_URL")
    said = run("keys", "reconcile")
    assert said.code == 1
    assert "TICKETLEDGER_ERASER_DATABASE_URL" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--subject", "buyer:b-1"),
        ("--subject", "b-1", "--dry-run"),
        ("--subject", "buyer:b-1", "--ground", "because"),
        ("--subject", "buyer:b-1", "--ground", "objection", "--due"),
    ],
)
def test_an_erasure_that_is_not_said_clearly_is_refused(
    run: Run, arguments: tuple[str, ...]
) -> None:
    """What can not be taken back is not guessed at."""
    said = run("erase", *arguments)
    assert said.code == 2
    assert "because" not in said.err.replace("because of", "")
