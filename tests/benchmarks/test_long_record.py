"""The long record that archives are measured on is a true one: whoever doubts it can verify it."""

import shutil
from pathlib import Path

import pytest

from replay.archive.checking import verify
from replay.archive.layout import CHECKPOINTS
from replay.archive.manifest import read
from replay.archive.writing import Order, write
from replay.engines.inline import Inline
from tests.benchmarks.long_record import CHECKPOINT_EVERY, LongRecord
from tests.replay.archives import forge

EVENTS = 3 * CHECKPOINT_EVERY + 100


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[LongRecord, Path]:
    """A record of some ranges, and its archive."""
    record = LongRecord(EVENTS, living=400)
    directory = tmp_path_factory.mktemp("long") / "archive"
    order = Order(
        directory=directory, log_keys=(record.public,), width=2 * CHECKPOINT_EVERY, parts=4
    )
    write(record, order)
    return record, directory


def test_a_long_record_is_signed_to_its_end_and_without_findings(
    archive: tuple[LongRecord, Path],
) -> None:
    """A verification that had nothing to verify would be quick."""
    record, directory = archive
    report = verify(directory, Inline(), log_keys=(record.public,))
    assert report.clean
    assert report.events == record.events == EVENTS
    (lane,) = read(directory).lanes
    assert lane.size == EVENTS
    assert [one.last for one in lane.ranges] == [2 * CHECKPOINT_EVERY, EVENTS]


def test_the_checkpoints_of_a_long_record_are_those_that_its_events_name(
    archive: tuple[LongRecord, Path], tmp_path: Path
) -> None:
    """Without them its records name what nobody signed, and that is found."""
    record, directory = archive
    without = Path(shutil.copytree(directory, tmp_path / "without"))
    for one in sorted(without.rglob(CHECKPOINTS)):
        forge(without, one, lambda table: table.slice(0, 0))
    report = verify(without, Inline(), log_keys=(record.public,))
    assert {one.code for one in report.findings} == {"E18"}
