"""How far a command has come: told to somebody who looks, and to nobody else."""

import sys

import pytest

from api.cli import progress
from api.cli.progress import Bar


def test_nothing_is_told_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """What a script keeps of stderr is words, not bars."""
    with Bar() as bar:
        bar.counting("events")(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_no_more_often_than_one_can_look_and_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night's work draws no million bars, and what is done is told as done."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "EVERY_S", 3_600)
    with Bar() as bar:
        told = bar.counting("events")
        for done in (500, 1_000, 1_500, 2_000):
            told(done, 2_000)
    drawn = capsys.readouterr().err.split("\r")[1:]
    assert drawn == [
        "[########......................]  25%  500 of 2,000 events\x1b[K",
        "[##############################] 100%  2,000 of 2,000 events\x1b[K\n",
    ]


def test_the_line_of_a_bar_ends_however_the_work_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong is not written behind a bar; where none was drawn no line is left empty."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(KeyboardInterrupt), Bar():
        raise KeyboardInterrupt
    assert capsys.readouterr().err == ""
    bar = Bar()
    bar.counting("events")(0, 0)
    with pytest.raises(KeyboardInterrupt), bar:
        raise KeyboardInterrupt
    assert capsys.readouterr().err.endswith("100%  0 of 0 events\x1b[K\n")
