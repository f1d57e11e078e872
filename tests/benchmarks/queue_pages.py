"""The rows about a page of the queue: any depth against the first page, and HTTP against memory."""

import random
from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any, Final

import msgspec
import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.queue import Filters, Key, page, standing
from tests.benchmarks.arithmetic import Row, Skipped, Target, percentile
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Place
from tests.benchmarks.processes import Obedient
from tests.benchmarks.queue_rows import fill, key_of
from tests.benchmarks.rounds import rates_in_turns

PAGE: Final = 50
IN_FLIGHT: Final = 64
LIMIT_MS: Final = 1.0
FROM_DATABASE: Final = "pages of the queue"
FROM_MEMORY: Final = "the same bytes from memory"
PAGES_EACH: Final = 4
RANKS: Final = 20
"""How many ranks are asked for in one round, and counted the slow way."""
_COUNT: Final = (
    "select count(*) from view.queue where open and (priority, due_at, ticket) <= (%s, %s, %s)"
)
_PATHS: Final = {
    FROM_DATABASE: f"/v1/queue?limit={PAGE}",
    FROM_MEMORY: f"/v1/benchmark-queue?limit={PAGE}",
}


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the times of pages at any depth, and their rate over HTTP."""
    database = place.new_database("queue", migrated=True)
    setup = {"dsn": database.app_dsn, "data_dir": str(place.directory / "queue")}
    with Obedient("tests.benchmarks.api_process", setup) as api:
        fill(database.app_dsn, effort.queue_tickets)
        yield from _in_the_database(database.app_dsn, effort)
        with Obedient("tests.benchmarks.load", {}) as load:
            yield _over_http(api, load, effort)


def _in_the_database(dsn: str, effort: Effort) -> Iterator[Row]:
    """Yield the times of pages, first and deep ones in turn on one connection."""
    connection = psycopg2.connect(dsn, options="-c timezone=UTC")
    try:
        connection.set_session(readonly=True, autocommit=True)
        with connection.cursor() as cursor:
            rounds = [_times(cursor, effort) for _ in range(effort.rounds + 1)][1:]
            ranks = [_ranks(cursor, effort) for _ in range(effort.rounds + 1)][1:]
    finally:
        connection.close()
    unit, limits = "ms", (LIMIT_MS,) * effort.rounds
    for share in (0.5, 0.99):
        first, deep = (
            tuple(percentile(times[which], share) * 1e3 for times in rounds) for which in (0, 1)
        )
        name = f"queue page of {PAGE} of {effort.queue_tickets:,}, p{share * 100:.0f}"
        target = Target(2.0, at_most=True)
        yield Row(name, "any depth", "the first page", unit, deep, first, target)
    yield Row(name, "any depth", f"{LIMIT_MS:g} ms", unit, deep, limits, Target(1.0, at_most=True))
    told, counted = (
        tuple(percentile(times[which], 0.5) * 1e3 for times in ranks) for which in (0, 1)
    )
    yield Row(
        f"rank of any ticket of {effort.queue_tickets:,}, p50",
        "by the view's counters",
        "counting who stands before it",
        unit,
        told,
        counted,
        Target(0.1, at_most=True),
    )


def _times(cursor: Cursor, effort: Effort) -> tuple[list[float], list[float]]:
    """Return how long first pages took, and pages behind any ticket of the queue."""
    first: list[float] = []
    deep: list[float] = []
    for _ in range(effort.queue_reads):
        first.append(_time(cursor, None))
        deep.append(_time(cursor, key_of(random.randrange(effort.queue_tickets))))
    return first, deep


def _ranks(cursor: Cursor, effort: Effort) -> tuple[list[float], list[float]]:
    """Return how long it took to tell ranks, and to count who stands before the same tickets."""
    told: list[float] = []
    counted: list[float] = []
    for _ in range(RANKS):
        key = key_of(random.randrange(effort.queue_tickets))
        began = perf_counter()
        found = standing(cursor, key.ticket)
        told.append(perf_counter() - began)
        began = perf_counter()
        cursor.execute(_COUNT, msgspec.structs.astuple(key))
        (rank,) = cursor.fetchone() or (0,)
        counted.append(perf_counter() - began)
        assert found.overall is not None, "every ticket waits"
        assert found.overall.rank == rank, "both ways come to one rank"
    return told, counted


def _time(cursor: Cursor, after: Key | None) -> float:
    began = perf_counter()
    page(cursor, Filters(), after, PAGE)
    return perf_counter() - began


def _over_http(api: Obedient, load: Obedient, effort: Effort) -> Row:
    """Return the rate of pages at any depth against that of a page from memory."""
    port = api.ask({})["port"]
    given = api.ask({"pages_of": effort.queue_tickets, "pages": IN_FLIGHT * PAGES_EACH})
    asking = {name: partial(load.ask, _order(name, port, given, effort.seconds)) for name in _PATHS}
    samples = rates_in_turns(asking, effort.rounds, load=f"{IN_FLIGHT} in flight")
    return Row(
        name=f"queue page of {PAGE} of {effort.queue_tickets:,}, over HTTP, {IN_FLIGHT} in flight",
        what=FROM_DATABASE,
        reference=FROM_MEMORY,
        unit="/s",
        samples=samples[FROM_DATABASE],
        reference_samples=samples[FROM_MEMORY],
        target=Target(0.3, 0.8),
        note=f"each connection asks for {PAGES_EACH} pages in turn, each at a depth of its own",
    )


def _order(name: str, port: int, given: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the load of one round."""
    calls = [[f"{_PATHS[name]}&cursor={cursor}", given["token"]] for cursor in given["cursors"]]
    return {
        "method": "GET",
        "port": port,
        "connections": [calls[first::IN_FLIGHT] for first in range(IN_FLIGHT)],
        "status": 200,
        "seconds": seconds,
    }
