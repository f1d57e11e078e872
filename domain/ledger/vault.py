"""Contents too large for a record, under their own SHA-256; who may read them is decided elsewhere.

A second put of the same content is the same file; reading hashes again, so no changed byte ever
leaves the vault unnoticed.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from domain.values import Attachment, Sha256

CONTENT_BYTES_MAX: Final = 50 * 1024 * 1024
"""The largest content one item may have."""


class VaultError(Exception):
    """A content is not what its digest says, or is too large to keep."""


class Vault(Protocol):
    """Keeps contents by digest."""

    def keep(self, contents: Mapping[Sha256, bytes]) -> None:
        """Keep contents under their digests, durably; keeping one again changes nothing."""
        ...

    def get(self, sha256: Sha256) -> bytes:
        """Return content; raise KeyError when it is not kept, VaultError when it has changed."""
        ...


class Shelf:
    """Contents that a batch of judgements hands over, kept together before the batch is recorded.

    Kept for a command that is then refused, a content is under its own digest and belongs to
    nobody: harmless, and there already when it is handed over again.
    """

    def __init__(self, vault: Vault) -> None:
        """Hand over to a vault."""
        self._vault = vault
        self._contents: dict[Sha256, bytes] = {}

    def put(self, content: bytes, media_type: str) -> Attachment:
        """Take content over and return the place it will have."""
        attachment = attachment_of(content, media_type)
        self._contents[attachment.sha256] = content
        return attachment

    def flush(self) -> None:
        """Keep what was taken over; afterwards the record may name it."""
        if self._contents:
            self._vault.keep(self._contents)
            self._contents = {}


def attachment_of(content: bytes, media_type: str) -> Attachment:
    """Return the place that content has in every vault; raise VaultError when it is too large."""
    if len(content) > CONTENT_BYTES_MAX:
        raise VaultError(f"a content is at most {CONTENT_BYTES_MAX} bytes")
    digest = Sha256(hashlib.sha256(content).hexdigest())
    return Attachment(sha256=digest, size=len(content), media_type=media_type)


class FileVault:
    """A vault of files below one directory, create-only, flushed to disk before it answers."""

    def __init__(self, directory: Path) -> None:
        """Use a directory, made at the first keep with access for its owner only."""
        self._directory = directory

    def keep(self, contents: Mapping[Sha256, bytes]) -> None:
        """Keep contents under their digests, durably; keeping one again changes nothing.

        All are written before the first is flushed, so that one flush of the file system's
        journal serves them all.
        """
        drafts: dict[Path, Path] = {}
        try:
            for digest, content in contents.items():
                path = self._path(digest)
                if not path.exists():
                    _make(self._directory)
                    _make(path.parent)
                    draft = path.with_name(f".{digest}.{os.getpid()}.{os.urandom(4).hex()}")
                    drafts[draft] = path
                    draft.write_bytes(content)
                    draft.chmod(0o400)
            for draft in drafts:
                _sync(draft)
            for draft, path in drafts.items():
                draft.replace(path)
        finally:
            for draft in drafts:
                draft.unlink(missing_ok=True)  # left over where something failed
        for directory in {path.parent for path in drafts.values()}:
            _sync(directory)

    def get(self, sha256: Sha256) -> bytes:
        """Return content; raise KeyError when it is not kept, VaultError when it has changed."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(sha256) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise VaultError("the content has changed since it was kept; nothing is handed out")
        return content

    def _path(self, digest: Sha256) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise KeyError(digest)
        return self._directory / digest[:2] / digest


def _make(directory: Path) -> None:
    """Make a directory for its owner only, so that it is still there after a crash."""
    if not directory.exists():
        directory.mkdir(exist_ok=True, mode=0o700)
        _sync(directory.parent)


def _sync(path: Path) -> None:
    """Flush a file, or a directory's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
