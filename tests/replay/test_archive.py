"""The archive: what is written, that it verifies by itself, and that it can be added to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from replay.archive import manifest
from replay.archive.checking import digest, verify
from replay.archive.layout import MANIFEST, UNFINISHED, extents, part_of
from replay.archive.manifest import DamagedArchive
from replay.archive.matters import read_matters
from replay.archive.partitions import matter_parts
from replay.archive.refusals import CannotArchive, NotYetSigned, RecordDamaged
from replay.archive.source import Source
from replay.archive.writing import Order, write
from replay.engines.inline import Inline
from tests.conftest import Database
from tests.ledger.matters import open_ticket, place, query, say
from tests.replay.archives import PARTS, WIDTH, Ledger, files, tell
from tests.replay.scenes import Clock

LANES = (1, 4)


@pytest.fixture(scope="module")
def ledger(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with a history, which tests may go on with."""
    made = Ledger(database, tmp_path_factory.mktemp("ledger"), Clock())
    tell(made)
    return made


def newest(ledger: Ledger) -> dict[int, int]:
    """Return the size of every lane's newest checkpoint."""
    rows = query(
        ledger.database.superuser_dsn, "select lane, max(size) from ledger.checkpoint group by lane"
    )
    return {int(lane): int(size) for lane, size in rows}


def test_an_archive_holds_every_signed_position_and_verifies_by_itself(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Nothing but the directory is needed: no database, no key but the ones it names."""
    whole = ledger.archive(tmp_path / "archive")
    report = verify(tmp_path / "archive", Inline())
    assert report.findings == ()
    assert report.events == whole.events == sum(newest(ledger).values())
    assert any("whose key signed" in words for words in report.not_checked)
    assert not report.anchored_outside
    assert verify(tmp_path / "archive", Inline(), log_keys=ledger.log_keys).clean


def test_every_matter_lies_whole_in_one_part(ledger: Ledger, tmp_path: Path) -> None:
    """A function of one matter can be worked out anywhere, from one part's files."""
    whole = ledger.archive(tmp_path / "archive")
    seen: set[tuple[int, str]] = set()
    tickets_of_an_order = 0
    for task in matter_parts(tmp_path / "archive", whole):
        for matter in read_matters(task):
            assert (matter.lane, matter.name) not in seen
            seen.add((matter.lane, matter.name))
            assert part_of(matter.name, PARTS) == task.part
            versions: dict[str, int] = {}
            for record in matter.records:
                assert record.version == versions.get(record.stream, 0) + 1
                versions[record.stream] = record.version
            if matter.name.startswith("order:"):
                tickets_of_an_order = max(
                    tickets_of_an_order, sum(one.startswith("ticket:") for one in versions)
                )
    assert tickets_of_an_order == 2, "the second ticket of an order lies with the first"
    streams = query(
        ledger.database.superuser_dsn, "select count(distinct stream) from ledger.event"
    )
    assert len(seen) < streams[0][0]


def test_no_personal_value_goes_into_an_archive(ledger: Ledger, tmp_path: Path) -> None:
    """Erasing a person must not need the archives of others."""
    ledger.archive(tmp_path / "archive")
    for matter in (
        matter
        for task in matter_parts(tmp_path / "archive", manifest.read(tmp_path / "archive"))
        for matter in read_matters(task)
    ):
        for record in matter.records:
            assert b"message 1" not in bytes(record.envelope.data)


def test_the_same_record_gives_the_same_bytes(ledger: Ledger, tmp_path: Path) -> None:
    """Two archives of one moment can be compared by their digests."""
    moment = newest(ledger)
    ledger.archive(tmp_path / "one", moment=moment)
    ledger.archive(tmp_path / "other", moment=moment)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_an_archive_of_an_earlier_moment_is_covered_by_a_later_checkpoint(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A moment need not have been signed itself: a consistency proof leads to the one that was."""
    moment = {lane: size - 3 for lane, size in newest(ledger).items()}
    whole = ledger.archive(tmp_path / "archive", moment=moment)
    assert moment.items() <= {lane.lane: lane.size for lane in whole.lanes}.items()
    assert all(lane.consistency for lane in whole.lanes)
    assert verify(tmp_path / "archive", Inline()).findings == ()


def within_commands(ledger: Ledger) -> dict[int, tuple[int, int, int]]:
    """Return of every lane the last command with several records: its ends, one within it."""
    rows = query(
        ledger.database.superuser_dsn,
        "select distinct on (lane) lane, min(position), max(position) from ledger.event"
        " group by lane, command having count(*) > 1 order by lane, max(position) desc",
    )
    return {int(lane): (int(first), int(last), int(last) - 1) for lane, first, last in rows}


def test_a_moment_within_a_command_is_moved_to_its_end(ledger: Ledger, tmp_path: Path) -> None:
    """Half of what one command did is no history: any book would have done the other half too."""
    commands = within_commands(ledger)
    assert set(commands) == set(newest(ledger))
    moment = {lane: within for lane, (_, _, within) in commands.items()}
    whole = ledger.archive(tmp_path / "archive", moment=moment)
    assert {one.lane: one.size for one in whole.lanes} == {
        lane: last for lane, (_, last, _) in commands.items()
    }
    assert verify(tmp_path / "archive", Inline()).findings == ()
    before = files(tmp_path / "archive")
    assert ledger.archive(tmp_path / "archive", moment=moment) == whole
    assert files(tmp_path / "archive") == before, "asked for again it is there already"
    assert ledger.archive(tmp_path / "archive").events == sum(newest(ledger).values())


def test_a_command_whose_end_is_not_signed_is_left_for_later(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A checkpoint may come between two of its records."""
    commands = within_commands(ledger)

    class Early(Source):
        def signed_upto(self, lane: int) -> int:
            return commands[lane][2]

    order = Order(directory=tmp_path / "archive", parts=PARTS, width=WIDTH)
    with Early(ledger.database.app_dsn) as source:
        whole = write(source, order)
        assert {one.lane: one.size + 1 for one in whole.lanes} == {
            lane: first for lane, (first, _, _) in commands.items()
        }
        assert write(source, order) == whole
    assert ledger.archive(tmp_path / "archive").events == sum(newest(ledger).values())


def test_what_is_added_later_appends_ranges_and_changes_none(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Copies of an archive need only what is new."""
    archive = tmp_path / "archive"
    before = ledger.archive(archive)
    old = files(archive)
    with ledger.opened() as opened:
        ticket = open_ticket(opened, place(opened))
        for number in range(5):
            say(opened, ticket, f"later {number}")
    ledger.notarize()
    after = ledger.archive(archive)
    assert after.events > before.events
    kept = {name: content for name, content in files(archive).items() if name in old}
    del kept[MANIFEST], old[MANIFEST]
    assert kept == old
    for lane, earlier in zip(after.lanes, before.lanes, strict=True):
        assert lane.ranges[: len(earlier.ranges)] == earlier.ranges
    assert verify(archive, Inline()).findings == ()
    again = files(archive)
    assert ledger.archive(archive) == after
    assert files(archive) == again


@pytest.mark.parametrize("stopped_at", [1, 2])
def test_an_interrupted_write_leaves_no_archive_and_goes_on_to_the_same(
    ledger: Ledger, tmp_path: Path, stopped_at: int
) -> None:
    """What was written whole is kept, and nobody can tell afterwards."""
    moment = newest(ledger)
    ledger.archive(tmp_path / "straight", moment=moment)
    archive = tmp_path / "archive"
    with pytest.raises(KeyboardInterrupt):
        ledger.archive(archive, moment=moment, progress=_stop_after(stopped_at))
    with pytest.raises(DamagedArchive, match="never finished"):
        manifest.read(archive)
    kept = {path.name: path.stat().st_ino for path in archive.rglob("*.parquet")}
    assert kept
    ledger.archive(archive, moment=moment)
    assert files(archive) == files(tmp_path / "straight")
    now = {path.stat().st_ino for path in archive.rglob("*.parquet")}
    assert set(kept.values()) <= now, "what was whole was not written again"
    assert not (archive / UNFINISHED).exists()


def test_what_an_interrupted_write_left_is_not_trusted(ledger: Ledger, tmp_path: Path) -> None:
    """A disk may have lost what it said it had."""
    moment = newest(ledger)
    archive = tmp_path / "archive"
    with pytest.raises(KeyboardInterrupt):
        ledger.archive(archive, moment=moment, progress=_stop_after(1))
    victim = next(iter(sorted(archive.rglob("part-*.parquet"))))
    victim.write_bytes(victim.read_bytes()[:-100])
    ledger.archive(archive, moment=moment)
    assert verify(archive, Inline()).findings == ()


def test_an_archive_stays_what_it_was_while_it_is_added_to(ledger: Ledger, tmp_path: Path) -> None:
    """The manifest is written last; until then the old one names what is there."""
    archive = tmp_path / "archive"
    short = dict.fromkeys(newest(ledger), WIDTH // 2)
    before = ledger.archive(archive, moment=short)
    with pytest.raises(KeyboardInterrupt):
        ledger.archive(archive, progress=_stop_after(1))
    assert manifest.read(archive) == before
    assert verify(archive, Inline()).findings == ()
    ledger.archive(archive)
    assert verify(archive, Inline()).findings == ()


@pytest.mark.parametrize("renamed", [1, 2])
def test_what_a_crash_left_in_place_is_told_as_unfinished(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    """A range that is not named yet is no tampering, and no clean archive; the next write ends it.

    The process dies between putting ranges in their places and the manifest that names them.
    """
    archive = tmp_path / "archive"
    before = ledger.archive(archive, moment=dict.fromkeys(newest(ledger), WIDTH // 2))
    assert verify(archive, Inline()).clean
    rename, put_in_place = Path.rename, 0

    def dying(path: Path, target: Path) -> Path:
        nonlocal put_in_place
        moved = rename(path, target)
        put_in_place += UNFINISHED not in target.parts
        if put_in_place == renamed:
            raise KeyboardInterrupt
        return moved

    with monkeypatch.context() as power_cut:
        power_cut.setattr(Path, "rename", dying)
        with pytest.raises(KeyboardInterrupt):
            ledger.archive(archive)
    (archive / f".{MANIFEST}.0123456789ab").write_text("what a kill leaves of a manifest")
    assert manifest.read(archive) == before
    assert len(list(archive.rglob("checkpoints.parquet"))) > len(newest(ledger))
    report = verify(archive, Inline())
    assert (report.findings, report.unfinished, report.clean) == ((), True, False)
    assert report.events == before.events
    (archive / "lane-0" / "of-mine").write_text("no write's")
    (stray,) = verify(archive, Inline()).findings
    assert (stray.code, "of-mine" in stray.what) == ("A01", True)
    (archive / "lane-0" / "of-mine").unlink()
    ledger.archive(archive)
    assert verify(archive, Inline()).clean


def test_a_moment_that_nobody_signed_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """What no checkpoint covers could still be changed."""
    beyond = {lane: size + 1 for lane, size in newest(ledger).items()}
    with pytest.raises(NotYetSigned, match="signed up to"):
        ledger.archive(tmp_path / "archive", moment=beyond)
    with pytest.raises(NotYetSigned, match="names"):
        ledger.archive(tmp_path / "archive", moment={99: 1})
    assert not (tmp_path / "archive" / MANIFEST).exists()


def test_another_directory_is_left_alone(
    ledger: Ledger, tmp_path: Path, make_database: Callable[[int], Database]
) -> None:
    """An archive never goes on top of something else, nor of another ledger's."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("one")
    with pytest.raises(CannotArchive, match="not empty"):
        ledger.archive(tmp_path / "thesis")
    archive = tmp_path / "archive"
    ledger.archive(archive, moment=dict.fromkeys(newest(ledger), WIDTH // 2))
    with pytest.raises(CannotArchive, match="beyond"):
        ledger.archive(archive, moment=dict.fromkeys(newest(ledger), 1))
    with pytest.raises(CannotArchive, match="was made with"):
        ledger.archive(archive, parts=PARTS + 1)
    other = Ledger(make_database(ledger.database.lanes), tmp_path / "other", Clock())
    tell(other)
    with pytest.raises(CannotArchive, match="not how this ledger begins"):
        other.archive(archive)


def test_a_damaged_record_is_not_archived(
    tmp_path: Path, make_database: Callable[[int], Database], lanes: int
) -> None:
    """An archive would vouch for what is not true."""
    broken = Ledger(make_database(lanes), tmp_path / "broken", Clock())
    tell(broken)
    connection = psycopg2.connect(broken.database.superuser_dsn)
    with connection, connection.cursor() as db:
        db.execute("set session_replication_role = replica")
        db.execute(
            "update ledger.event set state = set_byte(state, 20, 65)"
            " where lane = 0 and position = 40"
        )
        assert db.rowcount == 1
    connection.close()
    with pytest.raises(RecordDamaged, match="does not come to its log"):
        broken.archive(tmp_path / "archive")
    assert not (tmp_path / "archive" / MANIFEST).exists()


def test_an_archive_that_was_moved_is_the_same(ledger: Ledger, tmp_path: Path) -> None:
    """Nothing in it says where it lay."""
    ledger.archive(tmp_path / "archive")
    before = digest(verify(tmp_path / "archive", Inline()))
    shutil.move(tmp_path / "archive", tmp_path / "elsewhere")
    assert digest(verify(tmp_path / "elsewhere", Inline())) == before


def test_ranges_end_at_multiples_of_their_width() -> None:
    """So an archive that grew day by day has no more ranges than days and widths."""
    assert [(one.first, one.last) for one in extents(0, 600, 256)] == [
        (1, 256),
        (257, 512),
        (513, 600),
    ]
    assert [(one.first, one.last) for one in extents(600, 800, 256)] == [(601, 768), (769, 800)]
    assert extents(800, 800, 256) == []


def _stop_after(calls: int) -> Callable[[int, int], None]:
    """Return a progress that is interrupted after so many ranges."""
    told = 0

    def progress(_done: int, _total: int) -> None:
        nonlocal told
        told += 1
        if told > calls:  # the first call comes before the first range
            raise KeyboardInterrupt

    return progress
