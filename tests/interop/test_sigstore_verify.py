"""npm's @sigstore/verify on checkpoints and inclusion, and canonicalize on every record."""

from pathlib import Path

import pytest

from tests.interop.install import NODE_PLACE, PROGRAMS, node_is_there
from tests.interop.questions import (
    Question,
    ServedLog,
    ask_program,
    checkpoints,
    inclusions,
    misjudged,
    spellings,
    text64,
)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not node_is_there(), reason="npm's @sigstore/verify is not installed: make interop"
    ),
]


def test_it_accepts_what_the_log_serves_and_nothing_forged(log: ServedLog) -> None:
    """The verifier that npm itself uses for the provenance of packages."""
    questions = [*checkpoints(log), *inclusions(log)]
    answers = ask_program(["node", PROGRAMS / "verify_answers.mjs", NODE_PLACE], log, questions)
    assert misjudged(questions, answers, holds=True) == []
    assert misjudged(questions, answers, holds=False) == []


def test_every_record_is_spelt_as_another_program_spells_it(log: ServedLog) -> None:
    """Canonical JSON is what a JavaScript engine makes of it, which RFC 8785 is written from."""
    questions = list(spellings(log))
    answers = ask_program(["node", PROGRAMS / "verify_answers.mjs", NODE_PLACE], log, questions)
    assert misjudged(questions, answers, holds=True) == []
    assert misjudged(questions, answers, holds=False) == []


def test_the_published_spellings_are_its_own_too(log: ServedLog, shared: Path) -> None:
    """The vectors of RFC 8785 outside our domain (floats, names that are no ASCII) are among them.

    So the program that our records are held against is known to know what we never write.
    """
    vectors = shared / "vectors/rfc8785-jcs/testdata"
    questions = [
        Question(
            f"{source}: {vector.name}",
            "canonical",
            source == "output",
            {"record": text64(vector.read_bytes())},
        )
        for source in ("input", "output")
        for vector in sorted((vectors / source).iterdir())
    ]
    answers = ask_program(["node", PROGRAMS / "verify_answers.mjs", NODE_PLACE], log, questions)
    assert misjudged(questions, answers, holds=True) == []
    assert misjudged(questions, answers, holds=False) == []
