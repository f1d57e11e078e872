"""What a reference needs and the project does not: environments made on demand, and kept."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_INSTALL_SECONDS_MAX: Final = 300.0


class NotInstalledError(Exception):
    """A reference cannot be installed here; the message says why."""


@dataclass(frozen=True, slots=True)
class Environments:
    """Where the environments are kept from one run to the next."""

    place: Path

    def python(self, name: str, requirements: Sequence[str]) -> Path:
        """Return the Python of an environment that holds these requirements."""
        digest = hashlib.sha256(f"{sys.version}\n{requirements}".encode()).hexdigest()[:12]
        place = self.place / f"{name}-{digest}"
        python = place / "bin" / "python"
        if (place / "complete").exists():
            return python
        _tell(f"installing {' '.join(requirements)} into {place}")
        if place.exists():
            shutil.rmtree(place)
        try:
            venv.create(place, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotInstalledError(f"no environment can be made: {error}") from error
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--only-binary", ":all:", *requirements])
        (place / "complete").touch()
        return python

    def npm_package(self, package: str, version: str) -> dict[str, str]:
        """Return the SQL files of an npm package by their names in it; nothing of it is run."""
        stem = package.removeprefix("@").replace("/", "-")
        place = self.place / f"{stem}-{version}.tgz"
        if not place.exists():
            npm = shutil.which("npm")
            if npm is None:
                raise NotInstalledError(f"npm, which {package} comes from, is not on the PATH")
            _tell(f"fetching {package} into {self.place}")
            self.place.mkdir(parents=True, exist_ok=True)
            _run([npm, "pack", "--silent", f"{package}@{version}"], directory=self.place)
        with tarfile.open(place) as archive:
            return {
                member.name: content.read().decode()
                for member in archive
                if member.name.endswith(".sql") and (content := archive.extractfile(member))
            }


def _run(command: list[str], directory: Path | None = None) -> None:
    try:
        subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS_MAX,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.splitlines() if line.strip()]
        raise NotInstalledError(said[-1] if said else f"exit code {error.returncode}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalledError(str(error)) from error


def _tell(words: str) -> None:
    print(words, file=sys.stderr)  # noqa: T201 - words go to stderr
