"""sigstore-python's verifier: our checkpoint as that of a Rekor log, our records as its entries."""

import pytest

from tests.interop.install import PROGRAMS, VENV_PYTHON, sigstore_is_there
from tests.interop.questions import ServedLog, ask_program, checkpoints, inclusions, misjudged

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not sigstore_is_there(), reason="sigstore-python is not installed: make interop"
    ),
]


def test_it_accepts_what_the_log_serves_and_nothing_forged(log: ServedLog) -> None:
    """Signature, root and path are checked by code that knows nothing of tickets."""
    questions = [*checkpoints(log), *inclusions(log)]
    program = [VENV_PYTHON, "-I", PROGRAMS / "sigstore_answers.py"]
    answers = ask_program(program, log, questions)
    assert misjudged(questions, answers, holds=True) == []
    assert misjudged(questions, answers, holds=False) == []
