"""Archives that were damaged or tampered with: found, each with its place."""

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.ledger.signing import sign_text
from domain.proof import base64text
from domain.proof.checkpoint import Checkpoint
from domain.proof.keys import SigningKey
from replay.archive import manifest
from replay.archive.checking import verify
from replay.archive.figures import columns_by_sql, figures
from replay.archive.files import read_checkpoints
from replay.archive.layout import CHECKPOINTS, MANIFEST
from replay.archive.manifest import DamagedArchive
from replay.engines.inline import Inline
from replay.verify import joining
from replay.verify.outside import Copies
from replay.verify.report import Report
from tests.conftest import Database
from tests.replay.archives import Ledger, files, first_file, flip, forge, reseal, rewrite, tell
from tests.replay.scenes import Clock

LANES = (1, 4)


@pytest.fixture(scope="module")
def sealed(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Path]:
    """A ledger and an archive of it that nobody touches."""
    ledger = Ledger(database, tmp_path_factory.mktemp("ledger"), Clock())
    tell(ledger)
    directory = tmp_path_factory.mktemp("sealed") / "archive"
    ledger.archive(directory)
    assert verify(directory, Inline()).clean
    return ledger, directory


@pytest.fixture
def archive(sealed: tuple[Ledger, Path], tmp_path: Path) -> Path:
    """A copy of the archive that the test may break."""
    return Path(shutil.copytree(sealed[1], tmp_path / "archive"))


def checked(archive: Path) -> Report:
    """Return what a verification comes to."""
    return verify(archive, Inline())


def codes(archive: Path) -> set[str]:
    """Return the codes of what is found."""
    return {finding.code for finding in checked(archive).findings}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_changed_byte_in_a_page_is_found_with_its_file(archive: Path, share: float) -> None:
    """Disks and hands change bytes; which file is worth most to know."""
    victim = first_file(archive)
    flip(victim, int(victim.stat().st_size * share))
    report = checked(archive)
    assert "A01" in {one.code for one in report.findings}
    (named,) = [one for one in report.findings if one.code == "A01"]
    assert victim.relative_to(archive).as_posix() in named.what
    assert (named.lane, named.position) == (0, 1)
    with pytest.raises(DamagedArchive, match=victim.name):
        figures(archive, Inline())
    with pytest.raises(DamagedArchive, match=victim.name):
        columns_by_sql(archive)


def test_every_changed_byte_of_the_manifest_is_found(archive: Path) -> None:
    """It says what everything else must be."""
    path = archive / MANIFEST
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        flip(path, at)
        with pytest.raises(DamagedArchive):
            manifest.read(archive)
        path.write_bytes(whole)
    path.write_bytes(whole[:-30])
    with pytest.raises(DamagedArchive, match=MANIFEST):
        manifest.read(archive)
    path.unlink()
    with pytest.raises(DamagedArchive, match="never finished"):
        manifest.read(archive)


def test_a_missing_file_is_found_and_nothing_is_made_up_about_its_neighbours(
    archive: Path,
) -> None:
    """That chains end where a file is missing is no second finding."""
    first_file(archive).unlink()
    report = checked(archive)
    assert [one.code for one in report.findings] == ["A01"]
    assert "missing" in report.findings[0].what
    assert any("chains, order and roots of lane 0" in words for words in report.not_checked)


def test_a_missing_file_is_found_however_much_its_rows_leave_open(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many findings are told and no more: the file that explains them all is one of those."""
    monkeypatch.setattr(joining, "FINDINGS_MAX", 2)
    for file in sorted(archive.glob("lane-0/*/part-*.parquet")):
        hidden = file.rename(tmp_path / "hidden")
        report = checked(archive)
        hidden.rename(file)
        assert not report.clean
        assert [one.code for one in report.findings if file.name in one.what] == ["A01"]
        assert report.left_out == 0


@pytest.mark.parametrize("what", ["part-*.parquet", "checkpoints.parquet", "*.toml"])
def test_nothing_is_added_to_what_is_damaged(
    sealed: tuple[Ledger, Path], archive: Path, what: str
) -> None:
    """Who adds to an archive every night and hears nothing believes that it is whole."""
    before = (archive / MANIFEST).read_bytes()
    sealed[0].archive(archive)
    assert (archive / MANIFEST).read_bytes() == before
    victim = min(archive.rglob(what))
    flip(victim, victim.stat().st_size // 2)
    with pytest.raises(DamagedArchive, match=f"{victim.name} is not what the manifest says"):
        sealed[0].archive(archive)
    victim.unlink()
    with pytest.raises(DamagedArchive, match=f"{victim.name} is missing"):
        sealed[0].archive(archive)
    assert (archive / MANIFEST).read_bytes() == before


def test_missing_checkpoints_and_books_are_found(archive: Path) -> None:
    """They are part of what was sealed."""
    next(iter(sorted(archive.rglob(CHECKPOINTS)))).unlink()
    assert "A01" in codes(archive)
    next(iter(sorted((archive / "books").iterdir()))).unlink()
    assert {"A01", "E20"} <= codes(archive)


def test_a_changed_book_is_found(archive: Path) -> None:
    """A decision quotes a book by its digest."""
    flip(next(iter(sorted((archive / "books").iterdir()))))
    assert {"A01", "E21"} <= codes(archive)


def test_an_extra_file_is_found(archive: Path) -> None:
    """Who reads all files of a directory would read it too."""
    extra = first_file(archive).with_name("part-9999.parquet")
    extra.write_bytes(first_file(archive).read_bytes())
    (found,) = checked(archive).findings
    assert (found.code, extra.name in found.what) == ("A01", True)


def test_a_renamed_file_is_found(archive: Path) -> None:
    """It is missing here and too much there."""
    victim = first_file(archive)
    victim.rename(victim.with_name("part-9998.parquet"))
    assert len([one for one in checked(archive).findings if one.code == "A01"]) == 2


def test_swapped_files_are_found(archive: Path) -> None:
    """Each is whole, and not the one that was sealed there."""
    one, other, *_ = sorted((archive / "lane-0").rglob("part-*.parquet"))
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])
    assert len([found for found in checked(archive).findings if found.code == "A01"]) >= 2


def _without_one(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 3), table.slice(4)])


def _reordered(table: pa.Table) -> pa.Table:
    return table.sort_by([("position", "descending")])


def _doubled(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 1), table])


def _changed(name: str, change: Callable[[Any], Any]) -> Callable[[pa.Table], pa.Table]:
    """Change the first row that the change has something to say about."""

    def work(table: pa.Table) -> pa.Table:
        values = table.column(name).to_pylist()
        at = next(at for at, value in enumerate(values) if change(value) != value)
        values[at] = change(values[at])
        place = table.schema.get_field_index(name)
        column = pa.array(values, type=table.schema.field(name).type)
        return table.set_column(place, table.schema.field(name), column)

    return work


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(_without_one, {"E09", "E16"}, id="a dropped row"),
        pytest.param(_reordered, {"A02"}, id="rows in another order"),
        pytest.param(_doubled, {"A02", "E09"}, id="a row twice"),
        pytest.param(
            _changed("state", lambda state: state.replace(b'"buyer"', b'"agent"', 1)),
            {"E03", "E16"},
            id="changed bytes of a record",
        ),
        pytest.param(_changed("topic", lambda _: "note.added.v1"), {"E04"}, id="another topic"),
        pytest.param(_changed("matter", lambda _: "order:o-1"), {"A02"}, id="another matter"),
        pytest.param(_changed("version", lambda one: one + 1), {"E04"}, id="another version"),
    ],
)
def test_what_was_forged_without_the_key_is_found(
    archive: Path, change: Callable[[pa.Table], pa.Table], expected: set[str]
) -> None:
    """Who writes files and manifest anew can make every digest fit, and no signature."""
    before = files(archive)
    forge(archive, first_file(archive), change)
    assert files(archive) != before
    report = checked(archive)
    found = {one.code for one in report.findings}
    assert "A01" not in found, "the manifest vouches for the forged file"
    assert expected <= found
    assert any(one.lane == 0 and one.position is not None for one in report.findings)


@pytest.mark.lanes(1)
def test_records_that_are_filed_away_from_their_order_in_a_later_range_are_found(
    archive: Path,
) -> None:
    """Only where the ticket was opened its records say which order it is of.

    With several lanes this history is too short for a later range of each.
    """
    ranges = sorted((archive / "lane-0").iterdir())
    assert len(ranges) > 1
    victim = min(ranges[-1].glob("part-*.parquet"))
    streams = pq.ParquetFile(victim).read(["stream"]).column("stream").to_pylist()
    stray = next(one for one in streams if one.startswith("ticket:"))

    def astray(table: pa.Table) -> pa.Table:
        before = table.column("matter").to_pylist()
        pairs = zip(table.column("stream").to_pylist(), before, strict=True)
        matters = [stray if stream == stray else matter for stream, matter in pairs]
        assert matters != before
        at = table.schema.get_field_index("matter")
        return table.set_column(at, table.schema.field(at), pa.array(matters))

    forge(archive, victim, astray)
    told = f"the records of {stray.removeprefix('ticket:')} are filed under {stray}"
    assert ("A02", told) in {(one.code, one.what) for one in checked(archive).findings}


def _later(table: pa.Table) -> pa.Table:
    return _shifted(table, timedelta(days=1))


def _much_later(table: pa.Table) -> pa.Table:
    return _shifted(table, timedelta(days=9))


def _shifted(table: pa.Table, within: timedelta) -> pa.Table:
    at = [one + within for one in table.column("published_at").to_pylist()]
    kind = table.schema.field("published_at").type
    return table.set_column(3, table.schema.field("published_at"), pa.array(at, type=kind))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda table: table.slice(0, 0), {"E18"}, id="one that records name is gone"),
        pytest.param(_later, {"E19"}, id="published later than records name it"),
        pytest.param(_much_later, {"E19", "E24"}, id="published days after what it covers"),
        pytest.param(
            _changed("note", lambda note: note.replace(b"\n", b"x\n", 1)),
            {"E14"},
            id="another origin",
        ),
        pytest.param(_changed("root", lambda root: bytes(32)), {"E14", "E16"}, id="another root"),
    ],
)
def test_forged_checkpoints_are_found(
    archive: Path, change: Callable[[pa.Table], pa.Table], expected: set[str]
) -> None:
    """They say what was published when, and records name them."""
    for victim in sorted((archive / "lane-0").rglob(CHECKPOINTS)):
        forge(archive, victim, change)
    assert expected <= codes(archive)


def test_rows_of_another_part_are_refused(archive: Path) -> None:
    """A part holds whole matters or it is none."""
    forge(archive, first_file(archive), _changed("part", lambda part: part + 1))
    report = checked(archive)
    assert any("another part" in one.what for one in report.findings)


def test_a_manifest_that_contradicts_the_records_is_found(archive: Path) -> None:
    """Every word of it can be held against what it names."""
    one, other = sorted(min((archive / "lane-0").iterdir()).glob("part-*.parquet"))[:2]
    moved = {one: 1, other: -1}
    reseal(archive, lambda path, file: file.update(rows=file["rows"] + moved.get(path, 0)))
    assert codes(archive) == {"A02"}
    with pytest.raises(DamagedArchive, match="rows, the manifest says"):
        figures(archive, Inline())


def test_another_root_in_the_manifest_is_found(archive: Path) -> None:
    """The roots at the ends of ranges are for comparing copies."""
    plain = json.loads((archive / MANIFEST).read_bytes())["archive"]
    plain["lanes"][0]["ranges"][0]["root"] = base64text.encode(hashlib.sha256(b"").digest())
    rewrite(archive, plain)
    assert codes(archive) == {"E16"}


def test_a_covering_checkpoint_of_something_else_is_found(archive: Path) -> None:
    """The signature is what makes an archive more than files."""
    plain = json.loads((archive / MANIFEST).read_bytes())["archive"]
    lane = plain["lanes"][0]
    key = SigningKey(lane["origin"], bytes(range(32)))

    class Own:
        public = key.verifier.public

        def sign(self, message: bytes) -> bytes:
            return key.sign(message.decode())

    body = Checkpoint(lane["origin"], lane["size"], bytes(32)).body
    lane["checkpoint"] = str(sign_text(body, lane["origin"], [Own()]))
    rewrite(archive, plain)
    assert codes(archive) == {"E13", "E16"}


def test_a_covering_checkpoint_that_is_too_small_is_found(archive: Path) -> None:
    """What it does not cover, nobody has signed."""
    plain = json.loads((archive / MANIFEST).read_bytes())["archive"]
    stored = read_checkpoints(min(archive.rglob(CHECKPOINTS)).read_bytes())
    assert stored[0].size < plain["lanes"][0]["size"]
    plain["lanes"][0]["checkpoint"] = stored[0].note.decode()
    rewrite(archive, plain)
    assert codes(archive) == {"E15"}


def test_a_key_of_the_auditors_own_is_what_counts(
    sealed: tuple[Ledger, Path], archive: Path
) -> None:
    """The archive's own word about its keys is worth nothing to who has them from elsewhere."""
    ledger, _ = sealed
    assert verify(archive, Inline(), log_keys=ledger.log_keys).clean
    stranger = SigningKey("stranger", bytes(range(32))).verifier.public
    report = verify(archive, Inline(), log_keys=(stranger,))
    assert {one.code for one in report.findings} == {"E13"}


def test_an_outside_copy_with_another_root_is_found(archive: Path) -> None:
    """What was rewritten with the key shows against a copy that lies elsewhere."""
    lane = manifest.read(archive).lanes[0]
    true = Checkpoint(lane.origin, lane.ranges[0].last, base64text.decode(lane.ranges[0].root))
    report = verify(archive, Inline(), copies=Copies({0: [true]}, {}))
    assert report.clean
    assert report.anchored_upto == {0: true.size}
    false = Checkpoint(lane.origin, 17, bytes(32))
    report = verify(archive, Inline(), copies=Copies({0: [false]}, {}))
    assert [one.code for one in report.findings] == ["X02"]
    beyond = Checkpoint(lane.origin, lane.size + 1, bytes(32))
    report = verify(archive, Inline(), copies=Copies({0: [beyond]}, {}))
    assert report.clean
    assert any("beyond the archive's end" in words for words in report.not_checked)
