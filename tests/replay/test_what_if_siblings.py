"""What-if about one ticket: its matter is the whole order's, whatever became of the others."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from api import cli
from domain.streams import order_stream, ticket_stream
from replay.what_if import History
from tests.conftest import Database
from tests.ledger.matters import accept, close, open_ticket, opened_ledger, place, say
from tests.replay.second_book import second_book


@pytest.fixture
def siblings(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """Two tickets of one order, the first of them closed; no view was folded yet."""
    with opened_ledger(database.app_dsn, tmp_path) as ledger:
        order = place(ledger)
        closed = open_ticket(ledger, order)
        accept(ledger, closed)
        close(ledger, closed)
        running = open_ticket(ledger, order)
        say(ledger, running, "still broken")
        (matter,) = (
            streams for _, streams in History(ledger).matters() if order_stream(order) in streams
        )
        assert set(matter) == {order_stream(order), *map(ticket_stream, (closed, running))}
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path))
    return closed, running


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *asked: str) -> Any:
    """Return what a command prints as JSON."""
    monkeypatch.setattr(sys, "argv", ["ticketledger", *asked, "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert not ended.value.code, said.err
    return json.loads(said.out)


def test_one_ticket_is_judged_with_all_tickets_of_its_order(
    siblings: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without its closed sibling a ticket would be lived in another order than on record."""
    book = tmp_path / "second.toml"
    book.write_bytes(second_book())
    for ticket in siblings:
        alone = told(capsys, monkeypatch, "fairness", "--book", str(book), "--ticket", ticket)
        whole = told(capsys, monkeypatch, "fairness", "--book", str(book))
        assert alone == whole, "there is one matter, and all of it is judged"
        assert alone["asked"] > 0
        listed = told(capsys, monkeypatch, "what-if", "--book", str(book), "--list")
        drilled = told(capsys, monkeypatch, "what-if", "--book", str(book), "--drill", ticket)
        mine = [one for one in listed["differences"] if one["ticket"] == ticket]
        assert drilled["differences"] == mine != []
        assert listed["tickets"] == len(siblings)
