"""Ed25519 keys of C2SP signed notes: names, key ids, vkeys, signing and verifying; not their care.

Two types of signature are known: plain notes (0x01) and the timestamped cosignatures of witnesses
(0x04). Where keys are kept, made and rotated is for others.
"""

import hashlib
from enum import IntEnum
from functools import cached_property
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.proof import base64text
from domain.proof.errors import BadSignature, MalformedKey

KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
TIME_SIZE: Final = 8
TIME_MAX: Final = 2**63 - 1
NAME_MAX: Final = 255
_SECRET_PREFIX: Final = "PRIVATE+KEY+"  # noqa: S105 - the published marker of the format


class KeyType(IntEnum):
    """What a key signs, as the byte that C2SP signed-note assigns to it."""

    NOTE = 0x01
    """The text of a note."""
    COSIGNATURE = 0x04
    """A time and the text of a checkpoint (tlog-cosignature v1)."""


class VerifierKey(msgspec.Struct, frozen=True, dict=True):
    """A public key with the name it signs under."""

    name: str
    type: KeyType
    public: bytes

    def __post_init__(self) -> None:
        """Refuse names that no note can hold, and keys that any signature would fit."""
        check_name(self.name)
        check_public_key(self.public)

    @cached_property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key)."""
        named = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        return hashlib.sha256(named).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as text: `name+id+base64`."""
        material = base64text.encode(bytes([self.type]) + self.public)
        return f"{self.name}+{self.id.hex()}+{material}"

    @property
    def pem(self) -> str:
        """The public key as other programs (openssl) read it."""
        key = Ed25519PublicKey.from_public_bytes(self.public)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    def verify(self, text: str, signature: bytes) -> int | None:
        """Return when a cosignature was made, None for a note's; BadSignature if it is not ours."""
        match self.type:
            case KeyType.NOTE:
                self.verify_bytes(text.encode(), signature)
                return None
            case KeyType.COSIGNATURE:
                at = int.from_bytes(signature[:TIME_SIZE], "big")
                if at > TIME_MAX:
                    raise BadSignature(f"{self.name} cosigned at no possible time")
                self.verify_bytes(_cosigned(text, at), signature[TIME_SIZE:])
                return at

    def verify_bytes(self, message: bytes, signature: bytes) -> None:
        """Return if this key made the plain signature of these bytes; BadSignature otherwise."""
        if len(signature) != SIGNATURE_SIZE:
            raise BadSignature(f"a signature of {self.name} has another length")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise BadSignature(f"{self.name} did not sign this") from error


class SigningKey:
    """A private key with the name it signs under; it never shows its secret unless asked."""

    __slots__ = ("_private", "_seed", "verifier")

    def __init__(self, name: str, seed: bytes, type: KeyType = KeyType.NOTE) -> None:
        """Take a seed of 32 random bytes, drawn elsewhere."""
        if len(seed) != KEY_SIZE:
            raise MalformedKey(f"the seed of a key has {KEY_SIZE} bytes")
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, type, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        """Show the public half."""
        return f"SigningKey({self.verifier.vkey})"

    @property
    def secret(self) -> str:
        """The private key as text, in the form of Go's note package: for its keeper only."""
        material = base64text.encode(bytes([self.verifier.type]) + self._seed)
        return f"{_SECRET_PREFIX}{self.verifier.name}+{self.verifier.id.hex()}+{material}"

    def sign(self, text: str) -> bytes:
        """Return the signature of a note's text; MalformedKey if this key signs with a time."""
        if self.verifier.type is not KeyType.NOTE:
            raise MalformedKey("the key of a witness signs checkpoints only, with a time")
        return self._private.sign(text.encode())

    def cosign(self, text: str, at: int) -> bytes:
        """Return the cosignature of a checkpoint's text at a POSIX time in seconds.

        Raises MalformedKey if this key signs without a time.
        """
        if self.verifier.type is not KeyType.COSIGNATURE:
            raise MalformedKey("the key of a log or of receipts does not cosign")
        assert 0 <= at <= TIME_MAX, "a time the format can hold"
        return at.to_bytes(TIME_SIZE, "big") + self._private.sign(_cosigned(text, at))


def parse_vkey(text: str) -> VerifierKey:
    """Return the key that a vkey spells; MalformedKey if its id is not its own."""
    name, key_id, material = _parts(text)
    key = VerifierKey(name, _type(material), material[1:])
    if key.id.hex() != key_id:
        raise MalformedKey("the id of the key is not the id of its name and material")
    return key


def parse_secret(text: str) -> SigningKey:
    """Return the private key that was spelt by `secret`; no error repeats any of the text."""
    if not text.startswith(_SECRET_PREFIX):
        raise MalformedKey("this is not a private key")
    name, key_id, material = _parts(text.removeprefix(_SECRET_PREFIX))
    key = SigningKey(name, material[1:], _type(material))
    if key.verifier.id.hex() != key_id:
        raise MalformedKey("the id of the key is not the id of its name and material")
    return key


def check_name(name: str) -> None:
    """Refuse what is no key name: empty, over-long, with a space, a plus or a control character."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise MalformedKey("a key name is valid Unicode") from error
    if not 0 < length <= NAME_MAX:
        raise MalformedKey(f"a key name has from 1 to {NAME_MAX} bytes")
    if any(char == "+" or char.isspace() or char < " " for char in name):
        raise MalformedKey("a key name has no space, no plus and no control character")


def check_public_key(public: bytes) -> None:
    """Refuse what is no Ed25519 public key, or one of the small group that signs anything.

    For the eight points of small order signatures exist that fit many messages, and openssl accepts
    them; a log with such a key could deny what it signed.
    """
    if not isinstance(public, bytes) or len(public) != KEY_SIZE:
        raise MalformedKey(f"an Ed25519 public key has {KEY_SIZE} bytes")
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _FIELD:
        raise MalformedKey("the public key is not in its one spelling")
    square = y * y % _FIELD
    # Order 4: y = 0. Orders 1 and 2: y² = 1. Order 8: doubling gives y = 0, hence x² = -y²,
    # and the curve -x² + y² = 1 + d·x²·y² becomes d·y⁴ + 2·y² - 1 = 0.
    if y * (square - 1) * (_CURVE_D * square * square + 2 * square - 1) % _FIELD == 0:
        raise MalformedKey("the public key is one of the few that fit any signature")


_FIELD: Final = 2**255 - 19
_CURVE_D: Final = -121665 * pow(121666, -1, _FIELD) % _FIELD


def _cosigned(text: str, at: int) -> bytes:
    """Return the bytes that a witness signs: a header that no note can begin with, and the text."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _parts(text: str) -> tuple[str, str, bytes]:
    """Return name, id and material of a key as text."""
    # The material may hold a plus of its own, being base64; a name and an id may not.
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise MalformedKey("a key is spelt as name, id and base64, joined by plus signs")
    try:
        material = base64text.decode(parts[2])
    except ValueError as error:
        raise MalformedKey("the material of the key is not base64") from error
    return parts[0], parts[1], material


def _type(material: bytes) -> KeyType:
    """Return the type that the first byte of a key's material says."""
    try:
        return KeyType(material[0])
    except (IndexError, ValueError) as error:
        raise MalformedKey("the key is of a type that is not known here") from error
