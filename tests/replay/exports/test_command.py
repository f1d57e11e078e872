"""`ticketledger export` as a person types it: what it prints, and how it ends."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.terminal import CommandError, Exit
from api.embedded.postmaster import wait_until
from domain.errors import UnknownTicket
from domain.streams import position_text
from replay.exports import jsonl, ocel_json, ocel_sqlite, xes
from tests.replay.exports.conftest import History, Interrupting

FORMS = ("jsonl", "xes", "ocel-json", "ocel-sqlite")
WRITERS = {
    "jsonl": (jsonl, "export_lines"),
    "xes": (xes, "export_xes"),
    "ocel-json": (ocel_json, "export_json"),
    "ocel-sqlite": (ocel_sqlite, "export_sqlite"),
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def at(history: History, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what says on the command line which ledger is meant."""
    settings = history.settings
    monkeypatch.setenv("TICKETLEDGER_NOTARY_DATABASE_URL", history.database.notary_dsn)
    return ["--data-dir", str(settings.data_dir), "--database-url", history.database.app_dsn]


@pytest.fixture
def export(at: list[str]) -> Run:
    """Run an export and return what it prints as JSON."""

    def run(form: str, file: Path, *options: str) -> dict[str, Any]:
        asked = ["export", form, str(file), *options, *at, "--json"]
        done = CliRunner().invoke(app, asked, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return run


def checked(file: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Return how a check of a file ends, and what it prints."""
    asked = ["export", "check", str(file), *options, "--json"]
    done = CliRunner().invoke(app, asked, catch_exceptions=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, told


def refused(*asked: str) -> CommandError:
    """Return why a command does not do what is asked."""
    with pytest.raises(CommandError) as caught:
        CliRunner().invoke(app, list(asked), catch_exceptions=False)
    return caught.value


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_whole_and_clean(
    history: History, export: Run, tmp_path: Path, form: str
) -> None:
    """What is printed is what is in the file."""
    file = tmp_path / f"day.{form}"
    told = export(form, file)
    ends = {lane: history.ledger.position(lane) for lane in range(4)}
    assert told["upto"] == ",".join(position_text(*one) for one in sorted(ends.items()))
    assert told["bytes"] == file.stat().st_size
    code, found = checked(file)
    assert (code, found["findings"], found["form"]) == (0, [], form)
    assert found["events"] == told["events"] > 0
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("form", FORMS)
def test_a_part_is_named_by_moments_and_tickets(
    history: History, export: Run, tmp_path: Path, form: str
) -> None:
    """`--since` and `--upto` are moments; a ticket is named by its id."""
    whole = export(form, tmp_path / "whole")["events"]
    part = export(form, tmp_path / "part", "--since", "0-5", "--upto", "0-40,1-30,2-9,3-1")
    assert 0 < part["events"] < whole
    assert part["since"] == "0-5,1-0,2-0,3-0"
    one = export(form, tmp_path / "one", "--ticket", history.tickets()[0])
    assert 0 < one["events"] < whole
    for name in ("part", "one"):
        assert checked(tmp_path / name)[1]["findings"] == []


def test_json_lines_are_checked_by_the_keys_of_the_log(
    history: History, export: Run, tmp_path: Path
) -> None:
    """A stranger brings the keys; `/log/lane-N/vkey` and the auditors have them."""
    file = tmp_path / "day.jsonl"
    export("jsonl", file)
    from tests.replay.exports.test_jsonl import keys_of  # noqa: PLC0415 - of a sibling

    vkeys = [part for key in keys_of(history) for part in ("--vkey", key.vkey)]
    code, found = checked(file, *vkeys)
    assert (code, found["not_checked"]) == (0, [])
    assert refused("export", "check", str(file), "--vkey", "no key").code is Exit.USAGE


@pytest.mark.parametrize("form", FORMS)
def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(
    at: list[str], export: Run, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half-written stands under the final name."""
    file = tmp_path / "day"
    module, name = WRITERS[form]
    write = getattr(module, name)

    def interrupted(ledger: Any, span: Any, path: Any, _watch: Any) -> int:
        events: int = write(ledger, span, path, Interrupting())
        return events

    with monkeypatch.context() as patch:
        patch.setattr(module, name, interrupted)
        patch.setattr("replay.exports.reading.TICKETS_PAGE", 1)
        patch.setattr("replay.exports.reading.pages.__defaults__", (7,))
        done = CliRunner().invoke(app, ["export", form, str(file), *at])
    assert done.exit_code == Exit.INTERRUPTED
    assert "Run the same command again" in done.stderr
    assert not file.exists()
    export(form, file)
    assert checked(file)[1]["findings"] == []
    assert [one.name for one in tmp_path.iterdir()] == ["day"]


def test_a_file_that_is_there_is_not_replaced(at: list[str], tmp_path: Path) -> None:
    """Neither is a directory written into that is not there."""
    file = tmp_path / "mine"
    file.write_text("mine")
    for form in FORMS:
        assert refused("export", form, str(file), *at).code is Exit.USAGE
        assert file.read_text() == "mine"
        assert refused("export", form, str(tmp_path / "no" / "f"), *at).code is Exit.USAGE


@pytest.mark.parametrize("form", FORMS)
def test_a_disk_that_is_full_is_a_failure_and_no_wrong_usage(
    history: History, at: list[str], export: Run, tmp_path: Path, form: str
) -> None:
    """Whoever calls it did nothing wrong, and may call it again when there is room."""
    file = tmp_path / "day"
    limited = ["bash", "-c", 'ulimit -f 100; exec "$@"', "bash", sys.executable, "-m", "api.cli"]
    done = subprocess.run(
        [*limited, "export", form, str(file), *at],
        env={**os.environ, "TICKETLEDGER_NOTARY_DATABASE_URL": history.database.notary_dsn},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == Exit.FAILURE, done.stderr
    assert "can not be written to its end" in done.stderr
    assert not file.exists()
    export(form, file)
    assert checked(file)[1]["findings"] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--since", "yesterday"), Exit.USAGE),
        (("--since", "9-1"), Exit.NOT_FOUND),
        (("--upto", "0-99999999"), Exit.NOT_FOUND),
        (("--since", "0-9", "--upto", "0-3"), Exit.USAGE),
    ],
)
def test_a_moment_that_is_none_is_said(
    at: list[str], tmp_path: Path, options: tuple[str, ...], code: Exit
) -> None:
    """Positions beyond the end and lanes that are not there are not guessed at."""
    for form in FORMS:
        assert refused("export", form, str(tmp_path / "f"), *options, *at).code is code
    assert list(tmp_path.iterdir()) == []


def test_a_ticket_there_is_not_is_said(at: list[str], tmp_path: Path) -> None:
    """An export of nothing would look like one of a ticket without records."""
    asked = ["export", "jsonl", str(tmp_path / "f"), "--ticket", "T0-261122-0000000", *at]
    with pytest.raises(UnknownTicket):
        CliRunner().invoke(app, asked, catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


def test_findings_end_with_6_and_files_of_something_else_with_5(
    export: Run, tmp_path: Path
) -> None:
    """A machine tells damage, strangers and absence apart."""
    file = tmp_path / "day.sqlite"
    export("ocel-sqlite", file)
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("delete from event_object where ocel_event_id = '0-2'")
    code, found = checked(file)
    assert code == Exit.FINDINGS
    assert found["findings"] == ["event 0-2 is about no object"]
    other = tmp_path / "other"
    other.write_text("[1]")
    assert refused("export", "check", str(other)).code is Exit.INVALID
    assert refused("export", "check", str(tmp_path / "none")).code is Exit.NOT_FOUND


@pytest.mark.parametrize("form", ["jsonl", "ocel-sqlite"])
def test_a_process_that_was_interrupted_leaves_what_the_next_one_needs(
    history: History, at: list[str], export: Run, tmp_path: Path, form: str
) -> None:
    """A real Ctrl-C at a real program, whenever it comes."""
    file, whole = tmp_path / "day", tmp_path / "whole"
    environment = {
        **os.environ,
        "TICKETLEDGER_NOTARY_DATABASE_URL": history.database.notary_dsn,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "export", form, str(file), *at],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    part = file.with_name("day.part")
    assert wait_until(lambda: part.exists() or process.poll() is not None, seconds=60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if not file.exists():
        assert process.returncode == Exit.INTERRUPTED, said
        export(form, file)
    export(form, whole)
    if form == "jsonl":
        assert file.read_bytes() == whole.read_bytes()
    else:
        from tests.replay.exports.test_ocel import tables  # noqa: PLC0415 - of a sibling

        assert tables(file) == tables(whole)
