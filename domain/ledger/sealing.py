"""Personal values: salted commitments for the record, sealed disclosures beside it.

The chain covers the commitment (an RFC 9901 disclosure digest), never the ciphertext, so keys can
rotate without touching the chain and forgetting a key is erasure. Keys are per stream and subject.
"""

import base64
import hashlib
import json
from binascii import b2a_base64
from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from domain.ledger.entropy import random_bytes

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


class Unopenable(Exception):  # noqa: N818 - named for what the value is
    """A sealed value does not open with this key, or is not the one the record commits to."""


class KeyEncryptionKey:
    """The key that wraps every subject's key (AES-256-KW); kept in a file, or elsewhere by port."""

    def __init__(self, key: bytes) -> None:
        """Keep 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError("a key encryption key is 32 bytes")
        self._key = key

    def new_key(self) -> tuple[bytes, bytes]:
        """Return a fresh data key and its wrapped form."""
        key = random_bytes(KEY_BYTES)
        return key, aes_key_wrap(self._key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the data key of a wrapped form; raise Unopenable under another key."""
        try:
            return aes_key_unwrap(self._key, wrapped)
        except InvalidUnwrap as error:
            raise Unopenable("the wrapped key is not ours") from error


def key_name(subject: str, erased: Sequence[int]) -> str:
    """Return the name of a subject's key on a stream, after the versions that erased before.

    A key never comes back under its old name, so what is written after an erasure can not be
    sealed with the forgotten key, whoever still holds it.
    """
    return f"{subject}~{erased[-1]}" if erased else subject


def subject_of(name: str) -> str:
    """Return whose key a name stands for."""
    return name.partition("~")[0]


def disclosure(name: str, value: str) -> bytes:
    """Return a fresh disclosure D of a value: base64url of JSON [salt, name, value] (RFC 9901)."""
    salt = _base64url(random_bytes(16)).decode()
    return _base64url(msgspec.json.encode([salt, name, value]))


def commitment(disclosed: bytes) -> str:
    """Return the digest of a disclosure as it stands in the record: 43 characters."""
    return _base64url(hashlib.sha256(disclosed).digest()).decode()


def seal(key: bytes, disclosed: bytes, *, place: bytes) -> bytes:
    """Return nonce ‖ AES-256-GCM of a disclosure, bound to its place in the record."""
    nonce = random_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, disclosed, place)


def unseal(key: bytes, sealed: bytes, *, place: bytes) -> bytes:
    """Return the disclosure of a sealed value; raise Unopenable when key or place are others."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise Unopenable("the value was sealed with another key or for another place") from error


def disclosed_value(disclosed: bytes, sd: str) -> str:
    """Return the value of a disclosure; raise Unopenable when the record commits to another."""
    if commitment(disclosed) != sd:
        raise Unopenable("the value is not the one the record commits to")
    _, _, value = json.loads(base64.urlsafe_b64decode(disclosed + b"=" * (-len(disclosed) % 4)))
    return str(value)


def place(ledger: str, stream: str, version: int, pointer: str, sd: str) -> bytes:
    """Return the associated data that binds a sealed value to its place in the record."""
    return f"tl1\x1f{ledger}\x1f{stream}\x1f{version}\x1f{pointer}\x1f{sd}".encode()


def _base64url(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")
