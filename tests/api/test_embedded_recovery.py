"""The embedded server after a crash: of itself, of our process, of the machine."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from api import embedded
from api.embedded.postmaster import wait_until
from tests.api.embedded_cases import START, ask, is_alive, pid_file, server_pid, spawn


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a cluster, whose server is stopped at the end."""
    embedded.start(tmp_path / "var").close()
    yield tmp_path / "var"
    embedded.stop(tmp_path / "var")


@pytest.fixture
def another_program() -> Iterator[subprocess.Popen[bytes]]:
    """A living process that is no server."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        yield sleeper
        sleeper.kill()


def leave_pid_file(data_dir: Path, pid: object) -> None:
    """What a server that lost its machine leaves behind."""
    cluster = data_dir / "postgres" / "server" / "cluster"
    socket_dir = data_dir / "postgres" / "server" / "socket"
    pid_file(data_dir).write_text(f"{pid}\n{cluster}\n1700000000\n5432\n{socket_dir}\n\n\nready\n")


def test_a_pid_file_of_a_dead_process_does_not_hinder(data_dir: Path) -> None:
    """The usual leftover of a power cut."""
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    leave_pid_file(data_dir, dead.pid)
    with embedded.start(data_dir) as started:
        assert ask(started.app_dsn, "SELECT 1") == "1"


def test_a_pid_that_now_belongs_to_another_program_does_not_hinder(
    data_dir: Path, another_program: subprocess.Popen[bytes]
) -> None:
    """In a container the pids are the same after every start; PostgreSQL alone would refuse."""
    leave_pid_file(data_dir, another_program.pid)
    with embedded.start(data_dir) as started:
        assert ask(started.app_dsn, "SELECT 1") == "1"
    assert another_program.poll() is None


def test_stop_does_not_end_a_program_that_inherited_the_pid(
    data_dir: Path, another_program: subprocess.Popen[bytes]
) -> None:
    """A stale file must not turn `db stop` into a weapon."""
    leave_pid_file(data_dir, another_program.pid)
    assert not embedded.stop(data_dir)
    assert another_program.poll() is None


def test_a_server_of_another_directory_with_that_pid_does_not_hinder(
    data_dir: Path, tmp_path: Path
) -> None:
    """A command line is compared with its directory, not by the program's name alone."""
    with embedded.start(tmp_path / "other", fsync=False) as other:
        leave_pid_file(data_dir, server_pid(tmp_path / "other"))
        with embedded.start(data_dir) as started:
            assert started.socket_dir != other.socket_dir
            assert ask(started.app_dsn, "SELECT 1") == "1"
        assert ask(other.app_dsn, "SELECT 1") == "1"


def test_a_pid_of_a_zombie_does_not_hinder(data_dir: Path) -> None:
    """A container without an init process keeps dead servers as zombies."""
    zombie = subprocess.Popen(["true"])
    try:
        stat = Path(f"/proc/{zombie.pid}/stat")
        if not stat.exists():
            pytest.skip("this system does not show processes in /proc")
        assert wait_until(lambda: ") Z " in stat.read_text(), seconds=10)
        leave_pid_file(data_dir, zombie.pid)
        with embedded.start(data_dir) as started:
            assert ask(started.app_dsn, "SELECT 1") == "1"
    finally:
        zombie.wait()


@pytest.mark.parametrize("content", ["", "x", "-1"])
def test_a_damaged_pid_file_does_not_hinder(data_dir: Path, content: str) -> None:
    """A file cut short by a full disk."""
    pid_file(data_dir).write_text(content)
    with embedded.start(data_dir) as started:
        assert ask(started.app_dsn, "SELECT 1") == "1"


def test_a_killed_server_comes_back_with_everything_acknowledged(data_dir: Path) -> None:
    """Three rounds of SIGKILL, each with a session open that holds the shared memory."""
    for number in range(3):
        share = embedded.start(data_dir)
        if number == 0:
            ask(share.owner_dsn, "CREATE SCHEMA kept CREATE TABLE fact (number integer)")
        ask(share.owner_dsn, f"INSERT INTO kept.fact VALUES ({number})")
        session = psycopg2.connect(share.owner_dsn)
        os.kill(server_pid(data_dir), signal.SIGKILL)
        with embedded.start(data_dir) as again:
            facts = ask(again.owner_dsn, "SELECT array_agg(number ORDER BY number) FROM kept.fact")
            assert facts == str(list(range(number + 1)))
        session.close()
        share.close()


def test_a_server_whose_owner_was_killed_is_taken_over(data_dir: Path) -> None:
    """The kernel knows that nobody holds a share; the next one in is the last one out."""
    with spawn(START, data_dir) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        pid = server_pid(data_dir)
        owner.kill()
    assert is_alive(pid)
    with embedded.start(data_dir) as heir:
        assert server_pid(data_dir) == pid
        assert ask(heir.app_dsn, "SELECT 1") == "1"
    assert wait_until(lambda: not pid_file(data_dir).exists(), seconds=10)


def test_a_server_whose_owner_was_killed_can_be_stopped(data_dir: Path) -> None:
    """`db stop` is the remedy when nothing is to be started again."""
    with spawn(START, data_dir) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        owner.kill()
    assert embedded.stop(data_dir)
    assert not pid_file(data_dir).exists()


def test_a_first_start_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    """Whenever the first start dies, the second must not find half a cluster."""
    data_dir = tmp_path / "var"
    half_made = data_dir / "postgres" / "server" / "cluster.new"
    with spawn(START, data_dir) as first:
        assert wait_until(half_made.exists, seconds=60)
        first.kill()
    assert not pid_file(data_dir).parent.exists()
    with embedded.start(data_dir) as second:
        assert ask(second.app_dsn, "SELECT 1") == "1"
    assert not half_made.exists()


def test_a_start_that_was_killed_before_the_roles_were_made_is_completed(data_dir: Path) -> None:
    """Roles and database are made at every start that misses them."""
    with embedded.start(data_dir) as first:
        admin = first.dsn("postgres", "postgres")
        connection = psycopg2.connect(admin)
        connection.autocommit = True
        with connection.cursor() as db:
            db.execute("DROP DATABASE ticketledger")
            db.execute("DROP ROLE ticketledger_eraser")
        connection.close()
    with embedded.start(data_dir) as second:
        assert ask(second.eraser_dsn, "SELECT current_user") == "ticketledger_eraser"
