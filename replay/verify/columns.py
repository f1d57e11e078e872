"""Answers of the database in columns: a few large values instead of very many small ones.

An audit reads every row there is, and most of what a row costs a driver is its values one by one.
So the server puts the values of a column together, and they are taken apart here.
"""

import io
import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name


def read_columns(cursor: Cursor, query: str) -> list[bytes]:
    """Return the values of the one row that a query gives; a missing one is empty."""
    received = io.BytesIO()
    cursor.copy_expert(f"copy ({query}) to stdout (format binary)", received)
    content = received.getvalue()
    (count,) = _COUNT.unpack_from(content, _HEADER)
    at = _HEADER + _COUNT.size
    values = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(content, at)
        start = at + _LENGTH.size
        at = start + max(length, 0)
        values.append(content[start:at])
    return values


def texts(column: bytes) -> list[str]:
    """Return the texts of `json_agg`."""
    return _TEXTS.decode(column) if column else []


def integers(column: bytes) -> list[int]:
    """Return the integers of `string_agg` over `int8send`."""
    return list(struct.unpack(f">{len(column) // 8}q", column))


def byte_strings(lengths: Sequence[int], column: bytes) -> list[bytes]:
    """Return the byte strings of `string_agg`, each as long as is said beside it."""
    return [column[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]


_HEADER: Final = 19
"""Signature, flags and the length of an empty extension."""
_COUNT: Final = struct.Struct(">h")
_LENGTH: Final = struct.Struct(">i")
_TEXTS: Final = msgspec.json.Decoder(list[str])
