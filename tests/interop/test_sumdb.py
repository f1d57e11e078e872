"""Go's own transparency log (golang.org/x/mod/sumdb): notes, both kinds of proofs, and tiles."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.install import GO_CACHE, GO_PATH, PROGRAMS, sumdb_is_there
from tests.interop.questions import (
    Question,
    ServedLog,
    ask_program,
    checkpoints,
    growths,
    inclusions,
    misjudged,
)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not sumdb_is_there(), reason="Go with Debian's x/mod is not installed: make interop"
    ),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that asks x/mod, built from Debian's sources without a network."""
    built = tmp_path_factory.mktemp("go") / "sumdb"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(GO_CACHE),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    source = PROGRAMS / "sumdb.go"
    made = subprocess.run(
        ["go", "build", "-o", str(built), str(source)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr
    return built


def test_it_accepts_what_the_log_serves_and_nothing_forged(program: Path, log: ServedLog) -> None:
    """Checkpoints by note.Open, records by tlog.CheckRecord, growth by tlog.CheckTree."""
    questions = [*checkpoints(log), *inclusions(log), *growths(log)]
    answers = ask_program([program], log, questions)
    assert misjudged(questions, answers, holds=True) == []
    assert misjudged(questions, answers, holds=False) == []


def test_it_rebuilds_the_log_from_its_tiles(program: Path, log: ServedLog, tmp_path: Path) -> None:
    """Every record and every older size is proved from the files; one turned bit is found."""
    newest = log.checkpoints[-1]
    tiles = sorted(path.relative_to(log.directory) for path in log.directory.glob("tile/*/**/*"))
    files = [path for path in tiles if (log.directory / path).is_file()]
    assert len(files) == 3, "a full tile, the one behind it, and the one above both"
    questions = [_tiles("as served", newest, log.directory, holds=True)]
    for number, path in enumerate(files):
        for kind in ("changed", "missing", "cut short"):
            copy = shutil.copytree(log.directory, tmp_path / f"{kind}-{number}")
            content = (copy / path).read_bytes()
            if kind == "missing":
                (copy / path).unlink()
            elif kind == "changed":
                (copy / path).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            else:
                (copy / path).write_bytes(content[:-32])
            questions.append(_tiles(f"{path} {kind}", newest, copy, holds=False))
    answers = ask_program([program], log, questions)
    assert misjudged(questions, answers, holds=True) == []
    assert misjudged(questions, answers, holds=False) == []


def _tiles(name: str, note: str, directory: Path, *, holds: bool) -> Question:
    about = {"note": note, "directory": str(directory)}
    return Question(f"tiles: {name}", "tiles", holds, about)
