"""Personal contents as they lie in a vault: encrypted in chunks under a key of their own.

The form is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) as the `age` format
lays it out, with AES-256-GCM: chunks of 64 KiB, the nonce is an 11-byte counter and a byte that is
1 for the last chunk. So chunks can not be cut off, moved or repeated, and as every object has a
fresh key no nonce comes twice. Where that key lies, and under whose, is decided elsewhere.
"""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import IO, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.ledger.entropy import random_bytes
from domain.ledger.sealing import KEY_BYTES, Unopenable
from domain.ledger.vault import Vault
from domain.ledger.vault_drafts import CONTENT_BYTES_MAX, private_copy
from domain.ledger.vault_errors import Damaged
from domain.ticket.files import SEALED_TYPE
from domain.values import Attachment, Sha256

PIECE_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
PURPOSE: Final = b"ticketledger/content/1"
"""Bound to every chunk: the key opens contents of this form and nothing else."""


class SealedContent(NamedTuple):
    """An encrypted object of a vault and the key that opens it."""

    attachment: Attachment
    """Of the object as it lies there: digest and size are those of its ciphertext."""
    key: bytes


def sealed_size(size: int) -> int:
    """Return how large the encrypted object of a content of so many bytes is."""
    return size + TAG_BYTES * max(1, -(-size // PIECE_BYTES))


def keep_sealed(vault: Vault, clear: IO[bytes]) -> SealedContent:
    """Keep a content encrypted under a fresh key; its clear bytes never reach the vault."""
    key = random_bytes(KEY_BYTES)
    clear.seek(0)
    with vault.draft(sealed_size(CONTENT_BYTES_MAX)) as draft:
        for piece in encrypted(clear, key):
            draft.write(piece)
        vault.receive(draft)
        return SealedContent(draft.attachment(SEALED_TYPE), key)


def open_sealed(vault: Vault, address: Sha256, key: bytes, sha256: Sha256) -> IO[bytes]:
    """Return a private copy of an encrypted content in clear, whose every byte is checked already.

    Raises KeyError and Damaged for the object as `Vault.open` does, Unopenable when the key does
    not open it, and Damaged when what comes out is not what was committed to.
    """
    with vault.open(address) as sealed:
        try:
            return private_copy(decrypted(sealed, key), sha256)
        except Damaged as damage:
            raise Unopenable("it opens to other bytes than its descriptor says") from damage


def clear_digest(sealed: IO[bytes], key: bytes) -> tuple[str, int]:
    """Return digest and size of what an encrypted content opens to; raise Unopenable."""
    digest, size = hashlib.sha256(), 0
    for piece in decrypted(sealed, key):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def encrypted(clear: IO[bytes], key: bytes) -> Iterator[bytes]:
    """Yield the chunks of an encrypted content."""
    cipher = AESGCM(key)
    for nonce, piece in _numbered(clear, PIECE_BYTES):
        yield cipher.encrypt(nonce, piece, PURPOSE)


def decrypted(sealed: IO[bytes], key: bytes) -> Iterator[bytes]:
    """Yield a content in clear; raise Unopenable for any change, and for another key."""
    try:
        cipher = AESGCM(key)
        for nonce, piece in _numbered(sealed, PIECE_BYTES + TAG_BYTES):
            yield cipher.decrypt(nonce, piece, PURPOSE)
    except (InvalidTag, ValueError) as error:
        raise Unopenable("the content was encrypted with another key, or has changed") from error


def _numbered(file: IO[bytes], size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield pieces of a file with their nonces; the last is marked, and there is always one."""
    pieces = chain(iter(lambda: file.read(size), b""), [b""])
    piece, number = next(pieces), 0
    while True:
        after = next(pieces, b"")
        yield number.to_bytes(11, "big") + (b"\x00" if after else b"\x01"), piece
        if not after:
            return
        piece, number = after, number + 1
