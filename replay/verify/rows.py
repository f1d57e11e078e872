"""Reading the rows of a lane for an audit, as the application reads them; nothing is judged here.

Rows come as binary COPY: half the work of the driver's way, and an audit reads every row there is.
"""

import io
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.migrations import Names

PAGE: Final = 4_096
"""Positions read at once: whole tiles."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One event as the record's table holds it; a missing value is empty."""

    position: int
    stream: str
    version: int
    topic: str
    command: str
    recorded_at: int
    """Microseconds since 2000, as the server keeps instants."""
    state: bytes
    leaf_hash: bytes


def read_rows(cursor: Cursor, names: Names, lane: int, *, after: int, upto: int) -> list[Row]:
    """Return the rows of a lane between two positions, in order."""
    statement = _ROWS.format(
        event=sql.Identifier(names.ledger, "event"),
        lane=sql.Literal(lane),
        after=sql.Literal(after),
        upto=sql.Literal(upto),
    )
    received = io.BytesIO()
    cursor.copy_expert(statement, received)
    return _parsed(received.getvalue())


@lru_cache(maxsize=4_096)
def microseconds(at: str) -> int:
    """Return an instant as the server keeps it; ValueError unless it is spelt in 27 characters."""
    if len(at) != 27 or at[26] != "Z" or at[19] != "." or at[10] != "T":
        raise ValueError("an instant has 27 characters")
    return (datetime.fromisoformat(at) - _EPOCH) // timedelta(microseconds=1)


def microseconds_of(at: datetime) -> int:
    """Return a moment as the server keeps it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def _parsed(content: bytes) -> list[Row]:
    """Return the rows of a binary COPY: after 19 bytes of header, fields with their lengths."""
    rows: list[Row] = []
    fixed, variable, at = _POSITION.unpack_from, _LENGTH.unpack_from, _HEADER
    end = len(content) - 2
    while at < end:
        _, _, position, length = fixed(content, at)
        start = at + 18
        at = start + length
        stream = content[start:at].decode()
        _, version, length = _VERSION.unpack_from(content, at)
        start = at + 12
        at = start + length
        topic = content[start:at].decode()
        (length,) = variable(content, at)
        start = at + 4
        at = start + length
        command = content[start:at].decode()
        _, recorded_at, length = _INSTANT.unpack_from(content, at)
        start = at + 16
        at = start + length
        state = content[start:at]
        (length,) = variable(content, at)
        start = at + 4
        at = start + length
        leaf = content[start:at]
        rows.append(Row(position, stream, version, topic, command, recorded_at, state, leaf))
    return rows


_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_HEADER: Final = 19
_POSITION: Final = struct.Struct(">hiqi")
_VERSION: Final = struct.Struct(">iii")
_INSTANT: Final = struct.Struct(">iqi")
_LENGTH: Final = struct.Struct(">i")
_ROWS: Final = sql.SQL(
    "copy (select position, coalesce(stream, ''), coalesce(version, 0), coalesce(topic, ''),"
    " coalesce(command, ''), coalesce(recorded_at, '-infinity'), coalesce(state, ''),"
    " coalesce(leaf_hash, '') from {event} where lane = {lane} and position > {after}"
    " and position <= {upto} order by position) to stdout (format binary)"
)
