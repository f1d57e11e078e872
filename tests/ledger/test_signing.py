"""What is on record about keys: who signs when, and which hand-over is believed."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from api.keys import FileKeys
from domain import errors
from domain.commands import FreezeKeys, IntroduceKey, RotateKey
from domain.events import KeyIntroduced, KeyRotated, KeysFrozen, LastSigned
from domain.ledger.signing import (
    BOTH_FOR,
    AnyKeyCommand,
    KeyInUse,
    KeyMissing,
    KeyRecord,
    KeysFrozenAlready,
    decide_keys,
    evolve_keys,
    key_text,
    rotation,
    sign_text,
    signers_in_use,
    verifier,
)
from domain.proof.note import parse_note, verify_note
from domain.values import FreezeGround, Instant, KeyPurpose, later

NOW = Instant("2026-11-22T03:04:05.123456Z")
ORIGIN = "ledger.test/lane-0"
LOG, RECEIPT = KeyPurpose.LOG, KeyPurpose.RECEIPT


@pytest.fixture
def store(tmp_path: Path) -> FileKeys:
    """Keys in files."""
    return FileKeys(tmp_path / "keys")


def after(record: KeyRecord | None, *commands: AnyKeyCommand) -> KeyRecord:
    """Return what is on record after commands."""
    for command in commands:
        for event in decide_keys(command, record):
            record = evolve_keys(record, event)
    assert record is not None
    return record


def introduced(store: FileKeys, purpose: KeyPurpose = LOG) -> IntroduceKey:
    """Return the command that puts the first key on record."""
    return IntroduceKey(purpose=purpose, key=key_text(store.make(purpose, 1).public))


def rotated(record: KeyRecord, store: FileKeys, purpose: KeyPurpose = LOG) -> RotateKey:
    """Return the command that puts the next one on record."""
    return rotation(record, store, origin=ORIGIN, purpose=purpose, now=NOW)


def publics(record: KeyRecord, store: FileKeys, now: Instant) -> Sequence[bytes]:
    """Return the public halves of who signs checkpoints."""
    return [signer.public for signer in signers_in_use(LOG, record, store, now)]


def test_the_first_key_is_introduced_once(store: FileKeys) -> None:
    """A second one takes a hand-over that the first has signed."""
    command = introduced(store)
    assert decide_keys(command, None) == (KeyIntroduced(purpose=LOG, key=command.key),)
    record = after(None, command)
    assert decide_keys(command, record) == ()
    other = key_text(store.make(LOG, 2).public)
    assert decide_keys(IntroduceKey(purpose=LOG, key=other), record) == ()
    assert record.in_use == {LOG: KeyInUse(1, command.key)}


def test_a_former_key_signs_beside_its_follower_for_thirty_days(store: FileKeys) -> None:
    """Who only knows the old key can check checkpoints until they have the new one."""
    record = after(None, introduced(store))
    record = after(record, rotated(record, store))
    old, new = store.find(LOG, 1).public, store.find(LOG, 2).public
    end = later(NOW, BOTH_FOR)
    assert timedelta(days=30) == BOTH_FOR
    assert publics(record, store, NOW) == [new, old]
    assert publics(record, store, later(end, timedelta(microseconds=-1))) == [new, old]
    assert publics(record, store, end) == [new]


def test_the_hand_over_is_signed_with_the_former_key(store: FileKeys) -> None:
    """Whoever trusts the old key can trust the new one, without trusting us."""
    record = after(None, introduced(store))
    command = rotated(record, store)
    (event,) = decide_keys(command, record)
    assert isinstance(event, KeyRotated)
    note = parse_note(event.statement)
    verify_note(note, [verifier(ORIGIN, LOG, record.in_use[LOG].key)])
    assert event.key in note.text
    assert event.both_until in note.text


def test_a_hand_over_that_the_former_key_did_not_sign_is_refused(store: FileKeys) -> None:
    """Who may write to the record must not be able to put a key of his own in use."""
    record = after(None, introduced(store))
    command = rotated(record, store)
    text = parse_note(command.statement).text
    forged = str(sign_text(text, ORIGIN, [store.find(LOG, 2)]))
    for change in (
        {"statement": forged},
        {"statement": "nothing"},
        {"key": key_text(store.make(LOG, 3).public)},
        {"both_until": later(NOW, timedelta(days=365))},
        {"former": "AA=="},
    ):
        with pytest.raises(errors.Refusal):
            decide_keys(msgspec.structs.replace(command, **change), record)


def test_a_rotation_that_is_sent_again_is_the_same_one(store: FileKeys) -> None:
    """Killed between the record and the answer, the operator runs it again."""
    record = after(None, introduced(store))
    command = rotated(record, store)
    following = after(record, command)
    assert decide_keys(command, following) == ()
    assert following.in_use[LOG].generation == 2


def test_keys_rotate_for_ever_and_each_purpose_for_itself(store: FileKeys) -> None:
    """Generations count up; a receipt's key has nothing to do with the log's."""
    record = after(None, introduced(store), introduced(store, RECEIPT))
    for _ in range(3):
        record = after(record, rotated(record, store))
    record = after(record, rotated(record, store, RECEIPT))
    assert {purpose: one.generation for purpose, one in record.in_use.items()} == {
        LOG: 4,
        RECEIPT: 2,
    }
    assert publics(record, store, NOW) == [store.find(LOG, n).public for n in (4, 3)]
    assert len(signers_in_use(RECEIPT, record, store, NOW)) == 1


def test_after_a_freeze_nothing_is_signed_and_no_key_follows(store: FileKeys) -> None:
    """Whoever has the key could sign a rotation too."""
    record = after(None, introduced(store))
    next_key = rotated(record, store)
    command = FreezeKeys(ground=FreezeGround.COMPROMISED, last_signed=((0, 7, "root"),))
    assert decide_keys(command, record) == (
        KeysFrozen(ground=FreezeGround.COMPROMISED, last_signed=(LastSigned(0, 7, "root"),)),
    )
    frozen = after(record, command)
    assert decide_keys(command, frozen) == ()
    with pytest.raises(errors.WrongState):
        decide_keys(next_key, frozen)
    with pytest.raises(KeysFrozenAlready):
        signers_in_use(LOG, frozen, store, NOW)


def test_keys_frozen_here_sign_nothing_whatever_is_on_record(store: FileKeys) -> None:
    """The database may be away, or in wrong hands."""
    record = after(None, introduced(store))
    store.freeze()
    store.freeze()
    with pytest.raises(KeysFrozenAlready):
        signers_in_use(LOG, record, store, NOW)
    with pytest.raises(KeysFrozenAlready):
        store.make(LOG, 2)


def test_a_key_that_is_not_the_one_on_record_signs_nothing(store: FileKeys, tmp_path: Path) -> None:
    """Another machine's, or a new one in place of one that was lost: two histories would begin."""
    record = after(None, introduced(store))
    elsewhere = FileKeys(tmp_path / "elsewhere")
    with pytest.raises(KeyMissing):
        signers_in_use(LOG, record, elsewhere, NOW)
    elsewhere.make(LOG, 1)
    with pytest.raises(KeyMissing):
        signers_in_use(LOG, record, elsewhere, NOW)
    with pytest.raises(KeyMissing):
        signers_in_use(RECEIPT, record, store, NOW)


def test_a_file_that_holds_no_key_signs_nothing(store: FileKeys, tmp_path: Path) -> None:
    """Told as a key that is missing: whoever needs it goes on without a signature."""
    record = after(None, introduced(store))
    (tmp_path / "keys" / "log.pem").write_text("nothing")
    with pytest.raises(KeyMissing):
        signers_in_use(LOG, record, FileKeys(tmp_path / "keys"), NOW)


def test_keys_are_files_for_their_owner_alone(store: FileKeys, tmp_path: Path) -> None:
    """0600 below 0700, and the same key whenever it is asked for."""
    made = store.make(LOG, 1).public
    assert store.make(LOG, 1).public == made
    assert FileKeys(tmp_path / "keys").find(LOG, 1).public == made
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "log.pem").stat().st_mode & 0o777 == 0o600
