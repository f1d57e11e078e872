"""Where there is no ledger: commands that need one say so and make nothing."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import psycopg2
import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from api import cli, embedded
from tests.conftest import Database

TICKET: Final = "T0-261122-0000001"
NEEDING: Final[dict[str, tuple[str, ...]]] = {
    "stats": (),
    "show": (TICKET,),
    "tail": (),
    "replay": ("queue",),
    "rebuild": (),
    "explain": (TICKET, "--what", "due"),
    "journey": (TICKET,),
    "erase": ("--due",),
    "bundle": (TICKET, "--for", "court", "--out", "bundle.zip"),
    "what-if": ("--book", "2026-11-22"),
    "fairness": (),
    "vault sweep": (),
    "books list": (),
    "books show": ("2026-11-22",),
    "books diff": ("2026-11-01", "2026-11-22"),
    "books move": ("--to", "2026-11-22", "--why", "try", "--all-open"),
    "books pilot": ("--compare", "one"),
    "keys rotate": (),
    "keys freeze": ("--because", "lost"),
    "keys reconcile": (),
    "notices list": (),
    "notices dismiss": ("1",),
    "tiles publish": ("tiles",),
    "verify self": (),
    "verify against": ("copies",),
    "export jsonl": ("events.jsonl",),
    "export xes": ("events.xes",),
    "export ocel-json": ("events.json",),
    "export ocel-sqlite": ("events.sqlite",),
    "archive write": ("archive",),
    "training list": (),
    "training play": ("0123456789abcdef",),
}
MAKING: Final = frozenset(
    {"serve", "worker", "migrate", "demo", "import", "books adopt", "keys init", "db dsn"}
)
"""What begins a ledger, or the database of one."""
ABOUT_THE_PLACE: Final = frozenset({"db stop", "doctor", "token"})
"""What works on the directory itself, whether there is a ledger in it or not."""


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty directory, where no settings lead anywhere else."""
    monkeypatch.chdir(tmp_path)
    for name in [one for one in os.environ if one.startswith("TICKETLEDGER_")]:
        monkeypatch.delenv(name)

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


def opening(command: TyperCommand | TyperGroup, *path: str) -> Iterator[str]:
    """Yield the commands that are told where a ledger is."""
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from opening(one, *path, name)
    elif any(one.name == "data_dir" for one in command.params):
        yield " ".join(path)


def test_of_every_command_it_is_settled_whether_it_makes_a_ledger() -> None:
    """A new command is asked for its answer here, or it would make one by a slip of the pen."""
    commands = set(opening(typer.main.get_command(cli.app)))
    assert commands == NEEDING.keys() | MAKING | ABOUT_THE_PLACE


@pytest.mark.parametrize("command", NEEDING)
def test_a_mistyped_data_directory_is_told_and_not_filled(
    run: Run, tmp_path: Path, command: str
) -> None:
    """An answer out of a ledger made this moment would say that a ticket was never opened."""
    copies = tmp_path / "copies"
    copies.mkdir()
    said = run(*command.split(), *NEEDING[command], "--data-dir", "typo")
    assert (said.code, said.out) == (cli.terminal.Exit.NOT_FOUND, "")
    assert "There is no ledger here." in said.err
    assert f"why:  nothing was ever made in {tmp_path / 'typo'}" in said.err
    assert "correct --data-dir" in said.err
    assert "`ticketledger serve` or `ticketledger migrate`" in said.err
    assert list(tmp_path.rglob("*")) == [copies]


def test_a_database_that_was_never_made_a_ledger_of_is_left_as_it_is(
    run: Run, database: Database, tmp_path: Path
) -> None:
    """Of one's own database too: no keys are drawn for a ledger that is not there."""
    with closing(psycopg2.connect(database.superuser_dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as db:
            db.execute("CREATE DATABASE nothing_in_it")
    empty = psycopg2.extensions.make_dsn(database.superuser_dsn, dbname="nothing_in_it")
    said = run("stats", "--data-dir", "var", "--database-url", empty)
    assert (said.code, said.out) == (cli.terminal.Exit.NOT_FOUND, "")
    assert "There is no ledger here." in said.err
    assert "the database has none of its tables" in said.err
    assert list(tmp_path.iterdir()) == []


def test_an_embedded_server_without_a_ledger_gets_none_by_reading(run: Run, tmp_path: Path) -> None:
    """`db dsn` starts a server; a ledger is made in it by `migrate`, and then it is read."""
    place = tmp_path / "var"
    with embedded.start(place, fsync=False):
        said = run("stats", "--data-dir", place)
        assert said.code == cli.terminal.Exit.NOT_FOUND
        assert f"the database in {place} has none of its tables" in said.err
        assert not (place / "keys").exists()

        assert run("migrate", "--data-dir", place).code == 0
        assert run("stats", "--data-dir", place, "--json").code == 0


def test_what_begins_a_ledger_goes_on_to_make_one(run: Run, tmp_path: Path) -> None:
    """The history of another system may come in before anything else is done."""
    (tmp_path / "log.csv").write_text(
        "case_id,seq,time,state\n1,1,2012-04-03T16:55:38Z,A1\n", encoding="utf-8"
    )
    place = tmp_path / "var"
    with embedded.start(place, fsync=False):
        taken = run("import", "log.csv", "--mapping", "helpdesk", "--data-dir", place, "--json")
        assert (taken.code, json.loads(taken.out)["accepted"]) == (0, 1), taken.err
        assert (place / "keys").is_dir()
