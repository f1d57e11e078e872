"""The Parquet files of an archive: their columns, and rows in and out; what they mean is elsewhere.

The same rows give the same bytes with one version of the library: row groups end by a rule on the
rows alone, and nothing of time or place is written.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
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
_TEXTS: Final = ["stream", "topic", "matter"]
"""Texts that are read as numbers into a list of them: the same text is made once."""
_AS_READ: Final = pa.schema(
    [
        field.with_type(pa.dictionary(pa.int32(), field.type)) if field.name in _TEXTS else field
        for field in RECORDS
    ]
)

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

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.matters)

    def take(self, rows: Rows, places: Sequence[int], matters: Sequence[str]) -> None:
        """Add some rows of others, and the matter of each."""
        for own, others in zip(_columns(self.rows), _columns(rows), strict=True):
            own.extend(picked(others, places))
        self.matters += matters

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
        columns = [picked(column, places) for column in _columns(self.rows)]
        return Batch(Rows(*columns), picked(self.matters, places))


def picked(column: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Return the values of a column at some places, in their order."""
    if len(places) < 2:  # one place gives a value and not a row of them
        return [column[at] for at in places]
    return list(itemgetter(*places)(column))


class Writer:
    """Writes the records of one part of a range, in the order they are given."""

    def __init__(self, path: Path, part: int) -> None:
        """Begin the file."""
        self.rows = 0
        self._part = part
        self._batch = Batch.empty()
        self._bytes = 0
        self._file = pq.ParquetWriter(path, RECORDS, **_HOW, use_dictionary=_REPEATING)

    def add(self, rows: Rows, places: Sequence[int], matters: Sequence[str]) -> None:
        """Take some rows of others, and the matter of each."""
        begun = 0
        for count, at in enumerate(places, 1):
            self._bytes += len(rows.states[at])
            if self._bytes >= BYTES_MAX or len(self._batch) + count - begun >= ROWS_MAX:
                self._batch.take(rows, places[begun:count], matters[begun:count])
                self._flush()
                begun = count
        self._batch.take(rows, places[begun:], matters[begun:])
        self.rows += len(places)

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
    table = _read(content, _AS_READ, _TEXTS)
    try:
        for name in _TEXTS:  # a number without a text would be read as any
            table.column(name).validate(full=True)
        if not pc.all(pc.equal(table.column("part"), part), min_count=0).as_py():
            raise Unreadable(f"it holds rows of another part than {part}")
        rows = Rows(
            _integers(table, "position"),
            _repeated(table, "stream"),
            _integers(table, "version"),
            _repeated(table, "topic"),
            _texts(table, "command"),
            [one - EPOCH_US for one in _integers(table, "recorded_at")],
            _bytes(table, "state"),
            _bytes(table, "leaf_hash"),
        )
        return Batch(rows, _repeated(table, "matter"))
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


def _read(content: bytes, schema: pa.Schema, numbered: Sequence[str] = ()) -> pa.Table:
    """Return the table of a file, every page of it checked against its checksum."""
    try:
        file = pq.ParquetFile(
            pa.BufferReader(content),
            page_checksum_verification=True,
            pre_buffer=False,  # it is in memory already
            read_dictionary=[*numbered],
        )
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
    return list(chain.from_iterable(map(_numbers, table.column(name).chunks)))


def _bytes(table: pa.Table, name: str) -> list[bytes]:
    """Return a column of bytes."""
    return list(chain.from_iterable(map(_values, table.column(name).chunks)))


def _texts(table: pa.Table, name: str) -> list[str]:
    """Return a column of texts; ValueError when one is not UTF-8."""
    return list(chain.from_iterable(map(_strings, table.column(name).chunks)))


def _repeated(table: pa.Table, name: str) -> list[str]:
    """Return a column of texts that was read as numbers; ValueError when one is not UTF-8."""
    found: list[str] = []
    for chunk in table.column(name).chunks:
        found += picked(_strings(chunk.dictionary), _numbers(chunk.indices))
    return found


def _numbers(chunk: pa.Array) -> list[int]:
    values = memoryview(chunk.buffers()[1]).cast(_WIDTHS[chunk.type.bit_width])
    return values[chunk.offset : chunk.offset + len(chunk)].tolist()


def _values(chunk: pa.Array) -> list[bytes]:
    content, places = _content(chunk)
    return [content[start:end] for start, end in pairwise(places)]


def _strings(chunk: pa.Array) -> list[str]:
    content, places = _content(chunk)
    if content.isascii():  # then characters lie where bytes do
        text = content.decode("ascii")
        return [text[start:end] for start, end in pairwise(places)]
    return [content[start:end].decode() for start, end in pairwise(places)]


def _content(chunk: pa.Array) -> tuple[bytes, list[int]]:
    """Return the bytes of all values, one behind the other, and where each begins and ends."""
    _, ends, values = chunk.buffers()
    if not len(chunk):
        return b"", []
    content = bytes(values) if values is not None else b""
    return content, memoryview(ends).cast("i")[
        chunk.offset : chunk.offset + len(chunk) + 1
    ].tolist()


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
