"""Personal values: what is sealed beside the record opens, and is what the record commits to."""

import base64
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.sealing import KeyEncryptionKey, Unopenable, commitment, place, unseal
from replay.verify.report import Finding
from replay.verify.span import Lane, Sealed

Unopened = list[tuple[Sealed, str]]
KEYS_MAX: Final = 100_000


class Opener:
    """Opens the sealed values of one ledger within one snapshot."""

    def __init__(self, cursor: Cursor, names: Mapping[str, str], kek: KeyEncryptionKey) -> None:
        """Read with a cursor; the keys of subjects are wrapped with `kek`."""
        self._cursor = cursor
        self._statements = {name: text.format_map(names) for name, text in _STATEMENTS.items()}
        self._kek = kek
        self._keys: dict[str, dict[str, bytes | None]] = {}
        """Stream → subject → its key, None for one that is wrapped with another."""

    def check(self, lane: Lane, sealed: Sequence[Sealed]) -> tuple[list[Finding], Unopened]:
        """Return what is not the value a record commits to, and what does not open at all."""
        kept = self._kept(lane.number, sealed)
        self._find_keys(lane.number, {one.stream for one in sealed})
        found: list[Finding] = []
        unopened: Unopened = []
        for one in sealed:
            subject, content = kept.pop((one.stream, one.version, f"/data/{one.name}"), _GONE)
            keys = self._keys[one.stream]
            if subject not in keys:
                what = "its key is gone" if subject is not None else "its disclosure is gone"
                what = f"{one.name} can not be opened: {what}, and no erasure is on record"
                unopened.append((one, what))
                continue
            wrong = _judge(lane, one, content, keys[subject])
            if wrong is not None:
                found.append(wrong)
        if kept:
            positions = {(one.stream, one.version): one.position for one in sealed}
            for stream, version, pointer in sorted(kept):
                where = (lane.number, positions[stream, version], stream, version)
                found.append(Finding("E23", *where, f"{pointer} is kept, and none is committed to"))
        return found, unopened

    def _kept(
        self, lane: int, sealed: Sequence[Sealed]
    ) -> dict[tuple[str, int, str], tuple[str | None, bytes]]:
        """Return subject and sealed content of values, by stream, version and pointer."""
        events = sorted({(one.stream, one.version) for one in sealed})
        values = {
            "lane": lane,
            "streams": [stream for stream, _ in events],
            "versions": [version for _, version in events],
        }
        self._cursor.execute(self._statements["sealed"], values)
        return {
            (stream, version, pointer): (subject, content)
            for stream, version, pointer, subject, content in self._cursor.fetchall()
        }

    def _find_keys(self, lane: int, streams: set[str]) -> None:
        """Have the keys of streams at hand: within one snapshot they stay what they are."""
        if len(self._keys) > KEYS_MAX:
            self._keys.clear()
        missing = sorted(streams - self._keys.keys())
        if not missing:
            return
        self._keys.update({stream: {} for stream in missing})
        self._cursor.execute(self._statements["keys"], {"lane": lane, "streams": missing})
        for stream, subject, wrapped in self._cursor.fetchall():
            try:
                self._keys[stream][subject] = self._kek.unwrap(wrapped)
            except Unopenable:
                self._keys[stream][subject] = None


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
_GONE: Final[tuple[str | None, bytes]] = (None, b"")
# Key by key in a lateral subquery: see domain/ledger/sql/0003_append.sql.
_STATEMENTS: Final[dict[str, str]] = {
    "sealed": (
        "select v.* from unnest(%(streams)s::text[], %(versions)s::int[]) as x(stream, version)"
        " cross join lateral (select stream, version, pointer, subject, sealed"
        " from {personal}.disclosure d"
        " where d.lane = %(lane)s and d.stream = x.stream and d.version = x.version offset 0) v"
    ),
    "keys": (
        "select v.* from unnest(%(streams)s::text[]) as x(stream) cross join lateral"
        " (select stream, subject, wrapped from {personal}.subject_key k"
        " where k.lane = %(lane)s and k.stream = x.stream offset 0) v"
    ),
}
