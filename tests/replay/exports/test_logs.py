"""Real logs, imported, exported and read back: by us, and by programs nobody here wrote."""

import json
import os
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from api.imports.engine import import_history
from api.imports.mapping import load_mapping
from api.imports.rejects import Rejects
from replay.exports.checking import check
from replay.exports.ocel_json import write_json
from replay.exports.ocel_sqlite import export_sqlite
from replay.exports.reading import Span
from replay.exports.xes import export_xes
from tests.conftest import Database
from tests.imports.conftest import open_ledger
from tests.interop.install import PROGRAMS, READERS, reader_is_there, reader_python
from tests.replay.exports.conftest import History, unwatched
from tests.replay.exports.test_xes import traces

ANSWER_S = 900
KEEPS_ONE = frozenset({"pm4py"})
"""Of two relations between an event and an object these readers keep one, where JSON has both."""
LOGS = [
    "helpdesk",
    pytest.param(
        "uci498",
        marks=pytest.mark.skipif(
            "TICKETLEDGER_LONG" not in os.environ,
            reason="70,339 rows take minutes with every reader: set TICKETLEDGER_LONG=1",
        ),
    ),
]
readers = pytest.mark.parametrize(
    "reader",
    [
        pytest.param(
            name,
            marks=[
                pytest.mark.interop,
                pytest.mark.skipif(
                    not reader_is_there(name), reason=f"{name} is not installed: make interop"
                ),
            ],
        )
        for name in READERS
    ],
)


@dataclass(frozen=True)
class Log:
    """A history in three forms, and what is expected of it."""

    xes: Path
    as_json: Path
    as_sqlite: Path
    expected: dict[str, Any]


def bring(shared: Path, name: str, mapping: str, database: Database, place: Path) -> Log:
    """Import a log, export it and return the files."""
    source = shared / "data" / "logs" / f"{name}.csv.gz"
    ledger = open_ledger(database, place)
    try:
        with Rejects(source, directory=place, fallback=place) as rejects:
            import_history(source, load_mapping(mapping), ledger, rejects)
        span = Span({0: 0}, {0: ledger.position(0)})
        export_xes(ledger.record, span, place / "log.xes", unwatched)
        export_sqlite(ledger.record, span, place / "log.sqlite", unwatched)
    finally:
        ledger.close()
    expected = json.loads((shared / "data" / "expected" / f"{name}.json").read_bytes())
    return told_in_json(place, expected)


def told_in_json(place: Path, expected: dict[str, Any]) -> Log:
    """Return the files of a place, with the log in SQLite told as JSON too."""
    with (
        closing(sqlite3.connect(place / "log.sqlite")) as db,
        (place / "log.json").open("wb") as out,
    ):
        write_json(db, out)
    return Log(place / "log.xes", place / "log.json", place / "log.sqlite", expected)


@pytest.fixture(scope="module")
def logs(
    shared: Path,
    make_database: Callable[[int], Database],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Log]:
    """Bring a log when it is first asked for."""
    names = {"helpdesk": "helpdesk_mendeley", "uci498": "uci498_shared"}
    brought: dict[str, Log] = {}

    def log(mapping: str) -> Log:
        if mapping not in brought:
            place, database = tmp_path_factory.mktemp(mapping), make_database(1)
            brought[mapping] = bring(shared, names[mapping], mapping, database, place)
        return brought[mapping]

    return log


@pytest.fixture(scope="module")
def day(history: History, tmp_path_factory: pytest.TempPathFactory) -> Log:
    """The day of disputes in three forms."""
    place = tmp_path_factory.mktemp("day")
    export_xes(history.ledger.record, history.whole(), place / "log.xes", unwatched)
    export_sqlite(history.ledger.record, history.whole(), place / "log.sqlite", unwatched)
    return told_in_json(place, {})


def ask(reader: str, *files: Path) -> list[dict[str, Any]]:
    """Return what a reader reads in files; it runs on its own, for it may break."""
    done = subprocess.run(
        [reader_python(reader), PROGRAMS / f"{reader}_answers.py", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=ANSWER_S,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    return [answers[str(file)] for file in files]


def counted(path: Path) -> dict[str, Any]:
    """Return what our own SQL counts in a log in SQLite."""
    with closing(sqlite3.connect(path)) as db:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return db.execute(query).fetchall()

        values, pairs = 0, "select distinct ocel_event_id, ocel_object_id from event_object"
        for (mapped,) in rows("select ocel_type_map from object_map_type"):
            told = rows(f'select * from "object_{mapped}"')
            values += sum(value is not None for row in told for value in row[3:])
        return {
            "events": dict(rows("select ocel_type, count(*) from event group by 1")),
            "objects": dict(rows("select ocel_type, count(*) from object group by 1")),
            "relations": rows("select count(*) from event_object")[0][0],
            "pairs": rows(f"select count(*) from ({pairs})")[0][0],
            "ties": rows("select count(*) from object_object")[0][0],
            "values": values,
        }


@pytest.mark.parametrize("mapping", LOGS)
def test_an_imported_log_is_exported_as_it_was(logs: Callable[[str], Log], mapping: str) -> None:
    """Cases, events, variants and edges are those that were computed from the source's file."""
    log = logs(mapping)
    found = {
        name: tuple(event["concept:name"] for event in trace)
        for name, trace in traces(log.xes).items()
    }
    edges = Counter(f"{a} -> {b}" for trace in found.values() for a, b in pairwise(trace))
    assert len(found) == log.expected["cases"]
    assert sum(map(len, found.values())) == log.expected["events"]
    assert len(set(found.values())) == log.expected["variants"]
    assert edges == log.expected["dfg"]
    for file in (log.xes, log.as_json, log.as_sqlite):
        assert check(file).findings == []


@readers
@pytest.mark.parametrize("mapping", LOGS)
def test_another_reader_reads_an_imported_log_as_it_was(
    logs: Callable[[str], Log], mapping: str, reader: str
) -> None:
    """Nobody here wrote the reader, nor the figures it is held against."""
    log = logs(mapping)
    traced, in_json, in_sqlite = ask(reader, log.xes, log.as_json, log.as_sqlite)
    assert traced == {
        "cases": log.expected["cases"],
        "events": log.expected["events"],
        "states": log.expected["events_per_state"],
        "variants": log.expected["variants"],
        "edges": log.expected["dfg"],
    }
    for found in (in_json, in_sqlite):
        assert found["objects"]["ticket"] == log.expected["cases"]
        assert found["events"]["source.reported.v1"] == log.expected["events"]
        assert found["states"] == log.expected["events_per_state"]
        assert {name: found[name] for name in counted(log.as_sqlite)} == counted(log.as_sqlite)


@readers
def test_another_reader_counts_a_day_of_disputes_as_we_do(day: Log, reader: str) -> None:
    """Loading is no proof: what is dangling is dropped without a word, so everything is counted."""
    traced, in_json, in_sqlite = ask(reader, day.xes, day.as_json, day.as_sqlite)
    wanted = counted(day.as_sqlite)
    if reader in KEEPS_ONE:
        del wanted["relations"]
    for found in (in_json, in_sqlite):
        assert {name: found[name] for name in wanted} == wanted
    found = traces(day.xes)
    assert traced["cases"] == len(found)
    assert traced["events"] == sum(map(len, found.values()))
    assert traced["variants"] == len(
        {tuple(event["concept:name"] for event in trace) for trace in found.values()}
    )
