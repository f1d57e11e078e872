"""The record as an OCEL 2.0 log in JSON: the log in SQLite, told again in one pass over it.

Every value is a text, as the published schema asks; the declared types say what the texts mean.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from domain.ledger.recorder import Recorder
from replay.exports.columns import Kind
from replay.exports.files import begun_anew, finish, held_beside, part_of
from replay.exports.ocel_sqlite import TYPES, build
from replay.exports.reading import Span, Watch

_KINDS: Final = {word: kind for kind, word in TYPES.items()}
_OWN: Final = frozenset({"ocel_id", "ocel_time", "ocel_changed_field"})


def export_json(recorder: Recorder, span: Span, path: Path, watch: Watch) -> int:
    """Write a span as OCEL 2.0 in JSON to a new file, and return how many events it has.

    The log is gathered in a database beside it, which an interrupted export goes on with.
    """
    part, gathered = part_of(path), gathered_at(path)
    with held_beside(part):
        events = build(recorder, span, gathered, watch)
        with closing(sqlite3.connect(gathered)) as db, begun_anew(part) as out:
            write_json(db, out)
            out.flush()
            finish(part, path)
        gathered.unlink()
    return events


def gathered_at(path: Path) -> Path:
    """Return where the log of an export is gathered before it is told as JSON."""
    return path.with_name(f"{path.name}.part.sqlite")


def write_json(db: sqlite3.Connection, out: IO[bytes]) -> None:
    """Tell a log in SQLite as JSON, an event or object a line."""
    types = {kind: _types(db, kind) for kind in ("event", "object")}
    parts: tuple[tuple[str, Iterable[Any]], ...] = (
        ("eventTypes", _declared(types["event"])),
        ("objectTypes", _declared(types["object"])),
        ("events", _events(db, types["event"])),
        ("objects", _objects(db, types["object"])),
    )
    encode = msgspec.json.Encoder().encode
    for number, (name, members) in enumerate(parts):
        out.write(b"{" if number == 0 else b",\n")
        out.write(f'"{name}": ['.encode())
        for place, member in enumerate(members):
            out.write(b",\n" if place else b"\n")
            out.write(encode(member))
        out.write(b"\n]")
    out.write(b"}\n")


class _Type:
    """One type of events or objects: its table, and its attributes in their order."""

    def __init__(self, db: sqlite3.Connection, kind: str, name: str, mapped: str) -> None:
        self.name = name
        self.table = f'"{kind}_{mapped}"'
        columns = db.execute(f"pragma table_info({self.table})").fetchall()
        self.attributes = {
            column: _KINDS[word] for _, column, word, *_ in columns if column not in _OWN
        }

    def select(self, *own: str) -> str:
        """Return the beginning of a query for rows of the type."""
        return "select " + ", ".join([*own, *(f'"{one}"' for one in self.attributes)])

    def told(self, values: Iterable[Any]) -> Iterator[tuple[str, str]]:
        """Give the attributes of a row that have a value, as texts."""
        for (name, kind), value in zip(self.attributes.items(), values, strict=True):
            if value is not None:
                yield name, _text(kind, value)


def _types(db: sqlite3.Connection, kind: str) -> dict[str, _Type]:
    rows = db.execute(f"select ocel_type, ocel_type_map from {kind}_map_type order by ocel_type")
    return {name: _Type(db, kind, name, mapped) for name, mapped in rows}


def _declared(types: dict[str, _Type]) -> Iterator[dict[str, Any]]:
    for name, one in types.items():
        attributes = [{"name": key, "type": kind} for key, kind in one.attributes.items()]
        yield {"name": name, "attributes": attributes}


def _events(db: sqlite3.Connection, types: dict[str, _Type]) -> Iterator[dict[str, Any]]:
    """Give the events in the order in which they were written, which all their tables have."""
    rows = {
        name: db.execute(f"{one.select('ocel_id', 'ocel_time')} from {one.table} order by rowid")
        for name, one in types.items()
    }
    related = groupby(db.execute("select * from event_object order by rowid"), itemgetter(0))
    for event_id, name in db.execute("select ocel_id, ocel_type from event order by rowid"):
        found_id, at, *values = next(rows[name])
        about_id, relations = next(related)
        assert event_id == found_id == about_id, "the tables of a log are written together"
        yield {
            "id": event_id,
            "type": name,
            "time": at,
            "attributes": [
                {"name": key, "value": value} for key, value in types[name].told(values)
            ],
            "relationships": [
                {"objectId": object_id, "qualifier": qualifier}
                for _, object_id, qualifier in relations
            ],
        }


def _objects(db: sqlite3.Connection, types: dict[str, _Type]) -> Iterator[dict[str, Any]]:
    """Give the objects by type and id, with all that they were and when."""
    for name, one in types.items():
        rows = groupby(
            db.execute(
                f"{one.select('ocel_id', 'ocel_time')} from {one.table}"
                " order by ocel_id, ocel_changed_field is not null, ocel_time, ocel_changed_field"
            ),
            itemgetter(0),
        )
        ties = _Ties(db, name)
        for object_id, told in rows:
            yield {
                "id": object_id,
                "type": name,
                "attributes": [
                    {"name": key, "time": at, "value": value}
                    for _, at, *values in told
                    for key, value in one.told(values)
                ],
                "relationships": [
                    {"objectId": target, "qualifier": qualifier}
                    for target, qualifier in ties.of(object_id)
                ],
            }


class _Ties:
    """What objects of a type belong to; asked for by ascending ids."""

    def __init__(self, db: sqlite3.Connection, ocel_type: str) -> None:
        self._groups = groupby(
            db.execute(
                "select t.* from object_object t join object o on o.ocel_id = t.ocel_source_id"
                " where o.ocel_type = ?"
                " order by t.ocel_source_id, t.ocel_target_id, t.ocel_qualifier",
                (ocel_type,),
            ),
            itemgetter(0),
        )
        self._next = next(self._groups, None)

    def of(self, object_id: str) -> list[tuple[str, str]]:
        """Return what an object belongs to."""
        if self._next is None or self._next[0] != object_id:
            return []
        found = [(target, qualifier) for _, target, qualifier in self._next[1]]
        self._next = next(self._groups, None)
        return found


def _text(kind: Kind, value: object) -> str:
    if kind is Kind.BOOLEAN:
        return "true" if value else "false"
    return str(value)
