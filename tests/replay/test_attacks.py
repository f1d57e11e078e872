"""Every attack of the evidence chain's table, done as the superuser; found, or honestly not.

The rows that find nothing are tests too: what a self-check can not see must not be claimed.
"""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from api.keys import FileKeys
from domain.ledger.erasure import Eraser
from domain.ledger.migrations import Names
from domain.ledger.sealing import disclosure, place, seal
from domain.proof.canonical import BYTES_MAX
from domain.proof.checkpoint import Checkpoint
from domain.proof.stamp import read_roots, stamp_request
from domain.values import Actor, ActorKind, ErasureGround, KeyPurpose
from replay.verify.reading import open_snapshot
from replay.verify.rows import read_rows
from replay.verify.stamps import Outsiders
from tests.ledger.authorities import Tsa, stamping
from tests.ledger.matters import close, say
from tests.ledger.matters import place as place_order
from tests.replay.conftest import Story
from tests.replay.scenes import LANE, Scene, ticket_of
from tests.scenario import BUYER

LATE = 200
"""A position in the second checkpoint, whose record names the first."""


def with_data(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what changes the data of a record."""

    def mutate(record: dict[str, Any]) -> dict[str, Any]:
        return record | {"data": record["data"] | changes}

    return mutate


def test_an_untouched_history_is_clean(scene: Scene) -> None:
    """Otherwise nothing below would mean anything."""
    report = scene.audit()
    assert report.findings == ()
    assert [(report.events,)] == scene.query("select count(*) from ledger.event")
    assert not report.anchored_outside
    assert report.not_checked == ()


def test_an_untouched_history_agrees_with_every_outside_copy(scene: Scene) -> None:
    """What others kept is what we still say."""
    copy = scene.take_copy("copy.checkpoint")
    receipt = scene.take_receipt("order:order-a", 1)
    report = scene.audit(copy, receipt)
    assert report.findings == ()
    assert report.anchored_outside
    ((size,),) = scene.query("select max(size) from ledger.checkpoint")
    assert report.anchored_upto == {0: size}


def test_an_edited_row_is_found(scene: Scene, story: Story) -> None:
    """The server computes the leaf anew; the log and the next event still know the old one."""
    position = scene.positions(f"ticket:{story.living}")[3]
    copy = scene.take_copy("copy.checkpoint")
    scene.change(position, with_data(item="E9"))
    first = scene.audit().findings
    assert {finding.code for finding in first} == {"E07", "E11", "E16"}
    (changed,) = [finding for finding in first if finding.code == "E11"]
    assert (changed.lane, changed.position) == (0, position)
    assert (changed.stream, changed.version) == (f"ticket:{story.living}", 4)
    assert scene.found(copy) == {"E07", "E11", "E16", "X02"}


def test_an_edited_row_whose_old_hash_was_kept_is_found(scene: Scene, story: Story) -> None:
    """Only an audit that hashes the bytes again sees this one."""
    position = scene.positions(f"ticket:{story.living}")[3]
    ((leaf,),) = scene.query("select leaf_hash from ledger.event where position = %s", position)
    scene.break_in("alter table ledger.event alter column leaf_hash drop expression")
    scene.change(position, with_data(item="E9"))
    scene.break_in(
        ("update ledger.event set leaf_hash = %s where position = %s", (bytes(leaf), position))
    )
    assert scene.found() == {"E03", "E07", "E11", "E16"}


def test_a_deleted_row_is_found(scene: Scene, story: Story) -> None:
    """A hole in the lane, in the stream, and a leaf without its event."""
    position = scene.positions(f"ticket:{story.living}")[3]
    scene.break_in(f"delete from ledger.event where position = {position}")
    findings = scene.audit().findings
    assert {finding.code for finding in findings} == {"E06", "E09", "E10"}
    assert {one.position for one in findings if one.code in {"E09", "E10"}} == {position}


def test_a_moved_row_is_found(scene: Scene, story: Story) -> None:
    """Taken from its place and put at the end."""
    position = scene.positions(f"ticket:{story.living}")[3]
    ((last,),) = scene.query("select position from ledger.lane_head")
    scene.break_in(
        f"update ledger.event set position = {last + 1} where position = {position}",
        f"update ledger.lane_head set position = {last + 1}",
    )
    assert scene.found() == {"E09", "E10", "E12"}


def test_two_swapped_events_of_different_streams_are_found(scene: Scene) -> None:
    """Each stream is whole; the log knows which of the two came first."""
    first = scene.positions("order:order-a")[0]
    second = scene.positions("order:order-b")[0]
    swap(scene, first, second)
    assert scene.found() == {"E11", "E16"}
    places = {one.position for one in scene.audit().findings if one.code == "E11"}
    assert places == {first, second}


def test_two_swapped_events_of_one_stream_are_found(scene: Scene, story: Story) -> None:
    """The lane tells another order than the stream."""
    first, second = scene.positions(f"ticket:{story.living}")[4:6]
    swap(scene, first, second)
    assert scene.found() == {"E11", "E12", "E16"}


def swap(scene: Scene, first: int, second: int) -> None:
    """Put two events in each other's place."""
    move = "update ledger.event set position = {} where position = {}"
    aside = 1_000_000
    scene.break_in(
        move.format(aside, first), move.format(first, second), move.format(second, aside)
    )


@pytest.mark.parametrize(
    "column",
    [
        "stream = 'ticket:T0-261122-XXXXXXX'",
        "version = 9999",
        "topic = 'note.added.v1'",
        "command = 'another'",
        "recorded_at = recorded_at + interval '1 second'",
    ],
)
def test_a_changed_column_is_found(scene: Scene, column: str) -> None:
    """What the application looks events up by is compared with what the bytes say."""
    scene.break_in(f"update ledger.event set {column} where position = {LATE}")
    (finding,) = scene.audit().findings
    assert (finding.code, finding.position) == ("E04", LATE)
    assert column.split(maxsplit=1)[0] in finding.what


def test_a_changed_leaf_hash_is_found(scene: Scene) -> None:
    """The stored hash is what the next link and the log would be made from."""
    scene.break_in("alter table ledger.event alter column leaf_hash drop expression")
    scene.break_in(f"update ledger.event set leaf_hash = sha256('x') where position = {LATE}")
    (finding,) = scene.audit().findings
    assert (finding.code, finding.position) == ("E03", LATE)


def test_bytes_that_are_no_record_are_found(scene: Scene) -> None:
    """Not JSON, and JSON in another spelling."""
    spelled = json.dumps(scene.record(LATE + 1)).encode()
    scene.break_in(
        ("update ledger.event set state = %s where position = %s", (b"{not json", LATE)),
        ("update ledger.event set state = %s where position = %s", (spelled, LATE + 1)),
    )
    findings = scene.audit().findings
    assert {("E01", LATE), ("E02", LATE + 1)} <= {(one.code, one.position) for one in findings}


HUGE = 80_000_000
"""Bytes of a forged value: many such in one page would be more than any answer can hold."""


@pytest.mark.parametrize(
    ("column", "value", "codes"),
    [
        # No record is that long, so the log's leaf has no event and its stream has a gap.
        ("state", f"convert_to(repeat('x', {HUGE}), 'UTF8')", {"E02", "E06", "E10"}),
        ("topic", f"repeat('x', {HUGE})", {"E04"}),
        ("leaf_hash", f"convert_to(repeat('x', {HUGE}), 'UTF8')", {"E03"}),
    ],
)
def test_a_huge_row_is_found_without_being_read_to_its_end(
    scene: Scene, column: str, value: str, codes: set[str]
) -> None:
    """Who fills rows with gigabytes must not stop the audit that would tell of them."""
    scene.break_in(
        "alter table ledger.event drop constraint event_state_check",
        "alter table ledger.event alter column leaf_hash drop expression",
        f"update ledger.event set {column} = {value} where position = {LATE}",
    )
    findings = scene.audit().findings
    assert {one.code for one in findings} == codes
    assert {one.position for one in findings if one.code != "E06"} == {LATE}
    with (
        closing(open_snapshot(scene.database.app_dsn, None)) as connection,
        connection.cursor() as cursor,
    ):
        rows = read_rows(cursor, Names(), 0, after=0, upto=50_000)
    read = (*rows.states, *rows.topics, *rows.leaf_hashes)
    assert max(map(len, read)) <= BYTES_MAX + 1
    assert len(rows) == scene.audit().events


def test_a_deleted_ticket_is_found(scene: Scene, story: Story) -> None:
    """With its keys and its texts: only the places where it was remain."""
    positions = scene.positions(f"ticket:{story.ended}")
    stream = f"'ticket:{story.ended}'"
    scene.break_in(
        f"delete from ledger.event where stream = {stream}",
        f"delete from personal.disclosure where stream = {stream}",
        f"delete from personal.subject_key where stream = {stream}",
    )
    findings = scene.audit().findings
    assert {finding.code for finding in findings} == {"E09", "E10"}
    assert {one.position for one in findings if one.code == "E10"} == set(positions)


def truncate(scene: Scene, to: int) -> None:
    """Cut the record after a position, and nothing else."""
    scene.break_in(
        f"delete from ledger.event where position > {to}",
        f"update ledger.lane_head set position = {to}",
    )


def test_a_truncated_tail_is_found_where_the_log_was_left(scene: Scene) -> None:
    """Who forgets the log is caught by it."""
    copy = scene.take_copy("copy.checkpoint")
    ((last,),) = scene.query("select position from ledger.lane_head")
    truncate(scene, last - 1)
    assert {"E10", "E15"} <= scene.found()
    assert "X01" in scene.found(copy)


def test_a_restored_older_backup_is_found_by_an_outside_copy_alone(
    another: Callable[[], Scene],
) -> None:
    """An older backup is whole in itself: there is nothing in it to find."""
    scene, older = another(), another()
    with scene.ledger() as ledger:
        say(ledger, ticket_of(scene), "this will be forgotten")
    scene.notarize()
    copy = scene.take_copy("copy.checkpoint")
    older.clock.at = scene.clock.at
    assert older.found() == set(), "a self-check can not see this"
    (finding,) = older.audit(copy).findings
    assert finding.code == "X01"
    ((last,),) = older.query("select position from ledger.lane_head")
    assert finding.position == last + 1


def forged(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record in which the first order was cheaper."""
    if record["topic"].startswith("order.placed") and record["stream"] == "order:order-a":
        (line,) = record["data"]["lines"]
        paid = line["paid"] | {"amount_minor": 1}
        record["data"]["lines"] = [line | {"paid": paid}]
    return record


def test_a_whole_rewriting_without_the_key_is_found(scene: Scene) -> None:
    """Whoever rewrites everything must sign it, and signs with a key that is not ours."""
    copy = scene.take_copy("copy.checkpoint")
    foreign = FileKeys(scene.directory / "foreign").make(KeyPurpose.LOG, 1)
    scene.rewrite(forged, foreign)
    assert scene.found() == {"E13"}
    assert scene.found(copy) == {"E13", "X02"}


def test_a_whole_rewriting_with_the_key_is_found_by_an_outside_copy_alone(scene: Scene) -> None:
    """This is why a self-check is not evidence."""
    copy = scene.take_copy("copy.checkpoint")
    scene.rewrite(forged)
    assert scene.record(scene.positions("order:order-a")[0])["data"]["lines"][0]["paid"] == {
        "amount_minor": 1,
        "currency": "CNY",
    }
    assert scene.found() == set(), "a self-check can not see this"
    assert scene.found(copy) == {"X02"}


def test_a_rewriting_with_the_key_and_a_fresh_stamp_is_found_by_an_outside_copy_alone(
    scene: Scene, tmp_path: Path
) -> None:
    """An honest authority stamps whatever it is shown; that proves a time and no truth."""
    with stamping(tmp_path / "tsa") as tsa:
        outsiders = Outsiders(read_roots(tsa.roots.read_bytes()))
        stamp(scene, tsa)
        assert scene.audit(outsiders=outsiders).clean
        copy = scene.take_copy("copy.checkpoint")
        scene.rewrite(forged)
        stale = {one.code for one in scene.audit(outsiders=outsiders).findings}
        assert stale == {"E17"}, "the old stamp is on another root"
        stamp(scene, tsa)
        assert scene.audit(outsiders=outsiders).clean, "a self-check can not see this"
        (finding,) = scene.audit(copy, outsiders=outsiders).findings
        assert finding.code == "X02"


def stamp(scene: Scene, tsa: Tsa) -> None:
    """Have the newest checkpoint stamped, and keep the stamp in place of any other."""
    ((size, root),) = scene.query(
        "select size, root from ledger.checkpoint order by size desc limit 1"
    )
    answer = tsa.answer(stamp_request(Checkpoint(LANE, size, bytes(root)).body).content)
    scene.break_in(
        (
            "insert into ledger.anchor(lane, size, kind, name, content, obtained_at)"
            " values (0, %s, 'rfc3161', 'tsa.example', %s, now())"
            " on conflict (lane, size, kind, name) do update set content = excluded.content",
            (size, answer),
        )
    )


def test_an_event_left_out_of_a_rewriting_is_found_by_its_receipt_too(scene: Scene) -> None:
    """Whoever was told that it is on record can show it."""
    last = len(scene.positions("ticket:" + ticket_of(scene)))
    receipt = scene.take_receipt(f"ticket:{ticket_of(scene)}", last)
    copy = scene.take_copy("copy.checkpoint")
    left_out = (f"ticket:{ticket_of(scene)}", last)
    scene.rewrite(
        lambda record: None if (record["stream"], record["version"]) == left_out else record
    )
    scene.break_in(("delete from personal.disclosure where stream = %s and version = %s", left_out))
    assert scene.found() == set(), "a self-check can not see this"
    assert scene.found(receipt) == {"X03"}
    assert scene.found(receipt, copy) == {"X01", "X03"}


def test_a_split_view_is_found_by_the_other_readers_copy_alone(
    another: Callable[[], Scene],
) -> None:
    """Two histories from one beginning, both signed: each is whole."""
    one, other = another(), another()
    for scene, words in ((one, "we agreed on 10"), (other, "we agreed on 90")):
        with scene.ledger() as ledger:
            say(ledger, ticket_of(scene), words)
        scene.notarize()
    copies = [one.take_copy("one.checkpoint"), other.take_copy("other.checkpoint")]
    assert one.found() == other.found() == set(), "a self-check can not see this"
    assert one.found(copies[0]) == set()
    assert one.found(copies[1]) == {"X02"}
    assert other.found(copies[0]) == {"X02"}


def test_an_event_deleted_before_the_log_took_it_in_is_found_by_its_receipt_alone(
    scene: Scene,
) -> None:
    """For a second there is nothing but the receipt: that is what it is for."""
    ((last,),) = scene.query("select position from ledger.lane_head")
    with scene.ledger() as ledger:
        said = say(ledger, ticket_of(scene), "I want this on record")
    receipt = scene.take_receipt(said.stream, said.version)
    truncate(scene, last)
    scene.break_in(
        (
            "delete from personal.disclosure where stream = %s and version = %s",
            (said.stream, said.version),
        )
    )
    assert scene.found() == set(), "a self-check can not see this"
    (finding,) = scene.audit(receipt).findings
    assert (finding.code, finding.stream, finding.version) == ("X03", said.stream, said.version)


def test_a_back_dated_event_is_found(scene: Scene) -> None:
    """It names a checkpoint that was published later than it claims to be recorded."""
    scene.clock.pass_by(timedelta(hours=1))
    scene.notarize()
    with scene.ledger() as ledger:
        say(ledger, ticket_of(scene), "something else first")
    scene.notarize()
    scene.clock.pass_by(timedelta(hours=1))
    with scene.ledger() as ledger:
        said = say(ledger, ticket_of(scene), "this came too late")
    position = int(said.position.partition("-")[2])

    def earlier(record: dict[str, Any]) -> dict[str, Any]:
        return record | {"at": "2026-11-22T03:00:10.000000Z"}

    scene.change(position, earlier)
    scene.notarize()
    findings = scene.audit().findings
    assert {one.code for one in findings} == {"E08", "E19"}
    assert {one.position for one in findings} == {position}


def test_a_clock_that_was_turned_back_is_found(scene: Scene) -> None:
    """Nobody edits anything: the machine's clock lies while a new stream is begun."""
    before = scene.clock.at
    scene.clock.pass_by(timedelta(hours=2))
    with scene.ledger() as ledger:
        say(ledger, ticket_of(scene), "an ordinary day")
    scene.notarize()
    honest = scene.clock.at
    scene.clock.at = before
    with scene.ledger() as ledger:
        close(ledger, ticket_of(scene))
        place_order(ledger, "order-back-dated")
    scene.clock.at = honest
    scene.notarize()
    assert scene.found() == {"E19"}


def test_an_event_that_waited_too_long_for_the_log_is_found(scene: Scene) -> None:
    """What lies outside the log for days could have been exchanged."""
    with scene.ledger() as ledger:
        say(ledger, ticket_of(scene), "nobody takes me in")
    scene.clock.pass_by(timedelta(days=2))
    assert scene.found() == set()
    scene.clock.pass_by(timedelta(days=2))
    assert scene.found() == {"E24"}
    scene.notarize()
    assert scene.found() == {"E24"}


def contents(scene: Scene) -> list[Path]:
    """Return the files of the vault."""
    return sorted(path for path in (scene.directory / "vault").rglob("*") if path.is_file())


def test_a_swapped_attachment_is_found(scene: Scene) -> None:
    """What lies under a digest must have it."""
    path = contents(scene)[0]
    path.chmod(0o600)
    path.write_bytes(b"something else")
    (finding,) = scene.audit().findings
    assert finding.code == "E21"
    assert path.name in finding.what
    path.unlink()
    (finding,) = scene.audit().findings
    assert finding.code == "E20"
    assert finding.stream is not None


def sealed_again(scene: Scene, value: str) -> tuple[str, int, str]:
    """Put another personal value in the place of one, with the right key; return the place."""
    stream, version, pointer, subject = scene.query(
        "select stream, version, pointer, subject from personal.disclosure"
        " where stream = %s order by version limit 1",
        "ticket:" + ticket_of(scene),
    )[0]
    ((wrapped,),) = scene.query(
        "select wrapped from personal.subject_key where stream = %s and subject = %s",
        stream,
        subject,
    )
    kek = (scene.directory / "keys" / "personal.kek").read_bytes()
    name = pointer.removeprefix("/data/")
    position = scene.positions(stream)[version - 1]
    sd = scene.record(position)["data"][name]["sd"]
    bound = place(LANE, stream, version, pointer, sd)
    content = seal(aes_key_unwrap(kek, bytes(wrapped)), disclosure(name, value), place=bound)
    where = (stream, version, pointer)
    scene.break_in(
        (
            "update personal.disclosure set sealed = %s where stream = %s and version = %s"
            " and pointer = %s",
            (content, *where),
        )
    )
    return where


def test_a_personal_value_replaced_with_the_right_key_is_found(scene: Scene) -> None:
    """The key opens it; the record commits to another one."""
    stream, version, _ = sealed_again(scene, "I never said that")
    (finding,) = scene.audit().findings
    assert (finding.code, finding.stream, finding.version) == ("E23", stream, version)


def test_an_event_of_another_ledger_is_found(scene: Scene) -> None:
    """A true record, but not of this ledger: its place in the chain does not make it ours."""

    def foreign(record: dict[str, Any]) -> dict[str, Any]:
        if record["stream"] == "order:order-b" and record["version"] == 1:
            record["ledger"] = "ledger.elsewhere/lane-0"
        return record

    scene.rewrite(foreign)
    (finding,) = scene.audit().findings
    assert (finding.code, finding.stream) == ("E05", "order:order-b")


def test_a_lawful_erasure_is_clean(scene: Scene, story: Story) -> None:
    """Forgetting a person breaks no hash, no proof and no stamp."""
    copy = scene.take_copy("copy.checkpoint")
    scene.clock.pass_by(timedelta(days=5 * 366))
    with scene.ledger() as ledger:
        eraser = Eraser(ledger, scene.database.eraser_dsn, scene.clock)
        subject = f"{BUYER.kind}:{BUYER.ref}"
        admin = Actor(ActorKind.ADMIN, "x-1")
        told = eraser.erase(subject, ErasureGround.CONSENT_WITHDRAWN, admin)
    scene.notarize()
    assert told.destroyed
    erased = [one for one in told.tickets if one.standing is None]
    assert [one.ticket for one in erased] == [story.ended]
    left = scene.query(
        "select version from personal.disclosure where stream = %s", f"ticket:{story.ended}"
    )
    assert left == []
    assert scene.found() == set()
    assert scene.found(copy) == set()
