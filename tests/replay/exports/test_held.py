"""An export is its writer's alone from the first byte until the file has its name."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from replay.exports import reading
from replay.exports.files import OtherExport, hold
from replay.exports.jsonl import export_lines
from replay.exports.ocel_json import export_json
from replay.exports.ocel_sqlite import export_sqlite
from replay.exports.xes import export_xes
from tests.replay.exports.conftest import History, Interrupting, unwatched

Export = Callable[[History, Path], int]


FORMS: dict[str, Export] = {
    "jsonl": lambda history, path: export_lines(history.ledger, history.whole(), path, unwatched),
    "xes": lambda history, path: export_xes(
        history.ledger.record, history.whole(), path, unwatched
    ),
    "ocel-json": lambda history, path: export_json(
        history.ledger.record, history.whole(), path, unwatched
    ),
    "ocel-sqlite": lambda history, path: export_sqlite(
        history.ledger.record, history.whole(), path, unwatched
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_nobody_else_writes_an_export_until_it_has_its_name(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """A second run between the last byte and the name would cut the whole file short."""
    path, replace, refused = tmp_path / "export", Path.replace, []

    def renamed(part: Path, target: Path) -> Path:
        with pytest.raises(OtherExport, match="being written by somebody else"):
            FORMS[form](history, path)
        refused.append(part.name)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", renamed)
    FORMS[form](history, path)
    assert refused == ["export.part"]
    assert [one.name for one in tmp_path.iterdir()] == ["export"]
    monkeypatch.undo()
    FORMS[form](history, tmp_path / "again")
    if form != "ocel-sqlite":
        assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_who_opened_the_part_before_it_was_renamed_holds_nothing(tmp_path: Path) -> None:
    """Its handle leads to the finished file by now, and that is not to be written to."""
    part = tmp_path / "export.part"
    part.write_bytes(b"whole")
    with part.open("ab") as late:
        part.rename(tmp_path / "export")
        with pytest.raises(OtherExport, match="finished by somebody else"):
            hold(late, part)
        part.write_bytes(b"of a third one")
        with pytest.raises(OtherExport, match="finished by somebody else"):
            hold(late, part)
    assert (tmp_path / "export").read_bytes() == b"whole"


@pytest.mark.parametrize("form", ["ocel-json", "ocel-sqlite"])
def test_a_lock_file_that_a_killed_process_left_keeps_nobody_out(
    history: History, tmp_path: Path, form: str
) -> None:
    """The lock is the system's and goes with the process; the file alone says nothing."""
    (tmp_path / "export.part.lock").touch()
    FORMS[form](history, tmp_path / "export")
    assert [one.name for one in tmp_path.iterdir()] == ["export"]


def test_rows_that_are_there_already_are_said(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that somebody else wrote to as well is not gone on with, in words."""
    monkeypatch.setattr(reading.pages, "__defaults__", (37,))
    path = tmp_path / "export"
    with pytest.raises(KeyboardInterrupt):
        export_sqlite(history.ledger.record, history.whole(), path, Interrupting(2))
    with closing(sqlite3.connect(tmp_path / "export.part")) as db, db:
        db.execute("update ticketledger_position set position = 0")
    with pytest.raises(OtherExport, match="written by somebody else too"):
        export_sqlite(history.ledger.record, history.whole(), path, unwatched)
    assert not path.exists()
