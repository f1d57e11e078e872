"""The real logs as of the moments for which others worked out where every case stood."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.imports.engine import Totals, import_history
from api.imports.mapping import load_mapping
from api.imports.rejects import Rejects
from domain.events import SourceBreachReported
from domain.ledger.application import TicketLedger
from domain.record import Record
from domain.values import Instant
from projections import queue, queue_occurred, queue_past
from projections.queue import Counts, Filters, QueueRow
from projections.runner import Views
from projections.views import VIEWS
from replay import as_of
from replay.as_of import Asked, Upto
from replay.rebuild import Rebuild, RecordSource
from tests.conftest import Database
from tests.imports.conftest import all_records, open_ledger

MOMENTS = {
    "uci498": ("2016-04-01T00:00:00Z", "2016-05-01T00:00:00Z", "2016-06-01T00:00:00Z"),
    "helpdesk": ("2012-01-01T00:00:00Z", "2013-01-01T00:00:00Z"),
}
FILES = {"uci498": "uci498_shared", "helpdesk": "helpdesk_mendeley"}
OVER = frozenset({"Resolved", "Closed", "A6"})
"""The sources' states in which nothing is open."""


@dataclass
class Stop:
    """How the ledger stood after an import until a moment."""

    moment: str
    live: Counts
    upto: Upto


@dataclass
class Log:
    """A log, imported until one moment after another, and then whole."""

    name: str
    expected: dict[str, Any]
    ledger: TicketLedger
    database: Database
    stops: list[Stop] = field(default_factory=list)
    known: dict[tuple[int | str, ...], list[Record]] = field(default_factory=dict, repr=False)

    def bring(self, path: Path, place: Path, until: Instant | None = None) -> Totals:
        """Import what is not there yet, until a moment."""
        with Rejects(path, directory=place, fallback=place) as rejects:
            mapping = load_mapping(self.name)
            totals = import_history(path, mapping, self.ledger, rejects, until=until)
        assert totals.rejected == 0
        # Of all views only those that are asked here: the log is long.
        of_queue = (queue.VIEW, queue_past.VIEW, queue_occurred.VIEW)
        with closing(
            Views(self.database.app_dsn, self.ledger, views=of_queue, page_size=5_000)
        ) as views:
            views.prepare()
            assert views.catch_up(300), views.failure()
        return totals

    @contextmanager
    def asking(self) -> Iterator[Cursor]:
        """Give a cursor on the views."""
        with closing(psycopg2.connect(self.database.app_dsn)) as connection:
            yield connection.cursor()

    def rows(self, at: Instant) -> list[QueueRow]:
        """Return every ticket's row by what had occurred by an instant."""
        with self.asking() as db:
            db.execute("select ticket, lane from view.queue order by ticket")
            return list(as_of.rows_of(self.streams, self.upto(at), db.fetchall()))

    def upto(self, at: Instant) -> Upto:
        """Return what had occurred by an instant, of everything on record."""
        return Upto(as_of.heads(self.ledger), at)

    def streams(self, lane: int, streams: Sequence[str]) -> Iterable[Record]:
        """Read each part of the record once, however often it is folded."""
        key = (lane, *streams)
        if key not in self.known:
            self.known[key] = list(as_of.streams_of(self.ledger)(lane, streams))
        return self.known[key]


@pytest.fixture(scope="module", params=MOMENTS)
def log(
    request: pytest.FixtureRequest,
    shared: Path,
    make_database: Callable[[int], Database],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Log]:
    """A log of which every moment is looked at when the import stands there."""
    name: str = request.param
    database = make_database(1)
    place = tmp_path_factory.mktemp(name)
    path = shared / f"data/logs/{FILES[name]}.csv.gz"
    expected = json.loads((shared / f"data/expected/{FILES[name]}.json").read_text())
    with closing(open_ledger(database, place)) as ledger:
        found = Log(name, expected, ledger, database)
        for moment in MOMENTS[name]:
            found.bring(path, place, until=_instant(moment))
            with found.asking() as db:
                stop = Stop(moment, queue.counts(db), Upto(as_of.heads(ledger)))
            found.stops.append(stop)
        found.bring(path, place)
        yield found


def test_an_import_until_a_moment_stands_where_the_source_stood(log: Log) -> None:
    """Started, states, open, priorities, groups: in the live view, as it was then."""
    for stop in log.stops:
        _check(log, stop.moment, stop.live)


def test_the_queue_as_of_where_an_import_stood_is_what_was_live_then(log: Log) -> None:
    """By the view of the queue's past, long after the rest of the log was taken in."""
    for stop in log.stops:
        with log.asking() as db:
            past = as_of.counts(db, log.streams, stop.upto)
        for facet in ("tickets", *queue.FACETS):
            assert past.open[facet] == stop.live.open[facet]
            assert past.everything[facet] == stop.live.everything[facet]


def test_replaying_the_whole_log_gives_every_snapshot(log: Log) -> None:
    """By what had occurred by then, out of everything that is on record now."""
    for moment in MOMENTS[log.name]:
        at = _instant(moment)
        rows = log.rows(at)
        folded = as_of.counts_of(rows, log.upto(at))
        _check(log, moment, folded)
        with log.asking() as db:
            assert as_of.counts(db, log.streams, log.upto(at)) == folded
        snapshot = log.expected["snapshots"][moment]
        if log.name == "uci498":
            assert _missed(log, rows, at) == snapshot["open_sla_already_missed"]


def test_a_page_by_what_had_occurred_is_the_same_without_folding_every_case(log: Log) -> None:
    """Of thousands of cases only those of the page are folded."""
    with log.asking() as db:
        db.execute("select count(*) from view.queue_occurred_ticket where disordered")
        assert db.fetchone() == (0,), "merged by time, rows come in the order they occurred in"
        for moment in MOMENTS[log.name]:
            upto = log.upto(_instant(moment))
            rows = log.rows(_instant(moment))
            for filters in (Filters(), Filters(open=None), Filters(open=None, stage="closed")):
                asked = Asked(filters)
                for _ in range(3):
                    page = as_of.page(db, log.streams, upto, asked, 100, aside_max=0)
                    assert page == as_of.page_of(rows, upto, asked, 100)
                    if page.next is None:
                        break
                    asked = Asked(filters, page.next)


def test_deleting_all_views_of_a_log_and_rebuilding_them_loses_nothing(log: Log) -> None:
    """Every row of the views of many thousand cases of others."""
    source = RecordSource(log.ledger.record)
    with closing(Views(log.database.app_dsn, source, page_size=5_000)) as views:
        views.prepare()
        assert views.catch_up(300), views.failure()
        with Rebuild(log.database.app_dsn, source, lanes=1, views=VIEWS) as work:
            work.build()
            found = work.compare()
            views.drop()
            work.swap()
        assert views.prepare() == [], "all views stand again"
    assert found.same, [t for view in found.views for t in view.tables if not t.same]
    assert found.views[0].tables[0].live_rows == log.expected["cases"]
    with log.asking() as db:
        assert queue.counts(db).everything["tickets"] == {"": log.expected["cases"]}


def _check(log: Log, moment: str, found: Counts) -> None:
    """Compare counts with a snapshot that others worked out."""
    snapshot = log.expected["snapshots"][moment]
    assert found.everything["tickets"] == {"": snapshot["cases_started"]}
    assert found.everything["source_state"] == snapshot["by_state"]
    still = sum(count for state, count in snapshot["by_state"].items() if state not in OVER)
    assert found.open["tickets"].get("", 0) == still == snapshot.get("open", still)
    if log.name == "uci498":
        assert found.open["priority"] == snapshot["open_by_priority"]
        top = snapshot["open_queue_top10_groups"]
        assert {group: found.open["queue"][group] for group, _ in top} == dict(top)
        most = Counter(found.open["queue"]).most_common(len(top))
        assert [count for _, count in most] == [count for _, count in top]


def _missed(log: Log, rows: list[QueueRow], at: Instant) -> int:
    """Return how many open tickets the source's promise was broken on, by then."""
    broken = {
        record.subject
        for record in all_records(log.ledger)
        if isinstance(record.event, SourceBreachReported) and record.occurred_at <= at
    }
    return sum(row.open and row.ticket in broken for row in rows)


def _instant(moment: str) -> Instant:
    return Instant(moment.replace("Z", ".000000Z"))
