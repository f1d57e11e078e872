"""Manifests that were written anew: what contradicts itself, or what its reader knows, is found."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from api import cli
from domain.proof.checkpoint import Checkpoint
from domain.proof.keys import KeyType, VerifierKey
from replay.archive import manifest
from replay.archive.checking import verify
from replay.archive.figures import columns_by_sql, figures
from replay.archive.layout import MANIFEST
from replay.archive.manifest import DamagedArchive
from replay.engines.inline import Inline
from replay.verify.outside import Copies
from replay.what_if.archived import held
from tests.conftest import Database
from tests.replay.archives import Ledger, first_file, forge, rewrite, tell
from tests.replay.scenes import Clock

P = TypeVar("P")
R = TypeVar("R")
LANES = (4,)
Forge = Callable[[Path, dict[str, Any]], object]


@pytest.fixture(scope="module")
def ledger(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with a history in four lanes."""
    made = Ledger(database, tmp_path_factory.mktemp("ledger"), Clock())
    tell(made)
    return made


@pytest.fixture(scope="module")
def sealed(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of it that nobody touches."""
    directory = tmp_path_factory.mktemp("sealed") / "archive"
    ledger.archive(directory)
    return directory


@pytest.fixture
def archive(sealed: Path, tmp_path: Path) -> Path:
    """A copy of the archive that the test may break."""
    return Path(shutil.copytree(sealed, tmp_path / "archive"))


def plain(archive: Path) -> dict[str, Any]:
    """Return the manifest as whoever forges it has it."""
    found: dict[str, Any] = json.loads((archive / MANIFEST).read_bytes())["archive"]
    return found


def _first(whole: dict[str, Any]) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = whole["lanes"][0]["ranges"][0]["files"]
    return files


def _dropped(archive: Path, whole: dict[str, Any]) -> None:
    first_file(archive).unlink()
    _first(whole).pop(0)


def _dropped_lane(archive: Path, whole: dict[str, Any]) -> None:
    shutil.rmtree(archive / "lane-3")
    whole["lanes"].pop()


def _no_lanes(archive: Path, whole: dict[str, Any]) -> None:
    for lane in archive.glob("lane-*"):
        shutil.rmtree(lane)
    whole["lanes"].clear()


def _swapped(archive: Path, whole: dict[str, Any]) -> None:
    one, other, *others = whole["lanes"]
    one["lane"], other["lane"] = 1, 0
    whole["lanes"] = [other, one, *others]
    (archive / "lane-0").rename(archive / "x")
    (archive / "lane-1").rename(archive / "lane-0")
    (archive / "x").rename(archive / "lane-1")


def _renamed(name: str) -> Forge:
    def work(archive: Path, whole: dict[str, Any]) -> None:
        if "\0" not in name:
            first_file(archive).rename(first_file(archive).with_name(name))
        _first(whole)[0]["name"] = name

    return work


def _of_files(change: Callable[[list[dict[str, Any]]], object]) -> Forge:
    return lambda _archive, whole: change(_first(whole))


def _of_lane(**changed: object) -> Forge:
    return lambda _archive, whole: whole["lanes"][0].update(changed)


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        pytest.param(_no_lanes, "it has no lane", id="no lanes"),
        pytest.param(_swapped, "is not the origin of lane 0", id="two lanes swapped"),
        pytest.param(_of_lane(origin=""), "the origin of lane 0 is none", id="no origin"),
        pytest.param(
            _of_lane(origin="a b/lane-0"), "the origin of lane 0 is none", id="bad origin"
        ),
        pytest.param(
            _of_lane(origin="elsewhere/lane-0"), "lane 0 has a key of something", id="another key"
        ),
        pytest.param(_of_lane(keys=["nonsense"]), "a key of lane 0 is none", id="no key"),
        pytest.param(
            lambda _, whole: whole.update(parts=whole["parts"] - 1), "part 3 is none", id="parts"
        ),
        pytest.param(_dropped, r"positions have \d+ records", id="a part dropped"),
        pytest.param(
            _of_files(lambda files: files.insert(0, files[0])), "named twice", id="a part twice"
        ),
        pytest.param(
            _of_files(lambda files: files.pop()), "checkpoints.parquet is not", id="checkpoints"
        ),
        pytest.param(
            _of_files(lambda files: files[0].update(rows=-1)), "fewer than no", id="negative rows"
        ),
        pytest.param(
            _of_files(lambda files: files[0].update(part=-1)), "part -1 is none", id="negative part"
        ),
        pytest.param(_renamed("zz"), "'zz' is not the name", id="another name"),
        pytest.param(_renamed("a\0b"), "is not the name", id="no name"),
        pytest.param(
            lambda _, whole: whole.update(books=whole["books"] * 2), "named twice", id="books twice"
        ),
        pytest.param(
            lambda _, whole: whole.update(books=["\0" * 64]), "else than a digest", id="no digest"
        ),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused_by_every_reader(
    archive: Path, forged: Forge, said: str
) -> None:
    """Who reads figures does not verify first, and its own digest anybody can make fit."""
    whole = plain(archive)
    forged(archive, whole)
    rewrite(archive, whole)
    for read in (verify, figures, held):
        with pytest.raises(DamagedArchive, match=said):
            read(archive, Inline())
    with pytest.raises(DamagedArchive, match=said):
        columns_by_sql(archive)


def test_rows_that_were_dropped_without_the_manifest_are_in_no_figure(archive: Path) -> None:
    """Its digest fits and its positions add up; the rows are counted where they are read."""
    forge(archive, first_file(archive), lambda table: table.slice(1))
    with pytest.raises(DamagedArchive, match="rows, the manifest says"):
        figures(archive, Inline())
    with pytest.raises(DamagedArchive, match="other rows than the manifest says"):
        columns_by_sql(archive)


def _without_last_lane(archive: Path) -> manifest.LaneArchive:
    """Take the last lane out of an archive, and return what it was."""
    lane = manifest.read(archive).lanes[3]
    whole = plain(archive)
    _dropped_lane(archive, whole)
    rewrite(archive, whole)
    return lane


def test_a_lane_that_is_gone_is_found_by_who_has_its_key(ledger: Ledger, archive: Path) -> None:
    """The archive's own word is no better about its lanes than about its keys."""
    origins = {lane.origin for lane in manifest.read(archive).lanes}
    report = verify(archive, Inline(), log_keys=ledger.log_keys, origins=origins)
    assert report.clean
    assert not any("other lanes" in words for words in report.not_checked)
    gone = _without_last_lane(archive)
    report = verify(archive, Inline(), log_keys=ledger.log_keys, origins=origins)
    assert [(one.code, one.lane) for one in report.findings] == [("A02", 3)]
    assert gone.origin in report.findings[0].what
    unknown = verify(archive, Inline(), log_keys=ledger.log_keys)
    assert any("other lanes than these 3" in words for words in unknown.not_checked)


def test_a_lane_that_is_gone_is_found_by_who_has_a_copy_of_it(archive: Path) -> None:
    """It was cut off as a whole, which a copy of any size shows."""
    gone = _without_last_lane(archive)
    copy = Checkpoint(gone.origin, 7, bytes(32))
    report = verify(archive, Inline(), copies=Copies({3: [copy]}, {}))
    assert [(one.code, one.lane) for one in report.findings] == [("X01", 3)]
    assert report.anchored_upto == {}


def test_of_a_single_lane_nobody_knows_that_it_is_single(ledger: Ledger, archive: Path) -> None:
    """One key serves all lanes, so who has one may know of no other."""
    whole = plain(archive)
    for lane in whole["lanes"][1:]:
        shutil.rmtree(archive / f"lane-{lane['lane']}")
    del whole["lanes"][1:]
    rewrite(archive, whole)
    origins = {whole["lanes"][0]["origin"]}
    report = verify(archive, Inline(), log_keys=ledger.log_keys, origins=origins)
    assert report.clean
    assert any("other lanes than these 1" in words for words in report.not_checked)


def test_the_command_tells_a_lane_that_is_gone_with_6(
    ledger: Ledger, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key or a copy that fits nothing is not one that can not be used."""
    lanes = manifest.read(archive).lanes
    keys = [
        part
        for lane in lanes
        for part in ("--key", VerifierKey(lane.origin, KeyType.NOTE, ledger.log_keys[0]).vkey)
    ]
    assert _run(archive, *keys) == 0
    gone = _without_last_lane(archive)
    copy = tmp_path / "lane-3.checkpoint"
    copy.write_text(gone.checkpoint or "")
    capsys.readouterr()
    assert _run(archive, *keys) == 6
    assert "the archive has no such lane" in capsys.readouterr().out
    assert _run(archive, "--against", copy) == 6
    assert "of a lane that is not here" in capsys.readouterr().out
    copy.write_text((gone.checkpoint or "").replace("/lane-3\n", "/lane-4\n", 1))
    assert _run(archive, "--against", copy) == 5, "nobody signed that"


def test_an_odd_manifest_is_told_as_damaged_and_no_key_is_asked_for(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever gave no key can not mend one."""
    whole = plain(archive)
    whole["lanes"][0]["origin"] = ""
    rewrite(archive, whole)
    assert _run(archive) == 5
    assert "give --key" not in capsys.readouterr().err


def _run(archive: Path, *arguments: object) -> int:
    """Return how `archive verify` ends."""
    asked = ["ticketledger", "archive", "verify", archive, *arguments]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", [*map(str, asked)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


class Elsewhere(Inline):
    """An engine whose workers were started in another directory."""

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the number of each partition with its result."""
        here = Path.cwd()
        os.chdir("/")
        try:
            found = list(super().map(work, partitions))
        finally:
            os.chdir(here)
        yield from found


def test_a_relative_directory_is_the_same_one_for_every_worker(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole archive is not to be told as tampered with because a cluster starts elsewhere."""
    monkeypatch.chdir(sealed.parent)
    assert verify(Path(sealed.name), Elsewhere()).clean
    assert figures(Path(sealed.name), Elsewhere()) == figures(sealed, Inline())
