"""The vault: contents under their own digest, durable, whole or not at all, never changed."""

import hashlib
import multiprocessing
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from domain.ledger.vault import FileVault, Shelf, attachment_of
from domain.ledger.vault_drafts import CONTENT_BYTES_MAX
from domain.ledger.vault_errors import VaultError
from domain.values import Sha256

CONTENT = b"a photograph"
DIGEST = Sha256(hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the vault is; nobody has made it yet."""
    return tmp_path / "vault"


def keep_many(place: Path, count: int) -> None:
    """Keep the same contents as everybody else."""
    vault = FileVault(place)
    for number in range(count):
        vault.keep({_digest(content): content for content in [b"%d" % number, CONTENT]})


def _digest(content: bytes) -> Sha256:
    return Sha256(hashlib.sha256(content).hexdigest())


def test_what_was_kept_comes_back(place: Path) -> None:
    """Every byte: originals are evidence."""
    vault = FileVault(place)
    vault.keep({DIGEST: CONTENT, _digest(b""): b""})
    assert vault.get(DIGEST) == CONTENT
    assert vault.get(_digest(b"")) == b""


def test_keeping_again_changes_nothing(place: Path) -> None:
    """The same content is the same file, for whomever it is kept."""
    vault = FileVault(place)
    vault.keep({DIGEST: CONTENT})
    (file,) = [one for one in place.rglob("*") if one.is_file()]
    before = file.stat()
    vault.keep({DIGEST: CONTENT})
    after = file.stat()
    assert (after.st_ino, after.st_size, after.st_mode) == (
        before.st_ino,
        before.st_size,
        before.st_mode,
    )


def test_a_changed_content_is_never_handed_out(place: Path) -> None:
    """One flipped bit is an error, not silent bytes."""
    vault = FileVault(place)
    vault.keep({DIGEST: CONTENT})
    (file,) = [one for one in place.rglob("*") if one.is_file()]
    file.chmod(0o600)
    file.write_bytes(CONTENT[:-1] + b"H")
    with pytest.raises(VaultError):
        vault.get(DIGEST)


@pytest.mark.parametrize(
    "name", ["", "x" * 64, "../" * 21 + "x", DIGEST.upper(), DIGEST[:-1], "é" * 64]
)
def test_only_digests_are_names(place: Path, name: str) -> None:
    """No text of a caller's becomes a path."""
    with pytest.raises(KeyError):
        FileVault(place).get(Sha256(name))


def test_what_is_not_kept_is_a_key_error(place: Path) -> None:
    """Also before anything was kept at all."""
    with pytest.raises(KeyError):
        FileVault(place).get(DIGEST)


def test_nobody_else_may_look_in(place: Path) -> None:
    """Contents are evidence, and their digests tell who holds the same file."""
    previous = os.umask(0)
    try:
        FileVault(place).keep({DIGEST: CONTENT})
    finally:
        os.umask(previous)
    made = [place, *place.rglob("*")]
    assert len(made) == 3
    modes = {stat.S_IMODE(one.stat().st_mode) for one in made if one.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE((place / DIGEST[:2] / DIGEST).stat().st_mode) == 0o400


def test_many_processes_may_keep_the_same_contents(place: Path) -> None:
    """Two uploads of one file at the same time are one file, and no draft is left."""
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        for done in [pool.submit(keep_many, place, 20) for _ in range(4)]:
            done.result()
    files = [one for one in place.rglob("*") if one.is_file()]
    assert {one.name for one in files} == {_digest(b"%d" % n) for n in range(20)} | {DIGEST}
    assert len(files) == 21
    assert all(_digest(one.read_bytes()) == one.name for one in files)


def test_a_failed_keep_leaves_no_draft_behind(place: Path) -> None:
    """A full disk must not fill up with halves."""
    vault = FileVault(place)
    vault.keep({_digest(b"other"): b"other"})
    blocked = place / DIGEST[:2]
    blocked.write_bytes(b"in the way")
    other = b"another"
    with pytest.raises(OSError, match="director"):
        vault.keep({_digest(other): other, DIGEST: CONTENT})
    assert not [one for one in place.rglob(".*") if one.is_file()]


def test_a_content_has_a_limit() -> None:
    """Every content has a size that can be read in one go."""
    at_most = attachment_of(bytes(CONTENT_BYTES_MAX), "video/mp4")
    assert at_most.size == CONTENT_BYTES_MAX
    with pytest.raises(VaultError):
        attachment_of(bytes(CONTENT_BYTES_MAX + 1), "video/mp4")


def test_a_shelf_is_kept_once_and_together(place: Path) -> None:
    """The record names a content only after it is there."""
    vault = FileVault(place)
    shelf = Shelf(vault)
    attachment = shelf.put(CONTENT, "image/jpeg")
    assert (attachment.sha256, attachment.size) == (DIGEST, len(CONTENT))
    with pytest.raises(KeyError):
        vault.get(DIGEST)
    shelf.flush()
    assert vault.get(DIGEST) == CONTENT
