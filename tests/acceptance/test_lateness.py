"""I-ZM3197: how late what is due is said is a metric, beside both times of every instant."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from api.lateness import STEPS_MS, Lateness, lateness
from domain.values import Instant, later
from tests.acceptance.platform import AUDITOR, BUYER, Platform, platform_over
from tests.acceptance.staff import adopt
from tests.conftest import Database

NOON = Instant("2026-12-01T12:00:00.000000Z")
MILLISECOND = timedelta(milliseconds=1)
SHARES = [timedelta(minutes=minutes) for minutes in (15, 9, 6)]
"""From one instant of a complaint to the next: two warnings, and the half hour is over."""
LATEST = 3_600_000
LATE = ("late_ms_p50", "late_ms_p99", "late_ms_max")


@pytest.fixture
def database(make_database: Callable[[int], Database]) -> Database:
    """A database in which nothing was counted yet."""
    return make_database(1)


@pytest.fixture
def fresh(database: Database, tmp_path: Path) -> Iterator[Platform]:
    """A platform on which nothing was due yet."""
    with platform_over(database, tmp_path) as running:
        adopt(running)
        yield running


def told(platform: Platform) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what is told of every day and kind."""
    items = platform.read(AUDITOR, "/v1/lateness")["items"]
    return {(one["day"], one["what"]): one for one in items}


def test_i_zm3197_how_late_a_promise_fires_is_told_by_day_and_kind(fresh: Platform) -> None:
    """In time it is nought; after an hour of downtime it is that hour, and nothing hides it."""
    assert told(fresh) == {}, "nothing was due"
    fresh.open(kind="complaint")
    day = fresh.now.at[:10]
    for within in SHARES:
        fresh.pass_by(within)
    in_time = told(fresh)
    assert sum(one["fired"] for one in in_time.values()) == len(SHARES)
    assert {one[name] for one in in_time.values() for name in LATE} == {0}

    fresh.open(kind="complaint")
    fresh.pass_by(sum(SHARES, timedelta(hours=1)))
    late = max(told(fresh).values(), key=lambda one: int(one["late_ms_max"]))
    assert late["day"] == day
    assert late["late_ms_max"] == late["late_ms_p99"] == LATEST
    assert sum(one["fired"] for one in told(fresh).values()) > len(SHARES)


def test_who_is_no_staff_is_told_nothing_of_it(fresh: Platform) -> None:
    """It is of the house."""
    role, _, subject = BUYER.partition(":")
    assert fresh.client.get(role, subject, "/v1/lateness").status == 403


def test_a_percentile_is_the_step_that_so_many_do_not_pass(database: Database) -> None:
    """Ninety-nine at 3 ms and one at 40 s: the median and p99 know nothing of the one."""
    counted = Lateness(database.app_dsn)
    for number in range(100):
        late = timedelta(seconds=40) if number == 99 else 3 * MILLISECOND
        counted.add("deadline", due_at=NOON, fired_at=later(NOON, late))
    counted.write(NOON)
    (one,) = read(database)
    assert (one["day"], one["fired"]) == ("2026-12-01", 100)
    assert (one["late_ms_p50"], one["late_ms_p99"], one["late_ms_max"]) == (3, 3, 40_000)
    counted.add("deadline", due_at=NOON, fired_at=later(NOON, timedelta(seconds=50)))
    counted.write(later(NOON, timedelta(seconds=1)))
    (one,) = read(database)
    assert (one["fired"], one["late_ms_p99"], one["late_ms_max"]) == (101, 50_000, 50_000)


def test_two_workers_count_together_and_a_round_of_a_busy_one_writes_once_a_second(
    database: Database,
) -> None:
    """Counting costs a worker one statement a second, however much is due."""
    first, second = Lateness(database.app_dsn), Lateness(database.app_dsn)
    for one in (first, second):
        one.add("lease", due_at=NOON, fired_at=later(NOON, MILLISECOND))
        one.write(NOON)
    before = fired(database, "lease")
    first.add("lease", due_at=NOON, fired_at=later(NOON, MILLISECOND))
    first.write(later(NOON, timedelta(seconds=1) - MILLISECOND))
    assert fired(database, "lease") == before
    first.write(later(NOON, timedelta(seconds=1)))
    assert fired(database, "lease") == before + 1 == 3


def test_what_is_later_than_every_step_is_told_by_the_latest(database: Database) -> None:
    """A worker that was away for a week says so."""
    counted = Lateness(database.app_dsn)
    week = timedelta(days=7)
    assert week / MILLISECOND > STEPS_MS[-1]
    counted.add("survey", due_at=NOON, fired_at=later(NOON, week))
    counted.write(later(NOON, week))
    (one,) = [row for row in read(database) if row["what"] == "survey"]
    assert {one[name] for name in LATE} == {604_800_000}


def test_a_table_that_is_gone_or_a_database_that_is_away_stops_no_promise_and_loses_no_count(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What was counted is written when that is possible again."""
    counted = Lateness(database.app_dsn)
    counted.add("clock", due_at=NOON, fired_at=NOON)
    counted.write(NOON)
    with closing(psycopg2.connect(database.app_dsn)) as connection, connection:
        connection.cursor().execute("drop table view.lateness")
        connection.cursor().execute("delete from view.definition where view = 'process:lateness'")
    counted.add("clock", due_at=NOON, fired_at=NOON)
    counted.write(later(NOON, timedelta(seconds=1)))
    assert "the lateness is written later: UndefinedTable" in caplog.text
    counted.add("clock", due_at=NOON, fired_at=NOON)
    counted.write(later(NOON, timedelta(seconds=2)))
    assert fired(database, "clock") == 2, "of the first nothing is left: the table was dropped"
    away = Lateness("host=127.0.0.1 port=1 dbname=none connect_timeout=1")
    away.add("clock", due_at=NOON, fired_at=NOON)
    away.write(NOON)
    assert "OperationalError" in caplog.text


def read(database: Database) -> list[dict[str, Any]]:
    """Return what the table tells."""
    with closing(psycopg2.connect(database.app_dsn)) as connection:
        found = lateness(connection).items
    return [{name: getattr(one, name) for name in one.__struct_fields__} for one in found]


def fired(database: Database, what: str) -> int:
    """Return how many instants of a kind were counted."""
    return sum(int(one["fired"]) for one in read(database) if one["what"] == what)
