"""Reading the rows of a lane for an audit, column by column; nothing is judged here."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.migrations import Names, placeholders
from domain.proof.canonical import BYTES_MAX
from domain.proof.merkle import HASH_SIZE
from replay.verify.columns import byte_strings, integers, read_columns, texts

PAGE: Final = 4_096
"""Positions read at once: whole tiles."""
TEXT_MAX: Final = 1_024
"""How many bytes of the texts beside a record are read; honest ones are far shorter."""
PART: Final = 256
"""Rows judged at once: what is made of them is still in the processor's cache when it is used."""


class Rows(msgspec.Struct, frozen=True):
    """Events as the record's table holds them, column by column; a missing value is empty."""

    positions: list[int]
    streams: list[str]
    versions: list[int]
    topics: list[str]
    commands: list[str]
    recorded_at: list[int]
    """Microseconds since 2000, as the server keeps instants."""
    states: list[bytes]
    """One that is longer than a record can be is cut one byte behind that."""
    leaf_hashes: list[bytes]

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self.positions)

    def parts(self) -> Iterator["Rows"]:
        """Yield the events again, a few at a time."""
        columns = msgspec.structs.astuple(self)
        for start in range(0, len(self), PART):
            yield Rows(*[column[start : start + PART] for column in columns])

    def place(self, at: int) -> tuple[int, str, int]:
        """Return position, stream and version of one of them."""
        return self.positions[at], self.streams[at], self.versions[at]


def read_rows(cursor: Cursor, names: Names, lane: int, *, after: int, upto: int) -> Rows:
    """Return the rows of a lane between two positions, in order."""
    quoted = placeholders(names)
    query = _ROWS.format(event=f"{quoted['ledger']}.event", lane=lane, after=after, upto=upto)
    columns = read_columns(cursor, query)
    positions, versions, recorded_at, *lengths = map(integers, columns[3:8])
    return Rows(
        positions,
        texts(columns[0]),
        versions,
        texts(columns[1]),
        texts(columns[2]),
        recorded_at,
        byte_strings(lengths[0], columns[8]),
        byte_strings(lengths[1], columns[9]),
    )


def spelled(instants: Sequence[int]) -> list[str]:
    """Return instants of the server as a record spells them; OverflowError beyond all years."""
    seconds = _seconds
    return [f"{seconds(one // 1_000_000)}.{one % 1_000_000:06d}Z" for one in instants]


@lru_cache(maxsize=4_096)
def microseconds(at: str) -> int:
    """Return an instant as the server keeps it; ValueError unless it is spelt in 27 characters."""
    if len(at) != 27 or at[26] != "Z" or at[19] != "." or at[10] != "T":
        raise ValueError("an instant has 27 characters")
    return (datetime.fromisoformat(at) - _EPOCH) // timedelta(microseconds=1)


def microseconds_of(at: datetime) -> int:
    """Return a moment as the server keeps it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=4_096)
def _seconds(since_epoch: int) -> str:
    """Return a second of the server in the 19 characters that an instant begins with."""
    return (_EPOCH + timedelta(seconds=since_epoch)).isoformat()[:19]


_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def _bounded(column: str, most: int) -> str:
    """Return the value of a column, cut where it is longer than what can be right.

    Who writes to the table can put a gigabyte into a row. The length is known without reading it.
    """
    cut = f"substring({column} from 1 for {most})"
    value = f"case when octet_length({column}) > {most} then {cut} else {column} end"
    return f"coalesce({value}, '') as {column}"


# The order of the inner query is that of every column. Nothing of the page can be missing: a value
# that is null, which the table forbids, is empty.
_ROWS: Final = (
    "select json_agg(stream), json_agg(topic), json_agg(command),"
    " string_agg(int8send(position), ''), string_agg(int8send(version), ''),"
    " string_agg(timestamptz_send(recorded_at), ''), string_agg(int8send(length(state)), ''),"
    " string_agg(int8send(length(leaf_hash)), ''),"
    " string_agg(state, ''), string_agg(leaf_hash, '')"
    " from (select position, coalesce(version, 0) as version,"
    " coalesce(recorded_at, '-infinity') as recorded_at,"
    f" {_bounded('stream', TEXT_MAX)}, {_bounded('topic', TEXT_MAX)},"
    f" {_bounded('command', TEXT_MAX)},"
    f" {_bounded('state', BYTES_MAX + 1)}, {_bounded('leaf_hash', HASH_SIZE + 1)}"
    " from {event} where lane = {lane}"
    " and position > {after} and position <= {upto} order by position offset 0) as page"
)
