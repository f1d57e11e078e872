"""The set-up a newcomer meets: pinned requirements, a Makefile that explains itself, a wheel."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "projections", "replay", "api")
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
REQUIREMENTS = {
    "requirements.txt": PROJECT["dependencies"],
    "requirements-dev.txt": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
}


def make(target: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make` answers in a directory."""
    if shutil.which("make") is None:
        pytest.skip("this test needs make")
    return subprocess.run(
        ["make", target],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def canonical(name: str) -> str:
    """A distribution's name as the package index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(file: str) -> dict[str, str]:
    """Every pinned distribution and the lines that belong to it."""
    text = (HOUSE / file).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        assert name is not None, f"{file} holds a line that pins nothing: {line[:60]!r}"
        found[canonical(name[0])] = line
    return found


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_every_requirement_is_pinned_with_its_digests(file: str) -> None:
    """What is installed tomorrow on another machine is what was tested here."""
    for name, line in pinned(file).items():
        assert re.search(r"==[0-9]", line), f"{name} is not pinned"
        assert "--hash=sha256:" in line, f"{name} has no digest"


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_every_dependency_of_the_project_is_among_the_requirements(file: str) -> None:
    """A dependency added by hand and never pinned fails on the next fresh machine only."""
    declared = {canonical(re.split(r"[\[<>=;~! ]", spec)[0]) for spec in REQUIREMENTS[file]}
    assert declared <= set(pinned(file))


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_no_address_of_an_index_is_written_down(file: str) -> None:
    """Whoever installs has an index of their own choice."""
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (HOUSE / file).read_text())


def test_the_pinning_tool_is_no_requirement() -> None:
    """It is needed by whoever changes the pins and by nobody else."""
    assert not any("uv" in pinned(file) for file in REQUIREMENTS)


def test_a_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    """Debian splits the module off, and its own message is about `ensurepip`."""
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    shutil.copy(HOUSE / "Makefile", tmp_path)
    for name in ("requirements-dev.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    answer = make("setup", tmp_path, PYTHON=str(python))
    assert answer.returncode != 0
    assert "python3-venv" in answer.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_told_apart(tmp_path: Path) -> None:
    """The first syntax error of an old Python would puzzle a newcomer."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    shutil.copy(HOUSE / "Makefile", tmp_path)
    for name in ("requirements-dev.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    answer = make("setup", tmp_path, PYTHON=str(python))
    assert answer.returncode != 0
    assert "3.11" in answer.stderr


def test_a_second_set_up_does_nothing(tmp_path: Path) -> None:
    """`make run` and `make test` begin with the set-up, so it must cost nothing when done."""
    shutil.copy(HOUSE / "Makefile", tmp_path)
    for name in ("requirements-dev.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".setup.stamp").touch()
    answer = make("setup", tmp_path, PYTHON="/bin/false")
    assert answer.returncode == 0, answer.stderr
    assert "Nothing to be done" in answer.stdout


def test_the_data_is_never_committed() -> None:
    """The default data directory holds keys and personal data."""
    assert "var/" in (HOUSE / ".gitignore").read_text().split()


def test_the_licence_is_the_one_the_project_declares() -> None:
    """A licence is its whole text."""
    text = (HOUSE / "LICENSE").read_text()
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_wheel_holds_the_four_rooms_and_works_outside_the_checkout(tmp_path: Path) -> None:
    """The rooms carry plain names; a wheel must bring all of them, with their SQL and tables."""
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    data = {".sql", ".toml", ".py"}
    for room in ROOMS:
        kept = {
            path.relative_to(HOUSE) for path in (HOUSE / room).rglob("*") if path.suffix in data
        }
        shipped = {path.relative_to(place) for path in (place / room).rglob("*")}
        assert kept <= shipped
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import domain, projections, replay, api.embedded, api.settings\n"
        "import domain.ledger.migrations\n"
        "for room in (domain, projections, replay, api):\n"
        "    print(room.__file__.startswith(sys.argv[1]))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-I", "-c", code, str(place)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.split() == ["True"] * 4, answer.stderr
