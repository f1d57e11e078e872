"""Anchors: when a checkpoint is stamped, what is kept and told of it, and the time it proves."""

import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import obstore
import psycopg2
import pytest
from obstore.store import LocalStore, MemoryStore, ObjectStore

from api.anchoring.copies import CopyDirectory, Differs
from api.anchoring.copies_objects import CopyObjects
from api.anchoring.posting import OutsiderUnavailable
from api.anchoring.rounds import RETRY, WEIGHTY_PAUSE, Anchoring, Plan
from api.anchoring.stamps import Authority
from domain.commands import FreezeKeys, IntroduceKey
from domain.events.anchors import CheckpointStamped, CheckpointWitnessed
from domain.ledger.anchors import (
    AnchorHistory,
    AnchorKind,
    Anchors,
    Bracket,
    Stamped,
    anchors_stream,
    bracket,
)
from domain.ledger.application import TicketLedger
from domain.ledger.connections import Connections
from domain.ledger.log import Anchor, Log
from domain.ledger.notary import Notary
from domain.proof import base64text
from domain.proof.checkpoint import parse_checkpoint
from domain.proof.keys import KeyType, SigningKey
from domain.proof.note import parse_note
from domain.proof.stamp import read_roots, verify_stamp
from domain.record import Record
from domain.streams import stream_lane
from domain.values import SYSTEM, FreezeGround, Instant, KeyPurpose, instant, later, moment_of
from tests.conftest import Database
from tests.ledger.authorities import Tsa, stamping
from tests.ledger.matters import asked, fresh_in, opened_ledger, place, query
from tests.ledger.notaries import notary
from tests.ledger.object_store import store_at

LANES = (1, 4)
NOW = Instant("2026-11-22T03:00:00.000000Z")
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """An authority of our own, which is openssl."""
    with stamping(tmp_path_factory.mktemp("tsa")) as own:
        yield own


@dataclass
class House:
    """A ledger, its notary, and who anchors it, under a clock that stands."""

    ledger: TicketLedger
    notary: Notary
    anchors: Anchors
    log: Log
    dsn: str
    tsa: Tsa
    copies: Path
    at: Instant = NOW
    lane: int = 0
    _lanes: list[int] = field(default_factory=list)

    def now(self) -> Instant:
        """Return the time it is for the anchoring."""
        return self.at

    def pass_by(self, within: timedelta) -> None:
        """Let time pass."""
        self.at = later(self.at, within)

    def happen(self) -> None:
        """Let something ordinary happen in the lane, and be published."""
        order = fresh_in(self.lane, self.ledger.lanes)
        place(self.ledger, order)
        self.publish()

    def publish(self) -> int:
        """Have the lane integrated and signed; return the size."""
        self.notary.step(self.lane)
        newest = self.log.checkpoint(self.lane)
        assert newest is not None
        return newest.size

    def anchoring(
        self, *, quorum: int = 0, stamps: bool = True, witnesses: Sequence[str] = ("w1",)
    ) -> Anchoring:
        """Return an anchoring as a process would begin with it."""
        plan = Plan(
            authority=Authority(self.tsa.url, self.tsa.roots) if stamps else None,
            copies=CopyDirectory(self.copies) if stamps else None,
            witnesses=list(witnesses) if quorum else [],
            quorum=quorum,
            every=TEN_MINUTES,
        )
        return Anchoring(
            plan, ledger=self.ledger, source=self.log, anchors=self.anchors, now=self.now
        )

    def told(self) -> list[Record]:
        """Return what is on record about the lane's anchors."""
        return self.ledger.stream(anchors_stream(self.lane, self.ledger.lanes))

    def cosign(self, size: int, name: str = "w1") -> str:
        """Keep a cosignature of a witness on a checkpoint; return its line."""
        signed = self.log.checkpoint_at(self.lane, size)
        assert signed is not None
        key = SigningKey("witness.test", b"\x07" * 32, KeyType.COSIGNATURE)
        text = parse_note(signed.note).text
        raw = base64text.encode(key.verifier.id + key.cosign(text, 1_800_000_000))
        line = f"— witness.test {raw}\n"
        kind = AnchorKind.WITNESS.value
        self.anchors.add(Anchor(self.lane, size, kind, name, line.encode(), moment_of(self.at)))
        return line


@pytest.fixture
def house(
    make_database: Callable[[int], Database], lanes: int, tmp_path: Path, tsa: Tsa
) -> Iterator[House]:
    """A house of the test's own; the lane it looks at is not the anchors' first choice."""
    database = make_database(lanes)
    tsa.instead = None
    tsa.asked.clear()
    with ExitStack() as ending:
        ledger = ending.enter_context(opened_ledger(database.app_dsn, tmp_path))
        one = ending.enter_context(notary(database.notary_dsn, tmp_path / "keys"))
        connections = ending.enter_context(closing(Connections(database.notary_dsn)))
        yield House(
            ledger=ledger,
            notary=one,
            anchors=Anchors(connections),
            log=Log(connections),
            dsn=database.superuser_dsn,
            tsa=tsa,
            copies=tmp_path / "copies",
            lane=lanes - 1,
        )


def test_a_stamp_is_kept_told_and_checked_by_another_program(house: House) -> None:
    """What comes back into the ledger is the authority's whole answer, over the three lines."""
    house.happen()
    size = house.anchoring().step(house.lane)
    (record,) = house.told()
    stamped = record.event
    assert isinstance(stamped, CheckpointStamped)
    assert record.lane == house.lane, "a stamp bounds the times of the lane it is recorded in"
    assert (stamped.lane, stamped.size) == (house.lane, size)
    body = parse_note((house.copies / f"lane-{house.lane}/{size:012}.checkpoint").read_bytes()).text
    token = base64text.decode(stamped.token)
    assert house.tsa.accepts(token, body)
    at = verify_stamp(token, body, read_roots(house.tsa.roots.read_bytes()))
    assert stamped.stamped_at == instant(at)
    assert parse_checkpoint(body).root == base64text.decode(stamped.root)


@pytest.mark.parametrize(
    "store", ["memory", "local", pytest.param("s3", marks=pytest.mark.interop)]
)
def test_a_copy_in_an_object_store_is_never_replaced(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    """The same promise as a directory's, over the store's own create-only writes."""
    stores: dict[str, Callable[[], ObjectStore]] = {
        "memory": MemoryStore,
        "local": lambda: LocalStore(tmp_path),
        "s3": lambda: store_at(request.getfixturevalue("object_store")),
    }
    kept = stores[store]()
    copies = CopyObjects(kept)
    for _ in range(2):
        copies.keep("lane-0/000000000007.checkpoint", b"said")
    with pytest.raises(Differs):
        copies.keep("lane-0/000000000007.checkpoint", b"said otherwise")
    assert obstore.get(kept, "lane-0/000000000007.checkpoint").bytes().to_bytes() == b"said"


def test_a_store_of_copies_that_is_away_is_an_alarm_and_no_crash(house: House) -> None:
    """The stamp is taken and told all the same; the next copy is of a newer checkpoint."""
    house.happen()
    house.copies.write_text("a file, where there should be a directory")
    assert house.anchoring().step(house.lane)
    assert len(house.told()) == 1


def test_a_copy_is_read_only_and_never_written_twice(house: House) -> None:
    """Who takes over our machine later can not take back what it said."""
    house.happen()
    size = house.anchoring().step(house.lane)
    folder = house.copies / f"lane-{house.lane}"
    names = {file.name for file in folder.iterdir()}
    assert names == {f"{size:012}.checkpoint", f"{size:012}-1.tsr"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o444 for file in folder.iterdir())
    copies = CopyDirectory(house.copies)
    place = f"lane-{house.lane}/{size:012}.checkpoint"
    content = (house.copies / place).read_bytes()
    copies.keep(place, content)
    with pytest.raises(Differs):
        copies.keep(place, content + b"x")
    assert (house.copies / place).read_bytes() == content


def test_a_growing_lane_is_stamped_every_ten_minutes_and_a_resting_one_is_not(
    house: House,
) -> None:
    """The record of a stamp makes the lane grow, and must not call for the next one."""
    anchoring = house.anchoring()
    house.happen()
    assert anchoring.step(house.lane)
    house.pass_by(TEN_MINUTES)
    house.publish()
    assert anchoring.step(house.lane) is None, "nothing but the stamp itself was recorded"
    house.happen()
    assert anchoring.step(house.lane), "ten minutes are over, and something happened"
    house.happen()
    house.pass_by(TEN_MINUTES - timedelta(seconds=1))
    assert anchoring.step(house.lane) is None
    house.pass_by(timedelta(seconds=1))
    assert anchoring.step(house.lane)
    assert len(house.told()) == 3


def test_what_is_weighty_is_stamped_at_once(house: House) -> None:
    """A ruling, an export or a key event does not wait for the clock; nor does it flood it."""
    house.lane = stream_lane("ledger:keys", house.ledger.lanes)
    anchoring = house.anchoring()
    house.happen()
    assert anchoring.step(house.lane)
    introduce = IntroduceKey(purpose=KeyPurpose.LOG, key="AAAA")
    house.ledger.handle(asked(introduce, SYSTEM))
    house.publish()
    assert anchoring.step(house.lane) is None
    house.pass_by(WEIGHTY_PAUSE)
    assert anchoring.step(house.lane) == house.publish() - 1, "its own record came after"
    house.happen()
    house.pass_by(WEIGHTY_PAUSE)
    assert anchoring.step(house.lane) is None, "the key's event is stamped already"
    house.ledger.handle(asked(FreezeKeys(ground=FreezeGround.LOST, last_signed=()), SYSTEM))
    house.publish()
    assert anchoring.step(house.lane)


def test_an_authority_that_fails_is_asked_again_and_nothing_is_told(house: House) -> None:
    """Neither an error page nor a stamp on something else is an anchor."""
    anchoring = house.anchoring()
    house.happen()
    for instead in ((500, b""), (200, b"<html>"), (200, house.tsa.answer(house_request("x")))):
        house.tsa.instead = instead
        assert anchoring.step(house.lane) is None
        assert house.told() == []
        assert anchoring.step(house.lane) is None, "not before a while has passed"
        house.pass_by(RETRY)
    house.tsa.instead = None
    assert anchoring.step(house.lane)


def house_request(body: str) -> bytes:
    """Return a request for a stamp on another body."""
    from domain.proof.stamp import stamp_request  # noqa: PLC0415 - only here

    return stamp_request(body).content


def test_a_stamp_that_was_kept_and_not_told_is_told_by_the_next_process(house: House) -> None:
    """SIGKILL between keeping and telling loses no stamp, and tells none twice."""
    house.happen()
    newest = house.log.checkpoint(house.lane)
    assert newest is not None
    taken = Authority(house.tsa.url, house.tsa.roots).stamp(parse_note(newest.note).text)
    kept = Anchor(
        house.lane, newest.size, "rfc3161", "127.0.0.1", taken.answer, moment_of(house.at)
    )
    house.anchors.add(kept)
    for _ in range(2):
        assert house.anchoring().step(house.lane) is None
    (record,) = house.told()
    assert isinstance(record.event, CheckpointStamped)
    assert record.event.stamped_at == taken.at


def test_two_at_once_tell_it_once(house: House) -> None:
    """A second worker on another machine is harmless."""
    house.happen()
    rivals = [house.anchoring(), house.anchoring()]
    for rival in rivals:
        assert rival._last(house.lane).size == 0
    sizes = [rival.step(house.lane) for rival in rivals]
    assert sizes[0] == sizes[1] is not None
    assert len(house.told()) == 1


def test_who_cosigned_comes_into_the_ledger_with_the_stamp(house: House) -> None:
    """A witness's word is kept where it can not be taken out again."""
    house.happen()
    line = house.cosign(house.publish())
    assert house.anchoring(quorum=1).step(house.lane)
    stamped, witnessed = (record.event for record in house.told())
    assert isinstance(stamped, CheckpointStamped)
    assert isinstance(witnessed, CheckpointWitnessed)
    assert witnessed.cosignatures == (line.strip(),)
    assert (witnessed.size, witnessed.root) == (stamped.size, stamped.root)
    copy = house.copies / f"lane-{house.lane}/{stamped.size:012}.checkpoint"
    assert line in copy.read_text()


def test_a_witnessed_checkpoint_is_stamped_rather_than_a_newer_one(house: House) -> None:
    """The stamp then proves the time of what somebody else has seen, too."""
    house.happen()
    size = house.publish()
    house.cosign(size)
    house.happen()
    assert house.publish() > size
    assert house.anchoring(quorum=1).step(house.lane) == size


def test_witnesses_alone_are_told_too(house: House) -> None:
    """Without an authority there is no time, but there is somebody who saw the log grow."""
    house.happen()
    house.cosign(house.publish())
    assert house.anchoring(quorum=1, stamps=False).step(house.lane)
    assert [type(record.event) for record in house.told()] == [CheckpointWitnessed]


def test_a_cosignature_that_comes_after_its_stamp_is_told_while_the_ledger_rests(
    house: House,
) -> None:
    """Nobody has to open another ticket for a witness's word to come on record."""
    anchoring = house.anchoring(quorum=1)
    house.happen()
    size = anchoring.step(house.lane)
    assert size is not None
    assert [type(record.event) for record in house.told()] == [CheckpointStamped]
    line = house.cosign(size)
    assert anchoring.step(house.lane) is None, "nothing is anchored for it"
    (_, told) = (record.event for record in house.told())
    assert isinstance(told, CheckpointWitnessed)
    assert (told.size, told.cosignatures) == (size, (line.strip(),))
    anchoring.step(house.lane)
    assert len(house.told()) == 2


def test_a_witness_that_skipped_the_stamped_checkpoint_is_told_by_its_next(house: House) -> None:
    """It is asked for the newest checkpoint only; a larger one vouches for the smaller."""
    anchoring = house.anchoring(quorum=1)
    house.happen()
    size = anchoring.step(house.lane)
    larger = house.publish()
    assert size is not None
    assert size < larger
    house.cosign(larger)
    anchoring.step(house.lane)
    told = house.told()[-1].event
    assert isinstance(told, CheckpointWitnessed)
    assert told.size == larger


@pytest.mark.parametrize("stamps", [True, False])
def test_telling_calls_for_no_telling_and_the_ledger_comes_to_rest(
    house: House, *, stamps: bool
) -> None:
    """Each record makes a checkpoint, and witnesses cosign each; that must end by itself.

    Neither time nor another process nor a restart starts it again.
    """
    names = ("w1", "w2")
    house.happen()
    for _ in range(4):  # each begins as a process would
        anchoring = house.anchoring(quorum=2, stamps=stamps, witnesses=names)
        for _ in range(6):
            anchoring.step(house.lane)
            newest = house.publish()
            for name in names:
                house.cosign(newest, name)
            house.pass_by(TEN_MINUTES)
    told = [record.event for record in house.told()]
    lines = [one for one in told if isinstance(one, CheckpointWitnessed)]
    assert len(lines) == len(names)
    assert len(told) - len(lines) == int(stamps)


def test_a_busy_lane_has_each_witness_told_once_an_anchoring(house: House) -> None:
    """Every checkpoint is cosigned; telling all of that would be as much as the lane itself."""
    anchoring = house.anchoring(quorum=1)
    for _ in range(2):
        for _ in range(5):
            house.happen()
            house.cosign(house.publish())
            anchoring.step(house.lane)
        house.pass_by(TEN_MINUTES)
    told = [type(record.event) for record in house.told()]
    assert told.count(CheckpointStamped) == told.count(CheckpointWitnessed) == 2


def test_two_at_once_tell_a_late_cosignature_once(house: House) -> None:
    """And so does a process that begins after one was killed between keeping and telling."""
    rivals = [house.anchoring(quorum=1), house.anchoring(quorum=1)]
    house.happen()
    size = rivals[0].step(house.lane)
    rivals[1].step(house.lane)
    assert size is not None
    house.cosign(size)
    for rival in (*rivals, house.anchoring(quorum=1)):
        rival.step(house.lane)
    told = [type(record.event) for record in house.told()]
    assert told.count(CheckpointWitnessed) == 1


def test_an_event_lies_between_what_it_knew_and_what_knew_it(house: House) -> None:
    """Not before the newest stamp its `after` covers, not after the first stamp that covers it."""
    anchoring = house.anchoring()
    history = AnchorHistory(house.anchors, house.ledger.lanes)
    house.happen()
    first = anchoring.step(house.lane)
    assert first is not None
    size = house.publish()
    house.happen()
    house.pass_by(TEN_MINUTES)
    anchoring.step(house.lane)
    stamps = history.stamps(house.lane)
    one, two = (record.event for record in house.told())
    assert isinstance(one, CheckpointStamped)
    assert isinstance(two, CheckpointStamped)
    assert [(stamp.size, stamp.at) for stamp in stamps] == [
        (one.size, one.stamped_at),
        (two.size, two.stamped_at),
    ]
    knew = bracket(stamps, position=size + 1, after=size)
    assert knew == Bracket(not_before=one.stamped_at, not_after=two.stamped_at)
    assert bracket(stamps, position=first, after=0) == Bracket(not_after=one.stamped_at)


STAMPS = [
    Stamped(position=11, size=10, at=Instant("2026-11-22T03:00:00.000000Z")),
    Stamped(position=21, size=20, at=Instant("2026-11-22T04:00:00.000000Z")),
]


@pytest.mark.parametrize(
    ("position", "after", "expected"),
    [
        pytest.param(10, 0, (None, 0), id="the last event a stamp covers"),
        pytest.param(11, 10, (None, 1), id="the record of a stamp is not covered by it"),
        pytest.param(12, 10, (None, 1), id="knowing what was stamped is not knowing the stamp"),
        pytest.param(12, 11, (0, 1), id="knowing the record of the stamp is"),
        pytest.param(20, 20, (0, 1), id="before the second one is on record"),
        pytest.param(21, 20, (0, None), id="nothing covers it yet"),
        pytest.param(30, 21, (1, None), id="the newest that is known counts"),
    ],
)
def test_a_bracket_to_the_position(
    position: int, after: int, expected: tuple[int | None, int | None]
) -> None:
    """One position further or one less decides what is proved."""
    low, high = (None if index is None else STAMPS[index].at for index in expected)
    assert bracket(STAMPS, position=position, after=after) == Bracket(low, high)


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_every_lane_has_an_anchors_stream_of_its_own(count: int) -> None:
    """A stamp recorded in another lane would bound nothing there."""
    streams = [anchors_stream(lane, count) for lane in range(count)]
    assert [stream_lane(stream, count) for stream in streams] == list(range(count))
    assert len(set(streams)) == count


def test_only_the_notary_adds_anchors_and_nobody_changes_them(
    house: House, make_database: Callable[[int], Database]
) -> None:
    """The role that takes commands can not vouch for itself."""
    house.happen()
    size = house.publish()
    house.cosign(size)
    assert not house.anchors.add(
        Anchor(house.lane, size, "witness", "w1", b"other", moment_of(NOW))
    )
    (content,) = query(house.dsn, "select content from ledger.anchor")
    assert bytes(content[0]) != b"other"
    with (
        closing(psycopg2.connect(house.ledger.record.connections.dsn)) as connection,
        connection.cursor() as cursor,
    ):
        for statement in (
            "insert into ledger.anchor values (0, 1, 'witness', 'x', '', now())",
            "update ledger.anchor set content = ''",
            "delete from ledger.anchor",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
            connection.rollback()


def test_an_authority_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    """The round goes on; what was to be stamped waits."""
    with stamping(tmp_path / "gone") as gone:
        authority = Authority(gone.url, gone.roots)
    with pytest.raises(OutsiderUnavailable):
        authority.stamp("x")
