"""C2SP signed notes: a text and the lines of its signers; what the text means is not here."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from domain.proof import base64text
from domain.proof.errors import MalformedKey, MalformedNote, NoTrustedSignature
from domain.proof.keys import SigningKey, VerifierKey, check_name

NOTE_SIZE_MAX: Final = 262_144
"""A note is never longer, in bytes: its text is a few lines and a signature at most 7 kB."""
SIGNATURES_MAX: Final = 64


class Signature(msgspec.Struct, frozen=True):
    """One line of a note: who signed, under which key, and the bytes of it."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        return f"— {self.name} {base64text.encode(self.key_id + self.signature)}\n"


class Note(msgspec.Struct, frozen=True):
    """A text that ends in a newline, and at least one signature; nothing of it is trusted yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """Return the note as it is published."""
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def with_signatures(self, signatures: Iterable[Signature]) -> "Note":
        """Return the note with these lines added, each once."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *signatures))))


class Verified(msgspec.Struct, frozen=True):
    """A signature that was verified, and when it was made if it says so."""

    key: VerifierKey
    at: int | None
    """POSIX seconds, for a witness's cosignature."""


def parse_note(note: bytes | str) -> Note:
    """Return the note that these bytes are, or raise MalformedNote with what is wrong."""
    if len(note) > NOTE_SIZE_MAX:
        raise MalformedNote(f"a note has at most {NOTE_SIZE_MAX} bytes")
    content = _text_of(note)
    before, blank, lines = content.rpartition("\n\n")
    if not blank:
        raise MalformedNote("a note has an empty line between its text and its signatures")
    return Note(before + "\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Return the signatures of these lines (the end of a note, or a witness's answer)."""
    if len(lines) > NOTE_SIZE_MAX:
        raise MalformedNote(f"signatures have at most {NOTE_SIZE_MAX} bytes together")
    if not lines.endswith("\n"):
        raise MalformedNote("every signature ends in a newline, and there is at least one")
    found = lines[:-1].split("\n")
    if len(found) > SIGNATURES_MAX:
        raise MalformedNote(f"a note has at most {SIGNATURES_MAX} signatures")
    return tuple(map(_signature, found))


def sign_note(text: str, *keys: SigningKey) -> Note:
    """Return the text signed by each of these keys."""
    if not _text_of(text).endswith("\n"):
        raise MalformedNote("the text of a note ends in a newline")
    verifiers = [key.verifier for key in keys]
    signatures = zip(verifiers, (key.sign(text) for key in keys), strict=True)
    return Note(text, tuple(Signature(key.name, key.id, made) for key, made in signatures))


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[Verified, ...]:
    """Return the signatures of known keys; those of unknown keys are ignored, as they must be.

    Raises BadSignature when a known key's line was not made by it, and NoTrustedSignature when no
    line is a known key's.
    """
    known = _by_name_and_id(keys)
    verified: dict[VerifierKey, Verified] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        # A second line of one key is verified too, and counts no more than the first.
        found = Verified(key, key.verify(note.text, signature.signature))
        verified.setdefault(key, found)
    if not verified:
        raise NoTrustedSignature("none of the signatures is by a key we know")
    return tuple(verified.values())


_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE: Final = re.compile(r"— (?P<name>[^ ]+) (?P<base64>[A-Za-z0-9+/]+={0,2})")


def _text_of(note: bytes | str) -> str:
    """Return the characters of a note; MalformedNote for invalid UTF-8 or control characters."""
    try:
        content = note.decode() if isinstance(note, bytes) else note.encode().decode()
    except UnicodeError as error:
        raise MalformedNote("a note is valid UTF-8") from error
    if _CONTROL.search(content):
        raise MalformedNote("a note has no control characters but newlines")
    return content


def _signature(line: str) -> Signature:
    """Return the signature that a line is."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedNote("a signature is a dash, a key name and base64")
    try:
        check_name(match["name"])
        content = base64text.decode(match["base64"])
    except MalformedKey as error:
        raise MalformedNote("the name in a signature is no key name") from error
    except ValueError as error:
        raise MalformedNote("the base64 of a signature is broken") from error
    if len(content) < 5:
        raise MalformedNote("a signature has a key id of four bytes and something after it")
    return Signature(match["name"], content[:4], content[4:])


def _by_name_and_id(keys: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    """Return the keys by what a line names; two that a line could not tell apart are refused."""
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.id), key) != key:
            raise MalformedKey(f"two known keys of {key.name} have the same id")
    return known
