"""The conditions a caller puts on a request: its key, the version or page it saw, a moment."""

import re
from collections.abc import Mapping
from typing import Final

from api.packed import from_address
from api.problems import Problem, malformed

KEY_CHARACTERS_MAX: Final = 255
_VERSION: Final = re.compile(r'"([1-9][0-9]{0,8})"')
"""No stream has more versions than nine digits tell."""
_LETTER: Final = r"""[!#-\[\]-~]|\\["\\]"""
KEY_PATTERN: Final = rf"""^("(?:[ ]|{_LETTER})*(?:{_LETTER})(?:[ ]|{_LETTER})*"|[!#-~][ -~]*)$"""
"""A key in quotes, with a quote or backslash in it escaped, or bare; not blank."""
_KEY: Final = re.compile(KEY_PATTERN)
_ESCAPED: Final = re.compile(r'\\(["\\])')


def idempotency_key(header: str | None) -> str | None:
    """Return the key of an Idempotency-Key header, in quotes (as the draft has it) or bare."""
    if header is None:
        return None
    too_long = len(header) > 2 * KEY_CHARACTERS_MAX + 2  # every letter escaped, and the quotes
    if too_long or not _KEY.fullmatch(header):
        raise Problem("key_malformed")
    key = _ESCAPED.sub(r"\1", header[1:-1]) if header.startswith('"') else header
    if len(key) > KEY_CHARACTERS_MAX:
        raise Problem("key_malformed")
    return key


def expected_version(header: str | None) -> int | None:
    """Return the version an If-Match header names: one strong tag and nothing else."""
    if header is None:
        return None
    found = _VERSION.fullmatch(header.strip())
    if not found:
        raise Problem("version_malformed")
    return int(found[1])


def version_tag(version: int) -> str:
    """Return the ETag of a version; a caller sends it back as If-Match."""
    return f'"{version}"'


def is_known(header: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names a tag; the comparison is the weak one."""
    if header is None:
        return False
    tags = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


def moment(text: str | None, *, where: str, lanes: int) -> Mapping[int, int]:
    """Return lane → position of a moment in the address; raise the problem of one that is none."""
    if text is None:
        return {}
    try:
        places = from_address(text)
    except ValueError:
        raise malformed(where, "moment", "A moment looks like 0-12345 or 0-12,1-7.") from None
    if any(lane >= lanes for lane in places):
        raise malformed(where, "moment", "The ledger has no such lane.")
    return places
