"""The command line as processes: interrupted, on a terminal, on an embedded server."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import Database

ROWS = 20_000
TICKETLEDGER = (sys.executable, "-m", "api.cli")
WAIT_S = 60


@pytest.fixture
def database(make_database: Callable[[int], Database]) -> Database:
    """A database of the test's own."""
    return make_database(1)


@pytest.fixture
def environment(database: Database, tmp_path: Path) -> dict[str, str]:
    """Where a process of this test finds database and keys."""
    return {
        **os.environ,
        "TICKETLEDGER_DATABASE_URL": database.app_dsn,
        "TICKETLEDGER_DATA_DIR": str(tmp_path / "var"),
    }


def write_log(path: Path, rows: int) -> Path:
    """Write a log of the help desk's form."""
    lines = (f"{number // 4},{number % 4 + 1},2012-04-03T16:55:38Z,A1" for number in range(rows))
    path.write_text("\n".join(("case_id,seq,time,state", *lines)) + "\n", encoding="utf-8")
    return path


def recorded(database: Database) -> int:
    """How many rows of the log are on record."""
    with closing(psycopg2.connect(database.app_dsn)) as connection, connection.cursor() as db:
        db.execute("select count(*) from ledger.event where topic = 'source.reported.v1'")
        (found,) = db.fetchone() or (0,)
    return int(found)


def test_an_interrupted_import_says_so_and_is_taken_up_again(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """Ctrl-C ends in good order with 130, and running it again completes it."""
    log = write_log(tmp_path / "log.csv", ROWS)
    command = [
        *TICKETLEDGER,
        "import",
        str(log),
        "--mapping",
        "helpdesk",
        "--json",
        "--batch",
        "50",
    ]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + WAIT_S
    while not recorded(database) and time.monotonic() < until:
        assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)

    assert process.returncode == 130, err
    first = json.loads(out)
    assert first["interrupted"]
    assert 0 < first["accepted"] < ROWS
    assert recorded(database) == first["accepted"]
    assert "again" in err
    assert "Traceback" not in err

    rest = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=WAIT_S
    )
    second = json.loads(rest.stdout)
    assert second["accepted"] + second["skipped"] == second["rows"] == ROWS
    assert second["skipped"] == first["accepted"]
    assert recorded(database) == ROWS


def test_the_bar_is_for_terminals_and_the_answer_for_scripts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A bar in a log file is noise; on a terminal it says how far the import is."""
    log = write_log(tmp_path / "log.csv", 6_000)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*TICKETLEDGER, "import", str(log), "--mapping", "helpdesk", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    out, _ = process.communicate(timeout=WAIT_S)
    os.close(theirs)
    drawn = os.read(ours, 65_536).decode()
    os.close(ours)

    assert json.loads(out)["accepted"] == 6_000
    assert "%" in drawn
    assert "rows" in drawn

    quiet = subprocess.run(
        [*TICKETLEDGER, "import", str(log), "--mapping", "helpdesk", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_S,
    )
    assert quiet.stderr == ""


def test_the_embedded_server_is_asked_for_and_stopped(tmp_path: Path) -> None:
    """`db dsn` leaves a server for psql behind, and `db stop` ends it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TICKETLEDGER_")
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TICKETLEDGER, *arguments, "--data-dir", str(tmp_path / "var"), "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_S,
        )

    tmp_path.chmod(0o755)
    asked = run("db", "dsn")
    try:
        assert asked.returncode == 0, asked.stderr
        assert run("migrate", "--lanes", "3").returncode == 0
        dsn = json.loads(asked.stdout)["dsn"]
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as db:
            db.execute("select count(*) from ledger.genesis")
            assert db.fetchone() == (3,)
        assert run("migrate").returncode == 0, "who names no number of lanes keeps those there are"
        assert json.loads(run("stats").stdout)["tickets"] == 0
        refused = run("migrate", "--lanes", "2")
        assert (refused.returncode, "3 lane" in refused.stderr) == (1, True)
    finally:
        stopped = run("db", "stop")
    assert json.loads(stopped.stdout) == {"stopped": True}
    assert json.loads(run("db", "stop").stdout) == {"stopped": False}
