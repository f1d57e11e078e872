"""The rows about clocks: how late they fire while running, and what finding those due costs."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic, perf_counter
from typing import Final

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.firing import DUE_MAX, find
from api.settings import Settings
from api.wiring import Dsns, joined
from domain.commands import OpenTicket
from domain.events import ClockBreached
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Request
from domain.values import Actor, ActorKind, Channel, Kind, moment_of
from tests.benchmarks.arithmetic import Row, Target, percentile, turns
from tests.benchmarks.clock_rows import KINDS, due_by, fill
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Database, Place
from tests.benchmarks.processes import BenchmarkError, Obedient

A_SECOND: Final = 50
"""How many clocks become due in a second."""
LATE_MS: Final = 1_000.0
CLOCK: Final = "consultation_automatic"
"""It is due seconds after a consultation was opened, and nobody answers here."""
DUE: Final = (0, 100)
"""How many of each kind are due."""
FEWER: Final = 100
"""How many times fewer of each kind run beside those that are measured."""
WAIT_SECONDS_MAX: Final = 60.0
PAGE_MAX: Final = 1_000


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Yield how late clocks fire, and the times to find all that is due among few and many."""
    yield _lateness(place, effort)
    yield from _finding(place, effort)


def _lateness(place: Place, effort: Effort) -> Row:
    """Return the lateness of clocks that fire while tickets are opened all the time."""
    database = place.new_database("lateness", migrated=True)
    directory = place.directory / "lateness"
    setup = {"dsn": database.app_dsn, "data_dir": str(directory)}
    count = round(A_SECOND * effort.clock_seconds * effort.rounds)
    with ExitStack() as stack:
        ledger = stack.enter_context(_ledger(database, directory))
        worker = stack.enter_context(closing(Obedient("tests.benchmarks.worker_process", setup)))
        _open(ledger, count)
        late = _fired(ledger, count)
        if not worker.ask({})["worked"]:
            raise BenchmarkError("the worker ended while it was measured")
    share = count // effort.rounds
    rounds = [late[first : first + share] for first in range(0, share * effort.rounds, share)]
    return Row(
        name=f"clocks that fire while running, {A_SECOND} a second, p99 lateness",
        what="due until said on record",
        reference=f"{LATE_MS:g} ms",
        unit="ms",
        samples=tuple(percentile(one, 0.99) for one in rounds),
        reference_samples=(LATE_MS,) * effort.rounds,
        target=Target(1.0, at_most=True),
        note="a round is a share of the clocks, in the order in which they are due",
    )


@contextmanager
def _ledger(database: Database, directory: Path) -> Iterator[TicketLedger]:
    """Give the ledger of another process than the worker's, in which tickets are opened."""
    settings = Settings(data_dir=directory, origin="ledger.benchmark")
    with joined(settings, Dsns(app=database.app_dsn, views=database.app_dsn)) as parts:
        yield parts.ledger


def _open(ledger: TicketLedger, count: int) -> None:
    """Open consultations at an even pace."""
    pause, began = Event(), monotonic()
    opening = []
    for number in range(count):
        pause.wait(max(0.0, began + number / A_SECOND - monotonic()))
        command = OpenTicket(channel=Channel.APP, kind=Kind.CONSULTATION, statement="How?")
        buyer = Actor(ActorKind.BUYER, f"buyer-{number}")
        opening.append(ledger.submit(Request(command=command, actor=buyer)))
    for answer in opening:
        answer.result(WAIT_SECONDS_MAX)


def _fired(ledger: TicketLedger, count: int) -> list[float]:
    """Return how many milliseconds late so many clocks were, in the order they were due."""
    found: list[tuple[str, float]] = []
    position, pause, until = 0, Event(), monotonic() + WAIT_SECONDS_MAX
    while len(found) < count:
        if monotonic() > until:
            raise BenchmarkError(f"{len(found)} of {count} clocks fired")
        records = ledger.records(0, position, PAGE_MAX)
        for record in records:
            event = record.event
            if isinstance(event, ClockBreached) and event.clock == CLOCK:
                late = moment_of(record.at) - moment_of(event.due_at)
                found.append((event.due_at, late / timedelta(milliseconds=1)))
        position = records[-1].position if records else position
        if not records:
            pause.wait(0.1)
    return [late for _, late in sorted(found)]


def _finding(place: Place, effort: Effort) -> Iterator[Row]:
    """Yield the times to find what is due among few and many of every kind, in turn."""
    sizes = (effort.clocks // FEWER, effort.clocks)
    with ExitStack() as stack:
        cursors = {}
        for size in sizes:
            database = place.new_database(f"clocks_{size}", migrated=True)
            fill(database.app_dsn, size)
            connection = stack.enter_context(closing(psycopg2.connect(database.app_dsn)))
            connection.set_session(readonly=True, autocommit=True)
            cursors[size] = connection.cursor()
        for due in DUE:
            samples: dict[int, list[float]] = {size: [] for size in sizes}
            for turn in [list(sizes), *turns([str(size) for size in sizes], effort.rounds)]:
                for size in map(int, turn):
                    samples[size].append(_time(cursors[size], due, effort.queue_reads))
            few, many = (tuple(samples[size][1:]) for size in sizes)
            yield Row(
                name=f"finding {due} clocks, deadlines, leases and surveys each that are due, p50",
                what=f"of {sizes[1]:,} each",
                reference=f"of {sizes[0]:,} each",
                unit="ms",
                samples=many,
                reference_samples=few,
                target=Target(2.0, 1.2, at_most=True),
            )


def _time(cursor: Cursor, due: int, reads: int) -> float:
    """Return how many milliseconds a worker takes, in the middle of many times, to find it all."""
    now, times = due_by(due), []
    for _ in range(reads):
        began = perf_counter()
        found = find(cursor, now, DUE_MAX)
        times.append((perf_counter() - began) * 1e3)
        counts = [len(one) for one in found]
        if counts != [due] * KINDS:
            raise BenchmarkError(f"{counts} were found due, not {due} of each kind")
    return percentile(times, 0.5)
