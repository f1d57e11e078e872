"""Books on the command line: listed, checked, adopted, compared, piloted, and tickets moved."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from api import cli
from api.demo.now import HeldNow
from api.ids import wall_clock
from api.settings import Settings
from api.wiring import Dsns, joined
from domain.commands import AnnouncePilot
from domain.values import Instant, Kind, later
from projections.runner import Views
from tests.conftest import Database
from tests.ledger.matters import open_ticket
from tests.scenario import ADMIN, BOOK_FILE, TABLES, named, whole_bytes

FOLDER: Final = TABLES / "2026-11-22"
TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
TO_COME: Final = "2100-01-01T00:00:00+08:00"
FAR: Final = Instant("2099-12-31T16:00:00.000000Z")


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
    """Run a `books` command on that database, or another one where no group is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", own.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path / "var"))

    def command(*arguments: object, group: str | None = "books") -> Said:
        words = arguments if group is None else (group, *arguments)
        monkeypatch.setattr(sys, "argv", ["ticketledger", *map(str, words)])
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
        (("move", "--to", "b-9", "--why", "w", "--all-open", "--dry-run"), 3),
        (("move", "--to", FOLDER, "--why", "w", "--all-open"), 5),
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


def a_minute_ago() -> Instant:
    """Return the time it was when the tickets were opened, and their book the only one."""
    return later(wall_clock(), -timedelta(minutes=1))


def five_and_twenty_minutes_ago() -> Instant:
    """Return the time it was when a ticket was opened that the other book calls late by now."""
    return later(wall_clock(), -timedelta(minutes=25))


def test_no_ticket_is_moved_to_a_book_to_come(run: Run, stricter: Path) -> None:
    """It is told before any ticket is looked at, with the words that say why."""
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    said = run("move", "--to", "b-1", "--why", "w", "--all-open")
    assert (said.code, said.out) == (4, "")
    assert "book_not_in_force" in said.err


def test_a_book_is_tried_on_open_tickets_before_it_is_adopted_and_before_it_begins(
    run: Run, own: Database, stricter: Path, tmp_path: Path
) -> None:
    """What a change would break at once is known before anybody is bound by it (CL-10)."""
    dsns = Dsns(app=own.app_dsn, views=own.app_dsn)
    with joined(
        Settings(data_dir=tmp_path / "var"), dsns, now=five_and_twenty_minutes_ago
    ) as parts:
        ticket = open_ticket(parts.ledger, kind=Kind.COMPLAINT)
    asked = ("--why", "w", "--all-open", "--dry-run", "--json")
    written = run("move", "--to", stricter, *asked)
    assert written.code == 0, written.err
    assert "b-1 is not adopted" in written.err
    line, sums = map(json.loads, written.out.splitlines())
    assert (line["ticket"], line["before"], line["after"]) == (ticket, "2026-11-22", "b-1")
    (clock,) = line["clocks"]
    assert (clock["clock"], clock["breached_at_once"]) == ("complaint_takeover", True)
    assert sums["totals"]["breaches_at_once"] == 1
    assert [line.split()[0] for line in run("list").out.splitlines()] == ["*"], "nothing is adopted"
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    ahead = run("move", "--to", "b-1", *asked)
    assert (ahead.code, ahead.err) == (0, "")
    first, again = map(json.loads, ahead.out.splitlines())
    assert first == {**line, "in_force_from": FAR}
    assert again == sums
    assert "not in force before" in run("move", "--to", "b-1", *asked[:-1]).out


def test_what_is_written_under_the_name_of_an_adopted_book_is_not_tried(
    run: Run, stricter: Path
) -> None:
    """A changed book has a version anew, else nobody could say which one was tried."""
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    asked = ("move", "--to", stricter, "--why", "w", "--all-open", "--dry-run")
    assert run(*asked).err == "", "the very bytes that are adopted"
    stricter.write_bytes(whole_bytes(named("b-1")))
    said = run(*asked)
    assert (said.code, said.out) == (4, "")
    assert "book_known_otherwise" in said.err


def test_a_book_that_can_never_be_adopted_is_not_tried(run: Run, tmp_path: Path) -> None:
    """It would be told what never comes; an adopted one of before that was asked is tried."""
    path = tmp_path / "unsourced.toml"
    sourced = 'other = "refund"\nsource = "ours"\n'
    path.write_bytes(whole_bytes(named("b-2"), (sourced, 'other = "refund"\n')))
    said = run("move", "--to", path, "--why", "w", "--all-open", "--dry-run")
    assert (said.code, said.out) == (5, "")
    assert "usual has no source" in said.err
    assert run("check", path).code == 5


def test_a_comparison_that_is_interrupted_ends_in_words(
    run: Run, stricter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while its moment is looked for, before the first ticket is lived again."""
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    weeks = ("--from", "2099-01-01T00:00:00+08:00", "--to", "2099-01-08T00:00:00+08:00")
    assert run(*PILOT, *weeks).code == 0

    def interrupted(*_given: object, **_options: object) -> None:
        raise KeyboardInterrupt

    for place in ("api.moments.resolved", "replay.pilots.laid_out"):
        with monkeypatch.context() as patched:
            patched.setattr(place, interrupted)
            said = run("pilot", "--compare", "p-1")
        assert (said.code, said.out) == (130, ""), place
        assert "Nothing was written" in said.err, place
    early = run("pilot", "--compare", "p-1", "--at-position", "0-0")
    assert (early.code, early.out) == (3, "")
    assert "later" in early.err


def test_views_that_are_behind_are_told_by_every_command_that_needs_them(
    run: Run, stricter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says the same: what is wrong, why, and what to do."""
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    monkeypatch.setattr(Views, "catch_up", lambda _self, *_given: False)
    asked = ("books", "move", "--to", "b-1", "--why", "w", "--all-open", "--dry-run")
    ticket = ("what-if", "--book", "b-1", "--ticket", "T0-261122-0000000")
    said = [
        run(*words, group=None)
        for words in (asked, ticket, ("journey", "--order", "o-1"), ("stats",))
    ]
    assert {one.code for one in said} == {1}, said
    (told,) = {one.err for one in said}
    assert "The views are not level with the record." in told
    assert "the process that folds them is too slow" in told


def test_tickets_are_moved_as_the_dry_run_said(
    run: Run, own: Database, stricter: Path, tmp_path: Path
) -> None:
    """The same lines, first as a plan and then as what was done."""
    dsns = Dsns(app=own.app_dsn, views=own.app_dsn)
    with joined(Settings(data_dir=tmp_path / "var"), dsns, now=a_minute_ago) as parts:
        tickets = sorted(open_ticket(parts.ledger, kind=Kind.COMPLAINT) for _ in range(2))
        begins = later(wall_clock(), -timedelta(seconds=30))
        parts.ledger.adopt(stricter.read_bytes(), in_force_from=begins)
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


ARMS: Final = ("piloted", "control")
PILOT: Final = ("pilot", "p-1", "--book", "b-1", "--why", "try_first", "--share-bp", "2500")


def test_a_pilot_is_announced_listed_and_ended(run: Run, stricter: Path) -> None:
    """Each with its reason on record; the same again records nothing."""
    assert run("adopt", stricter, "--in-force-from", TO_COME).code == 0
    weeks = ("--from", "2099-01-01T00:00:00+08:00", "--to", "2099-01-08T00:00:00+08:00")
    told = run(*PILOT, *weeks, "--category", "phone", "--json")
    assert told.code == 0, told.err
    assert (told.told["recorded"], told.told["policy"]) == (True, "b-1")
    assert told.told["begins_at"] == "2098-12-31T16:00:00.000000Z"
    again = run(*PILOT, *weeks, "--category", "phone")
    assert (again.code, "it was so before" in again.err) == (0, True)
    assert run("pilot").out.split()[:3] == ["p-1", "announced", "b-1"]
    (item,) = run("pilot", "--json").told["items"]
    assert (item["share_bp"], item["category"], item["state"]) == (2500, "phone", "announced")
    assert run("pilot", "--end", "p-1", "--why", "not_now").code == 0
    (item,) = run("pilot", "--json").told["items"]
    assert item["ended_early"] is True
    assert run("pilot", "--compare", "p-1", "--json").told["days"] == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("p-1", "--compare", "p-1"), 2, "a NAME announces"),
        (("--list",), 2, "--compare"),
        (("--at-position", "0-1"), 2, "--compare"),
        (("--compare", "p-1", "--at-time", "1999-01-01T00:00:00Z"), 3, "later"),
        ((*PILOT[1:], "--to", TO_COME), 2, "--from: Field required"),
        ((*PILOT[1:-1], "10001", "--from", TO_COME, "--to", TO_COME), 2, "--share-bp"),
        (("--end", "p-1"), 2, "--why: Field required"),
        (("--end", "p-9", "--why", "x"), 3, "unknown_pilot"),
        (("--compare", "p-9"), 3, "unknown_pilot"),
        ((*PILOT[1:], "--from", "2020-01-01T00:00:00Z", "--to", TO_COME), 5, "pilot_not_ahead"),
    ],
)
def test_a_pilot_that_can_not_be_is_refused_with_the_flag_or_the_reason(
    run: Run, words: tuple[str, ...], code: int, says: str
) -> None:
    """Nothing is on record of it."""
    said = run("pilot", *words)
    assert (said.code, said.out) == (code, ""), said.err
    assert says in said.err
    assert run("pilot", "--json").told == {"items": []}


def test_a_pilots_arms_are_told_side_by_side(
    run: Run, own: Database, stricter: Path, tmp_path: Path
) -> None:
    """As a table and as JSON, with no bound on the number of tickets."""
    dsns = Dsns(app=own.app_dsn, views=own.app_dsn)
    held = HeldNow(later(wall_clock(), -timedelta(minutes=1)))
    with joined(Settings(data_dir=tmp_path / "var"), dsns, now=held) as parts:
        parts.ledger.adopt(stricter.read_bytes(), in_force_from=FAR)
        begins = later(held.at, timedelta(seconds=5))
        ends = later(begins, timedelta(days=1))
        command = AnnouncePilot(
            pilot="p-1", policy="b-1", begins_at=begins, ends_at=ends, why="w", share_bp=5_000
        )
        parts.ledger.pilot(command, actor=ADMIN)
        held.move(begins)
        for _ in range(6):
            open_ticket(parts.ledger, kind=Kind.COMPLAINT)
    found = run("pilot", "--compare", "p-1", "--json").told
    assert found["piloted"] + found["control"] == 6
    (day,) = found["days"]
    words = run("pilot", "--compare", "p-1").out.splitlines()
    assert words[0] == f"piloted   {found['piloted']} under b-1"
    assert words[5].split() == ["1", begins[:10], "piloted", str(found["piloted"]), "0", "0", "-"]
    told = [line.split(maxsplit=2) for line in words[7:] if line.startswith("   1")]
    assert [(int(count), what) for _, count, what in told] == [
        (one["count"], f"{_what(one)}: {one['change']}")
        for arm in ("control", "piloted")
        for one in day["otherwise"]
        if one["arm"] == arm
    ]
    _is_listed(run, found)
    then = run("pilot", "--compare", "p-1", "--at-position", found["position"], "--json").told
    assert then == found
    before = run("pilot", "--compare", "p-1", "--at-time", later(begins, -timedelta(seconds=1)))
    assert before.code == 0, before.err
    assert before.out.splitlines()[0] == "piloted   0 under b-1"


def _what(one: Any) -> str:
    """Return what would be otherwise as a line tells it."""
    return " ".join(part for part in (one["kind"], one["subject"], one["row"]) if part)


def _is_listed(run: Run, found: Any) -> None:
    """Check that every number of a comparison has its tickets, and that words list the same."""
    listed = run("pilot", "--compare", "p-1", "--list", "--json").told
    lists = {
        tuple(value for name, value in one.items() if name not in {"count", "tickets"}): one
        for one in listed.pop("lists")
    }
    assert listed == found
    numbers = {("tickets", arm, 0, "", "", "", "", ""): found[arm] for arm in ARMS}
    for one in found["tried"]:
        asked = (one["arm"], 0, "", "", "", "", one["under"])
        numbers |= {("tried", *asked): one["tickets"], ("changed", *asked): one["changed"]}
    (day,) = found["days"]
    for arm in ARMS:
        for name in ("opened", "kept", "broken"):
            numbers[name, arm, 1, "", "", "", "", ""] = day[arm][name]
    for one in day["otherwise"]:
        what = (one["kind"], one["subject"], one["row"], one["change"])
        numbers["otherwise", one["arm"], 1, *what, ""] = one["count"]
    told = {figure: one["count"] for figure, one in lists.items()}
    assert told == {figure: number for figure, number in numbers.items() if number}
    assert all(len(one["tickets"]) == one["count"] for one in lists.values())
    words = run("pilot", "--compare", "p-1", "--list").out.splitlines()
    rows = [line.split()[0] for line in words if line.startswith("T0-")]
    assert rows == [ticket for one in lists.values() for ticket in one["tickets"]]
