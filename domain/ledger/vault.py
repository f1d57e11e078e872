"""Contents too large for a record, under their own SHA-256; who may read them is decided elsewhere.

A second put of the same content is the same file; reading hashes again, so no changed byte ever
leaves the vault unnoticed.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, NamedTuple, Protocol

from domain.ledger.vault_drafts import CHUNK_BYTES, CONTENT_BYTES_MAX, Draft, private_copy
from domain.ledger.vault_errors import Damaged, TooLarge
from domain.values import Attachment, Sha256

DRAFT_SECONDS_MAX: Final = 24 * 3_600
"""A draft older than the newest one by so much was left by a process that died."""
_DIGITS: Final = frozenset("0123456789abcdef")


class Lying(NamedTuple):
    """A content that lies in a vault."""

    sha256: Sha256
    size: int
    handed_over_at: datetime
    """When it was handed over last, by the vault's own clock."""


class Vault(Protocol):
    """Keeps contents by digest."""

    def keep(self, contents: Mapping[Sha256, bytes]) -> None:
        """Keep contents under their digests, durably; keeping one again changes nothing."""
        ...

    def get(self, sha256: Sha256) -> bytes:
        """Return content; raise KeyError when it is not kept, Damaged when it has changed."""
        ...

    def draft(self, size_max: int = CONTENT_BYTES_MAX) -> Draft:
        """Return a place to write a content of at most so many bytes."""
        ...

    def receive(self, draft: Draft) -> None:
        """Keep what was written to a draft, durably; keeping it again changes nothing."""
        ...

    def open(self, sha256: Sha256) -> IO[bytes]:
        """Return a private copy of content whose every byte is checked already.

        Raises KeyError when it is not kept, Damaged when it has changed: nothing is handed out
        before the last byte was hashed.
        """
        ...

    def destroy(self, sha256: Sha256) -> bool:
        """Destroy content that was erased; return whether it was there."""
        ...

    def contents(self) -> Iterator[Lying]:
        """Yield what lies here, in no order; what comes and goes meanwhile may be left out."""
        ...

    def let_go(self, sha256: Sha256, *, before: datetime) -> bool:
        """Remove content that was not handed over since; return whether it was removed.

        Who hands the same content over meanwhile finds it kept, whatever comes first.
        """
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
    """Return the place that content has in every vault; raise TooLarge for more than it may be."""
    if len(content) > CONTENT_BYTES_MAX:
        raise TooLarge(CONTENT_BYTES_MAX)
    digest = Sha256(hashlib.sha256(content).hexdigest())
    return Attachment(sha256=digest, size=len(content), media_type=media_type)


def place_of(digest: Sha256) -> str:
    """Return where a content lies below a vault; raise KeyError for what is no digest."""
    if len(digest) != 64 or not set(digest) <= _DIGITS:
        raise KeyError(digest)
    return f"{digest[:2]}/{digest}"


class FileVault:
    """A vault of files below one directory, create-only, flushed to disk before it answers."""

    def __init__(self, directory: Path) -> None:
        """Use a directory, made at the first keep with access for its owner only."""
        self._directory = directory

    def keep(self, contents: Mapping[Sha256, bytes]) -> None:
        """Keep contents under their digests, durably; keeping one again changes nothing."""
        drafts: dict[Path, Path] = {}
        paths = {self._path(digest): content for digest, content in contents.items()}
        with self._handing_over():
            try:
                for path, content in paths.items():
                    if not _handed_over_again(path):
                        self._make_room(path)
                        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
                        drafts[draft] = path
                        draft.write_bytes(content)
                        draft.chmod(0o400)
                _put_in_place(drafts)
            finally:
                for draft in drafts:
                    draft.unlink(missing_ok=True)  # left over where something failed

    def get(self, sha256: Sha256) -> bytes:
        """Return content; raise KeyError when it is not kept, Damaged when it has changed."""
        with self._kept(sha256) as file:
            content = file.read()
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise Damaged(sha256, found)
        return content

    def draft(self, size_max: int = CONTENT_BYTES_MAX) -> Draft:
        """Return a place to write to, on the file system where the content will lie."""
        directory = self._directory / ".drafts"
        _make(self._directory)
        _make(directory)
        draft = Draft(directory, size_max)
        _remove_abandoned(directory.iterdir(), draft.path)
        return draft

    def receive(self, draft: Draft) -> None:
        """Keep what was written to a draft, durably; keeping it again changes nothing."""
        path = self._path(draft.sha256)
        draft.finish()
        with self._handing_over():
            if not _handed_over_again(path):
                self._make_room(path)
                draft.path.chmod(0o400)
                os.utime(draft.path)
                _put_in_place({draft.path: path})

    def open(self, sha256: Sha256) -> IO[bytes]:
        """Return a checked private copy of content; raise KeyError or Damaged."""
        with self._kept(sha256) as file:
            return private_copy(iter(lambda: file.read(CHUNK_BYTES), b""), sha256)

    def destroy(self, sha256: Sha256) -> bool:
        """Destroy content that was erased; return whether it was there."""
        path = self._path(sha256)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync(path.parent)
        return True

    def contents(self) -> Iterator[Lying]:
        """Yield what lies here, in no order."""
        for path in self._directory.glob("[0-9a-f][0-9a-f]/*"):
            if len(path.name) == 64 and set(path.name) <= _DIGITS:
                try:
                    found = path.stat()
                except FileNotFoundError:
                    continue
                at = datetime.fromtimestamp(found.st_mtime, UTC)
                yield Lying(Sha256(path.name), found.st_size, at)

    def let_go(self, sha256: Sha256, *, before: datetime) -> bool:
        """Remove content that was not handed over since; return whether it was removed."""
        path = self._path(sha256)
        with self._handing_over(alone=True):
            try:
                if path.stat().st_mtime >= before.timestamp():
                    return False
            except FileNotFoundError:
                return False
            return self.destroy(sha256)

    @contextmanager
    def _handing_over(self, *, alone: bool = False) -> Iterator[None]:
        """Hold the vault's lock, with others who hand over or, to remove something, alone.

        It is held between processes, and the system lets go of it for one that dies.
        """
        _make(self._directory)
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def _kept(self, digest: Sha256) -> IO[bytes]:
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise KeyError(digest) from error

    def _path(self, digest: Sha256) -> Path:
        return self._directory / place_of(digest)

    def _make_room(self, path: Path) -> None:
        _make(path.parent)


def _put_in_place(drafts: Mapping[Path, Path]) -> None:
    """Move written files to where they stay, durably.

    All are written before the first is flushed, so that one flush of the file system's journal
    serves them all.
    """
    for draft in drafts:
        _sync(draft)
    for draft, path in drafts.items():
        draft.replace(path)
    for directory in {path.parent for path in drafts.values()}:
        _sync(directory)


def _handed_over_again(path: Path) -> bool:
    """Note on a content that it was handed over once more; return whether there is one."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _remove_abandoned(drafts: Iterable[Path], newest: Path) -> None:
    """Remove drafts that nobody can be writing any more."""
    now = newest.stat().st_mtime
    for path in drafts:
        try:
            if path.stat().st_mtime < now - DRAFT_SECONDS_MAX:
                path.unlink()
        except FileNotFoundError:
            continue  # kept or given up meanwhile


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
