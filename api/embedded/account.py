"""Who the server runs as: PostgreSQL refuses root, so root becomes somebody else; no files here."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from api.embedded.error import EmbeddedError


@dataclass(frozen=True)
class Account:
    """The ids the server's programs run with, and how they get there."""

    uid: int
    gid: int
    """The owner of the server's files as this process sees them."""
    prefix: tuple[str, ...] = ()
    switches: bool = False
    """Whether a program must give up our ids for these."""

    def run(self, arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this account."""
        return subprocess.run(  # noqa: S603 - programs found by us, without a shell
            [*self.prefix, *arguments],
            cwd="/",
            text=True,
            capture_output=True,
            check=False,
            env=environment(),
            **self._ids(),
            **options,
        )

    def spawn(self, arguments: Sequence[str], *, log: IO[bytes]) -> int:
        """The pid of a program started in a session of its own, out of the terminal's reach."""
        child = subprocess.Popen(  # noqa: S603 - programs found by us, without a shell
            [*self.prefix, *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
            start_new_session=True,
            **self._ids(),
        )
        # The server outlives this object on purpose, and is waited for by its pid.
        child.returncode = 0
        return child.pid

    def can_run(self, *arguments: str) -> bool:
        """Whether this program succeeds as this account."""
        try:
            return self.run(arguments, timeout=30).returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False

    def _ids(self) -> dict[str, Any]:
        if not self.switches:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def environment() -> Mapping[str, str]:
    """What the server's programs get to see of the environment: nothing of ours."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def choose_account(place: Path) -> Account:
    """The account for a server whose files are, or will be, at this place."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 and _is_known(uid):
        return Account(uid, gid)
    if uid == 0:
        owner = owner_of(place)
        if owner.uid != 0 and _is_known(owner.uid) and owner.can_run("true"):
            return owner
    nobody = pwd.getpwnam("nobody")
    unshare = shutil.which("unshare")
    if unshare is not None:
        mapped = Account(
            uid,
            gid,
            prefix=(
                unshare,
                "--user",
                f"--map-user={nobody.pw_uid}",
                f"--map-group={nobody.pw_gid}",
                "--",
            ),
        )
        if mapped.can_run("true"):
            return mapped
    dropped = Account(nobody.pw_uid, nobody.pw_gid, switches=True)
    if uid == 0 and dropped.can_run("true"):
        return dropped
    raise EmbeddedError(
        f"The embedded PostgreSQL cannot run as uid {uid}.",
        why="PostgreSQL refuses root and users without a passwd entry; user namespaces are not "
        "available here and this process may not become `nobody`",
        remedy="run as an ordinary user, or allow user namespaces, "
        "or set TICKETLEDGER_DATABASE_URL to a server of your own",
    )


def owner_of(place: Path) -> Account:
    """The owner of the nearest directory that exists: root in somebody's checkout serves them."""
    while not place.exists():
        place = place.parent
    status = place.stat()
    return Account(status.st_uid, status.st_gid, switches=True)


def _is_known(uid: int) -> bool:
    """Whether initdb will find a name for this user."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
