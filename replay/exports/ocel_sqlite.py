"""The record as an OCEL 2.0 log in SQLite: written by positions, so that it can be gone on with.

Events and objects are told by `columns`, `things` and `attributes`; here they become rows. What is
recorded late may have happened early: things of which that was told, or one value again, are put
in the order of time when everything is in.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from domain.events import TicketOpened
from domain.ledger.recorder import Recorder
from domain.record import Record
from domain.values import Instant, Stage
from replay.exports.attributes import ATTRIBUTES, changes_of
from replay.exports.columns import (
    LEDGER,
    Kind,
    Value,
    columns_of,
    event_values,
    place_values,
)
from replay.exports.files import OtherExport, finish, held_beside, part_of
from replay.exports.leaves import Leaves
from replay.exports.reading import Span, Watch, pages
from replay.exports.things import Thing, told_of
from replay.happened import happened_at

FORMAT: Final = "ticketledger.ocel.v2"
TYPES: Final[Mapping[Kind, str]] = {
    Kind.STRING: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TIME: "TIMESTAMP",
}
"""How SQLite is told what a column holds; readers take the type from this word."""
ASKED_AT_ONCE: Final = 500
STATEMENTS_KEPT: Final = 1_000
"""Rows of a type name the columns they have, so there are more statements than types."""

_SCHEMA: Final = """
create table event_map_type(ocel_type text primary key, ocel_type_map text);
create table object_map_type(ocel_type text primary key, ocel_type_map text);
create table event(ocel_id text primary key, ocel_type text references event_map_type);
create table object(ocel_id text primary key, ocel_type text references object_map_type);
create table event_object(
  ocel_event_id text references event(ocel_id),
  ocel_object_id text references object(ocel_id),
  ocel_qualifier text,
  primary key (ocel_event_id, ocel_object_id, ocel_qualifier));
create table object_object(
  ocel_source_id text references object(ocel_id),
  ocel_target_id text references object(ocel_id),
  ocel_qualifier text,
  primary key (ocel_source_id, ocel_target_id, ocel_qualifier));
create table ticketledger_export(format text not null, about text not null);
create table ticketledger_position(lane integer primary key, position integer not null);
create table ticketledger_latest(
  ocel_id text not null, field text not null, ocel_time text not null, value,
  primary key (ocel_id, field)) without rowid;
create table ticketledger_untidy(ocel_id text primary key, ocel_type text not null, opened text)
  without rowid;
"""


def export_sqlite(recorder: Recorder, span: Span, path: Path, watch: Watch) -> int:
    """Write a span as OCEL 2.0 in SQLite to a new file, and return how many events it has.

    What an interrupted export of the same span has written is gone on with. Raises Taken,
    OtherExport or DamagedRecord.
    """
    part = part_of(path)
    with held_beside(part):
        events = build(recorder, span, part, watch)
        finish(part, path)
    return events


def build(recorder: Recorder, span: Span, part: Path, watch: Watch) -> int:
    """Write what is missing of a span to a database beside its name; return the events in it.

    Whoever calls it holds the lock. Raises OtherExport or DamagedRecord.
    """
    try:
        with closing(_opened(part, span)) as db:
            return _written(recorder, span, db, watch)
    except sqlite3.OperationalError as error:
        raise OSError(f"{part}: {error}") from error
    except sqlite3.DatabaseError as error:
        told = f"{part} is damaged, or was written by somebody else too: {error}"
        raise OtherExport(f"{told}; remove it to begin anew") from error


def _written(recorder: Recorder, span: Span, db: sqlite3.Connection, watch: Watch) -> int:
    """Write what is missing, a page a transaction, and return how many events there are."""
    log, leaves = _Log(db), Leaves(recorder)
    places = dict(db.execute("select lane, position from ticketledger_position"))
    done = sum(places[lane] - span.since[lane] for lane in span.lanes)
    for lane in span.lanes:
        for page in pages(recorder, span, lane, places[lane]):
            with _transaction(db):
                log.add([leaves.record_of(row) for row in page])
                log.reached(lane, page[-1].position)
            done += page[-1].position - places[lane]
            places[lane] = page[-1].position
            watch(done, span.total)
    watch(span.total, span.total)
    log.tidy()
    ((events,),) = db.execute("select count(*) from event")
    with _transaction(db):
        db.execute("delete from ticketledger_latest")
    return int(events)


def begun(part: Path) -> Span | None:
    """Return the span of an export that was begun here; None where there is none of ours."""
    if not part.is_file():
        return None
    try:
        with closing(sqlite3.connect(part)) as db:
            found = db.execute(
                "select about from ticketledger_export where format = ?", (FORMAT,)
            ).fetchone()
        return msgspec.json.decode(found[0], type=Span) if found else None
    except (sqlite3.DatabaseError, msgspec.ValidationError):
        return None


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Keep all that is done within, new tables too, or nothing of it."""
    db.execute("begin immediate")
    with db:
        yield


def _opened(part: Path, span: Span) -> sqlite3.Connection:
    """Return the database of an export, made if it is not there; OtherExport if it is not ours."""
    about = msgspec.json.encode(span).decode()
    db = sqlite3.connect(part, isolation_level=None, cached_statements=STATEMENTS_KEPT)
    try:
        db.execute("pragma synchronous = normal")
        if not db.execute("select 1 from sqlite_master limit 1").fetchone():
            with _transaction(db):
                for statement in _SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute("insert into ticketledger_export values (?, ?)", (FORMAT, about))
                db.executemany(
                    "insert into ticketledger_position values (?, ?)", sorted(span.since.items())
                )
        found = db.execute("select format, about from ticketledger_export").fetchone()
    except sqlite3.DatabaseError as error:
        db.close()
        if isinstance(error, sqlite3.OperationalError) and not _is_of_file(error):
            raise
        raise OtherExport(f"{part} can not be gone on with: {error}") from error
    if found is None or found[0] != FORMAT or msgspec.json.decode(found[1], type=Span) != span:
        db.close()
        raise OtherExport(f"{part} was begun for another part of the record")
    return db


def _is_of_file(error: sqlite3.OperationalError) -> bool:
    """Return whether a failure is about what a database holds, not about its disk or its locks."""
    return error.sqlite_errorcode == sqlite3.SQLITE_ERROR


class _Latest:
    """What is known last of the things that a page speaks of: attribute → when and what."""

    def __init__(self, db: sqlite3.Connection, ids: Iterable[str]) -> None:
        self.known: dict[tuple[str, str], tuple[str, Value | None]] = {}
        self.changed: set[tuple[str, str]] = set()
        wanted = list(dict.fromkeys(ids))
        for begin in range(0, len(wanted), ASKED_AT_ONCE):
            some = wanted[begin : begin + ASKED_AT_ONCE]
            marks = ", ".join("?" * len(some))
            for ocel_id, field, at, value in db.execute(
                "select ocel_id, field, ocel_time, value from ticketledger_latest"
                f" where ocel_id in ({marks})",
                some,
            ):
                self.known[ocel_id, field] = (at, value)

    def put(self, ocel_id: str, field: str, at: str, value: Value | None) -> None:
        """Take down what was told, where nothing later is known."""
        before = self.known.get((ocel_id, field))
        if before is None or at >= before[0]:
            self.known[ocel_id, field] = (at, value)
            self.changed.add((ocel_id, field))


def _may_repeat(
    before: tuple[str, Value | None] | None, at: str, value: Value, first_at: str
) -> bool:
    """Return whether a value may now stand twice in a row, which all that is told will show."""
    if before is None or before == (at, value):
        return False
    latest_at, latest = before
    return at < latest_at or value == latest or first_at < at == latest_at


class _Log:
    """The tables of one log; a table of a type is made when the first one of it comes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._maps = {
            kind: dict(db.execute(f"select ocel_type, ocel_type_map from {kind}_map_type"))
            for kind in ("event", "object")
        }

    def reached(self, lane: int, position: int) -> None:
        """Write down how far a lane is in."""
        values = (position, lane)
        self._db.execute("update ticketledger_position set position = ? where lane = ?", values)

    def add(self, records: list[Record]) -> None:
        """Add events, and what they say of things, in their order."""
        told = [told_of(record) for record in records]
        ids = [one.thing.id for every in told for one in every.relations]
        latest = _Latest(self._db, [*ids, *(t.target.id for every in told for t in every.ties)])
        events, relations, ties = [], [], []
        for record, every in zip(records, told, strict=True):
            topic, event_id = record.envelope.topic, f"{record.lane}-{record.position}"
            self._event_table(topic, record)
            events.append((event_id, topic))
            values = {
                "ocel_id": event_id,
                "ocel_time": happened_at(record),
                **place_values(record),
                **event_values(record.event),
            }
            self._insert(self._table("event", topic), values)
            relations += [(event_id, one.thing.id, one.qualifier) for one in every.relations]
            ties += [(tie.source.id, tie.target.id, tie.qualifier) for tie in every.ties]
            self._things(record, [one.thing for one in every.relations], latest)
        self._db.executemany("insert into event values (?, ?)", events)
        self._db.executemany("insert into event_object values (?, ?, ?)", relations)
        self._db.executemany("insert or ignore into object_object values (?, ?, ?)", ties)
        self._db.executemany(
            "insert or replace into ticketledger_latest values (?, ?, ?, ?)",
            [(*key, *latest.known[key]) for key in sorted(latest.changed)],
        )

    def _things(self, record: Record, named: list[Thing], latest: _Latest) -> None:
        """Add the things an event names, and what changes of them by it."""
        at = happened_at(record)
        ticket = next((one.id for one in named if one.type == "ticket"), "")

        def stage() -> Stage | None:
            _, known = latest.known.get((ticket, "stage"), ("", None))
            return None if known is None else Stage(str(known))

        changes = changes_of(record, stage)
        said = {one.id: values for one, values in changes}
        opened = record.imported and isinstance(record.event, TicketOpened)
        for one in dict.fromkeys([*named, *(changed for changed, _ in changes)]):
            values = said.get(one.id, {})
            if opened and values:
                self._untidy(one, msgspec.json.encode(values).decode())
                for field, value in values.items():
                    latest.put(one.id, field, at, value)
                values = {}
            if (one.id, "") not in latest.known:
                self._first(one, at, values, latest)
            else:
                self._change(one, at, values, latest)

    def _first(self, one: Thing, at: Instant, values: Mapping[str, Value], latest: _Latest) -> None:
        """Add a thing with what is known of it at once."""
        self._object_table(one.type)
        self._db.execute("insert into object values (?, ?)", (one.id, one.type))
        row = {"ocel_id": one.id, "ocel_time": at, **values}
        self._insert(self._table("object", one.type), row)
        latest.put(one.id, "", at, None)
        for field, value in values.items():
            latest.put(one.id, field, at, value)

    def _change(
        self, one: Thing, at: Instant, values: Mapping[str, Value], latest: _Latest
    ) -> None:
        """Add what is told of a thing; of two values at one instant the later told stays.

        What is no change is added too: a fact told later may have happened between the two.
        """
        table = self._table("object", one.type)
        first_at, _ = latest.known[one.id, ""]
        for field, value in values.items():
            before = latest.known.get((one.id, field))
            if at < first_at or _may_repeat(before, at, value, first_at):
                self._untidy(one)
            if at == first_at:
                self._db.execute(
                    f'update "{table}" set "{field}" = ? where ocel_id = ?'
                    " and ocel_changed_field is null",
                    (value, one.id),
                )
            else:
                row = {"ocel_id": one.id, "ocel_time": at, "ocel_changed_field": field}
                self._insert(table, {**row, field: value}, replace=True)
            latest.put(one.id, field, at, value)

    def _untidy(self, one: Thing, opened: str | None = None) -> None:
        """Take down that a thing is to be tidied, and as what a source's ticket was opened."""
        self._db.execute(
            "insert into ticketledger_untidy values (?, ?, ?) on conflict (ocel_id)"
            " do update set opened = coalesce(excluded.opened, opened)",
            (one.id, one.type, opened),
        )

    def tidy(self) -> None:
        """Tell what happened to things in the order of time, a change where one is and no more."""
        some = f"select ocel_id, ocel_type, opened from ticketledger_untidy limit {ASKED_AT_ONCE}"
        while found := self._db.execute(some).fetchall():
            with _transaction(self._db):
                for ocel_id, ocel_type, opened in found:
                    values = {} if opened is None else msgspec.json.decode(opened)
                    self._tidy(Thing(ocel_type, ocel_id), values)
                    statement = "delete from ticketledger_untidy where ocel_id = ?"
                    self._db.execute(statement, (ocel_id,))

    def _tidy(self, one: Thing, opened: Mapping[str, Value]) -> None:
        """Write the rows of a thing anew.

        A ticket of a source was opened no later than the first row that the source told of it.
        """
        table, fields = self._table("object", one.type), tuple(ATTRIBUTES[one.type])
        names = ", ".join(f'"{field}"' for field in fields)
        told: dict[str, dict[str, Value]] = {}
        for at, *values in self._db.execute(
            f'select ocel_time, {names} from "{table}" where ocel_id = ? order by ocel_time',
            (one.id,),
        ):
            known = {field: v for field, v in zip(fields, values, strict=True) if v is not None}
            told.setdefault(at, {}).update(known)
        begun, *later = told
        last = {**opened, **told[begun]}
        self._db.execute(f'delete from "{table}" where ocel_id = ?', (one.id,))
        self._insert(table, {"ocel_id": one.id, "ocel_time": begun, **last})
        for at in later:
            row = {"ocel_id": one.id, "ocel_time": at}
            for field, value in told[at].items():
                if last.get(field) != value:
                    self._insert(table, {**row, "ocel_changed_field": field, field: value})
                    last[field] = value

    def _insert(self, table: str, row: Mapping[str, Value], *, replace: bool = False) -> None:
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        verb = "insert or replace" if replace else "insert"
        self._db.execute(f'{verb} into "{table}"({names}) values ({marks})', list(row.values()))

    def _table(self, kind: str, ocel_type: str) -> str:
        return f"{kind}_{self._maps[kind][ocel_type]}"

    def _event_table(self, topic: str, record: Record) -> None:
        if topic in self._maps["event"]:
            return
        own = {column.name: column.kind for column in columns_of(type(record.event))}
        self._make("event", topic, {**LEDGER, **own}, "ocel_id text primary key references event")

    def _object_table(self, ocel_type: str) -> None:
        if ocel_type in self._maps["object"]:
            return
        self._make(
            "object",
            ocel_type,
            ATTRIBUTES.get(ocel_type, {}),
            "ocel_id text references object, ocel_changed_field text",
        )
        table = self._table("object", ocel_type)
        self._db.execute(
            f'create unique index "{table}_changes"'
            f' on "{table}"(ocel_id, ocel_time, ocel_changed_field)'
        )

    def _make(self, kind: str, ocel_type: str, columns: Mapping[str, Kind], first: str) -> None:
        """Make the table of a type, and say in the map that it is there."""
        mapped = ocel_type.replace(".", "_")
        told = "".join(f', "{name}" {TYPES[one]}' for name, one in columns.items())
        self._db.execute(f'create table "{kind}_{mapped}"({first}, ocel_time TIMESTAMP{told})')
        self._db.execute(f"insert into {kind}_map_type values (?, ?)", (ocel_type, mapped))
        self._maps[kind][ocel_type] = mapped
