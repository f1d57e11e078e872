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
CURSOR_CHARACTERS_MAX: Final = 600 + 26 * LANES_MAX
"""A place of 18 digits and its comma is 26 characters in base 64."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: the sort key of its last row, of a list told by its digest."""

    filters: str
    after: tuple[int | str | None, ...]
    places: tuple[int, ...] = ()
    """Up to where every lane counts, for a list of a past that does not say so by itself."""


def filters_digest(name: str, filters: Mapping[str, object]) -> str:
    """Return what tells one list with its filters from every other."""
    content = msgspec.json.encode([name, sorted(filters.items())])
    return hashlib.sha256(content).hexdigest()[:16]


def write_cursor(key: bytes, cursor: Cursor) -> str:
    """Return a cursor as the caller gets it."""
    content = msgspec.json.encode(cursor)
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
    cursor = msgspec.json.decode(content, type=Cursor)
    if cursor.filters != filters:
        raise Problem("cursor_invalid")
    return cursor


def next_link(path: str, query: Mapping[str, str], cursor: str) -> str:
    """Return the Link header that leads to the next page (RFC 8288)."""
    parameters = urlencode({**query, "cursor": cursor})
    return f'<{path}?{parameters}>; rel="next"'


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"cursor\x00" + content, "sha256")[:_SIGNATURE_BYTES]
