"""Shares in the embedded server: the first starts it, the last one given up stops it."""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

import psycopg2
from psycopg2.extensions import make_dsn

from api.embedded import postmaster, roles
from api.embedded.account import choose_account, owner_of
from api.embedded.cluster import Cluster, open_cluster, remove_short_socket_dir
from api.embedded.error import EmbeddedError
from api.embedded.postmaster import Postmaster

CONNECT_SECONDS_MAX: Final = 20.0
NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass
class EmbeddedServer:
    """A process's share in the running server of a data directory, and how to connect to it."""

    data_dir: Path
    socket_dir: str
    port: int
    passwords: Mapping[str, str] = field(repr=False)
    """Of every role by its name."""
    _share: int | None

    @property
    def superuser_dsn(self) -> str:
        """The DSN of the role that may do anything: for the launcher and for tests."""
        return self.dsn(roles.SUPERUSER)

    @property
    def owner_dsn(self) -> str:
        """The DSN of the role that migrates and owns the record."""
        return self.dsn(roles.OWNER)

    @property
    def app_dsn(self) -> str:
        """The DSN of the role that reads the record and calls the append."""
        return self.dsn(roles.APP)

    @property
    def notary_dsn(self) -> str:
        """The DSN of the role that writes tiles and checkpoints."""
        return self.dsn(roles.NOTARY)

    @property
    def eraser_dsn(self) -> str:
        """The DSN of the role that deletes disclosures and keys."""
        return self.dsn(roles.ERASER)

    def dsn(self, role: str, database: str = roles.DATABASE) -> str:
        """How libpq connects as this role."""
        return make_dsn(
            host=self.socket_dir,
            port=self.port,
            user=role,
            password=self.passwords[role],
            dbname=database,
        )

    def close(self) -> None:
        """Give up this share; the last one out stops the server unless it is to stay."""
        if self._share is None:
            return
        share, self._share = self._share, None
        control = self.data_dir / "postgres"
        try:
            with _starting_or_stopping(control):
                if _is_last(share) and not (control / "stay").exists():
                    _stop(control)
        finally:
            os.close(share)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def start(
    data_dir: Path,
    *,
    fsync: bool = True,
    stay: bool = False,
    extra_settings: Mapping[str, str] = NO_SETTINGS,
) -> EmbeddedServer:
    """A share in this data directory's server, which is started if it does not run yet.

    A server that runs keeps its settings. One that is started with `stay`, or that nobody else
    has a share in, runs until `stop` is called.
    """
    data_dir = Path(os.path.abspath(data_dir))
    control = data_dir / "postgres"
    _make_control(control)
    with _starting_or_stopping(control) as lock:
        share = os.open(control / "share.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            alone = _is_last(share)
            fcntl.flock(share, fcntl.LOCK_SH)
            deadline = time.monotonic() + CONNECT_SECONDS_MAX
            while True:
                server, passwords, started = _ensure_running(
                    control, fsync=fsync, extra_settings=extra_settings, lock=lock
                )
                if started:
                    (control / "stay").unlink(missing_ok=True)
                if stay and (started or alone):
                    (control / "stay").touch()
                got = EmbeddedServer(data_dir, server.socket_dir, server.port, passwords, share)
                if _is_complete(got, deadline=deadline):
                    return got
        except BaseException:
            os.close(share)
            raise


def has_cluster(data_dir: Path) -> bool:
    """Whether a server was ever started in this data directory; nothing is made by asking."""
    try:
        (Path(os.path.abspath(data_dir)) / "postgres" / "server" / "cluster").stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # closed to us: who starts it says so
    return True


def stop(data_dir: Path) -> bool:
    """Stop this data directory's server, also one that is to stay; false when none runs."""
    control = Path(os.path.abspath(data_dir)) / "postgres"
    if not control.exists():
        return False
    with _starting_or_stopping(control):
        share = os.open(control / "share.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _is_last(share):
                raise EmbeddedError(
                    "The embedded PostgreSQL was not stopped.",
                    why=f"it is in use by {_holders(control / 'share.lock')}",
                    remedy="stop that first; the last one out stops the server",
                )
            (control / "stay").unlink(missing_ok=True)
            return _stop(control)
        finally:
            os.close(share)


def _is_complete(server: EmbeddedServer, *, deadline: float) -> bool:
    """Whether the server has its roles and its database; false when it died a moment ago."""
    admin = server.dsn(roles.SUPERUSER, database="postgres")
    try:
        roles.ensure_roles_and_database(admin, server.passwords)
    except psycopg2.OperationalError as error:
        if time.monotonic() > deadline:
            raise EmbeddedError(
                "The embedded PostgreSQL takes no connection.",
                why=str(error).strip(),
                remedy="stop it with `ticketledger db stop` and start again",
            ) from error
        time.sleep(postmaster.POLL_SECONDS)
        return False
    return True


def _make_control(control: Path) -> None:
    try:
        owner = owner_of(control)
        for directory in (control.parent, control):
            if not directory.exists():
                mode = 0o700 if directory == control else 0o777
                # Another process that starts at the same moment may have been first.
                directory.mkdir(mode=mode, parents=True, exist_ok=True)
                if os.geteuid() == 0:
                    os.chown(directory, owner.uid, owner.gid)
    except OSError as error:
        raise EmbeddedError(
            f"The data directory {control.parent} cannot be used.",
            why=str(error),
            remedy="set TICKETLEDGER_DATA_DIR to a directory you may write to",
        ) from error


@contextmanager
def _starting_or_stopping(control: Path) -> Iterator[int]:
    """Hold the data directory against everybody else who starts or stops its server."""
    try:
        lock = os.open(control / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"The data directory {control.parent} cannot be used.",
            why=str(error),
            remedy="run as the user who made it, or set TICKETLEDGER_DATA_DIR to another directory",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def _is_last(share: int) -> bool:
    """Whether no other share is out; when true, this one is now exclusive."""
    try:
        fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ensure_running(
    control: Path, *, fsync: bool, extra_settings: Mapping[str, str], lock: int
) -> tuple[Postmaster, Mapping[str, str], bool]:
    """The running server, its passwords, and whether it was started just now."""
    place = control / "server" / "cluster"
    found = postmaster.running(place)
    if found is not None and found.status == "stopping":
        postmaster.stop_server(found, place)
        found = None
    if found is not None:
        passwords = roles.read_or_draw_passwords(control / "passwords.json", new=False)
        try:
            return Cluster(place.parent.resolve()).await_ready(found.pid), passwords, False
        except EmbeddedError:
            if postmaster.running(place) is not None:
                raise
    opened, passwords = open_cluster(control, choose_account(place), fsync=fsync, lock=lock)
    return opened.launch(fsync=fsync, extra_settings=extra_settings), passwords, True


def _stop(control: Path) -> bool:
    cluster = control / "server" / "cluster"
    found = postmaster.running(cluster)
    if found is None:
        return False
    postmaster.stop_server(found, cluster)
    remove_short_socket_dir(found.socket_dir)
    return True


def _holders(lock: Path) -> str:
    """Who holds a share, as far as the system tells."""
    try:
        table = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return "another process"
    inode = str(lock.stat().st_ino)
    rows = [line.split() for line in table if " FLOCK " in line and "->" not in line]
    pids = sorted({int(row[4]) for row in rows if row[5].rsplit(":", 1)[-1] == inode})
    return "process " + ", ".join(map(str, pids)) if pids else "another process"
