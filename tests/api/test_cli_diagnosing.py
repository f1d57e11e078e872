"""The command that judges a text, or measures the judgement against people's labels."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.terminal import CommandError

LABELS = """text,party,scenario,urgency,sentiment
快递员态度恶劣,logistics,service,medium,negative
I need an invoice,platform,service,low,neutral
开不了机的手机,logistics,service,low,positive
"""


def _run(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["diagnose", *arguments], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_text_is_judged_on_the_command_line() -> None:
    """Whoever edits the words of a book sees at once what they do."""
    found = json.loads(_run("快递把箱子压坏了", "--json"))
    assert found["responsible"] == "logistics"
    assert "压坏了" in found["words"]
    assert "logistics" in _run("快递把箱子压坏了")


def test_the_agreement_with_labels_is_told_beside_what_a_constant_reaches(tmp_path: Path) -> None:
    """Two of three agree; naming the most frequent label reaches as much for some questions."""
    labels = tmp_path / "labels.csv"
    labels.write_text(LABELS, encoding="utf-8")
    found = json.loads(_run("--gold", str(labels), "--json"))
    assert {*found} == {"party", "scenario", "urgency", "sentiment", "triple"}
    assert found["party"]["agreed"] == 2
    assert found["party"]["share_bp"] == 6_666
    assert found["party"]["majority_bp"] == 6_666
    assert found["triple"] == {
        "texts": 3,
        "agreed": 2,
        "share_bp": 6_666,
        "macro_f1_bp": 6_666,
        "majority_bp": 3_333,
    }
    assert "66.7 %" in _run("--gold", str(labels))


@pytest.mark.parametrize(
    "content",
    ["", "text,colour\na,b\n", "party\nlogistics\n", "text,party\na\n", "text,party\na,b,c\n"],
)
def test_labels_that_can_not_be_compared_are_refused(tmp_path: Path, content: str) -> None:
    """A file with nothing to compare is no agreement of nothing."""
    labels = tmp_path / "labels.csv"
    labels.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError):
        _run("--gold", str(labels))


def test_a_text_and_a_file_are_not_judged_at_once(tmp_path: Path) -> None:
    """It is one question a call."""
    with pytest.raises(CommandError):
        _run("text", "--gold", str(tmp_path / "labels.csv"))
    with pytest.raises(CommandError):
        _run()
    with pytest.raises(CommandError):
        _run("--gold", str(tmp_path / "nothing.csv"))
