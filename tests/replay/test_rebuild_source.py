"""The record as a rebuild reads it: stream by stream, and no further than it is asked to.

Each test has another number of lanes, and so a database that no other one of them has filled.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import psycopg2
import pytest

from domain.commands import AddNote
from domain.ledger.application import TicketLedger
from domain.ledger.recorder import Recorder
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import Rebuild, RecordSource, source
from tests.conftest import Database
from tests.ledger.attempts import attempt, new
from tests.ledger.matters import asked, open_ticket, opened_ledger, say
from tests.ledger.test_plans import counted
from tests.scenario import AGENT

STREAMS = 600


@pytest.fixture
def recorder(database: Database) -> Iterator[Recorder]:
    """A recorder on the test's database."""
    with closing(Recorder.connect(database.app_dsn)) as recorder:
        yield recorder


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Iterator[TicketLedger]:
    """A ledger on the test's database."""
    with opened_ledger(database.app_dsn, tmp_path) as opened:
        yield opened


@pytest.mark.lanes(1)
def test_what_is_recorded_of_a_ticket_meanwhile_is_folded_once(
    ledger: TicketLedger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams are read as they are now, and go on behind the position where the parts end."""
    tickets = [open_ticket(ledger) for _ in range(8)]
    for ticket in tickets:
        say(ledger, ticket)
    monkeypatch.setattr(source, "PAGE", 5)
    records = RecordSource(ledger.record)
    noted: list[str] = []

    def watch(_done: int, _total: int) -> None:
        if not noted:
            for ticket in tickets:
                ledger.handle(asked(AddNote(ticket=ticket, text="meanwhile"), AGENT))
                noted.append(ticket)

    with (
        closing(Views(database.app_dsn, records)) as views,
        Rebuild(database.app_dsn, records, lanes=1, views=VIEWS, part=10) as work,
    ):
        views.prepare()
        assert views.catch_up(60), views.failure()
        before = ledger.position(0)
        work.build(watch)
        assert ledger.position(0) > before
        at_the_parts_end = work.compare()
        assert at_the_parts_end.views[0].moment == f"0-{before}"
        assert at_the_parts_end.same
        assert views.catch_up(60), views.failure()
        assert work.compare().same
        work.drop()


@pytest.mark.lanes(2)
def test_a_page_of_streams_costs_what_is_on_it(
    recorder: Recorder, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that expects few rows would sort all that are left, again for every page."""
    for part in range(20):
        recorder.append(0, [attempt(new(f"other:{part}-{one}")) for one in range(STREAMS // 4)])
        recorder.append(1, [attempt(new(one)) for one in mixed(f"ticket:a{part}-", STREAMS // 5)])
        recorder.append(1, [attempt(new(one)) for one in mixed(f"ticket:z{part}-", STREAMS // 20)])
    with closing(psycopg2.connect(database.owner_dsn)) as owner, owner.cursor() as db:
        db.execute("analyze ledger.event")
        owner.commit()
    recorder.append(1, [attempt(new(one)) for one in mixed("ticket:z-", 4 * STREAMS)])
    monkeypatch.setattr(source, "PAGE", STREAMS)
    records = RecordSource(recorder)
    before = counted(recorder)["event"]
    after = None
    pages = 0
    while (after := records.streams(1, {"none"}, "ticket:z", None, after).last) is not None:
        pages += 1
    scanned, read, _ = difference(recorder, before)
    assert pages == 5
    assert scanned == 0
    assert read <= 6 * STREAMS


@pytest.mark.lanes(4)
def test_a_lane_is_divided_evenly_without_a_look_at_others(recorder: Recorder) -> None:
    """A lane may hold little of a long record, and the statement has seconds to answer."""
    recorder.append(0, [attempt(new(f"order:{one:04}")) for one in range(STREAMS)])
    recorder.append(1, [attempt(new(f"order:{one:04}")) for one in range(4 * STREAMS)])
    before = counted(recorder)["event"]
    found = RecordSource(recorder).divided(0, STREAMS, 100)
    scanned, read, _ = difference(recorder, before)
    assert found == [f"order:{one:04}" for one in range(99, STREAMS, 100)]
    assert scanned == 0
    assert read <= 2 * STREAMS


@pytest.mark.lanes(3)
def test_of_a_long_lane_a_few_records_are_looked_at(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lie at even distances, so what is between two bounds is about what was asked for."""
    recorder.append(0, [attempt(new(f"order:{one:04}")) for one in range(4 * STREAMS)])
    monkeypatch.setattr(source, "SAMPLE", 400)
    before = counted(recorder)["event"]
    found = RecordSource(recorder).divided(0, 4 * STREAMS, 500)
    scanned, read, _ = difference(recorder, before)
    bounds = [0, *(int(stream.partition(":")[2]) for stream in found)]
    assert len(found) == 4
    assert all(abs(upto - first - 500) < 60 for first, upto in pairwise(bounds))
    assert scanned == 0
    assert read <= 2 * 400


def mixed(name: str, count: int) -> list[str]:
    """Return streams whose order is not the one in which they are recorded."""
    return [f"{name}{number * 7919 % 10_007:05}" for number in range(count)]


def difference(recorder: Recorder, before: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return what was looked at of the record since then."""
    scanned, read, fetched = counted(recorder)["event"]
    return scanned - before[0], read - before[1], fetched - before[2]
