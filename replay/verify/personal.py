"""Personal values: what is sealed beside the record opens, and is what the record commits to."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import packing
from domain.ledger.sealing import (
    KeyEncryptionKey,
    Unopenable,
    commitment,
    disclosed_value,
    place,
    unseal,
)
from domain.ticket.files import CONTENT_KEY, DESCRIPTOR, Descriptor, read_descriptor
from replay.verify.columns import byte_strings, integers, read_columns, texts
from replay.verify.report import Finding
from replay.verify.span import Lane, Named, Sealed

VERSION_MAX: Final = 2**31 - 1
"""What the column of versions can hold; a forged record may say more."""
Unopened = list[tuple[Sealed, str]]
Kept = dict[tuple[str, int, str], tuple[bytes, bytes]]
"""Stream, version and pointer → a value as it is sealed, and its wrapped key: empty if gone."""
KEYS_MAX: Final = 10_000
"""Keys at hand at once: those of a page are used again, those of long ago are not."""


class Opener:
    """Opens the sealed values of one ledger within one snapshot."""

    def __init__(self, cursor: Cursor, names: Mapping[str, str], kek: KeyEncryptionKey) -> None:
        """Read with a cursor; the keys of subjects are wrapped with `kek`."""
        self._cursor = cursor
        self._sealed = _SEALED.format_map(names)
        self._key = lru_cache(maxsize=KEYS_MAX)(partial(_unwrapped, kek))

    def check(
        self, lane: Lane, sealed: Sequence[Sealed], kept: Kept
    ) -> tuple[list[Finding], Unopened]:
        """Return what is not the value a record commits to, and what does not open at all.

        `kept` is what was read for the rows of these events; it is used up.
        """
        keys = [(one.stream, one.version, f"/data/{one.name}") for one in sealed]
        if not all(map(kept.__contains__, keys)):
            # Gone, or beside a row whose columns are not what its record says.
            kept = self.read(lane.number, [(one.stream, one.version) for one in sealed])
        found: list[Finding] = []
        unopened: Unopened = []
        for one, key in zip(sealed, keys, strict=True):
            content, wrapped = kept.pop(key, (None, b""))
            if content is None or not wrapped:
                what = "its disclosure is gone" if content is None else "its key is gone"
                what = f"{one.name} can not be opened: {what}, and no erasure is on record"
                unopened.append((one, what))
                continue
            wrong = _judge(lane, one, content, self._key(wrapped))
            if wrong is not None:
                found.append(wrong)
        if kept:
            positions = {(one.stream, one.version): one.position for one in sealed}
            for stream, version, pointer in sorted(kept):
                if (stream, version) in positions:
                    where = (lane.number, positions[stream, version], stream, version)
                    what = f"{pointer} is kept, and none is committed to"
                    found.append(Finding("E23", *where, what))
        return found, unopened

    def content(self, lane: Lane, named: Named) -> tuple[Descriptor, bytes] | None:
        """Return what a personal content is and what opens it; None where that does not open."""
        kept = self.read(lane.number, [(named.stream, named.version)])
        values = []
        for name, sd in zip((DESCRIPTOR, CONTENT_KEY), named.sealed, strict=True):
            pointer = f"/data/{name}"
            content, wrapped = kept.get((named.stream, named.version, pointer), _GONE)
            key = self._key(wrapped)
            if key is None:
                return None
            bound = place(lane.origin, named.stream, named.version, pointer, sd)
            try:
                values.append(disclosed_value(unseal(key, content, place=bound), sd))
            except Unopenable:
                return None
        try:
            return read_descriptor(values[0]), bytes.fromhex(values[1])
        except ValueError:
            return None

    def read(self, lane: int, events: Iterable[tuple[str, int]]) -> Kept:
        """Return what is kept of the personal values of events, by their streams and versions."""
        each = sorted({event for event in events if 0 < event[1] <= VERSION_MAX})
        query = self._sealed.format(
            lane=lane,
            streams=packing.texts([stream for stream, _ in each]),
            versions=packing.integers(version for _, version in each),
        )
        columns = read_columns(self._cursor, query)
        versions, *lengths = map(integers, columns[2:5])
        values = [byte_strings(*pair) for pair in zip(lengths, columns[5:], strict=True)]
        return dict(
            zip(
                zip(texts(columns[0]), versions, texts(columns[1]), strict=True),
                zip(*values, strict=True),
                strict=True,
            )
        )


def _unwrapped(kek: KeyEncryptionKey, wrapped: bytes) -> bytes | None:
    """Return a key; None for one that was wrapped with another than ours."""
    try:
        return kek.unwrap(wrapped)
    except Unopenable:
        return None


def _judge(lane: Lane, one: Sealed, content: bytes, key: bytes | None) -> Finding | None:
    """Return what is wrong with one sealed value."""
    where = (lane.number, one.position, one.stream, one.version)
    pointer = f"/data/{one.name}"
    if key is None:
        return Finding("E22", *where, f"{pointer} can not be opened: its key is not ours")
    try:
        bound = place(lane.origin, one.stream, one.version, pointer, one.sd)
        disclosed = unseal(key, content, place=bound)
    except Unopenable as error:
        return Finding("E22", *where, f"{pointer} can not be opened: {error}")
    if commitment(disclosed) != one.sd or _name(disclosed) != one.name:
        what = f"{pointer} opens to another value than the one committed to"
        return Finding("E23", *where, what)
    return None


def _name(disclosed: bytes) -> str:
    """Return the name that a disclosure gives its value; empty when it is no disclosure."""
    try:
        padded = disclosed + b"=" * (-len(disclosed) % 4)
        _, name, _ = _DISCLOSURE.decode(base64.urlsafe_b64decode(padded))
    except (ValueError, msgspec.DecodeError):
        return ""
    return name


_DISCLOSURE: Final = msgspec.json.Decoder(tuple[str, str, str])
_GONE: Final = (b"", b"")
# Key by key in lateral subqueries: see domain/ledger/sql/0003_append.sql.
_SEALED: Final = (
    "select json_agg(stream), json_agg(pointer), string_agg(int8send(version), ''),"
    " string_agg(int8send(length(sealed)), ''), string_agg(int8send(length(wrapped)), ''),"
    " string_agg(sealed, ''), string_agg(wrapped, '')"
    " from (select d.stream, d.version, d.pointer, d.sealed, coalesce(k.wrapped, '') as wrapped"
    " from unnest({{streams}}::text[], {{versions}}::int[]) as x(stream, version)"
    " cross join lateral (select stream, version, pointer, subject, sealed"
    " from {personal}.disclosure d where d.lane = {{lane}} and d.stream = x.stream"
    " and d.version = x.version offset 0) d"
    " left join lateral (select wrapped from {personal}.subject_key k where k.lane = {{lane}}"
    " and k.stream = d.stream and k.subject = d.subject offset 0) k on true offset 0) as kept"
)
