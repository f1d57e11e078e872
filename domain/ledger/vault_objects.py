"""A vault in an object store (S3 and what speaks like it); needs the extra `s3`."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO, Final, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import ObjectStore, from_url

from domain.ledger.vault import Lying, place_of
from domain.ledger.vault_drafts import CHUNK_BYTES, CONTENT_BYTES_MAX, Draft, private_copy
from domain.ledger.vault_errors import Damaged, VaultUnavailable
from domain.values import Sha256

AT_ONCE_BYTES: Final = 8 * CHUNK_BYTES
"""A larger content is sent in parts, so that it is never whole in memory."""
_AGAIN: Final = "again"
"""Below it lies an empty object for a content that was handed over once more, for its time."""
_LEAVING: Final = "leaving"
"""Below it lies a content for as long as it takes to see that nobody hands it over meanwhile."""
_T = TypeVar("_T")


class ObjectVault:
    """A vault of objects under their digests; where the store locks objects, they stay locked."""

    def __init__(self, store: ObjectStore) -> None:
        """Use a store, or the part of one below its prefix."""
        self._store = store

    def keep(self, contents: Mapping[Sha256, bytes]) -> None:
        """Keep contents under their digests, durably; keeping one again changes nothing."""
        for digest, content in contents.items():
            self._create(place_of(digest), content)

    def get(self, sha256: Sha256) -> bytes:
        """Return content; raise KeyError when it is not kept, Damaged when it has changed."""
        path = place_of(sha256)
        content = self._find(lambda: obstore.get(self._store, path).bytes().to_bytes(), sha256)
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise Damaged(sha256, found)
        return content

    def draft(self, size_max: int = CONTENT_BYTES_MAX) -> Draft:
        """Return a place to write to, where temporary files are."""
        return Draft(None, size_max)

    def receive(self, draft: Draft) -> None:
        """Keep what was written to a draft, durably; keeping it again changes nothing."""
        path = place_of(draft.sha256)
        draft.finish()
        if draft.size <= AT_ONCE_BYTES:
            self._create(path, draft.path.read_bytes())
        elif not self._handed_over_again(path):
            # Parts can not be sent on condition. Two at once write the same bytes.
            self._ask(lambda: obstore.put(self._store, path, draft.path, use_multipart=True))

    def open(self, sha256: Sha256) -> IO[bytes]:
        """Return a checked private copy of content; raise KeyError or Damaged."""
        path = place_of(sha256)

        def copy() -> IO[bytes]:
            stream = obstore.get(self._store, path).stream(min_chunk_size=CHUNK_BYTES)
            return private_copy((bytes(chunk) for chunk in stream), sha256)

        return self._find(copy, sha256)

    def destroy(self, sha256: Sha256) -> bool:
        """Destroy content that was erased; where the store locks it, it stays until it may go."""
        path = place_of(sha256)
        if not self._is_there(path):
            return False
        self._ask(lambda: obstore.delete(self._store, path))
        return True

    def contents(self) -> Iterator[Lying]:
        """Yield what lies here, in no order, and bring to an end what was interrupted."""
        again = {one.partition("/")[2]: at for one, _, at in self._list(_AGAIN)}
        for path, _, _ in list(self._list(_LEAVING)):
            self._bring_back(path.partition("/")[2])
        for path, size, at in self._list(None):
            top, _, digest = path.partition("/")
            if len(top) == 2 and len(digest) == 64:
                yield Lying(Sha256(digest), size, max(at, again.get(path, at)))

    def let_go(self, sha256: Sha256, *, before: datetime) -> bool:
        """Remove content that was not handed over since; return whether it was removed.

        A store has no lock. So it is moved aside first: who hands it over before the second look
        is seen by it, and who does so after the move finds nothing there and puts it there again.
        """
        path = place_of(sha256)
        handed_over_at = self._modified(path)
        if handed_over_at is None or handed_over_at >= before or self._again(path, before):
            return False
        aside = f"{_LEAVING}/{path}"
        try:
            self._find(lambda: obstore.rename(self._store, path, aside), path)
            if self._again(path, before):
                self._bring_back(path)
                return False
            self._find(lambda: obstore.delete(self._store, aside), path)
        except KeyError:  # another sweep was faster, or brought it back
            return False
        if self._modified(f"{_AGAIN}/{path}") is not None and not self._again(path, before):
            self._ask(lambda: obstore.delete(self._store, f"{_AGAIN}/{path}"))
        return True

    def _bring_back(self, path: str) -> None:
        """Put a content that was moved aside where it lay, unless it is there again."""
        aside = f"{_LEAVING}/{path}"
        with contextlib.suppress(KeyError):  # somebody else was faster
            if self._is_there(path):
                self._find(lambda: obstore.delete(self._store, aside), path)
            else:
                self._find(lambda: obstore.rename(self._store, aside, path), path)

    def _again(self, path: str, before: datetime) -> bool:
        """Return whether a content was handed over once more since a time."""
        at = self._modified(f"{_AGAIN}/{path}")
        return at is not None and at >= before

    def _handed_over_again(self, path: str) -> bool:
        """Note on a content that it was handed over once more; return whether it is there.

        The note comes before the second look, so that whoever removes it sees the one or the other.
        """
        if not self._is_there(path):
            return False
        note = f"{_AGAIN}/{path}"
        self._ask(lambda: obstore.put(self._store, note, b"", use_multipart=False))
        return self._is_there(path)

    def _list(self, prefix: str | None) -> Iterator[tuple[str, int, datetime]]:
        """Yield path, size and time of what lies below a prefix."""
        pages = self._ask(lambda: obstore.list(self._store, prefix))
        while True:
            page = self._ask(lambda: next(iter(pages), None))
            if not page:
                return
            for one in page:
                yield one["path"], one["size"], one["last_modified"]

    def _modified(self, path: str) -> datetime | None:
        """Return when an object was written; None where there is none."""
        try:
            return self._find(lambda: obstore.head(self._store, path), path)["last_modified"]
        except KeyError:
            return None

    def _create(self, path: str, content: bytes) -> None:
        def put() -> bool:
            try:
                obstore.put(self._store, path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

        while not self._ask(put):
            if self._handed_over_again(path):
                return

    def _is_there(self, path: str) -> bool:
        try:
            self._find(lambda: obstore.head(self._store, path), path)
        except KeyError:
            return False
        return True

    def _find(self, work: Callable[[], _T], name: str) -> _T:
        """Return what a reading finds; raise KeyError where there is nothing."""

        def found() -> _T:
            try:
                return work()
            except (FileNotFoundError, NotFoundError) as error:
                raise KeyError(name) from error

        return self._ask(found)

    def _ask(self, work: Callable[[], _T]) -> _T:
        """Return what the store answers; raise VaultUnavailable where it does not."""
        try:
            return work()
        except BaseError as error:
            raise VaultUnavailable(type(error).__name__) from error


def object_vault(url: str) -> ObjectVault:
    """Return the vault at a URL like s3://bucket/prefix; credentials as AWS_ variables name them.

    `memory:///` keeps nothing beyond the process: it is for tests.
    """
    return ObjectVault(from_url(url))
