"""Reading a source's file row by row: CSV or JSON lines, gzip or plain; nothing is mapped here.

A row that can not be read is given as a bad row with its number, never with its content.
"""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final, cast

from api.imports.mapping import Mapping

VALUE_LENGTH_MAX: Final = 20_000
"""Longer texts belong into the vault, not into a record."""
_GZIP: Final = b"\x1f\x8b"


class FileError(ValueError):
    """The file as a whole can not be read by this mapping; the sentence says why."""


class BadRow(Exception):  # noqa: N818 - it is reported and the import goes on
    """One row can not be taken in."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep a stable code and a sentence; neither holds anything of the row's content."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file, or why it can not be read."""

    number: int
    """The first row of data is 1; a header is not counted."""
    values: dict[str, str]
    bad: BadRow | None = None


class SourceFile:
    """An open file of a source: its rows in order, and how far they have been read."""

    def __init__(self, raw: IO[bytes], size: int, rows: Callable[[], Iterator[Row]]) -> None:
        """Keep the file, its size on disk, and what gives its rows."""
        self._raw = raw
        self._size = size
        self.rows = rows

    @property
    def share_read(self) -> float:
        """Return how much of the file has been read, from 0 to 1."""
        return min(1.0, self._raw.tell() / self._size) if self._size else 1.0


@contextmanager
def open_source(path: Path, mapping: Mapping) -> Iterator[SourceFile]:
    """Open a file for its rows.

    Raises FileError when it is missing, is written otherwise, or its columns are not the mapping's.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise FileError(f"{path} can not be read: {error.strerror}") from error
    with raw:
        head = raw.read(2)
        raw.seek(0)
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if head == _GZIP else raw
        with TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as (
            text
        ):
            read = _json_rows if _form(path, mapping) == "jsonl" else _csv_rows

            def rows() -> Iterator[Row]:
                try:
                    yield from read(text, mapping, path.name)
                except (EOFError, OSError) as error:
                    raise FileError(
                        f"{path.name} ends or breaks in the middle of its compressed data"
                    ) from error

            yield SourceFile(raw, path.stat().st_size, rows)


def _form(path: Path, mapping: Mapping) -> str:
    """Return how the file is written: what the mapping says, or what its name says."""
    if mapping.file.form is not None:
        return mapping.file.form
    names = {suffix.lower() for suffix in path.suffixes}
    return "jsonl" if names & {".jsonl", ".ndjson"} else "csv"


def _csv_rows(text: IO[str], mapping: Mapping, name: str) -> Iterator[Row]:
    """Give the rows below the header."""
    reader = csv.reader(text, delimiter=mapping.file.delimiter, strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise FileError(f"{name} has a header that is not CSV: {error}") from error
    if header is None:
        raise FileError(f"{name} is empty: the first line must name the columns")
    _check_columns(header, mapping, name)
    number = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            number += 1
            yield Row(number, {}, BadRow("not_csv", "the row is not well-formed CSV"))
            continue
        if cells is None:
            return
        if not cells:
            continue
        number += 1
        if len(cells) != len(header):
            yield Row(
                number,
                {},
                BadRow(
                    "ragged", f"the row has {len(cells)} cells where the header has {len(header)}"
                ),
            )
            continue
        yield _checked(Row(number, dict(zip(header, cells, strict=True))))


def _json_rows(text: IO[str], mapping: Mapping, name: str) -> Iterator[Row]:
    """Give one row a line; the first object tells whether the mapping fits the file."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique,
        parse_int=str,
        parse_float=str,
        parse_constant=_no_constant,
    )
    number = 0
    fits = False
    for line in text:
        if not line.strip():
            continue
        number += 1
        try:
            values = _texts(decoder.decode(line.strip()))
        except (ValueError, RecursionError):
            yield Row(number, {}, BadRow("not_json", "the line is not a flat JSON object"))
            continue
        if not fits:
            _check_columns(list(values), mapping, name, complete=False)
            fits = True
        elif not mapping.kept.issuperset(values):
            yield Row(
                number,
                {},
                BadRow("undeclared", "the row has a column that the mapping does not declare"),
            )
            continue
        yield _checked(Row(number, {column: values.get(column, "") for column in mapping.kept}))


def _check_columns(
    header: list[str], mapping: Mapping, name: str, *, complete: bool = True
) -> None:
    """Refuse a file whose columns are not those of the mapping, naming them."""
    if len(set(header)) != len(header):
        raise FileError(f"{name} names a column twice")
    if undeclared := sorted(set(header) - mapping.kept):
        raise FileError(
            f"{name} has columns that the mapping does not declare: {', '.join(undeclared)}; "
            "declare each as clear, personal or dropped"
        )
    if complete and (missing := sorted(mapping.needed - set(header))):
        raise FileError(f"{name} lacks columns that the mapping reads: {', '.join(missing)}")


def _checked(row: Row) -> Row:
    """Return the row, or a bad one when a record could not hold its texts."""
    content = "".join(row.values.values())
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            return Row(row.number, {}, BadRow("not_utf8", "the row is not UTF-8 text"))
    if "\x00" in content:
        return Row(row.number, {}, BadRow("nul", "the row holds the character U+0000"))
    if len(content) > VALUE_LENGTH_MAX:
        for column, value in row.values.items():
            if len(value) > VALUE_LENGTH_MAX:
                why = f"column {column!r} holds more than {VALUE_LENGTH_MAX} characters"
                return Row(row.number, {}, BadRow("too_long", why))
    return row


class _NotFlatError(ValueError):
    """The JSON is no object of scalars."""


def _texts(value: Any) -> dict[str, str]:
    """Return a flat object's values as texts, spelled as in the file; nothing for null."""
    if not isinstance(value, dict):
        raise _NotFlatError("no object")
    texts = {}
    for key, one in value.items():
        if one is None:
            texts[key] = ""
        elif isinstance(one, bool):
            texts[key] = "true" if one else "false"
        elif isinstance(one, str):
            texts[key] = one
        else:
            raise _NotFlatError("a value is no scalar")
    return texts


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object, or refuse one that says a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> Any:
    """Refuse NaN and the infinities."""
    raise ValueError(f"{name} is not JSON")
