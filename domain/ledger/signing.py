"""What the ledger signs with: the port to its private keys, and what is on record about them.

The record says which key is in use, since when, and whether any is; where the private halves are
kept is for whoever implements the port.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol, assert_never

import msgspec

from domain import errors
from domain.commands import FreezeKeys, IntroduceKey, RotateKey
from domain.events import Event, KeyIntroduced, KeyRotated, KeysFrozen, LastSigned
from domain.proof import base64text, receipt
from domain.proof.errors import ProofError
from domain.proof.keys import KeyType, VerifierKey
from domain.proof.note import Note, Signature, parse_note, verify_note
from domain.record import Record
from domain.values import Instant, KeyPurpose, later

KEYS_STREAM: Final = "ledger:keys"
BOTH_FOR: Final = timedelta(days=30)
"""How long a former log key signs beside its follower."""
AnyKeyCommand = IntroduceKey | RotateKey | FreezeKeys


class KeysFrozenAlready(RuntimeError):  # noqa: N818 - a state of the ledger, named as one
    """Nothing is signed any more; the last witnessed checkpoint is the truth."""


class KeyMissing(RuntimeError):  # noqa: N818 - named for what is wrong
    """The private half of the key on record is not here, so nothing can be signed."""


class Signer(Protocol):
    """One private Ed25519 key, wherever it is kept."""

    @property
    def public(self) -> bytes:
        """Its public half, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes."""
        ...


class KeyStore(Protocol):
    """The private keys of one ledger; a file each by default, replaceable by a service."""

    def find(self, purpose: KeyPurpose, generation: int) -> Signer:
        """Return the key of a generation, the first being 1.

        Raises KeyMissing when it is not here, KeysFrozenAlready once the keys were frozen here.
        """
        ...

    def make(self, purpose: KeyPurpose, generation: int) -> Signer:
        """Return the key of a generation, made if it is not there; raise KeysFrozenAlready."""
        ...


class KeyInUse(msgspec.Struct, frozen=True):
    """The key for one purpose that the record names, and the one before it."""

    generation: int
    key: str
    former: str | None = None
    former_until: Instant | None = None


class KeyRecord(msgspec.Struct, frozen=True):
    """What the facts about keys add up to."""

    in_use: Mapping[KeyPurpose, KeyInUse] = {}
    frozen: bool = False


def key_text(public: bytes) -> str:
    """Return a public key as the record spells it."""
    return base64text.encode(public)


def key_name(origin: str, purpose: KeyPurpose) -> str:
    """Return the name a key signs under for a lane of this origin."""
    return origin if purpose is KeyPurpose.LOG else receipt.key_name(origin)


def verifier(origin: str, purpose: KeyPurpose, key: str) -> VerifierKey:
    """Return a public key of the record under the name it has for a lane."""
    return VerifierKey(key_name(origin, purpose), KeyType.NOTE, base64text.decode(key))


def verifiers(records: Iterable[Record], origin: str, purpose: KeyPurpose) -> list[VerifierKey]:
    """Return every key that was ever in use for a purpose, oldest first, by the keys' stream."""
    return [
        verifier(origin, purpose, record.event.key)
        for record in records
        if isinstance(record.event, KeyIntroduced | KeyRotated) and record.event.purpose is purpose
    ]


def sign_text(text: str, name: str, signers: Sequence[Signer]) -> Note:
    """Return a text as a note with one line of each signer, all under one name."""
    lines = []
    for signer in signers:
        key = VerifierKey(name, KeyType.NOTE, signer.public)
        lines.append(Signature(name, key.id, signer.sign(text.encode())))
    return Note(text, tuple(lines))


def signers_in_use(
    purpose: KeyPurpose, record: KeyRecord, store: KeyStore, now: Instant
) -> list[Signer]:
    """Return who signs now: the key on record, and its predecessor while both do.

    Raises KeysFrozenAlready, or KeyMissing when the store holds other keys than the record names.
    """
    in_use = record.in_use.get(purpose)
    if record.frozen:
        raise KeysFrozenAlready("the keys of this ledger are frozen")
    if in_use is None:
        raise KeyMissing(f"no {purpose} key is on record yet")
    current = store.find(purpose, in_use.generation)
    if key_text(current.public) != in_use.key:
        raise KeyMissing(f"the {purpose} key here is not the one on record: restore it")
    signers = [current]
    both = in_use.former_until is not None and now < in_use.former_until
    if both and purpose is KeyPurpose.LOG:
        former = store.find(purpose, in_use.generation - 1)
        if key_text(former.public) != in_use.former:
            raise KeyMissing(f"the former {purpose} key here is not the one on record: restore it")
        signers.append(former)
    return signers


def hand_over(*, purpose: KeyPurpose, former: str, key: str, both_until: Instant) -> str:
    """Return the words by which a key names its follower, to be signed with it."""
    return f"ticketledger key rotation v1\n{purpose}\n{former}\n{key}\n{both_until}\n"


def rotation(
    record: KeyRecord, store: KeyStore, *, origin: str, purpose: KeyPurpose, now: Instant
) -> RotateKey:
    """Return the command that puts the next key in use; the key is made if it is not there."""
    in_use = record.in_use.get(purpose)
    if in_use is None:
        raise KeyMissing(f"no {purpose} key is on record yet")
    current = signers_in_use(purpose, record, store, now)[0]
    following = key_text(store.make(purpose, in_use.generation + 1).public)
    both_until = later(now, BOTH_FOR)
    text = hand_over(purpose=purpose, former=in_use.key, key=following, both_until=both_until)
    return RotateKey(
        purpose=purpose,
        former=in_use.key,
        key=following,
        both_until=both_until,
        statement=str(sign_text(text, key_name(origin, purpose), [current])),
    )


def decide_keys(command: AnyKeyCommand, state: KeyRecord | None) -> tuple[Event, ...]:
    """Return the fact that follows from a command about keys; nothing for a repetition."""
    record = state or KeyRecord()
    match command:
        case IntroduceKey():
            return _introduce(command, record)
        case RotateKey():
            return _rotate(command, record)
        case FreezeKeys():
            if record.frozen:
                return ()
            last = tuple(LastSigned(*one) for one in command.last_signed)
            return (KeysFrozen(ground=command.ground, last_signed=last),)
        case _:
            assert_never(command)


def evolve_keys(state: KeyRecord | None, event: Event) -> KeyRecord:
    """Return what is on record about keys after one more fact."""
    record = state or KeyRecord()
    match event:
        case KeyIntroduced():
            return _with(record, event.purpose, KeyInUse(1, event.key))
        case KeyRotated():
            before = record.in_use[event.purpose]
            following = KeyInUse(
                before.generation + 1, event.key, former=event.former, former_until=event.both_until
            )
            return _with(record, event.purpose, following)
        case KeysFrozen():
            return KeyRecord(record.in_use, frozen=True)
        case _:
            raise AssertionError(f"{type(event).__name__} is no fact about keys")


def _introduce(command: IntroduceKey, record: KeyRecord) -> tuple[Event, ...]:
    if command.purpose not in record.in_use:
        return (KeyIntroduced(purpose=command.purpose, key=command.key),)
    return ()  # the first one stands; who holds another one finds out when it would sign


def _rotate(command: RotateKey, record: KeyRecord) -> tuple[Event, ...]:
    in_use = record.in_use.get(command.purpose)
    if record.frozen:
        raise errors.WrongState("The keys are frozen.")
    if in_use is not None and (in_use.former, in_use.key) == (command.former, command.key):
        return ()
    if in_use is None or in_use.key != command.former:
        raise errors.WrongState("Another key is in use.")
    said = hand_over(
        purpose=command.purpose,
        former=command.former,
        key=command.key,
        both_until=command.both_until,
    )
    try:
        note = parse_note(command.statement)
        name = note.signatures[0].name
        verify_note(note, [VerifierKey(name, KeyType.NOTE, base64text.decode(command.former))])
    except (ProofError, ValueError) as error:
        raise errors.Unreasonable("The former key has not signed the hand-over.") from error
    if note.text != said:
        raise errors.Unreasonable("The former key has signed another hand-over.")
    return (
        KeyRotated(
            purpose=command.purpose,
            former=command.former,
            key=command.key,
            both_until=command.both_until,
            statement=command.statement,
        ),
    )


def _with(record: KeyRecord, purpose: KeyPurpose, key: KeyInUse) -> KeyRecord:
    return KeyRecord({**record.in_use, purpose: key}, frozen=record.frozen)
