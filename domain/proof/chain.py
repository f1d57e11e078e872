"""Leaf hashes and the per-stream chain they form; the Merkle log over them stands beside it."""

import hashlib
from typing import Final

GENESIS: Final = bytes(32)
"""What the first event of a stream names as its predecessor."""


def leaf_hash(state: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ canonical bytes): the leaf hash of RFC 6962 §2.1, 32 bytes."""
    return hashlib.sha256(b"\x00" + state).digest()
