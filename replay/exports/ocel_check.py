"""Checks of an OCEL 2.0 log, anybody's: its form, and the four that no schema makes.

They are: relations to objects that are not there, ids that are there twice, events without an
object, and times that are none. SQLite is read row by row, and JSON twice, element by element: of
a log in JSON only the ids are held.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from replay.exports.checked import Checked, UnreadableExport
from replay.exports.large_json import LargeObject, MalformedJson

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_FRACTION: Final = re.compile(r"\.(\d{6})\d+")
_MAP: Final = ("ocel_type", "ocel_type_map")
_LISTS: Final = ("eventTypes", "objectTypes", "events", "objects")
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_object": ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
    "object_object": ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
    "event_map_type": _MAP,
    "object_map_type": _MAP,
}
"""The tables every log in SQLite has."""


class _Attribute(msgspec.Struct):
    name: str
    type: str


class _Type(msgspec.Struct):
    name: str
    attributes: list[_Attribute]


class _Value(msgspec.Struct):
    name: str
    value: str


class _ValueAt(msgspec.Struct):
    name: str
    value: str
    time: str


class _Relation(msgspec.Struct):
    objectId: str  # noqa: N815 - the standard's own word
    qualifier: str


class _Event(msgspec.Struct):
    id: str
    type: str
    time: str
    attributes: list[_Value] = []
    relationships: list[_Relation] = []


class _Object(msgspec.Struct):
    id: str
    type: str
    attributes: list[_ValueAt] = []
    relationships: list[_Relation] = []


class _Named(msgspec.Struct):
    id: str


def is_time(text: object) -> bool:
    """Return whether a text is an instant as readers of OCEL take it: RFC 3339, zone or not."""
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(_FRACTION.sub(r".\1", text))
    except ValueError:
        return False
    return True


def check_json(path: Path) -> Checked:
    """Return what is wrong with a log in JSON; UnreadableExport where it is none."""
    try:
        return _of_elements(path)
    except (MalformedJson, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableExport(f"this is no OCEL 2.0 log in JSON: {error}") from error


def _of_elements(path: Path) -> Checked:
    checked = Checked(form="ocel-json")
    types: dict[str, dict[str, set[str]]] = {"eventTypes": {}, "objectTypes": {}}
    ids: dict[str, set[str]] = {"events": set(), "objects": set()}
    for member, text in _elements(path):
        if member in types:
            one = msgspec.json.decode(text, type=_Type)
            types[member][one.name] = {each.name for each in one.attributes}
        elif member in ids:
            found = msgspec.json.decode(text, type=_Named).id
            if found in ids[member]:
                checked.find(f"{member[:-1]} {found} is there twice")
            ids[member].add(found)
            if member == "events":
                checked.events += 1
            else:
                checked.things += 1
        else:
            msgspec.json.decode(text)
    objects = ids["objects"]
    for member, text in _elements(path):
        if member == "events":
            event = msgspec.json.decode(text, type=_Event)
            where = f"event {event.id}"
            _timed(checked, where, [event.time])
            known = types["eventTypes"].get(event.type)
            _declared(checked, where, known, event.type, event.attributes)
            if not event.relationships:
                checked.find(f"{where} is about no object")
            _there(checked, where, objects, event.relationships)
        elif member == "objects":
            thing = msgspec.json.decode(text, type=_Object)
            where = f"object {thing.id}"
            _timed(checked, where, [one.time for one in thing.attributes])
            known = types["objectTypes"].get(thing.type)
            _declared(checked, where, known, thing.type, thing.attributes)
            _there(checked, where, objects, thing.relationships)
    return checked


def _elements(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the elements of a log's lists; all four are there."""
    with path.open(encoding="utf-8", newline="") as file:
        log = LargeObject(file, _LISTS)
        yield from log.elements()
        if missing := sorted(set(_LISTS) - log.seen):
            raise MalformedJson(f"it has no {missing[0]}")


def check_sqlite(path: Path) -> Checked:
    """Return what is wrong with a log in SQLite; UnreadableExport where it is none."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            _require_tables(db)
            return _of_tables(db)
    except sqlite3.DatabaseError as error:
        raise UnreadableExport(f"this is no OCEL 2.0 log in SQLite: {error}") from error


def _require_tables(db: sqlite3.Connection) -> None:
    for table, columns in _COLUMNS.items():
        missing = set(columns) - _columns(db, table)
        if missing:
            raise UnreadableExport(f"this is no OCEL 2.0 log: {table} has no {min(missing)}")


def _of_tables(db: sqlite3.Connection) -> Checked:
    checked = Checked(form="ocel-sqlite")
    ((checked.events,),) = db.execute("select count(*) from event")
    ((checked.things,),) = db.execute("select count(*) from object")
    for kind in ("event", "object"):
        _twice(checked, kind, _repeated(db, kind))
        known = f"select ocel_type from {kind}_map_type"
        for ocel_id, ocel_type in db.execute(
            f"select ocel_id, ocel_type from {kind} where ocel_type not in ({known})"
        ):
            checked.find(f"{kind} {ocel_id} is of the type {ocel_type}, which nobody declares")
        for name, mapped in db.execute(f"select ocel_type, ocel_type_map from {kind}_map_type"):
            _of_type(checked, db, kind, name, f"{kind}_{mapped}")
    for (event_id,) in db.execute(
        "select ocel_id from event where ocel_id not in (select ocel_event_id from event_object)"
    ):
        checked.find(f"event {event_id} is about no object")
    for table, column, kind in (
        ("event_object", "ocel_event_id", "event"),
        ("event_object", "ocel_object_id", "object"),
        ("object_object", "ocel_source_id", "object"),
        ("object_object", "ocel_target_id", "object"),
    ):
        for (ocel_id,) in db.execute(
            f"select distinct {column} from {table}"
            f" where {column} not in (select ocel_id from {kind})"
        ):
            checked.find(f"{table} names the {kind} {ocel_id}, which is not there")
    return checked


def _of_type(checked: Checked, db: sqlite3.Connection, kind: str, name: str, table: str) -> None:
    """Check the table of one type: everything of the type is in it, and its times are times."""
    columns = _columns(db, table)
    if not {"ocel_id", "ocel_time"} <= columns:
        checked.find(f"the {kind} type {name} has no table with ids and times")
        return
    quoted = '"' + table.replace('"', '""') + '"'
    for ocel_id, at in db.execute(f"select ocel_id, ocel_time from {quoted}"):
        _timed(checked, f"{kind} {ocel_id}", [at])
    of_type = f"select ocel_id from {kind} where ocel_type = ?"
    for (ocel_id,) in db.execute(f"{of_type} except select ocel_id from {quoted}", (name,)):
        checked.find(f"{kind} {ocel_id} is not in the table of its type, {table}")
    for (ocel_id,) in db.execute(f"select ocel_id from {quoted} except {of_type}", (name,)):
        checked.find(f"{table} holds {ocel_id}, which is no {kind} of the type")
    if kind == "event":
        _twice(checked, f"{kind} in {table}:", _repeated(db, quoted))


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {name for (name,) in db.execute("select name from pragma_table_info(?)", (table,))}


def _repeated(db: sqlite3.Connection, table: str) -> Iterator[str]:
    """Give twice every id that a table has more than once."""
    query = f"select ocel_id from {table} group by ocel_id having count(*) > 1"
    for (ocel_id,) in db.execute(query):
        yield from (ocel_id, ocel_id)


def _twice(checked: Checked, kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            checked.find(f"{kind} {one} is there twice")
        seen.add(one)


def _timed(checked: Checked, where: str, times: Iterable[object]) -> None:
    for at in times:
        if not is_time(at):
            checked.find(f"{where} has a time that is none: {at!r}")


def _declared(
    checked: Checked, where: str, known: set[str] | None, ocel_type: str, attributes: Sequence[Any]
) -> None:
    if known is None:
        checked.find(f"{where} is of the type {ocel_type}, which nobody declares")
        return
    for one in attributes:
        if one.name not in known:
            checked.find(f"{where} has the attribute {one.name}, which its type does not declare")


def _there(checked: Checked, where: str, objects: set[str], relations: Iterable[_Relation]) -> None:
    for one in relations:
        if one.objectId not in objects:
            checked.find(f"{where} names the object {one.objectId}, which is not there")
