"""Training on the command line: what can be lived through, asked, decided and compared."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.terminal import CommandError, Exit
from tests.acceptance.platform import AGENT, money, platform_over
from tests.conftest import Database

Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a command of the group over a ledger with one matter that is over."""
    place = tmp_path_factory.mktemp("data")
    with platform_over(database, place) as platform:
        ticket = platform.accepted(reason="late", remedy="coupon", kind="complaint")
        coupon = {"kind": "coupon", "amount": money(1_000)}
        platform.do(AGENT, ticket, "remedies", {"terms": coupon})
        platform.do(AGENT, ticket, "remedies/R1/coupon", {"coupon": "c-1"})
        platform.do(AGENT, ticket, "answers", {"text": "It is yours.", "resolves": True})
        platform.pass_by(timedelta(days=20))

    def invoke(*arguments: str) -> str:
        where = ("--data-dir", str(place), "--database-url", database.app_dsn)
        found = CliRunner().invoke(app, ["training", *arguments, *where], catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found.stdout

    return invoke


def test_a_past_matter_is_decided_again_on_the_command_line(run: Run, tmp_path: Path) -> None:
    """Listed, begun, asked, ruled and compared; the same attempt again goes on where it was."""
    (one,) = json.loads(run("list", "--ending", "no_ruling", "--json"))["scenarios"]
    scenario = one["scenario"]
    assert scenario in run("list", "--reason", "late", "--difficulty", "easy")
    assert json.loads(run("list", "--reason", "damaged", "--json"))["scenarios"] == []
    told = run("play", scenario, "--attempt", "mine", "--ask", "merchant:statement")
    assert "your ruling is asked: remedies (100)" in told
    assert "To be held against how the desk, the merchant or both sides ended it" in told
    assert "gave freely" not in told
    assert "asked merchant for statement: from the script" in told
    ruling = tmp_path / "ruling.json"
    ruling.write_text(json.dumps({"awards": [{"kind": "coupon", "amount": money(900)}]}))
    told = run("play", scenario, "--attempt", "mine", "--ruling", str(ruling))
    assert "score: 50 of 100" in told
    assert "Held against what the desk gave freely; it was no ruling." in told
    assert "coupon: amount_differs (900 CNY, really 1000 CNY)" in told
    seen = json.loads(run("play", scenario, "--attempt", "mine", "--json"))
    assert (seen["state"], seen["trainee"]) == ("over", "trainee")


@pytest.mark.parametrize(
    ("content", "code"),
    [("{", Exit.INVALID), ("[]", Exit.INVALID), ('{"shares": 1}', Exit.INVALID)],
)
def test_a_ruling_that_is_none_is_told(run: Run, tmp_path: Path, content: str, code: Exit) -> None:
    """What is wrong with the file is said, with what to do."""
    (one,) = json.loads(run("list", "--json"))["scenarios"]
    ruling = tmp_path / "ruling.json"
    ruling.write_text(content)
    with pytest.raises(CommandError) as told:
        run("play", one["scenario"], "--ruling", str(ruling))
    assert told.value.code is code


def test_what_nobody_knows_is_told(run: Run, tmp_path: Path) -> None:
    """An unknown scenario, side or file ends with the code for it."""
    with pytest.raises(CommandError) as told:
        run("play", "S0000000000000")
    assert told.value.code is Exit.NOT_FOUND
    (one,) = json.loads(run("list", "--json"))["scenarios"]
    for arguments in (("--ask", "carrier:statement"), ("--ruling", str(tmp_path / "none"))):
        with pytest.raises(CommandError) as told:
            run("play", one["scenario"], *arguments)
        assert told.value.code is Exit.INVALID
    with pytest.raises(CommandError) as told:
        run("list", "--reason", "nothing")
    assert told.value.code is Exit.INVALID


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("list", "--difficulty", "xyz"), "/query/difficulty: "),
        (("list", "--reason", "a&limit=b"), "/query/reason: "),
        (("list", "--ending", "answer"), "/query/ending: "),
        (("list", "--trainee", "a b"), "'a b' is not like"),
        (("play", "SXXX"), "/body/scenario: "),
        (("play", "S0000000000000", "--seed", "99999999999"), "/body/seed: "),
        (("play", "S0000000000000", "--trainee", "a b"), "'a b' is not like"),
        (("play", "S0000000000000", "--attempt", ""), "'' is not like"),
        (("play", "S0000000000000", "--ask", "foo"), "--ask 'foo' names no side"),
        (("play", "S0000000000000", "--ask", "buyer:foo"), "--ask 'buyer:foo' names no side"),
    ],
)
def test_every_malformed_place_is_told(run: Run, arguments: tuple[str, ...], place: str) -> None:
    """What is wrong is said by its place, not that there is a list of places somewhere."""
    with pytest.raises(CommandError) as told:
        run(*arguments)
    assert (told.value.code, place in told.value.why) == (Exit.INVALID, True), told.value.why
    assert "listed in errors" not in told.value.why


def test_a_malformed_question_begins_no_attempt(run: Run) -> None:
    """The same attempt can still be begun at another seed."""
    (one,) = json.loads(run("list", "--json"))["scenarios"]
    with pytest.raises(CommandError):
        run("play", one["scenario"], "--attempt", "asked", "--seed", "1", "--ask", "foo")
    assert json.loads(run("play", one["scenario"], "--attempt", "asked", "--json"))["seed"] == 0
