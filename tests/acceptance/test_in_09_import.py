"""IN-09: bulk import of history and bulk intake; a bad row is reported, the good rows are kept."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.house import Shell
from tests.acceptance.platform import SUPERVISOR, Platform, platform_over
from tests.conftest import Database

MAPPING = """
title = "A small help desk"
source = "desk_{name}"

[row]
case = "case"
seq = "seq"
time = "time"

[ticket]
buyer = "caller"

[state]
column = "state"

[state.values]
new = {{ stage = "intake", awaiting = "agent" }}
waiting = {{ stage = "intake", awaiting = "buyer" }}
closed = {{ stage = "closed", awaiting = "nobody" }}

[columns]
clear = ["topic"]
personal = ["address"]
dropped = ["noise"]

[intake]
statement = "About {{topic}}"
"""
HEAD = "case,seq,time,state,caller,topic,address,noise"
ADDRESS = "8 Lake Road Hangzhou"
GOOD = (
    f"c1,1,2020-02-03T04:05:06Z,new,p-1,kettle,{ADDRESS},x",
    f"c1,2,2020-02-03T05:05:06Z,closed,p-1,kettle,{ADDRESS},x",
    f"c2,1,2020-02-03T06:05:06Z,waiting,p-2,phone,{ADDRESS},x",
)
BAD = (
    f"c3,1,not-a-time,new,p-3,lamp,{ADDRESS},x",
    f"c4,1,2020-02-03T06:05:06Z,no-such-state,p-3,lamp,{ADDRESS},x",
)


class Desk:
    """A help desk whose file is brought in by the command line."""

    def __init__(self, name: str, directory: Path, database: Database) -> None:
        """Write the mapping; the data directory is the platform's own."""
        self.source = f"desk_{name}"
        self.mapping = directory / f"{name}.toml"
        self.mapping.write_text(MAPPING.format(name=name), encoding="utf-8")
        self.file = directory / f"{name}.csv"
        environment = {"TICKETLEDGER_DATABASE_URL": database.app_dsn}
        self.shell = Shell(directory / "data", environment)

    def bring(self, *rows: str, **flags: bool) -> dict[str, object]:
        """Return what the import says of these rows."""
        self.file.write_text("\n".join((HEAD, *rows, "")), encoding="utf-8")
        words = [f"--{flag}" for flag, given in flags.items() if given]
        return self.shell.table("import", str(self.file), "--mapping", str(self.mapping), *words)

    def rejected(self) -> list[dict[str, object]]:
        """Return the report of the rows that were not taken in."""
        report = self.file.with_name(f"{self.file.name}.rejected.jsonl")
        text = report.read_text(encoding="utf-8")
        assert ADDRESS not in text, "a report holds numbers and reasons, never the row"
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files and the keys of the platform are."""
    return tmp_path_factory.mktemp("desks")


@pytest.fixture(scope="module")
def platform(database: Database, directory: Path) -> Iterator[Platform]:
    """The platform whose database is imported into."""
    with platform_over(database, directory / "data") as running:
        yield running


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, platform: Platform, database: Database, directory: Path
) -> Desk:
    """A help desk of the test's own."""
    name = "".join(part[0] for part in request.node.name.split("_"))
    return Desk(name, directory, database)


def test_in_09_good_rows_are_kept_and_bad_ones_reported_by_number(
    desk: Desk, platform: Platform
) -> None:
    """Two bad rows in five cost two rows."""
    totals = desk.bring(GOOD[0], BAD[0], GOOD[1], BAD[1], GOOD[2])
    assert {name: totals[name] for name in ("rows", "accepted", "skipped", "rejected")} == {
        "rows": 5,
        "accepted": 3,
        "skipped": 0,
        "rejected": 2,
    }
    assert totals["tickets"] == 2
    rejected = desk.rejected()
    assert [one["row"] for one in rejected] == [2, 4]
    assert all(one["code"] and one["reason"] for one in rejected)
    states = _states(platform)
    assert states["closed"] >= 1
    assert states["waiting"] >= 1


def test_in_09_history_is_seen_in_the_queue_beside_our_stage(
    desk: Desk, platform: Platform
) -> None:
    """The source's own state stands beside ours, and no clock of ours runs."""
    desk.bring(*GOOD)
    platform.settle()
    page = platform.read(SUPERVISOR, f"/v1/queue?open=any&buyer={desk.source}-p-2&limit=200")
    row = page["items"][0]
    assert (row["source_state"], row["stage"], row["imported"]) == ("waiting", "intake", True)
    assert (row["awaiting"], row.get("due_at")) == ("buyer", None)
    board = platform.board(SUPERVISOR, row["ticket"])
    assert (board["imported"], board.get("expected")) == (True, None)
    platform.refused("agent:agent-1", row["ticket"], "acceptance", code="wrong_state")


def test_in_09_importing_twice_adds_nothing(desk: Desk, platform: Platform) -> None:
    """Nobody has to remember what was imported."""
    first = desk.bring(*GOOD)
    again = desk.bring(*GOOD)
    assert (first["accepted"], again["accepted"], again["skipped"]) == (3, 0, 3)
    assert again["events"] == 0


def test_in_09_a_corrected_row_is_taken_in_by_running_it_again(
    desk: Desk, platform: Platform
) -> None:
    """After the correction only what was missing is added."""
    desk.bring(GOOD[0], BAD[0])
    corrected = BAD[0].replace("not-a-time", "2020-02-04T00:00:00Z")
    again = desk.bring(GOOD[0], corrected)
    assert (again["accepted"], again["skipped"], again["rejected"]) == (1, 1, 0)


def test_in_09_bulk_intake_opens_live_tickets_with_clocks(desk: Desk, platform: Platform) -> None:
    """The same kind of file opens tickets that somebody must act on."""
    totals = desk.bring(*GOOD, intake=True)
    assert totals["tickets"] == 2
    platform.settle()
    for buyer in ("p-1", "p-2"):
        page = platform.read(SUPERVISOR, f"/v1/queue?buyer={desk.source}-{buyer}")
        (row,) = page["items"]
        assert (row["imported"], row["awaiting"]) == (False, "agent")
        assert row["due_at"] > platform.now.at[:10]
        platform.do("agent:agent-1", row["ticket"], "acceptance")


def test_in_09_bulk_intake_reports_bad_rows_and_opens_the_good_ones(
    desk: Desk, platform: Platform
) -> None:
    """Validated row by row, as history is."""
    totals = desk.bring(GOOD[0], "c4,1", GOOD[2], intake=True)
    assert (totals["tickets"], totals["rejected"]) == (2, 1)
    assert [one["row"] for one in desk.rejected()] == [2]


def _states(platform: Platform) -> dict[str, int]:
    platform.settle()
    found: dict[str, int] = platform.read(SUPERVISOR, "/v1/statistics")["by_source_state"]
    return found
