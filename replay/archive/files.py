"""The Parquet files of an archive: their columns, and rows in and out; what they mean is elsewhere.

The same rows give the same bytes with one version of the library: row groups end by a rule on the
rows alone, and nothing of time or place is written.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from replay.verify.checkpoints import Stored
from replay.verify.rows import Rows

ROWS_MAX: Final = 8_192
"""Rows of a row group; fewer where they are long."""
BYTES_MAX: Final = 8 << 20
EPOCH_US: Final = 946_684_800_000_000
"""From 1970, where Parquet counts from, to 2000, where the record's rows do."""
RECORDS: Final = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in {
            "position": pa.int64(),
            "stream": pa.string(),
            "version": pa.int64(),
            "topic": pa.string(),
            "recorded_at": pa.timestamp("us", tz="UTC"),
            "command": pa.string(),
            "matter": pa.string(),
            "part": pa.int32(),
            "state": pa.binary(),
            "leaf_hash": pa.binary(),
        }.items()
    ]
)
CHECKPOINTS: Final = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in {
            "size": pa.int64(),
            "root": pa.binary(),
            "note": pa.binary(),
            "published_at": pa.timestamp("us", tz="UTC"),
        }.items()
    ]
)
_REPEATING: Final = ["stream", "topic", "matter", "part"]


Columns = Mapping[str, Sequence[Any]]


class Unreadable(ValueError):  # noqa: N818 - named for what it is
    """The bytes are no Parquet file of an archive."""


class Batch(msgspec.Struct):
    """Rows of one part, and the matter of each."""

    rows: Rows
    matters: list[str]

    @classmethod
    def empty(cls) -> "Batch":
        """Return one without rows."""
        return cls(Rows([], [], [], [], [], [], [], []), [])

    def take(self, rows: Rows, at: int, matter: str) -> None:
        """Add one row of others."""
        for own, others in zip(_columns(self.rows), _columns(rows), strict=True):
            own.append(others[at])
        self.matters.append(matter)

    def extend(self, other: "Batch") -> None:
        """Add the rows of another."""
        for own, others in zip(_columns(self.rows), _columns(other.rows), strict=True):
            own.extend(others)
        self.matters.extend(other.matters)

    def between(self, after: int, last: int) -> "Batch":
        """Return the rows of some positions."""
        kept = [at for at, one in enumerate(self.rows.positions) if after < one <= last]
        if len(kept) == len(self.matters):
            return self
        return self._picked(kept)

    def in_order(self) -> "Batch":
        """Return the rows in the order of their positions."""
        positions = self.rows.positions
        return self._picked(sorted(range(len(positions)), key=positions.__getitem__))

    def _picked(self, places: Sequence[int]) -> "Batch":
        columns = [[column[at] for at in places] for column in _columns(self.rows)]
        return Batch(Rows(*columns), [self.matters[at] for at in places])


class Writer:
    """Writes the records of one part of a range, in the order they are given."""

    def __init__(self, path: Path, part: int) -> None:
        """Begin the file."""
        self.rows = 0
        self._part = part
        self._batch = Batch.empty()
        self._bytes = 0
        self._file = pq.ParquetWriter(path, RECORDS, **_HOW, use_dictionary=_REPEATING)

    def add(self, rows: Rows, at: int, matter: str) -> None:
        """Take one row of others."""
        self._batch.take(rows, at, matter)
        self._bytes += len(rows.states[at])
        self.rows += 1
        if len(self._batch.matters) >= ROWS_MAX or self._bytes >= BYTES_MAX:
            self._flush()

    def close(self) -> None:
        """End the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._batch.matters:
            rows = self._batch.rows
            columns: Columns = {
                "position": rows.positions,
                "stream": rows.streams,
                "version": rows.versions,
                "topic": rows.topics,
                "recorded_at": [one + EPOCH_US for one in rows.recorded_at],
                "command": rows.commands,
                "matter": self._batch.matters,
                "part": [self._part] * len(rows),
                "state": rows.states,
                "leaf_hash": rows.leaf_hashes,
            }
            self._file.write_table(_table(columns, RECORDS), row_group_size=ROWS_MAX)
            self._batch, self._bytes = Batch.empty(), 0


def read_records(content: bytes, part: int) -> Batch:
    """Return the rows that a file of a part holds; raise Unreadable, also for rows of another."""
    table = _read(content, RECORDS)
    try:
        if set(_integers(table, "part")) - {part}:
            raise Unreadable(f"it holds rows of another part than {part}")
        rows = Rows(
            _integers(table, "position"),
            _texts(table, "stream"),
            _integers(table, "version"),
            _texts(table, "topic"),
            _texts(table, "command"),
            [one - EPOCH_US for one in _integers(table, "recorded_at")],
            _bytes(table, "state"),
            _bytes(table, "leaf_hash"),
        )
        return Batch(rows, _texts(table, "matter"))
    except (pa.ArrowException, ValueError) as error:
        raise Unreadable(str(error)) from error


def write_checkpoints(path: Path, stored: Sequence[Stored]) -> None:
    """Write the file of a range's checkpoints."""
    columns: Columns = {
        "size": [one.size for one in stored],
        "root": [one.root for one in stored],
        "note": [one.note for one in stored],
        "published_at": [one.published_at + EPOCH_US for one in stored],
    }
    with pq.ParquetWriter(path, CHECKPOINTS, **_HOW, use_dictionary=False) as file:
        file.write_table(_table(columns, CHECKPOINTS), row_group_size=ROWS_MAX)


def read_checkpoints(content: bytes) -> list[Stored]:
    """Return the checkpoints that a file holds; raise Unreadable."""
    table = _read(content, CHECKPOINTS)
    try:
        roots, notes = _bytes(table, "root"), _bytes(table, "note")
        sizes, instants = _integers(table, "size"), _integers(table, "published_at")
        return [
            Stored(size, root, note, at - EPOCH_US)
            for size, root, note, at in zip(sizes, roots, notes, instants, strict=True)
        ]
    except (pa.ArrowException, ValueError) as error:
        raise Unreadable(str(error)) from error


def _read(content: bytes, schema: pa.Schema) -> pa.Table:
    """Return the table of a file, every page of it checked against its checksum."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        if not file.schema_arrow.equals(schema):
            raise Unreadable("its columns are not those of an archive")
        table = file.read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error
    if any(column.null_count for column in table.columns):
        raise Unreadable("a value is missing in it")
    return table


def _integers(table: pa.Table, name: str) -> list[int]:
    """Return a column of integers or instants.

    It is taken from the memory it lies in, here as below: value by value takes ten times as long.
    """
    found: list[int] = []
    for chunk in table.column(name).chunks:
        values = memoryview(chunk.buffers()[1]).cast(_WIDTHS[chunk.type.bit_width])
        found += values[chunk.offset : chunk.offset + len(chunk)].tolist()
    return found


def _bytes(table: pa.Table, name: str) -> list[bytes]:
    """Return a column of bytes, or of texts as bytes."""
    found: list[bytes] = []
    for chunk in table.column(name).chunks:
        _, ends, values = chunk.buffers()
        if len(chunk):
            content = bytes(values) if values is not None else b""
            places = memoryview(ends).cast("i")[chunk.offset : chunk.offset + len(chunk) + 1]
            found += [content[start:end] for start, end in pairwise(places.tolist())]
    return found


def _texts(table: pa.Table, name: str) -> list[str]:
    """Return a column of texts; ValueError when one is not UTF-8."""
    return [str(one, "utf-8") for one in _bytes(table, name)]


def _table(columns: Columns, schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _columns(rows: Rows) -> tuple[list[Any], ...]:
    columns: tuple[list[Any], ...] = msgspec.structs.astuple(rows)
    return columns


_HOW: Final[dict[str, Any]] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "write_page_checksum": True,
    "store_schema": False,
}
_WIDTHS: Final[Mapping[int, Literal["i", "q"]]] = {32: "i", 64: "q"}
