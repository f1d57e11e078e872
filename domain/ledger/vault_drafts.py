"""Contents on their way in and out of a vault: hashed as they pass, never whole in memory."""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self

from domain.ledger.vault_errors import Damaged, TooLarge
from domain.values import Attachment, Sha256

CONTENT_BYTES_MAX: Final = 50 * 1024 * 1024
"""The largest content any vault takes; what a ticket takes is said by the book, and is not more."""
CHUNK_BYTES: Final = 1024 * 1024
"""So much of a content is in memory at once."""
SEALED_BYTES_MAX: Final = CONTENT_BYTES_MAX + CONTENT_BYTES_MAX // 1024
"""A content of that size has room for what encrypting it adds."""


class Written:
    """A content that is being written to a file without a name, hashed and counted on the way.

    Nothing of it is left when the process ends, however it ends: for what may lie on no disk in
    clear.
    """

    def __init__(self, file: IO[bytes], size_max: int) -> None:
        """Write to a file, at most so many bytes."""
        self._file = file
        self._hash = hashlib.sha256()
        self._size_max = size_max
        self.size = 0

    def __enter__(self) -> Self:
        """Return the draft."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind but what a vault received."""
        self.close()

    @property
    def sha256(self) -> Sha256:
        """Return the digest of what was written so far."""
        return Sha256(self._hash.hexdigest())

    @property
    def file(self) -> IO[bytes]:
        """Return the file, with everything that was written in it."""
        self._file.flush()
        return self._file

    def write(self, chunk: bytes) -> None:
        """Write more of the content; raise TooLarge, and write nothing, where it is too much."""
        if self.size + len(chunk) > self._size_max:
            raise TooLarge(self._size_max)
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def attachment(self, media_type: str) -> Attachment:
        """Return the place that the content has in every vault."""
        return Attachment(sha256=self.sha256, size=self.size, media_type=media_type)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Draft(Written):
    """A content that is being written to a file that a vault can take over."""

    def __init__(self, directory: Path | None, size_max: int) -> None:
        """Open a file in a directory, or where temporary files are, for at most so many bytes."""
        file = tempfile.NamedTemporaryFile(prefix="draft-", dir=directory, delete=False)  # noqa: SIM115 - closed by close()
        super().__init__(file, min(size_max, SEALED_BYTES_MAX))
        self.path = Path(file.name)

    def finish(self) -> None:
        """Have every byte in the file; nothing more is written."""
        self._file.close()

    def close(self) -> None:
        """Remove the file where no vault has taken it over."""
        super().close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def written(size_max: int) -> Written:
    """Return a place without a name to write a content of at most so many bytes."""
    return Written(tempfile.TemporaryFile(), min(size_max, CONTENT_BYTES_MAX))


class Scanner(Protocol):
    """Looks for what is dangerous in a content: the port of a virus scanner."""

    def scan(self, file: IO[bytes]) -> str | None:
        """Return what was found in a content, in a word, or None; called before it is kept."""
        ...


class NoScanner:
    """The default: nothing is looked for."""

    def scan(self, _file: IO[bytes]) -> str | None:
        """Return None."""
        return None


def private_copy(chunks: Iterable[bytes], sha256: Sha256) -> IO[bytes]:
    """Return a copy of a content that nobody else can reach; raise Damaged where it has changed.

    It is handed out only after its last byte was hashed, and what is handed out is what was hashed,
    not the file that may change meanwhile.
    """
    digest = hashlib.sha256()
    with contextlib.ExitStack() as failing:
        copy = tempfile.SpooledTemporaryFile(max_size=CHUNK_BYTES)  # noqa: SIM115 - the caller's
        failing.callback(copy.close)
        for chunk in chunks:
            digest.update(chunk)
            copy.write(chunk)
        if digest.hexdigest() != sha256:
            raise Damaged(sha256, digest.hexdigest())
        copy.seek(0)
        failing.pop_all()
    return copy
