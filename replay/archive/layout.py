"""Where everything of an archive lies: ranges of positions, parts of matters, names of files.

A range is a directory with all records of a lane between two positions. A part is a number from 0
on that every matter has by its name, so the files of one part, over all ranges, hold whole matters.
Files are named here and neither read nor written.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from domain.streams import order_stream, ticket_stream

MANIFEST: Final = "manifest.json"
UNFINISHED: Final = ".unfinished"
"""Holds what is being written: it is no part of the archive yet."""
BOOKS: Final = "books"
CHECKPOINTS: Final = "checkpoints.parquet"
PARTS: Final = 16
PARTS_MAX: Final = 4_096
RANGE: Final = 65_536
"""Positions of a range unless told otherwise: whole tiles of the log."""
RANGE_MAX: Final = 1 << 22
"""A range is read at once when it is verified."""


class Extent(msgspec.Struct, frozen=True, order=True):
    """Some positions of a lane, from `first` to `last`, both within."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """Return the name of its directory; names sort as positions do."""
        return f"{self.first:012d}-{self.last:012d}"


def extents(after: int, last: int, width: int) -> list[Extent]:
    """Return the ranges that the positions after one up to another are cut into.

    They end where a multiple of the width does, so where an archive was added to shows in one
    short range only.
    """
    found = []
    while after < last:
        end = min(last, (after // width + 1) * width)
        found.append(Extent(after + 1, end))
        after = end
    return found


def lane_name(lane: int) -> str:
    """Return the name of a lane's directory."""
    return f"lane-{lane}"


def range_path(lane: int, extent: Extent) -> str:
    """Return the path of a range's directory within the archive."""
    return f"{lane_name(lane)}/{extent.name}"


def part_name(part: int) -> str:
    """Return the name of a part's file within a range."""
    return f"part-{part:04d}.parquet"


def book_path(digest: str) -> str:
    """Return the path of a book of rules within the archive."""
    return f"{BOOKS}/{digest}.toml"


def part_of(matter: str, parts: int) -> int:
    """Return the part that a matter lies in."""
    return int.from_bytes(hashlib.sha256(matter.encode()).digest()[:8]) % parts


def parts_of(matters: Iterable[str], parts: int) -> dict[str, int]:
    """Return the part that each matter lies in."""
    sha256, number = hashlib.sha256, int.from_bytes
    return {one: number(sha256(one.encode()).digest()[:8]) % parts for one in matters}


def ticket_of(stream: str) -> str | None:
    """Return the ticket whose matter a stream belongs to; None of a stream that is by itself."""
    family, _, reference = stream.partition(":")
    if family not in _OF_A_TICKET or ":" in reference:  # notices about a queue name its stream
        return None
    return reference


def matter_of(stream: str, orders: Mapping[str, str | None]) -> str:
    """Return the matter of a stream: its order's, of a ticket without one its own.

    `orders` is ticket → order, as the ticket's first record says.
    """
    ticket = ticket_of(stream)
    return stream if ticket is None else matter_of_ticket(ticket, orders.get(ticket))


def matter_of_ticket(ticket: str, order: str | None) -> str:
    """Return the matter of a ticket and what was recorded beside it."""
    return ticket_stream(ticket) if order is None else order_stream(order)


def order_of(state: bytes) -> str | None:
    """Return the order that the first record of a ticket names, if it is one and names one."""
    try:
        return _OPENED.decode(state).data.order
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _Data(msgspec.Struct):
    order: str | None = None


class _Opened(msgspec.Struct):
    data: _Data


_OF_A_TICKET: Final = frozenset({"ticket", "access", "notice"})
_OPENED: Final = msgspec.json.Decoder(_Opened)
