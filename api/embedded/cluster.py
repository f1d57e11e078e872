"""One cluster on disk, made by initdb and launched with our settings; not who shares it."""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.embedded import postmaster, roles
from api.embedded.account import Account
from api.embedded.binaries import Binaries, find_binaries
from api.embedded.error import EmbeddedError
from api.embedded.postmaster import Postmaster

PORT: Final = 5432
SOCKET_PATH_BYTES_MAX: Final = 100
"""The system's limit is 104 (macOS) or 108 bytes."""
SHORT_PLACE: Final = Path("/tmp")  # noqa: S108 - its directories there are 0700 and checked
ELSEWHERE: Final = Path("/var/lib/ticketledger")
READY_SECONDS_MAX: Final = 300.0
"""Recovery after a crash reads the log of all writes since the last checkpoint."""
RETRY_SECONDS_MAX: Final = 20.0
LOG_BYTES_MAX: Final = 10_000_000
SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_checkpoints": "off",
    "jit": "off",
}
VOLATILE: Final[Mapping[str, str]] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
HBA: Final = "local all all scram-sha-256\n"


@dataclass(frozen=True)
class Cluster:
    """The directory a server lives in: its data, its log, its socket."""

    home: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.home / "server.log"

    def await_ready(self, pid: int) -> Postmaster:
        """The server once it takes connections."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            found = postmaster.running(self.data)
            if found is not None and found.pid == pid and found.status == "ready":
                return found
            if postmaster.has_ended(pid, self.data):
                raise self._failure("it ended while starting")
            time.sleep(postmaster.POLL_SECONDS)
        raise self._failure("it was not ready in time")

    def _failure(self, why: str) -> EmbeddedError:
        last_words = self.log.read_text(errors="replace").splitlines()[-5:]
        return EmbeddedError(
            "The embedded PostgreSQL did not start.",
            why=f"{why}: " + " / ".join(last_words),
            remedy=f"see {self.log}, or set TICKETLEDGER_DATABASE_URL to a server of your own",
        )


@dataclass(frozen=True)
class OpenedCluster(Cluster):
    """A cluster that is ready to be launched by an account that can reach it."""

    account: Account
    binaries: Binaries

    def launch(self, *, fsync: bool, extra_settings: Mapping[str, str]) -> Postmaster:
        """Start the server and wait until it takes connections.

        Backends that outlived a killed server hold the shared memory for a moment: try again.
        """
        deadline = time.monotonic() + RETRY_SECONDS_MAX
        while True:
            postmaster.clear_stale_pid_file(self.data)
            try:
                return self.await_ready(self._spawn(fsync=fsync, extra_settings=extra_settings))
            except EmbeddedError as error:
                if "still in use" not in error.why or time.monotonic() > deadline:
                    raise

    def _spawn(self, *, fsync: bool, extra_settings: Mapping[str, str]) -> int:
        socket_dir = self._socket_dir()
        # Nobody else puts a socket here and no server runs, so a lock file in it is stale,
        # whichever process has its pid now.
        (socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        settings = {
            **SETTINGS,
            "unix_socket_directories": f'"{socket_dir}"',
            **({} if fsync else VOLATILE),
            **extra_settings,
        }
        arguments = [self.binaries.program("postgres"), "-D", str(self.data), "-p", str(PORT)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.log.chmod(0o600)
            pid = self.account.spawn(arguments, log=log)
        postmaster.remember(pid)
        return pid

    def _socket_dir(self) -> Path:
        """A directory for the socket that only we can enter, with a path the system accepts."""
        directory = self.home / "socket"
        if len(os.fsencode(directory / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES_MAX:
            digest = sha256(os.fsencode(self.home)).hexdigest()[:16]
            directory = SHORT_PLACE / f"ticketledger-{self.account.uid}-{digest}"
        try:
            directory.mkdir(mode=0o700)
            os.chown(directory, self.account.uid, self.account.gid)
        except FileExistsError:
            status = directory.lstat()
            if status.st_uid != self.account.uid or status.st_mode & 0o170077 != 0o040000:
                raise EmbeddedError(
                    f"The socket directory {directory} cannot be trusted.",
                    why="it is not a directory that only the server's user can enter",
                    remedy="remove it, or set TICKETLEDGER_DATA_DIR to a shorter path",
                ) from None
        return directory


def open_cluster(
    control: Path, account: Account, *, fsync: bool, lock: int
) -> tuple[OpenedCluster, dict[str, str]]:
    """The cluster of this control directory, made if it does not exist, and its passwords.

    The lock is the descriptor that keeps other starts out; initdb holds it too, so that one that
    outlives us is waited for.
    """
    data = control / "server" / "cluster"
    is_new = not data.exists()
    found = find_binaries(None if is_new else int((data / "PG_VERSION").read_text()))
    home = _reachable_home(control, account)
    binaries = _runnable(found, account, home)
    opened = OpenedCluster(home, account, binaries)
    passwords = roles.read_or_draw_passwords(control / "passwords.json", new=is_new)
    if is_new:
        _initialise(opened, passwords[roles.SUPERUSER], fsync=fsync, lock=lock)
    return opened, passwords


def remove_short_socket_dir(place: str) -> None:
    """Remove the socket's directory when it is not among the cluster's files."""
    if Path(place).parent == SHORT_PLACE:
        shutil.rmtree(place, ignore_errors=True)


def _initialise(cluster: OpenedCluster, password: str, *, fsync: bool, lock: int) -> None:
    """Run initdb beside the place and rename, so that a crash leaves no half-made cluster."""
    draft = cluster.home / "cluster.new"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = cluster.home / "password.new"
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    os.chown(password_file, cluster.account.uid, cluster.account.gid)
    try:
        made = cluster.account.run(
            [
                cluster.binaries.program("initdb"),
                f"--pgdata={draft}",
                f"--username={roles.SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                "--no-instructions",
                *([] if fsync else ["--no-sync"]),
            ],
            pass_fds=(lock,),
        )
    finally:
        password_file.unlink()
    if made.returncode != 0:
        raise EmbeddedError(
            "The embedded PostgreSQL could not make its cluster.",
            why=" / ".join((made.stderr or made.stdout).strip().splitlines()[-5:]),
            remedy=f"see that {cluster.home} is writable and not full, "
            "or set TICKETLEDGER_DATABASE_URL to a server of your own",
        )
    (draft / "pg_hba.conf").write_text(HBA)
    draft.rename(cluster.data)


def _reachable_home(control: Path, account: Account) -> Path:
    """The directory of the server's files, owned by its account and with a path open to it."""
    link = control / "server"
    if control.stat().st_uid != account.uid:
        os.chown(control, account.uid, account.gid)
    if not link.exists():
        link.unlink(missing_ok=True)
        link.mkdir(mode=0o700)
        os.chown(link, account.uid, account.gid)
        if not account.can_run("test", "-w", str(link)) and os.geteuid() == 0:
            link.rmdir()
            link.symlink_to(_elsewhere(control))
    home = link.resolve()
    if home.stat().st_uid != account.uid:
        _give(home, account)
    if not account.can_run("test", "-w", str(home)):
        raise EmbeddedError(
            f"The server's files in {home} cannot be reached by the user it runs as.",
            why="PostgreSQL refuses root, and a directory above is closed to other users",
            remedy="move the data directory to a path open to all, such as /var/lib/ticketledger, "
            "and set TICKETLEDGER_DATA_DIR to it, or run as an ordinary user",
        )
    return home


def _elsewhere(control: Path) -> Path:
    """A place for the server's files when the data directory lies below a closed one."""
    ELSEWHERE.mkdir(mode=0o755, exist_ok=True)
    digest = sha256(os.fsencode(control)).hexdigest()[:8]
    return Path(tempfile.mkdtemp(prefix=f"{digest}-", dir=ELSEWHERE))


def _runnable(found: Binaries, account: Account, home: Path) -> Binaries:
    """The programs, copied beside the data when the account cannot reach them where they are."""
    if account.can_run(found.program("postgres"), "--version"):
        return found
    copies = home / "binaries" / found.version
    installation = found.directory.parent
    copied = Binaries(
        copies / installation.parent.name / installation.name / "bin",
        found.version,
        found.from_wheel,
    )
    if not copies.exists():
        draft = copies.with_name("draft")
        shutil.rmtree(draft, ignore_errors=True)
        target = draft / installation.parent.name / installation.name
        shutil.copytree(installation, target, symlinks=True)
        libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        _give(copies.parent, account)
        draft.rename(copies)
    if not account.can_run(copied.program("postgres"), "--version"):
        raise EmbeddedError(
            f"PostgreSQL's programs in {found.directory} cannot be run.",
            why="the user the server runs as may not reach them, and a copy does not run either",
            remedy="install PostgreSQL 15 or newer on the system, "
            "or set TICKETLEDGER_DATABASE_URL to a server of your own",
        )
    return copied


def _give(place: Path, account: Account) -> None:
    """Make the account the owner of everything here."""
    for directory, _, names in os.walk(place):
        for path in (directory, *(f"{directory}/{name}" for name in names)):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
