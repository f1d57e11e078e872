"""Personal contents in the vault: unreadable without their key, and unchangeable with it."""

import hashlib
import os
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from domain.ledger.sealing import KEY_BYTES, Unopenable
from domain.ledger.vault import FileVault
from domain.ledger.vault_drafts import CONTENT_BYTES_MAX, SEALED_BYTES_MAX
from domain.ledger.vault_errors import Damaged
from domain.ledger.vault_sealing import (
    PIECE_BYTES,
    TAG_BYTES,
    clear_digest,
    decrypted,
    encrypted,
    keep_sealed,
    open_sealed,
    sealed_size,
)
from domain.values import Sha256

KEY = bytes(range(KEY_BYTES))
STEP = PIECE_BYTES + TAG_BYTES
SIZES = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 7]


def sealed(content: bytes, key: bytes = KEY) -> bytes:
    """Return a content encrypted."""
    return b"".join(encrypted(BytesIO(content), key))


def opened(content: bytes, key: bytes = KEY) -> bytes:
    """Return an encrypted content in clear."""
    return b"".join(decrypted(BytesIO(content), key))


def digest_of(content: bytes) -> Sha256:
    """Return a content's digest."""
    return Sha256(hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("size", SIZES)
def test_what_was_encrypted_opens_to_what_it_was(size: int) -> None:
    """On both sides of every edge of a chunk, and the size is known before."""
    content = os.urandom(size)
    there = sealed(content)
    assert (opened(there), len(there)) == (content, sealed_size(size))
    assert clear_digest(BytesIO(there), KEY) == (digest_of(content), size)


def test_the_largest_content_fits_encrypted_into_every_vault() -> None:
    """What may come in clear may come as personal too."""
    assert sealed_size(CONTENT_BYTES_MAX) <= SEALED_BYTES_MAX


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 9])
def test_no_bit_of_it_may_change(size: int) -> None:
    """A bit turned in any chunk or tag, at its beginning or its end."""
    there = sealed(os.urandom(size))
    for place in {0, len(there) // 2, len(there) - 1}:
        turned = there[:place] + bytes([there[place] ^ 1]) + there[place + 1 :]
        with pytest.raises(Unopenable):
            opened(turned)


def test_chunks_are_neither_cut_off_nor_moved_nor_repeated() -> None:
    """Each is bound to its place, and the last one to being the last."""
    there = sealed(os.urandom(3 * PIECE_BYTES))
    edges = [*range(0, len(there), STEP), len(there)]
    one, two, three = [there[start:stop] for start, stop in pairwise(edges)]
    for forged in (one + two, two + one + three, one + two + two + three, one + two + three + three,
                   there[:-1], there + b"x", b""):  # fmt: skip
        with pytest.raises(Unopenable):
            opened(forged)


def test_another_key_opens_nothing() -> None:
    """Nor does what is no key at all."""
    there = sealed(b"a face")
    for key in (KEY[:-1] + b"x", b"", b"short"):
        with pytest.raises(Unopenable):
            opened(there, key)


def test_every_content_has_a_key_and_an_address_of_its_own(tmp_path: Path) -> None:
    """So the vault does not tell that two people hold the same picture."""
    vault = FileVault(tmp_path)
    kept = [keep_sealed(vault, BytesIO(b"a face")) for _ in range(2)]
    assert len({one.key for one in kept}) == len({one.attachment.sha256 for one in kept}) == 2
    for one in kept:
        there = vault.get(one.attachment.sha256)
        assert (b"a face" in there, len(there)) == (False, one.attachment.size)
        with open_sealed(vault, one.attachment.sha256, one.key, digest_of(b"a face")) as file:
            assert file.read() == b"a face"


def test_nothing_is_handed_out_that_is_not_what_was_committed_to(tmp_path: Path) -> None:
    """The object as it lies is checked, and so is what comes out of it."""
    vault = FileVault(tmp_path)
    attachment, key = keep_sealed(vault, BytesIO(b"a face"))
    with pytest.raises(Unopenable):
        open_sealed(vault, attachment.sha256, key, digest_of(b"another face"))
    with pytest.raises(Unopenable):
        open_sealed(vault, attachment.sha256, KEY, digest_of(b"a face"))
    (path,) = list(tmp_path.rglob(attachment.sha256))
    path.chmod(0o600)
    path.write_bytes(sealed(b"a face", key)[:-1] + b"x")
    with pytest.raises(Damaged):
        open_sealed(vault, attachment.sha256, key, digest_of(b"a face"))
    path.unlink()
    with pytest.raises(KeyError):
        open_sealed(vault, attachment.sha256, key, digest_of(b"a face"))
