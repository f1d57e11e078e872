"""A vault in an object store (S3 and what speaks like it); needs the extra `s3`."""

import hashlib
from collections.abc import Callable, Mapping
from typing import IO, Any, Final, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import ObjectStore, from_url

from domain.ledger.vault import place_of
from domain.ledger.vault_drafts import CHUNK_BYTES, CONTENT_BYTES_MAX, Draft, private_copy
from domain.ledger.vault_errors import Damaged, VaultUnavailable
from domain.values import Sha256

AT_ONCE_BYTES: Final = 8 * CHUNK_BYTES
"""A larger content is sent in parts, so that it is never whole in memory."""
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
        elif not self._is_there(path):
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

    def _create(self, path: str, content: bytes) -> None:
        def put() -> Any:
            try:
                return obstore.put(self._store, path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return None

        self._ask(put)

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
