"""What stands beside the record, broken by hand: each is compared with what it must be."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from api.ids import wall_clock
from domain.commands.anchors import AnchorCheckpoint, StampTaken
from domain.ledger.application import TicketLedger
from domain.ledger.sealing import KEY_BYTES
from domain.proof import base64text
from domain.proof.checkpoint import Checkpoint
from domain.proof.stamp import read_stamp, stamp_request
from domain.values import SYSTEM, instant, later
from tests.conftest import Database
from tests.ledger.authorities import Tsa, stamping
from tests.ledger.matters import asked
from tests.ledger.matters import place as place_order
from tests.replay.scenes import LANE, Clock, Scene, ticket_of


def test_a_personal_value_that_is_destroyed_without_an_erasure_is_found(scene: Scene) -> None:
    """Forgetting needs a fact on record."""
    stream = "ticket:" + ticket_of(scene)
    ((version,),) = scene.query(
        "select min(version) from personal.disclosure where stream = %s", stream
    )
    scene.break_in(
        (
            "delete from personal.disclosure where stream = %s and version = %s",
            (stream, version),
        )
    )
    (finding,) = scene.audit().findings
    assert (finding.code, finding.stream, finding.version) == ("E22", stream, version)


def test_a_key_of_another_person_does_not_open_a_value(scene: Scene) -> None:
    """The wrapped keys are part of what must hold together."""
    stream = "ticket:" + ticket_of(scene)
    other = aes_wrapped(scene)
    scene.break_in(
        ("update personal.subject_key set wrapped = %s where stream = %s", (other, stream))
    )
    assert scene.found() == {"E22"}


def aes_wrapped(scene: Scene) -> bytes:
    """Return a fresh key wrapped with the ledger's own."""
    kek = (scene.directory / "keys" / "personal.kek").read_bytes()
    return aes_key_wrap(kek, secrets.token_bytes(KEY_BYTES))


def test_reservations_that_no_fact_explains_are_found(scene: Scene) -> None:
    """Names are derived from the facts; a forged one would block an order for ever."""
    scene.break_in(
        "update ledger.reservation set name = 'order-z/1/product' where name like '%order-a%'"
    )
    findings = scene.audit().findings
    assert [one.code for one in findings] == ["E04", "E04"]
    assert all(one.stream == "ticket:" + ticket_for(scene, "order-z") for one in findings)


def ticket_for(scene: Scene, order: str) -> str:
    """Return the ticket that has a name of an order reserved."""
    ((stream,),) = scene.query(
        "select stream from ledger.reservation where name like %s", f"%{order}%"
    )
    return str(stream).removeprefix("ticket:")


def test_a_forged_checkpoint_is_found(scene: Scene) -> None:
    """Its columns, its signature, its root: each by itself."""
    ((size,),) = scene.query("select min(size) from ledger.checkpoint")
    scene.break_in(("update ledger.checkpoint set root = sha256('x') where size = %s", [size]))
    assert scene.found() == {"E14", "E16", "E18"}
    scene.break_in(("update ledger.checkpoint set note = %s where size = %s", (b"none", size)))
    assert "E14" in scene.found()


def test_a_changed_tile_is_found(scene: Scene) -> None:
    """Tiles are what outsiders make proofs from."""
    scene.break_in("update ledger.tile set hashes = overlay(hashes placing sha256('x') from 65)")
    (finding,) = scene.audit().findings
    assert (finding.code, finding.position) == ("E11", 3)
    scene.break_in("delete from ledger.tile")
    assert "E11" in scene.found()


def test_a_changed_edge_is_found(scene: Scene) -> None:
    """The notary goes on from the edge."""
    scene.break_in("update ledger.tree set edge = overlay(edge placing sha256('x') from 1)")
    (finding,) = scene.audit().findings
    assert (finding.code, finding.position) == ("E11", 257)
    scene.break_in("update ledger.tree set edge = ''")
    assert "E11" in scene.found()


def test_a_lane_head_that_lies_is_found(scene: Scene) -> None:
    """An empty page before the head is a hole, not the end."""
    ((last,),) = scene.query("select position from ledger.lane_head")
    scene.break_in("update ledger.lane_head set position = position + 5")
    (finding,) = scene.audit().findings
    assert (finding.code, finding.position) == ("E09", last + 1)
    scene.break_in("update ledger.lane_head set position = position - 10")
    (finding,) = scene.audit().findings
    assert finding.code == "E09"


def test_a_stamp_on_something_else_is_found(scene: Scene) -> None:
    """What outsiders said of a checkpoint is read again."""
    scene.break_in(
        "insert into ledger.anchor(lane, size, kind, name, content, obtained_at)"
        " select 0, min(size), 'rfc3161', 'tsa.example', 'no stamp', now() from ledger.checkpoint"
    )
    assert scene.found() == {"E17"}


def test_a_changed_book_of_rules_is_found(scene: Scene) -> None:
    """Judgements quote books by digest."""
    scene.break_in("update ledger.book set content = content || '\\x20'::bytea")
    assert scene.found() == {"E21"}
    scene.break_in("delete from ledger.book")
    assert scene.found() == {"E20"}


def test_a_clock_that_lies_to_the_ledger_does_not_lie_to_an_authority(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Even who moves the times of our own checkpoints back is caught by a stamp on record."""
    scene = Scene(make_database(1), tmp_path, Clock(wall_clock()))
    with scene.ledger() as ledger, stamping(tmp_path / "tsa") as tsa:
        place_order(ledger, "order-first")
        scene.notarize()
        anchor(scene, ledger, tsa)
    scene.notarize()
    with scene.ledger() as ledger:
        place_order(ledger, "order-honest")
    assert scene.found() == set()
    scene.clock.at = later(scene.clock.at, timedelta(hours=-2))
    with scene.ledger() as ledger:
        place_order(ledger, "order-back-dated")
    scene.break_in("update ledger.checkpoint set published_at = published_at - interval '3 hours'")
    whats = {one.what for one in scene.audit().findings if one.code == "E19"}
    assert "recorded before the stamp that the checkpoint it names covers" in whats


def anchor(scene: Scene, ledger: TicketLedger, tsa: Tsa) -> None:
    """Have the newest checkpoint stamped, and put the stamp on record."""
    ((size, root),) = scene.query("select size, root from ledger.checkpoint")
    checkpoint = Checkpoint(LANE, size, bytes(root))
    answer = tsa.answer(stamp_request(checkpoint.body).content)
    taken = StampTaken(
        authority="tsa.example",
        stamped_at=instant(read_stamp(answer).at),
        token=base64text.encode(answer),
    )
    command = AnchorCheckpoint(
        stream="anchors",
        lane=0,
        size=size,
        root=base64text.encode(checkpoint.root),
        stamps=(taken,),
        cosignatures=(),
    )
    ledger.handle(asked(command, SYSTEM, key="stamp"))


def test_a_stamp_on_record_that_stamps_something_else_is_found(scene: Scene) -> None:
    """A stamp is read again, not believed."""
    with scene.ledger() as ledger:
        command = AnchorCheckpoint(
            stream="anchors",
            lane=0,
            size=5,
            root=base64text.encode(bytes(32)),
            stamps=(StampTaken(authority="x", stamped_at=scene.clock(), token="AAAA"),),
            cosignatures=(),
        )
        ledger.handle(asked(command, SYSTEM, key="stamp"))
    (finding,) = scene.audit().findings
    assert (finding.code, finding.stream) == ("E17", "ledger:anchors")
