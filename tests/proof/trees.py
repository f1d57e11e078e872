"""Trees and keys for these tests: the definitions of RFC 6962, written once more and slowly."""

import base64
import hashlib
from collections.abc import Sequence

from domain.proof.keys import KeyType, SigningKey
from domain.proof.merkle import ReadHash

ORIGIN = "ledger.example/lane-0"


def leaves_of(size: int) -> list[bytes]:
    """So many different leaf hashes."""
    return [hashlib.sha256(b"\x00" + number.to_bytes(4, "big")).digest() for number in range(size)]


def root_by_definition(leaves: Sequence[bytes]) -> bytes:
    """The root as RFC 6962 §2.1 defines it, by recursion over the list."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = root_by_definition(leaves[:split]), root_by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def hashes_of(leaves: Sequence[bytes]) -> ReadHash:
    """A source of the nodes of a tree, from the list of its leaf hashes."""

    def read(level: int, index: int) -> bytes:
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "only nodes within the tree are asked for"
        return root_by_definition(part)

    return read


def flipped(value: bytes, bit: int) -> bytes:
    """The value with one bit changed."""
    changed = bytearray(value)
    changed[bit // 8 % len(value)] ^= 1 << bit % 8
    return bytes(changed)


def hash_of(text: str) -> bytes:
    """A hash of a vector, which spells it in base64."""
    return base64.b64decode(text)


def a_key(name: str = ORIGIN, *, type: KeyType = KeyType.NOTE, seed: int = 1) -> SigningKey:
    """A key that is the same in every run."""
    return SigningKey(name, bytes([seed]) * 32, type)


def a_witness(name: str, *, seed: int) -> SigningKey:
    """A witness's key that is the same in every run."""
    return a_key(name, type=KeyType.COSIGNATURE, seed=seed)
