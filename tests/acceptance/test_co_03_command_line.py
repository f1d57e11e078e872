"""CO-03: the command line lists what the API counts, with its filters and without its bound."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api import cli
from api.cli import replaying
from api.ids import wall_clock
from domain.values import later
from tests.acceptance.platform import AGENT, BUYER, SUPERVISOR, Platform, platform_over
from tests.conftest import Database

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def platform(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Platform]:
    """Tickets in several stages, an hour before the clock on the wall."""
    at = later(wall_clock(), -timedelta(hours=1))
    with platform_over(make_database(2), tmp_path, at=at) as running:
        tickets = [running.open(kind="complaint") for _ in range(5)]
        for ticket in tickets[:3]:
            running.do(AGENT, ticket, "acceptance")
        running.do(BUYER, tickets[4], "closing")
        running.settle()
        yield running


@pytest.fixture
def run(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command on the platform's ledger."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", platform.parts.dsns.app)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(platform.parts.settings.data_dir))

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def replayed(run: Run, href: str, *words: str) -> list[str]:
    """Return the tickets that the command line lists for the address behind a count."""
    asked = dict(parse_qsl(urlsplit(href).query))
    options = ["--all"] if asked.pop("open") == "any" else []
    for name in [one for one in asked if one.startswith("at_")]:
        options += [f"--{name.replace('_', '-')}", asked.pop(name)]
    for name, value in asked.items():
        options += ["--where", f"{name}={value}"]
    code, out, err = run("replay", "queue", *options, *words, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["more"] is False
    return [row["ticket"] for row in told["items"]]


def links_of(told: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield every count of the queue with the address of its list."""
    for which in ("open", "everything"):
        for facet, values in told[which].items():
            for value, number in values.items():
                yield number, told["links"][which][facet][value]


@pytest.mark.parametrize("by", ["occurred", "position"])
def test_co_03_whatever_is_counted_is_listed_by_the_command_line_however_much_it_is(
    platform: Platform, run: Run, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Where the API refuses the list for its length, the same filters are given here."""
    position = platform.read(SUPERVISOR, "/v1/queue/counts")["position"]
    asked = platform.now.at if by == "occurred" else position
    told = platform.read(SUPERVISOR, f"/v1/queue/counts?at_{by}={asked}")
    monkeypatch.setattr(replaying, "PAGE", 2)
    found = list(links_of(told))
    assert len(found) > 10
    for number, href in found:
        assert len(set(replayed(run, href, "--limit", "1000"))) == number, href


def test_a_condition_that_is_none_is_said(platform: Platform, run: Run) -> None:
    """The names and the words are the API's, and a list that goes on says so."""
    for wrong in ("weather=fine", "stage=nowhere", "priority=high", "stage", "open=any"):
        code, out, err = run("replay", "queue", "--where", wrong)
        assert (code, out) == (2, ""), wrong
        assert wrong in err
    _, out, _ = run("replay", "queue", "--all", "--limit", "2", "--json")
    told = json.loads(out)
    assert (len(told["items"]), told["more"]) == (2, True)
    assert told["position"] == platform.read(SUPERVISOR, "/v1/queue/counts")["position"]


@pytest.mark.parametrize("again", ["stage=remedy", "stage=closed"])
def test_a_condition_given_twice_is_refused(run: Run, again: str) -> None:
    """Whoever takes one of two stages unasked answers for rows that nobody asked for."""
    given = ("--where", "stage=closed", "--where", "priority=2", "--where", again)
    code, out, err = run("replay", "queue", *given)
    assert (code, out) == (2, "")
    assert "The queue was asked for stage twice." in err
    assert f"{again} would stand in the place" in err
    assert "give each name once" in err
