"""The tools that hold the house rules, run as ordinary tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["ruff", "check"], id="the linter finds nothing"),
        pytest.param(["ruff", "format", "--check"], id="the code is formatted"),
        pytest.param(["mypy"], id="the types hold"),
        pytest.param(["lint-imports"], id="the rooms keep their doors"),
    ],
)
def test_the_house_rules_hold(arguments: list[str]) -> None:
    """A rule that is not checked is a matter of taste."""
    program, *options = arguments
    answer = subprocess.run(
        [str(PROGRAMS / program), *options],
        cwd=HOUSE,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
