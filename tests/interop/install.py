"""Fetches other people's programs into `.interop`, for tests that skip where they are absent.

Nothing of it is part of the product or of its environment. What can not be fetched is said, and
is no failure: `python -m tests.interop.install [--system]`, where `--system` lets it ask apt-get.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

HOUSE: Final = Path(__file__).resolve().parents[2]
PLACE: Final = HOUSE / ".interop"
PROGRAMS: Final = Path(__file__).parent / "programs"
VENV: Final = PLACE / "venv"
VENV_PYTHON: Final = VENV / "bin" / "python"
WEED: Final = VENV / "bin" / "weed"
NODE_PLACE: Final = PLACE / "node"
GO_PATH: Final = Path("/usr/share/gocode")
GO_CACHE: Final = PLACE / "go"
REQUIREMENTS: Final = PROGRAMS / "requirements.txt"
READERS: Final = ("r4pm", "pm4py")
"""Readers of process logs, each in an environment of its own; pm4py is AGPL."""
PACKAGES: Final = PROGRAMS / "package.json"
SECONDS_MAX: Final = 240
"""For each of the programs; whoever is offline is told within less."""


def sigstore_is_there() -> bool:
    """Return whether sigstore-python can be asked."""
    return _done(VENV, REQUIREMENTS)


def node_is_there() -> bool:
    """Return whether npm's verifier can be asked."""
    return shutil.which("node") is not None and _done(NODE_PLACE, PACKAGES)


def sumdb_is_there() -> bool:
    """Return whether Go and the sources of x/mod are installed, as Debian has them."""
    sources = GO_PATH / "src/golang.org/x/mod/sumdb/tlog"
    return shutil.which("go") is not None and sources.is_dir()


def object_store_is_there() -> bool:
    """Return whether there is an S3 server to start."""
    return sigstore_is_there() and WEED.is_file()


def reader_python(name: str) -> Path:
    """Return the Python of a reader's own environment."""
    return PLACE / name / "bin" / "python"


def reader_is_there(name: str) -> bool:
    """Return whether a reader of process logs can be asked."""
    return _done(PLACE / name, PROGRAMS / f"{name}.txt")


def main(arguments: Sequence[str]) -> int:
    """Fetch what is absent, and say of each program what came of it."""
    programs: dict[str, tuple[Callable[[], bool], Callable[[], None]]] = {
        "sigstore-python, SeaweedFS": (
            sigstore_is_there,
            partial(_install_venv, VENV, REQUIREMENTS),
        ),
        "npm @sigstore/verify, canonicalize": (node_is_there, _install_node),
    }
    for name in READERS:
        install = partial(_install_venv, PLACE / name, PROGRAMS / f"{name}.txt")
        programs[name] = (partial(reader_is_there, name), install)
    if "--system" in arguments:
        programs["Go x/mod/sumdb"] = (sumdb_is_there, _install_go)
    for name, (is_there, install) in programs.items():
        began, why = time.monotonic(), ""
        if not is_there():
            try:
                install()
            except (OSError, subprocess.SubprocessError) as error:
                why = f" ({error})"
        state = "there" if is_there() else f"absent{why}: its tests are skipped"
        sys.stdout.write(f"{name}: {state}, {time.monotonic() - began:.0f} s\n")
    return 0


def _install_venv(place: Path, wanted: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(place)])
    python = str(place / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    limits = ["--retries", "1", "--timeout", "20"]
    _run([*pip, *limits, "--require-hashes", "-r", str(wanted)])
    _mark(place, wanted)


def _install_node() -> None:
    shutil.rmtree(NODE_PLACE, ignore_errors=True)
    NODE_PLACE.mkdir(parents=True)
    shutil.copy(PACKAGES, NODE_PLACE)
    npm = ["npm", "install", "--prefix", str(NODE_PLACE), "--no-package-lock", "--ignore-scripts"]
    limits = [
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
        "--fetch-timeout=20000",
        "--logs-max=0",
    ]
    _run([*npm, *limits])
    _mark(NODE_PLACE, PACKAGES)


def _install_go() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise OSError("needs root and apt-get")
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    limits = ["-qq", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"]
    wanted = ["golang-go", "golang-golang-x-mod-dev", "golang-golang-x-crypto-dev"]
    _run(["apt-get", *limits, "update"], quietly)
    _run(["apt-get", *limits, "install", "-y", "--no-install-recommends", *wanted], quietly)


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a command within its time, and raise what it said last when it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise OSError(said[-1] if said else f"{command[0]} failed")


def _mark(place: Path, wanted: Path) -> None:
    """Write down last what was installed, so that a half made place is made again."""
    (place / "installed").write_text(hashlib.sha256(wanted.read_bytes()).hexdigest())


def _done(place: Path, wanted: Path) -> bool:
    """Return whether exactly what is wanted was installed."""
    mark = place / "installed"
    return mark.is_file() and mark.read_text() == hashlib.sha256(wanted.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
