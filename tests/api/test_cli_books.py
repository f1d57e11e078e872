"""Books on the command line: listed, shown, checked, adopted, compared, and tickets moved."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from api import cli
from api.ids import wall_clock
from api.settings import Settings
from api.wiring import Dsns, joined
from domain.values import Kind
from tests.conftest import Database
from tests.ledger.matters import open_ticket
from tests.scenario import BOOK_FILE, TABLES, named, whole_bytes

FOLDER: Final = TABLES / "2026-11-22"
TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
TO_COME: Final = "2100-01-01T00:00:00+08:00"


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """Return the JSON on stdout."""
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def own(make_database: Callable[[int], Database]) -> Database:
    """A database of the test's own."""
    return make_database(1)


@pytest.fixture
def run(
    own: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a `books` command on that database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", own.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path / "var"))

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ticketledger", "books", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """A book with a shorter promise, as one file."""
    path = tmp_path / "stricter.toml"
    path.write_bytes(whole_bytes(named("b-1"), (TAKEOVER, TAKEOVER.replace("PT30M", "PT20M"))))
    return path


def test_a_sound_book_is_checked_without_a_database(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder and a file are one and the same book."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    folder = run("check", FOLDER, "--json")
    assert (folder.code, folder.told["problems"]) == (0, [])
    assert folder.told["version"] == "2026-11-22"
    assert run("check", BOOK_FILE).out.startswith("version")


def test_an_unsound_book_is_refused_with_every_place(run: Run, tmp_path: Path) -> None:
    """Exit code 5, the places on stdout as JSON and on stderr as words."""
    path = tmp_path / "broken.toml"
    path.write_bytes(whole_bytes(('owner = "payment_owner"', 'owner = "nobody_here"')))
    for command in (("check", path), ("adopt", path, "--in-force-from", TO_COME)):
        said = run(*command, "--json")
        assert said.code == 5
        assert said.told["problems"] == ["department finance has the unknown owner nobody_here"]
        assert "nothing was adopted" in said.err
    assert [one["version"] for one in run("list", "--json").told["items"]] == ["2026-11-22"]


def test_a_book_is_adopted_listed_shown_and_compared(run: Run, stricter: Path) -> None:
    """From the file to the record and back, to the byte."""
    adopted = run("adopt", stricter, "--in-force-from", TO_COME, "--by", "x-1", "--json")
    assert adopted.code == 0, adopted.err
    assert adopted.told["adopted"] is True
    assert adopted.told["in_force_from"] == "2099-12-31T16:00:00.000000Z"
    again = run("adopt", stricter, "--json")
    assert (again.code, again.told["adopted"]) == (0, False)
    first, second = run("list").out.splitlines()
    assert first.startswith("* 2026-11-22")
    assert second.startswith("  b-1")
    assert run("show", "b-1").out.encode() == stricter.read_bytes()
    clocks = run("show", adopted.told["digest"], "--subject", "clocks", "--json").told
    assert set(clocks) == {"clock", "contacts"}
    found = run("diff", "2026-11-22", stricter, "--json").told["differences"]
    assert [(one["table"], one.get("row"), one.get("column")) for one in found] == [
        ("version", None, None),
        ("clock", "complaint_takeover", "within"),
    ]
    assert 'clock complaint_takeover within: "PT30M" -> "PT20M"' in run("diff", FOLDER, "b-1").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "b-9"), 3),
        (("show", "2026-11-22", "--subject", "weather"), 2),
        (("check", "nowhere.toml"), 3),
        (("diff", "2026-11-22", "b-9"), 3),
        (("adopt", FOLDER, "--in-force-from", "tomorrow"), 2),
        (("move", "--to", "b-9", "--why", "w", "--all-open"), 5),
        (("move", "--to", "b-9", "--why", "w"), 2),
        (("move", "--to", "2026-11-22", "--why", "w", "--ticket", "T0-261122-0000000"), 3),
    ],
    ids=str,
)
def test_what_can_not_be_done_ends_with_its_own_code(
    run: Run, arguments: tuple[object, ...], code: int
) -> None:
    """A script tells what is missing from what is wrong."""
    assert run(*arguments).code == code


def test_a_book_for_the_past_is_a_conflict(run: Run, tmp_path: Path) -> None:
    """What was judged stays judged; the words say what to do instead."""
    path = tmp_path / "late.toml"
    path.write_bytes(whole_bytes(named("b-1")))
    assert run("list").code == 0  # the ledger has a book by now
    said = run("adopt", path, "--in-force-from", "2000-01-01T00:00:00Z")
    assert said.code == 5
    assert "book_not_ahead" in said.err


def test_tickets_are_moved_as_the_dry_run_said(
    run: Run, own: Database, stricter: Path, tmp_path: Path
) -> None:
    """The same lines, first as a plan and then as what was done."""
    dsns = Dsns(app=own.app_dsn, views=own.app_dsn)
    with joined(Settings(data_dir=tmp_path / "var"), dsns, now=wall_clock) as parts:
        tickets = sorted(open_ticket(parts.ledger, kind=Kind.COMPLAINT) for _ in range(2))
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    asked = ("move", "--to", "b-1", "--why", "stricter", "--all-open")
    plan = run(*asked, "--dry-run", "--json")
    assert plan.code == 0, plan.err
    *lines, sums = map(json.loads, plan.out.splitlines())
    assert [one["ticket"] for one in lines] == tickets
    assert {one["clock"] for line in lines for one in line["clocks"]} == {"complaint_takeover"}
    assert sums["dry_run"] is True
    assert sums["totals"]["clocks_moved"] == 2
    done = run(*asked, "--json").out.splitlines()
    assert done[:-1] == plan.out.splitlines()[:-1]
    words = run(*asked).out
    assert "unchanged" in words
    assert run("move", "--to", "b-1", "--why", "w", "--ticket", tickets[0]).out.startswith(
        f"{tickets[0]}  is there already"
    )
