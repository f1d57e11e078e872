"""The rows about the past: the queue and its counts as of any moment, one ticket at any moment."""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.recorder import Recorder, StoredRow
from domain.record import Record, read_record
from domain.values import Instant
from projections import diagnosis, instants, queue_occurred, queue_past, reports
from projections.queue import Filters
from projections.runner import Views
from replay import as_of
from replay.as_of import Asked, At, Upto
from tests.benchmarks import past_counts, past_rows
from tests.benchmarks.arithmetic import Row, Skipped, Target, percentile
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Place
from tests.benchmarks.processes import BenchmarkError

PAGE: Final = 50
PAGE_MS: Final = 1_000.0
BESIDE_MS: Final = 100.0
"""What is counted beside the queue adds no more than this to its counts."""
TICKET_MS: Final = 1.0
EVER: Final = Instant("2199-01-01T00:00:00.000000Z")
FILTERS: Final = {
    "open tickets": Filters(),
    "all tickets": Filters(open=None),
    "of whose turn it is": Filters(awaiting="agent"),
    "of a merchant": Filters(open=None, merchant="merchant-7"),
}


Count = Callable[[Cursor, Upto], object]
"""Something that is counted as of a moment."""
Moment = Callable[[int], Upto]
"""Any moment of a past of so many tickets."""


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the times of pages and counts as of any moment, and of one ticket at any moment."""
    yield from _pages(place, effort)
    yield from _one_ticket(place, effort)


def _pages(place: Place, effort: Effort) -> Iterator[Row]:
    """Yield the times of pages; the records of their tickets are written before each is timed."""
    database = place.new_database("past", migrated=True)
    tickets = effort.queue_tickets
    kinds = {"as of any moment": _moment, "by what had occurred by any instant": _instant}
    past_rows.fill(database, tickets)
    connection = psycopg2.connect(database.app_dsn, options="-c timezone=UTC")
    connection.set_session(readonly=True, autocommit=True)
    with (
        closing(connection),
        connection.cursor() as cursor,
        closing(Recorder.connect(database.app_dsn, readers_max=1)) as recorder,
    ):
        past_rows.record(database, tickets, past_rows.aside(tickets))
        for words, filters in FILTERS.items():
            for of, moment in kinds.items():
                rounds = []
                for _ in range(effort.rounds + 1):
                    moments = [moment(tickets) for _ in range(effort.past_reads)]
                    for upto in moments:
                        past_rows.record(database, tickets, _tickets(cursor, upto, filters))
                    streams = _streams(recorder)
                    rounds.append([_page(cursor, streams, upto, filters) for upto in moments])
                past_rows.settle(database, "ledger.event")
                yield _row(
                    f"page of {PAGE} {of} of {tickets:,} tickets, {words}", rounds[1:], PAGE_MS
                )

        past_counts.fill(database, tickets)
        rows = past_rows.EACH * tickets
        of_queue = partial(_queue, _streams(recorder))
        counted: dict[str, tuple[Count, Moment, float]] = {
            f"counts {of} of {tickets:,} tickets": (of_queue, moment, PAGE_MS)
            for of, moment in kinds.items()
        }
        counted |= {
            f"counts of {rows:,} rows of other systems as of any moment": (
                *(_reports, _moment, BESIDE_MS),
            ),
            f"machine and person, as of any moment of {tickets:,} tickets": (
                *(_judged, _moment, BESIDE_MS),
            ),
        }
        for words, (count, moment, limit_ms) in counted.items():
            rounds = [
                [_counted(cursor, count, moment(tickets)) for _ in range(effort.past_reads)]
                for _ in range(effort.rounds + 1)
            ]
            yield _row(words, rounds[1:], limit_ms)


def _one_ticket(place: Place, effort: Effort) -> Iterator[Row]:
    """Yield the times of one ticket's state with its chain checked, in two long histories."""
    for events in (effort.verified_events // 10, effort.verified_events):
        tickets = events // past_rows.EACH
        database = place.new_database("ticket", migrated=True)
        past_rows.record(database, tickets, map(past_rows.ticket, range(tickets)))
        past_rows.end(database)
        with closing(Recorder.connect(database.app_dsn, readers_max=1)) as recorder:
            ledger = _Ledger(recorder)
            with closing(Views(database.app_dsn, ledger, views=(instants.VIEW,))) as views:
                views.prepare()
                if not views.catch_up(1_800):
                    raise BenchmarkError("the view of instants is not level")
            past_rows.settle(database, "ledger.event", *instants.TABLES)
            for kind in ("position", "time"):
                rounds = []
                for _ in range(effort.rounds + 1):
                    asked = [
                        _asked(tickets, ledger.position(0)) for _ in range(effort.ticket_reads)
                    ]
                    rounds.append([_ticket(ledger, kind, one) for one in asked])
                yield _row(
                    f"one ticket at any past {kind} of {events:,}, chain verified",
                    rounds[1:],
                    TICKET_MS,
                )


class _Asked(NamedTuple):
    """A ticket at a moment since it was opened."""

    ticket: str
    position: int
    version: int
    """What it came to by then."""


def _asked(tickets: int, end: int) -> _Asked:
    """Return any ticket at any moment since it was opened; no record is read for it."""
    number = random.randrange(tickets)
    positions = past_rows.positions(number, tickets)
    position = random.randint(positions[0], end)
    return _Asked(past_rows.ticket(number), position, bisect_right(positions, position))


class _Ledger:
    """The record, as what is asked of a ledger here."""

    lanes = 1
    origins = (past_rows.ORIGIN,)

    def __init__(self, recorder: Recorder) -> None:
        self.record = recorder

    def position(self, lane: int) -> int:
        return self.record.position(lane)

    def records(self, lane: int, after: int, limit: int) -> list[Record]:
        return [_read(row) for row in self.record.read(lane, after, limit)]


def _ticket(ledger: _Ledger, kind: str, asked: _Asked) -> float:
    """Return how long it took to know a ticket as it was."""
    by_time = At(time=past_rows.recorded_at(asked.position))
    at = At(position={0: asked.position}) if kind == "position" else by_time
    began = perf_counter()
    found = as_of.past(ledger, asked.ticket, at, now=EVER, last_before=None)
    state = as_of.ticket_state(found)
    elapsed = perf_counter() - began
    assert found.verified is True, found.verified
    assert state.version == asked.version
    return elapsed


def _row(name: str, rounds: list[list[float]], limit_ms: float) -> Row:
    """Return the row of a time that has a limit: the slowest of a hundred."""
    everything = [one for times in rounds for one in times]
    return Row(
        name=f"{name}, p99",
        what="as of then",
        reference=f"{limit_ms:g} ms",
        unit="ms",
        samples=tuple(percentile(times, 0.99) * 1e3 for times in rounds),
        reference_samples=(limit_ms,) * len(rounds),
        target=Target(1.0, at_most=True),
        note=f"median {percentile(everything, 0.5) * 1e3:.2f} ms",
    )


def _moment(tickets: int) -> Upto:
    return Upto({0: random.randrange(1, past_rows.EACH * tickets)})


def _instant(tickets: int) -> Upto:
    """Return what had occurred by any instant, of all that is on record."""
    position = random.randrange(1, past_rows.EACH * tickets)
    return Upto({0: past_rows.EACH * tickets}, past_rows.recorded_at(position))


def _tickets(cursor: Cursor, upto: Upto, filters: Filters) -> list[str]:
    """Return whose records are read for a page."""
    if upto.occurred is None:
        found = queue_past.page(cursor, upto.places, filters, None, PAGE)
    else:
        asked = queue_occurred.Occurred(upto.occurred, upto.places)
        found = queue_occurred.page(cursor, asked, filters, None, PAGE + 1, aside_max=None).places
    return [ticket for ticket, _ in found]


def _streams(recorder: Recorder) -> as_of.Streams:
    return lambda lane, streams: map(_read, recorder.read_streams(lane, streams))


def _read(row: StoredRow) -> Record:
    return read_record(row.lane, row.position, row.state, row.leaf_hash)


def _page(cursor: Cursor, streams: as_of.Streams, upto: Upto, filters: Filters) -> float:
    began = perf_counter()
    as_of.page(cursor, streams, upto, Asked(filters), PAGE)
    return perf_counter() - began


def _counted(cursor: Cursor, count: Count, upto: Upto) -> float:
    began = perf_counter()
    count(cursor, upto)
    return perf_counter() - began


def _queue(streams: as_of.Streams, cursor: Cursor, upto: Upto) -> None:
    as_of.counts(cursor, streams, upto)


def _reports(cursor: Cursor, upto: Upto) -> None:
    told = reports.counts(cursor, reports.Bound(upto.places))
    assert sum(told.values()) == upto.places[0], "one row a position"


def _judged(cursor: Cursor, upto: Upto) -> None:
    found = diagnosis.agreement_at(cursor, upto.moment)
    assert found.diagnosed == -(-upto.places[0] // past_rows.EACH), "one a ticket"
