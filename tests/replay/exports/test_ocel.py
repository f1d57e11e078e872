"""OCEL 2.0: every fact is an event, every thing an object, and the four checks hold."""

import itertools
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api.demo.words import PERSONAL
from domain.events.registry import EVENTS
from domain.record import Record
from replay.as_of.views import queue_rows
from replay.exports import reading
from replay.exports.attributes import ATTRIBUTES
from replay.exports.checked import UnreadableExport
from replay.exports.checking import check
from replay.exports.columns import columns_of
from replay.exports.files import OtherExport, Taken
from replay.exports.ocel_json import export_json, gathered_at
from replay.exports.ocel_sqlite import begun, export_sqlite
from replay.exports.reading import Span
from replay.exports.things import Thing, subject_of, told_of
from replay.happened import happened_at
from tests.replay.exports.conftest import History, Interrupting, unwatched

WANTED = {
    "ticket",
    "order",
    "buyer",
    "merchant",
    "evidence_item",
    "offer",
    "ruling",
    "remedy",
    "agent",
    "arbitrator",
}
"""What the issue names, and whoever acts on it."""


@pytest.fixture(scope="module")
def sqlite_file(history: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole history in SQLite; nobody changes it."""
    path = tmp_path_factory.mktemp("ocel") / "whole.sqlite"
    export_sqlite(history.ledger.record, history.whole(), path, unwatched)
    return path


@pytest.fixture(scope="module")
def json_file(history: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole history in JSON; nobody changes it."""
    path = tmp_path_factory.mktemp("ocel") / "whole.json"
    export_json(history.ledger.record, history.whole(), path, unwatched)
    return path


@pytest.fixture(scope="module")
def log(json_file: Path) -> dict[str, Any]:
    """The log as plain data."""
    found: dict[str, Any] = json.loads(json_file.read_bytes())
    return found


def table(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of a log in SQLite answers."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in an order that only the rows decide."""
    names = [name for (name,) in table(path, "select name from sqlite_master where type = 'table'")]
    return {name: sorted(table(path, f'select * from "{name}"'), key=repr) for name in names}


# --- what is told -----------------------------------------------------------------------------


def test_every_fact_is_an_event_of_its_topic_at_its_time(
    history: History, log: dict[str, Any]
) -> None:
    """The topic is the name for ever, and readers sort by time."""
    told = {one["id"]: (one["type"], one["time"]) for one in log["events"]}
    assert told == {
        f"{record.lane}-{record.position}": (record.envelope.topic, happened_at(record))
        for record in history.records()
    }
    assert len(log["events"]) == len(told)
    assert {one["name"] for one in log["eventTypes"]} <= set(EVENTS)


def test_the_place_in_the_ledger_is_an_attribute(history: History, log: dict[str, Any]) -> None:
    """Whoever sorted by time finds the order of the record again."""
    for one, record in zip(log["events"], history.records(), strict=True):
        told = {each["name"]: each["value"] for each in one["attributes"]}
        assert told["ledger_lane"] == str(record.lane)
        assert told["ledger_position"] == str(record.position)
        assert told["ledger_leaf_hash"] == record.leaf_hash
        assert told["actor_ref"] == record.actor.ref


def test_the_things_of_a_dispute_are_objects(log: dict[str, Any]) -> None:
    """Tickets, orders, parties, evidence, offers, rulings, agents."""
    assert {one["name"] for one in log["objectTypes"]} >= WANTED
    assert {one["type"] for one in log["objects"]} >= WANTED


def test_the_tickets_are_those_of_the_ledger(history: History, log: dict[str, Any]) -> None:
    """None is invented and none is lost."""
    found = {one["id"].removeprefix("ticket:") for one in log["objects"] if one["type"] == "ticket"}
    assert found == set(history.tickets())


def test_what_a_thing_was_at_last_is_what_the_ledger_says(
    history: History, log: dict[str, Any]
) -> None:
    """Attributes with times, read by time, come to the state of the fold."""
    for one in log["objects"]:
        if one["type"] != "ticket":
            continue
        last: dict[str, str] = {}
        for told in sorted(one["attributes"], key=lambda each: each["time"]):
            last[told["name"]] = told["value"]
        ticket = history.ledger.ticket(one["id"].removeprefix("ticket:"))
        assert last["stage"] == ticket.stage.value, one["id"]
        assert last["priority"] == str(ticket.priority), one["id"]


def test_where_a_ticket_was_sent_last_is_not_called_its_queue(
    history: History, log: dict[str, Any]
) -> None:
    """Arbitration takes a ticket to its desk without a routing, and counts of queues know that."""
    things = {one["id"]: one for one in log["objects"]}
    lives: dict[str, list[Record]] = {}
    for record in history.records():
        if record.stream.startswith("ticket:"):
            lives.setdefault(record.subject, []).append(record)
    elsewhere = 0
    for ticket, records in lives.items():
        told = {one["name"]: one["value"] for one in things[f"ticket:{ticket}"]["attributes"]}
        for row in queue_rows(records):
            elsewhere += row.routed not in {None, row.queue}
        assert "queue" not in told
        assert told.get("routed") == row.routed
    assert elsewhere


def test_no_attribute_has_two_values_at_one_instant(log: dict[str, Any]) -> None:
    """A reader could not tell which of them holds."""
    for one in log["objects"]:
        seen = Counter((told["name"], told["time"]) for told in one["attributes"])
        assert max(seen.values(), default=1) == 1, one["id"]


def test_no_attribute_is_told_again_unchanged(log: dict[str, Any]) -> None:
    """A change is a change."""
    for one in log["objects"]:
        told: dict[str, list[str]] = {}
        for each in sorted(one["attributes"], key=lambda each: each["time"]):
            told.setdefault(each["name"], []).append(each["value"])
        for values in told.values():
            assert all(a != b for a, b in itertools.pairwise(values)), one["id"]


def test_things_belong_to_one_another(log: dict[str, Any]) -> None:
    """A ticket to its order and parties; what is numbered on a ticket to the ticket."""
    objects = {one["id"]: one for one in log["objects"]}
    for one in log["objects"]:
        ties = {each["qualifier"]: each["objectId"] for each in one["relationships"]}
        if one["type"] in {"offer", "ruling", "appeal", "remedy", "evidence_item"}:
            assert objects[ties["ticket"]]["type"] == "ticket"
            assert one["id"].split(":")[1].startswith(ties["ticket"].removeprefix("ticket:"))
        if one["type"] == "ticket":
            assert objects[ties["buyer"]]["type"] == "buyer"
    relied = [
        each["objectId"]
        for one in log["objects"]
        if one["type"] == "ruling"
        for each in one["relationships"]
        if each["qualifier"] == "relied_on"
    ]
    assert relied
    assert {objects[one]["type"] for one in relied} == {"evidence_item"}


def test_no_personal_value_leaves_the_ledger(json_file: Path, sqlite_file: Path) -> None:
    """Of a forgotten person and of all others only commitments are told."""
    text = json_file.read_text("utf-8")
    raw = sqlite_file.read_bytes()
    assert [value for value in PERSONAL if value in text or value.encode() in raw] == []
    assert "personal_data.erased.v1" in text


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_every_topic_has_columns_of_its_own_names(topic: str) -> None:
    """A field that hid another would be lost without anybody seeing it."""
    names = [column.name for column in columns_of(EVENTS[topic])]
    assert len(set(names)) == len(names)


def test_every_event_is_about_the_thing_its_stream_is_about(history: History) -> None:
    """An event without an object is one of the four things that no schema finds."""
    for record in history.records():
        told = told_of(record)
        assert told.relations[0].thing == subject_of(record.stream)
        named = {one.thing for one in told.relations}
        assert {one for tie in told.ties for one in (tie.source, tie.target)} <= named


def test_a_notice_is_about_the_ticket_or_the_queue_it_tells_of() -> None:
    """Its stream is named after theirs."""
    ticket, queue = Thing("ticket", "ticket:T0-1"), Thing("queue", "queue:senior")
    assert subject_of("notice:T0-1") == subject_of("ticket:T0-1") == ticket
    assert subject_of("notice:queue:senior") == subject_of("queue:senior") == queue


# --- the two forms ----------------------------------------------------------------------------


def test_both_forms_tell_the_same(sqlite_file: Path, log: dict[str, Any]) -> None:
    """Events, objects, relations and values are counted the same way in both."""
    counted = {name: len(rows) for name, rows in tables(sqlite_file).items()}
    assert counted["event"] == len(log["events"])
    assert counted["object"] == len(log["objects"])
    assert counted["event_object"] == sum(len(one["relationships"]) for one in log["events"])
    assert counted["object_object"] == sum(len(one["relationships"]) for one in log["objects"])
    values = 0
    for (mapped,) in table(sqlite_file, "select ocel_type_map from object_map_type"):
        for row in table(sqlite_file, f'select * from "object_{mapped}"'):
            changed, rest = row[1], [value for value in row[3:] if value is not None]
            assert changed is None or len(rest) == 1
            values += len(rest)
    assert values == sum(len(one["attributes"]) for one in log["objects"])


def test_the_json_is_of_the_published_schema(log: dict[str, Any], shared: Path) -> None:
    """Strictly: every value is a text."""
    schema = json.loads((shared / "vectors/ocel2/schema_ocel2.json").read_bytes())
    validator = jsonschema_rs.validator_for(schema)
    assert [str(error) for error in validator.iter_errors(log)] == []


def test_attributes_are_declared_with_their_types(log: dict[str, Any]) -> None:
    """The texts of the strict form are read back by what the types say."""
    for one in log["objectTypes"]:
        declared = {each["name"]: each["type"] for each in one["attributes"]}
        assert declared == dict(ATTRIBUTES.get(one["name"], {}))


@pytest.mark.parametrize("file", ["json_file", "sqlite_file"])
def test_the_four_checks_pass(file: str, request: pytest.FixtureRequest, history: History) -> None:
    """No relation leads nowhere, no id is there twice, no event is about nothing, times are."""
    checked = check(request.getfixturevalue(file))
    assert checked.findings == []
    assert checked.events == len(history.rows())


def test_the_published_example_passes_where_it_is_whole(shared: Path) -> None:
    """Our checks take others' logs as they are meant."""
    example = shared / "vectors/ocel2"
    as_json = check(example / "ocel20_example.jsonocel")
    as_sqlite = check(example / "ocel20_example.sqlite")
    assert as_json.findings == as_sqlite.findings == []
    assert (as_json.events, as_json.things) == (as_sqlite.events, as_sqlite.things)
    assert as_json.events > 0


# --- interrupted, resumed, refused ------------------------------------------------------------


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a few records at once, so that there is something to interrupt."""
    monkeypatch.setattr(reading.pages, "__defaults__", (37,))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("after", [1, 2, 9])
def test_an_interrupted_export_goes_on_to_the_same_rows(
    history: History, sqlite_file: Path, tmp_path: Path, after: int
) -> None:
    """A page is in with its position or not at all; other pages make no other rows."""
    path = tmp_path / "again.sqlite"
    part = path.with_name("again.sqlite.part")
    with pytest.raises(KeyboardInterrupt):
        export_sqlite(history.ledger.record, history.whole(), path, Interrupting(after))
    assert not path.exists()
    assert 0 < table(part, "select count(*) from event")[0][0] < len(history.rows())
    assert begun(part) == history.whole()
    export_sqlite(history.ledger.record, history.whole(), path, unwatched)
    assert tables(path) == tables(sqlite_file)


@pytest.mark.usefixtures("small_pages")
def test_an_interrupted_export_to_json_goes_on_to_the_same_bytes(
    history: History, json_file: Path, tmp_path: Path
) -> None:
    """What is gathered stays; the file itself is there whole or not at all."""
    path = tmp_path / "again.json"
    with pytest.raises(KeyboardInterrupt):
        export_json(history.ledger.record, history.whole(), path, Interrupting(3))
    assert [one.name for one in tmp_path.iterdir()] == [gathered_at(path).name]
    export_json(history.ledger.record, history.whole(), path, unwatched)
    assert path.read_bytes() == json_file.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["again.json"]


def test_what_was_begun_for_another_part_is_not_gone_on_with(
    history: History, tmp_path: Path
) -> None:
    """Two questions do not share an answer."""
    path, whole = tmp_path / "other.sqlite", history.whole()
    less = Span(whole.since, {**whole.upto, 1: whole.upto[1] - 1})
    with pytest.raises(KeyboardInterrupt):
        export_sqlite(history.ledger.record, less, path, Interrupting())
    with pytest.raises(OtherExport, match="another part"):
        export_sqlite(history.ledger.record, whole, path, unwatched)


def test_what_is_no_database_is_not_gone_on_with(history: History, tmp_path: Path) -> None:
    """Somebody's file is theirs, under whatever name."""
    path = tmp_path / "mine.sqlite"
    path.with_name("mine.sqlite.part").write_bytes(b"my own notes, a page long " * 400)
    with pytest.raises(OtherExport):
        export_sqlite(history.ledger.record, history.whole(), path, unwatched)
    path.write_text("mine")
    with pytest.raises(Taken):
        export_sqlite(history.ledger.record, history.whole(), path, unwatched)
    with pytest.raises(Taken):
        export_json(history.ledger.record, history.whole(), path, unwatched)
    assert path.read_text() == "mine"


def test_one_ticket_is_exported_with_what_it_names(history: History, tmp_path: Path) -> None:
    """Its order and parties are there as objects, though their own events are not."""
    path, ticket = tmp_path / "one.json", history.tickets()[0]
    export_json(history.ledger.record, history.whole(ticket), path, unwatched)
    assert check(path).findings == []
    found = json.loads(path.read_bytes())
    wanted = [row for row in history.rows() if row.stream.partition(":")[2] == ticket]
    assert len(found["events"]) == len(wanted)
    assert {one["type"] for one in found["objects"]} >= {"ticket", "buyer"}


def test_a_ledger_without_tickets_is_exported(bare: History, tmp_path: Path) -> None:
    """Its book and keys are events too."""
    for path, export in ((tmp_path / "a.json", export_json), (tmp_path / "a.db", export_sqlite)):
        events = export(bare.ledger.record, bare.whole(), path, unwatched)
        checked = check(path)
        assert checked.findings == []
        assert events == checked.events == len(bare.rows())


def test_nothing_is_exported_as_an_empty_log(history: History, tmp_path: Path) -> None:
    """An empty part is a log without events, and no error."""
    nothing = Span(dict.fromkeys(range(4), 0), dict.fromkeys(range(4), 0))
    assert export_json(history.ledger.record, nothing, tmp_path / "n.json", unwatched) == 0
    assert check(tmp_path / "n.json").findings == []


# --- planted faults ---------------------------------------------------------------------------


def _dangling(log: dict[str, Any]) -> None:
    log["events"][5]["relationships"][0]["objectId"] = "ticket:nobody"


def _dangling_tie(log: dict[str, Any]) -> None:
    next(one for one in log["objects"] if one["relationships"])["relationships"][0]["objectId"] = (
        "x"
    )


def _twice(log: dict[str, Any]) -> None:
    log["events"].append(log["events"][0])


def _object_twice(log: dict[str, Any]) -> None:
    log["objects"].append(log["objects"][0])


def _about_nothing(log: dict[str, Any]) -> None:
    log["events"][7]["relationships"] = []


def _no_time(log: dict[str, Any]) -> None:
    log["events"][2]["time"] = "2026-02-30T00:00:00Z"


def _no_time_of_a_change(log: dict[str, Any]) -> None:
    next(one for one in log["objects"] if one["attributes"])["attributes"][0]["time"] = "yesterday"


def _undeclared(log: dict[str, Any]) -> None:
    log["events"][2]["type"] = "ticket.vanished.v1"


def _undeclared_attribute(log: dict[str, Any]) -> None:
    log["events"][2]["attributes"][0]["name"] = "colour"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(_dangling, "which is not there", id="dangling relation"),
        pytest.param(_dangling_tie, "which is not there", id="dangling tie"),
        pytest.param(_twice, "is there twice", id="duplicate event"),
        pytest.param(_object_twice, "is there twice", id="duplicate object"),
        pytest.param(_about_nothing, "is about no object", id="event without object"),
        pytest.param(_no_time, "a time that is none", id="a day there is not"),
        pytest.param(_no_time_of_a_change, "a time that is none", id="a word for a time"),
        pytest.param(_undeclared, "which nobody declares", id="undeclared type"),
        pytest.param(_undeclared_attribute, "does not declare", id="undeclared attribute"),
    ],
)
def test_a_planted_fault_in_json_is_found(
    json_file: Path, tmp_path: Path, spoil: Callable[[dict[str, Any]], None], words: str
) -> None:
    """A check that finds nothing must be one that could have."""
    log = json.loads(json_file.read_bytes())
    spoil(log)
    path = tmp_path / "spoiled.json"
    path.write_text(json.dumps(log))
    (finding,) = check(path).findings
    assert words in finding


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        pytest.param(
            "update event_object set ocel_object_id = 'nobody' where rowid = 9",
            "which is not there",
            id="dangling relation",
        ),
        pytest.param(
            "update object_object set ocel_target_id = 'nobody' where rowid = 9",
            "which is not there",
            id="dangling tie",
        ),
        pytest.param(
            "delete from event_object where ocel_event_id = '0-4'",
            "is about no object",
            id="event without object",
        ),
        pytest.param(
            "update event_ticket_opened_v1 set ocel_time = 'soon' where rowid = 1",
            "a time that is none",
            id="a word for a time",
        ),
        pytest.param(
            "update object_ticket set ocel_time = null"
            " where rowid = (select min(rowid) from object_ticket)",
            "a time that is none",
            id="no time",
        ),
        pytest.param(
            "delete from event_ticket_opened_v1 where rowid = 1",
            "is not in the table of its type",
            id="an event without its row",
        ),
        pytest.param(
            "delete from event where ocel_type = 'ticket.opened.v1' and rowid ="
            " (select min(rowid) from event where ocel_type = 'ticket.opened.v1')",
            "which is no event of the type",
            id="a row without its event",
        ),
        pytest.param(
            "create table copy as select * from event; drop table event;"
            " alter table copy rename to event; insert into event values"
            " ((select min(ocel_id) from event), (select ocel_type from event"
            " where ocel_id = (select min(ocel_id) from event)))",
            "is there twice",
            id="duplicate event",
        ),
    ],
)
def test_a_planted_fault_in_sqlite_is_found(
    sqlite_file: Path, tmp_path: Path, statement: str, words: str
) -> None:
    """The same, where a database's own keys would not have kept it out."""
    path = tmp_path / "spoiled.sqlite"
    shutil.copy(sqlite_file, path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(statement)
        db.commit()
    assert any(words in finding for finding in check(path).findings)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"{", b'{"events": 1}', b"\xff\xfe", b"SQLite format 3\x00 and no more"],
)
def test_what_is_no_log_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """Not an empty log, and no crash."""
    path = tmp_path / "no.log"
    path.write_bytes(content)
    with pytest.raises(UnreadableExport):
        check(path)


def test_a_database_of_something_else_is_no_log(tmp_path: Path) -> None:
    """SQLite holds many things."""
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table event(ocel_id text)")
    with pytest.raises(UnreadableExport):
        check(path)
