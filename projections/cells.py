"""New rows in the binary form of COPY, the cheapest one for the server to take.

Nothing in it is escaped or parsed, and texts are only looked at for being UTF-8. Rows that may be
there already go as arrays: see `projections.columns`. Source of the form: PostgreSQL, "COPY",
Binary Format.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Instant

Cell = bytes
"""One value with its length before it, as the functions here return it."""

_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_END: Final = struct.pack(">h", -1)
_COUNT: Final = struct.Struct(">h").pack
_LENGTH: Final = struct.Struct(">i").pack
_INTEGER: Final = struct.Struct(">ii").pack
_MOMENT: Final = struct.Struct(">iq").pack
_NULL: Final = _LENGTH(-1)
_TRUTH: Final = (b"\0\0\0\1\0", b"\0\0\0\1\1")
_BEGAN: Final = datetime.fromisoformat("2000-01-01T00:00:00Z")
_MICROSECOND: Final = timedelta(microseconds=1)
_NEVER: Final = _MOMENT(8, 2**63 - 1)
"""The moment `infinity`."""


def integer(value: int) -> Cell:
    """Return a number for a column of the type int; raise ValueError for one it can not hold."""
    try:
        return _INTEGER(4, value)
    except struct.error as error:
        raise ValueError("a number does not fit its column") from error


def truth(value: bool) -> Cell:  # noqa: FBT001 - it is what is to be written
    """Return a value for a column of the type boolean."""
    return _TRUTH[value]


def text(value: str | None) -> Cell:
    """Return a text; None becomes NULL."""
    return _NULL if value is None else encoded(value.encode())


def encoded(value: bytes) -> Cell:
    """Return a text that is there in UTF-8, such as JSON."""
    return _LENGTH(len(value)) + value


def moment(value: Instant | None) -> Cell:
    """Return an instant for a column of the type timestamptz; None becomes infinity."""
    if value is None:
        return _NEVER
    return _MOMENT(8, (datetime.fromisoformat(value) - _BEGAN) // _MICROSECOND)


def add(db: Cursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Add rows that are not there yet, each with a cell for every column."""
    count = _COUNT(len(columns))
    pieces = [_BEGIN]
    for row in rows:
        pieces.append(count)
        pieces += row
    if len(pieces) == 1:
        return
    pieces.append(_END)
    data = b"".join(pieces)
    # In one piece: whoever sends it in small ones waits for the interpreter before each.
    db.copy_expert(
        f"copy {table} ({', '.join(columns)}) from stdin (format binary)",
        BytesIO(data),
        size=len(data) + 1,
    )
