"""A record that was changed in the database ends every export; none tells it as if it were true."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.cli.terminal import CommandError, Exit
from domain.ledger.application import TicketLedger
from domain.proof.merkle import HASH_SIZE
from domain.proof.tiles import WIDTH
from replay.exports import jsonl, ocel_json, ocel_sqlite, xes
from replay.exports.reading import DamagedRecord, Span
from tests.replay.exports.conftest import unwatched
from tests.replay.scenes import Scene, ticket_of

Export = Callable[[TicketLedger, Span, Path], int]
FORMS: dict[str, Export] = {
    "jsonl": lambda ledger, span, path: jsonl.export_lines(ledger, span, path, unwatched),
    "xes": lambda ledger, span, path: xes.export_xes(ledger.record, span, path, unwatched),
    "ocel-json": lambda ledger, span, path: ocel_json.export_json(
        ledger.record, span, path, unwatched
    ),
    "ocel-sqlite": lambda ledger, span, path: ocel_sqlite.export_sqlite(
        ledger.record, span, path, unwatched
    ),
}


def more_urgent(record: dict[str, Any]) -> dict[str, Any]:
    """Return a ticket's opening as somebody would have it who can write to the database."""
    assert record["topic"].startswith("ticket.opened.")
    return record | {"data": record["data"] | {"priority": 1 + record["data"]["priority"]}}


@pytest.fixture
def forged(scene: Scene) -> Scene:
    """A ledger in which a record was changed where it stands; the server hashed it again."""
    scene.notarize()
    opened, *_ = scene.positions(f"ticket:{ticket_of(scene)}")
    scene.change(opened, more_urgent)
    return scene


def signed(ledger: TicketLedger) -> Span:
    """Return what a checkpoint covers, which every form can tell."""
    newest = ledger.merkle_log.checkpoint(0)
    assert newest is not None
    return Span({0: 0}, {0: newest.size})


@pytest.mark.parametrize("form", FORMS)
def test_a_record_that_was_changed_is_not_exported(
    forged: Scene, tmp_path: Path, form: str
) -> None:
    """Others would take for a fact what nobody recorded."""
    path = tmp_path / "day"
    with forged.ledger() as ledger, pytest.raises(DamagedRecord):
        FORMS[form](ledger, signed(ledger), path)
    assert not path.exists()


@pytest.mark.parametrize("form", FORMS)
def test_the_same_record_untouched_is_exported(scene: Scene, tmp_path: Path, form: str) -> None:
    """Otherwise a refusal would mean nothing; what the log has not taken in yet is told too."""
    scene.notarize()
    with scene.ledger() as ledger:
        assert FORMS[form](ledger, signed(ledger), tmp_path / "day") > 0


@pytest.mark.parametrize("form", ["xes", "ocel-json", "ocel-sqlite"])
def test_a_damaged_record_ends_the_command_with_6(forged: Scene, tmp_path: Path, form: str) -> None:
    """A machine must see it, and the file's name stays free."""
    at = ["--data-dir", str(forged.directory), "--database-url", forged.database.app_dsn]
    path = tmp_path / "day"
    with pytest.raises(CommandError) as caught:
        CliRunner().invoke(app, ["export", form, str(path), *at], catch_exceptions=False)
    assert caught.value.code is Exit.FINDINGS
    assert "is not what was recorded there" in caught.value.why
    assert not path.exists()


@pytest.mark.parametrize("form", ["xes", "ocel-json", "ocel-sqlite"])
def test_a_tile_that_was_changed_ends_an_export_too(
    scene: Scene, tmp_path: Path, form: str
) -> None:
    """Whoever changed the log and not the record is no better."""
    scene.notarize()
    opened, *_ = scene.positions(f"ticket:{ticket_of(scene)}")
    index, offset = divmod(opened - 1, WIDTH)
    byte = offset * HASH_SIZE
    flipped = f"set_byte(hashes, {byte}, get_byte(hashes, {byte}) # 1)"
    scene.break_in(f"update ledger.tile set hashes = {flipped} where (level, index) = (0, {index})")
    with scene.ledger() as ledger, pytest.raises(DamagedRecord, match=f"position 0-{opened} "):
        FORMS[form](ledger, signed(ledger), tmp_path / "day")
