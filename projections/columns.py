"""Many rows in the form PostgreSQL takes fastest, so a page is written with one statement.

Rows that may be there go as array literals: a list adapted by the driver becomes an ARRAY[...]
constructor that the server parses value by value; a literal is one constant. Rows that are
certainly new go by COPY, see `projections.cells`. Which table they go to is for the caller.
"""

from collections.abc import Iterable, Sequence
from typing import Final

DOCUMENT: Final = "document"
"""The type of a column whose values are JSON texts, sent by `documents`."""

_SEPARATOR: Final = "\x1f"


class Shared(str):
    """A statement that changes rows of many tickets: who writes much at once does these last."""

    __slots__ = ()


def integers(values: Iterable[int]) -> str:
    """Return the literal of an array of integers."""
    return "{" + ",".join(map(str, values)) + "}"


def texts(values: Iterable[str | None]) -> str:
    """Return the literal of an array of texts; None becomes NULL."""
    return "{" + ",".join(["NULL" if one is None else _quoted(one) for one in values]) + "}"


def booleans(values: Iterable[bool]) -> str:
    """Return the literal of an array of truth values."""
    return "{" + ",".join(["t" if one else "f" for one in values]) + "}"


def documents(values: Iterable[str]) -> str:
    """Return texts without control characters, such as JSON's, as one text for `split`.

    Thousands of quotes need no escaping so, neither here nor in the server.
    """
    return _SEPARATOR.join(values)


def split(parameter: str = "%s") -> str:
    """Return the expression that makes an array of texts of what `documents` gave."""
    return f"string_to_array({parameter}, E'\\x1f')"


def upsert(table: str, columns: Sequence[tuple[str, str]], key: Sequence[str]) -> str:
    """Return the statement that puts rows, given as one array a column, in the place of old ones.

    Columns are (name, type), the type DOCUMENT for what `documents` sends. A row whose key is
    not there yet is added.
    """
    names = ", ".join(name for name, _ in columns)
    arrays = ", ".join(split() if kind == DOCUMENT else f"%s::{kind}[]" for _, kind in columns)
    replaced = ", ".join(f"{name} = excluded.{name}" for name, _ in columns if name not in key)
    return (
        f"insert into {table} ({names}) select * from unnest({arrays}) "
        f"on conflict ({', '.join(key)}) do update set {replaced}"
    )


def _quoted(value: str) -> str:
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if '"' in value:
        value = value.replace('"', '\\"')
    return f'"{value}"'
