"""C2SP checkpoints: the size and root of a log as a note signed by it and cosigned by witnesses."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from domain.proof import base64text
from domain.proof.errors import MalformedCheckpoint, MalformedKey, NoTrustedSignature
from domain.proof.keys import KeyType, SigningKey, VerifierKey, check_name
from domain.proof.merkle import EMPTY_ROOT, HASH_SIZE, SIZE_MAX
from domain.proof.note import Note, Signature, parse_note, sign_note, verify_note


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log said of itself: with so many leaves, its root was this."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what no log can say; the empty log has one root only."""
        try:
            check_name(self.origin)
        except MalformedKey as error:
            raise MalformedCheckpoint("the origin of a checkpoint is a key name") from error
        if not 0 <= self.size <= SIZE_MAX:
            raise MalformedCheckpoint("the size of a checkpoint is from 0 to 2^63-1")
        if len(self.root) != HASH_SIZE:
            raise MalformedCheckpoint(f"the root of a checkpoint has {HASH_SIZE} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise MalformedCheckpoint("a log without leaves has another root")

    @property
    def body(self) -> str:
        """The three lines that are signed, cosigned and stamped."""
        return f"{self.origin}\n{self.size}\n{base64text.encode(self.root)}\n"


class Opened(msgspec.Struct, frozen=True):
    """A checkpoint whose log we know, with everyone we know who vouches for it."""

    checkpoint: Checkpoint
    note: Note
    logs: tuple[VerifierKey, ...]
    """The log's keys that signed it: two while a key is being replaced."""
    witnesses: Mapping[VerifierKey, int]
    """The witnesses that cosigned it, and when (POSIX seconds)."""


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that the text of a note is, without extension lines."""
    match = _BODY.fullmatch(text)
    if match is None:
        raise MalformedCheckpoint("a checkpoint has three lines: origin, size and root")
    try:
        root = base64text.decode(match["root"])
    except ValueError as error:
        raise MalformedCheckpoint("the root of a checkpoint is base64") from error
    return Checkpoint(match["origin"], int(match["size"]), root)


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> Note:
    """Return the checkpoint as a note signed by its log: under its origin, with every key given."""
    if not keys or any(key.verifier.name != checkpoint.origin for key in keys):
        raise MalformedCheckpoint("a log signs its own checkpoints only, under its origin")
    return sign_note(checkpoint.body, *keys)


def cosign(checkpoint: Checkpoint, key: SigningKey, *, at: int) -> Signature:
    """Return a witness's line: as of `at`, this is the largest consistent tree it has seen."""
    verifier = key.verifier
    return Signature(verifier.name, verifier.id, key.cosign(checkpoint.body, at))


def open_checkpoint(
    note: Note | bytes | str, logs: Iterable[VerifierKey], witnesses: Iterable[VerifierKey] = ()
) -> Opened:
    """Return the checkpoint of a note that one of these logs signed under its own origin.

    Raises MalformedKey for a key of the wrong type, MalformedNote, MalformedCheckpoint,
    BadSignature or NoTrustedSignature. Lines of keys that were not given are ignored.
    """
    log_keys = _of_type(logs, KeyType.NOTE)
    witness_keys = _of_type(witnesses, KeyType.COSIGNATURE)
    signed = note if isinstance(note, Note) else parse_note(note)
    checkpoint = parse_checkpoint(signed.text)
    own = [key for key in log_keys if key.name == checkpoint.origin]
    verified = verify_note(signed, (*own, *witness_keys))
    signers = tuple(found.key for found in verified if found.key.type is KeyType.NOTE)
    if not signers:
        raise NoTrustedSignature("no log we know has signed this checkpoint under its origin")
    seen = {found.key: found.at for found in verified if found.at is not None}
    return Opened(checkpoint, signed, signers, seen)


_BODY: Final = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/=]+)\n"
)


def _of_type(keys: Iterable[VerifierKey], wanted: KeyType) -> tuple[VerifierKey, ...]:
    """Return the keys, which are all of the type that their part signs with."""
    given = tuple(keys)
    if any(key.type is not wanted for key in given):
        raise MalformedKey("a log is known by a note key, a witness by a cosignature key")
    return given
