"""The rows about rebuilding views: against reading alone, by two processes, of a long record."""

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from io import StringIO
from time import perf_counter
from typing import Any, Final

from psycopg2 import connect

from domain.ledger.recorder import Recorder
from domain.proof.canonical import canonical
from domain.proof.chain import leaf_hash
from domain.record import Record, read_record
from domain.streams import ticket_id
from projections.projection import View
from projections.views import VIEWS
from replay.rebuild import Helpers, Rebuild, RecordSource
from tests.benchmarks import cores, spending
from tests.benchmarks.arithmetic import Row, Skipped, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Database, Place, run_sql
from tests.benchmarks.rounds import rates_in_turns
from tests.projections.history import History
from tests.projections.tickets import COURSES

THREE: Final[tuple[View, ...]] = VIEWS[:3]
"""Queue, progress board and arbitration."""
PAGE: Final = 2_000
"""What the runner of the live views reads at once."""
HALF: Final = "rebuild on half a core"
HALVES: Final = "rebuild, two processes, half a core each"
_LIVING: Final = 400
"""How many tickets live at the same time, so that their events lie apart."""
_TELL_EVERY: Final = 100_000


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the rate of a rebuild against that of reading, of two processes, of a long record."""
    small, large = (
        (_written(place, events), events)
        for events in (effort.rebuilt_events // 10, effort.rebuilt_events)
    )
    spent: list[float] = []
    contestants = {
        "reading": partial(_read, *large),
        "rebuild": partial(_rebuild, *large, helpers=0, spent=spent),
        "rebuild, two processes": partial(_rebuild, *large, helpers=1),
        "rebuild of the short record": partial(_rebuild, *small, helpers=0),
    }
    if cores.can_be_chosen():
        contestants |= {
            HALF: partial(_rebuild_apart, *large, helpers=0),
            HALVES: partial(_rebuild_apart, *large, helpers=1),
        }
    samples = rates_in_turns(contestants, effort.rounds, load=f"{large[1]:,} events")
    for what in ("rebuild", "rebuild, two processes"):
        yield Row(
            name=f"{what}, of the three first views, {large[1]:,} events",
            what=what,
            reference="reading and decoding the same records alone",
            unit="/s",
            samples=samples[what],
            reference_samples=samples["reading"],
            target=Target(0.8, 1.0),
            note="the reference reads as the runner of the live views does",
        )
    yield Row(
        name="rebuild by two processes against one",
        what="two processes",
        reference="one process",
        unit="/s",
        samples=samples["rebuild, two processes"],
        reference_samples=samples["rebuild"],
        target=Target(1.5),
        note="where the machine gives two cores, of which the database needs one too",
    )
    name = "rebuild by two processes against one, the database on a core of its own"
    if cores.can_be_chosen():
        yield Row(
            name=name,
            what="two processes",
            reference="one process",
            unit="/s",
            samples=samples[HALVES],
            reference_samples=samples[HALF],
            target=Target(1.5, 2.0),
            note="each process has half of another core, as if there were more of them",
        )
    else:
        yield Skipped(name, "this system lets nobody choose cores, or there is one")
    name = "rebuild by two processes against two cores that never rest"
    if spending.known():
        yield Row(
            name=name,
            what="two processes",
            reference="the work of one process and the server, on two cores",
            unit="/s",
            samples=samples["rebuild, two processes"],
            reference_samples=tuple(2 * large[1] / seconds for seconds in spent[1:]),
            target=Target(0.9, 1.0),
            note="what one process and the server spend together is processor time, not waiting",
        )
    else:
        yield Skipped(name, "this system does not tell what other processes spend")
    yield Row(
        name=f"rebuild of {large[1]:,} events against {small[1]:,}",
        what="the long record",
        reference="the short one",
        unit="/s",
        samples=samples["rebuild"],
        reference_samples=samples["rebuild of the short record"],
        target=Target(0.9, 1.0),
        note="1 is linear: as many events a second",
    )


def _read(database: Database, events: int) -> Mapping[str, Any]:
    """Return how long reading and decoding took."""
    began = perf_counter()
    after = 0
    with closing(Recorder.connect(database.app_dsn, readers_max=1)) as recorder:
        while records := _decoded(recorder, after):
            after = records[-1].position
    assert after == events
    return {"count": events, "elapsed": perf_counter() - began}


def _decoded(recorder: Recorder, after: int) -> list[Record]:
    return [
        read_record(row.lane, row.position, row.state, row.leaf_hash)
        for row in recorder.read(0, after, PAGE)
    ]


def _rebuild(
    database: Database, events: int, *, helpers: int, spent: list[float] | None = None
) -> Mapping[str, Any]:
    """Return how long building the views anew took, indexes and all; note what it cost."""
    dsn = database.app_dsn
    beside = Helpers(dsn, dsn, helpers) if helpers else None
    before = _spent(database) if spent is not None else 0.0
    with closing(Recorder.connect(dsn, readers_max=2)) as recorder:
        source = RecordSource(recorder)
        with Rebuild(dsn, source, lanes=1, views=THREE, helpers=beside) as work:
            began = perf_counter()
            work.build(anew=True)
            elapsed = perf_counter() - began
    if spent is not None:
        spent.append(_spent(database) - before)
    return {"count": events, "elapsed": elapsed}


def _rebuild_apart(database: Database, events: int, *, helpers: int) -> Mapping[str, Any]:
    """Return how long it took where each process has half of a core that is not the server's."""
    with cores.database_apart(database.superuser_dsn, idlers=1 - helpers):
        return _rebuild(database, events, helpers=helpers)


def _spent(database: Database) -> float:
    """Return the processor seconds spent so far, here and by the server; 0 where nobody tells."""
    return spending.client() + spending.server(database.superuser_dsn) if spending.known() else 0.0


def _written(place: Place, events: int) -> Database:
    """Return a database with a record of so many events of tickets of every course."""
    database = place.new_database("rebuild", migrated=True)
    lines = _lines(events)
    connection = connect(database.superuser_dsn)
    try:
        with connection, connection.cursor() as cursor:
            for begun in range(0, events, PAGE):
                page = StringIO("".join(next(lines) for _ in range(min(PAGE, events - begun))))
                cursor.copy_expert(
                    "copy ledger.event (lane, position, stream, version, topic, command, "
                    "body_hmac, recorded_at, state) from stdin",
                    page,
                )
                if begun % _TELL_EVERY == 0:
                    words = f"{begun:,} of {events:,} events are written"
                    print(words, file=sys.stderr)  # noqa: T201 - words go to stderr
            cursor.execute("update ledger.lane_head set position = %s", (events,))
    finally:
        connection.close()
    run_sql(database.superuser_dsn, "vacuum analyze")
    return database


def _lines(events: int) -> Iterator[str]:
    """Yield the lines of a record for COPY, one to three of a ticket's facts at a time."""
    chance = random.Random(events)
    lives: list[tuple[Iterator[Record], bytes]] = []
    number = position = 0
    while True:
        while len(lives) < _LIVING:
            number += 1
            history = History()
            chance.choice(COURSES)(history, ticket_id(0, "261122", number))
            lives.append((iter(history.of_lane[0]), bytes(32)))
        at = chance.randrange(_LIVING)
        life, previous = lives[at]
        for _ in range(chance.choice((1, 1, 2, 3))):
            record = next(life, None)
            if record is None:
                lives.pop(at)
                break
            position += 1
            state = _state(record, position, previous)
            previous = leaf_hash(state)
            lives[at] = (life, previous)
            envelope = record.envelope
            yield "\t".join(
                (
                    *("0", str(position), envelope.stream, str(envelope.version)),
                    *(envelope.topic, f"{position:032x}", r"\\x", envelope.at),
                    rf"\\x{state.hex()}" + "\n",
                )
            )


def _state(record: Record, position: int, previous: bytes) -> bytes:
    """Return the bytes a ledger would have stored of a fact."""
    envelope = record.envelope
    command = f"{position:032x}"
    members: dict[str, Any] = {
        "actor": {"kind": envelope.actor.kind.value, "ref": envelope.actor.ref},
        "at": envelope.at,
        "cause": {"command": command, "correlation": command},
        "data": record.event,
        "format": 1,
        "id": f"00000000-0000-7000-8000-{position:012d}",
        "ledger": "ledger.benchmark/lane-0",
        "prev": previous.hex(),
        "stream": envelope.stream,
        "topic": envelope.topic,
        "version": envelope.version,
    }
    if envelope.source is not None:
        members["source"] = {"imported": True, "ref": "1", "system": "elsewhere"}
    return canonical(members)
