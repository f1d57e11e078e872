"""Reading a ZIP that a stranger made: bounded in every direction, and never unpacked to disk."""

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from replay.bundle.parts import ATTACHMENTS

MEMBERS_MAX: Final = 100_000
TOTAL_MAX: Final = 2 * 1024**3
ATTACHMENT_MAX: Final = 512 * 1024**2
MEMBER_MAX: Final = 64 * 1024**2
"""Nothing but an attachment is larger."""
RATIO_MAX: Final = 200
"""No text of ours is packed so tightly; what is, is made to burst."""
RATIO_FROM: Final = 1024**2
CHUNK_BYTES: Final = 1024**2
_STEP: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


class MalformedBundle(Exception):  # noqa: N818 - named for what the file is not
    """The file can not be read as a bundle, so nothing in it was judged."""


class Damaged(Exception):  # noqa: N818 - named for what the member is
    """A member does not unpack to what the archive says of it."""


UNREADABLE: Final = (
    KeyError,
    ValueError,
    Damaged,
    msgspec.DecodeError,
    TypeError,
    AttributeError,
)
"""What reading a member that is missing, broken or something else comes to."""


class Archive:
    """The members of a bundle by their paths below its one directory."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        """Look at the directory of the archive; raise MalformedBundle for what is a trick."""
        self._file = file
        self._members: dict[str, zipfile.ZipInfo] = {}
        members = file.infolist()
        if not members or len(members) > MEMBERS_MAX:
            raise MalformedBundle(f"a bundle has from 1 to {MEMBERS_MAX} members")
        if sum(member.file_size for member in members) > TOTAL_MAX:
            raise MalformedBundle(f"its members are larger than {TOTAL_MAX} bytes together")
        tops = {member.filename.partition("/")[0] for member in members}
        if len(tops) != 1:
            raise MalformedBundle("a bundle has one directory that holds everything")
        for member in members:
            _check(member)
            path = member.filename.partition("/")[2]
            if not path or path in self._members:
                raise MalformedBundle("two members have one name, or one has none")
            self._members[path] = member

    def __contains__(self, path: str) -> bool:
        """Return whether there is such a member."""
        return path in self._members

    @property
    def paths(self) -> list[str]:
        """Every member's path."""
        return sorted(self._members)

    def below(self, directory: str) -> list[str]:
        """Return the names of the members in a directory."""
        return [
            path.removeprefix(f"{directory}/")
            for path in self.paths
            if path.startswith(f"{directory}/")
        ]

    def size(self, path: str) -> int:
        """Return how many bytes a member says it has."""
        return self._members[path].file_size

    def read(self, path: str) -> bytes:
        """Return a member's bytes; raise KeyError when there is none, Damaged when it is broken."""
        return b"".join(self._chunks(path))

    def digest(self, path: str) -> str:
        """Return a member's SHA-256; raise as `read` does."""
        digest = hashlib.sha256()
        for chunk in self._chunks(path):
            digest.update(chunk)
        return digest.hexdigest()

    def _chunks(self, path: str) -> Iterator[bytes]:
        """Yield a member's bytes, never more than the directory says there are."""
        member = self._members[path]
        left = member.file_size
        try:
            with self._file.open(member) as source:
                while chunk := source.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise Damaged(path)
                    yield chunk
        except _BROKEN as error:
            raise Damaged(path) from error
        if left:
            raise Damaged(path)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Give the archive in a file; raise MalformedBundle when it is none."""
    try:
        file = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise MalformedBundle("the file is no ZIP archive, or can not be read") from error
    with file:
        yield Archive(file)


def _check(member: zipfile.ZipInfo) -> None:
    """Refuse a member that is no plain file under a plain name, or that would burst."""
    name = member.filename
    if not all(_STEP.fullmatch(step) for step in name.split("/")) or len(name) > 300:
        raise MalformedBundle("a member has a name that no bundle has")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG} or member.flag_bits & 0x1:
        raise MalformedBundle("a member is encrypted, or no plain file")
    path = name.partition("/")[2]
    limit = ATTACHMENT_MAX if path.startswith(f"{ATTACHMENTS}/") else MEMBER_MAX
    if member.file_size > limit:
        raise MalformedBundle("a member is larger than any of a bundle is")
    if member.file_size > RATIO_FROM and member.file_size > RATIO_MAX * member.compress_size:
        raise MalformedBundle("a member is packed as only a trap is")
