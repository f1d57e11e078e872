"""Write-once copies in an object store, created and never replaced; needs the extra `s3`."""

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from api.anchoring.copies import Differs


class CopyObjects:
    """Copies as objects; a bucket with object lock makes them what they are called."""

    name = "objects"

    def __init__(self, store: ObjectStore) -> None:
        """Keep copies in a store."""
        self._store = store

    @classmethod
    def at(cls, url: str) -> "CopyObjects":
        """Return the copies at an address like s3://bucket/prefix; raise OSError for a bad one."""
        try:
            return cls(from_url(url))
        except (BaseError, ValueError) as error:
            raise OSError(f"{url} is no object store: {error}") from error

    def keep(self, path: str, content: bytes) -> None:
        """Keep content under a path; raise Differs, or OSError when the store does not answer."""
        try:
            try:
                obstore.put(self._store, path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                if obstore.get(self._store, path).bytes().to_bytes() != content:
                    raise Differs(f"{path} holds something else") from None
        except BaseError as error:
            raise OSError(f"the store of copies did not take {path}: {error}") from error
