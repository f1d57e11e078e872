"""Cursors of lists: opaque, signed, and good only for the list and filters that gave them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from api.problems import Problem
from domain.streams import LANES_MAX

LIMIT_MAX: Final = 200
LIMIT_USUAL: Final = 50
_SIGNATURE_BYTES: Final = 16
CURSOR_CHARACTERS_MAX: Final = 600 + 12 * LANES_MAX
"""A place that is packed is nine bytes at most, and those are twelve characters."""
TAG_CHARACTERS_MAX: Final = 160


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: the sort key of its last row, of a list told by its digest."""

    filters: str
    after: tuple[int | str | None, ...]
    places: bytes = b""
    """Up to where every lane counts, packed, for a list of a past that does not say so itself."""


def filters_digest(name: str, filters: Mapping[str, object]) -> str:
    """Return what tells one list with its filters from every other."""
    content = msgspec.json.encode([name, sorted(filters.items())])
    return hashlib.sha256(content).hexdigest()[:16]


def write_cursor(key: bytes, cursor: Cursor) -> str:
    """Return a cursor as the caller gets it."""
    content = msgspec.msgpack.encode(cursor)
    return base64.urlsafe_b64encode(_signature(key, content) + content).decode().rstrip("=")


def read_cursor(key: bytes, text: str, filters: str) -> Cursor:
    """Return the cursor a caller sends back; raise the problem of a foreign or forged one."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Problem("cursor_invalid") from None
    signature, content = content[:_SIGNATURE_BYTES], content[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(key, content)):
        raise Problem("cursor_invalid")
    try:
        cursor = msgspec.msgpack.decode(content, type=Cursor)
    except (msgspec.DecodeError, UnicodeDecodeError):  # ours, and of a version before this one
        raise Problem("cursor_invalid") from None
    if cursor.filters != filters:
        raise Problem("cursor_invalid")
    return cursor


def page_tag(moment: str) -> str:
    """Return the weak ETag of a page of views at a moment; that of many lanes is told by a digest.

    The same address at the same moment is the same page.
    """
    if len(moment) > TAG_CHARACTERS_MAX:
        moment = hashlib.sha256(moment.encode()).hexdigest()
    return f'W/"{moment}"'


def next_link(path: str, query: Mapping[str, str], cursor: str) -> str:
    """Return the Link header that leads to the next page (RFC 8288)."""
    parameters = urlencode({**query, "cursor": cursor})
    return f'<{path}?{parameters}>; rel="next"'


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"cursor\x00" + content, "sha256")[:_SIGNATURE_BYTES]
