"""Figures of an archive are those of the ledger, by folding or by SQL; and what matters tell."""

from functools import partial
from itertools import chain
from pathlib import Path

import msgspec
import psycopg2
import pytest

from projections.runner import Views
from projections.statistics import numbers
from replay.archive.figures import NUMBERS, TABLES, Columns, columns_by_sql, figures
from replay.archive.listing import NoSuchFigure, behind_figure, behind_promise, listed
from replay.archive.manifest import read
from replay.archive.matters import Matter, kept_promises, map_matters
from replay.engines.inline import Inline
from replay.promises import counts, outcomes, parse
from tests.conftest import Database
from tests.replay.archives import Ledger, tell
from tests.replay.scenes import Clock

LANES = (1, 4)
PROMISES = Path(__file__).parent / "promises"


@pytest.fixture(scope="module")
def sealed(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Path]:
    """A ledger and an archive of all of it."""
    ledger = Ledger(database, tmp_path_factory.mktemp("ledger"), Clock())
    tell(ledger)
    directory = tmp_path_factory.mktemp("sealed") / "archive"
    ledger.archive(directory)
    return ledger, directory


def test_folding_the_archive_gives_what_the_ledger_tells(sealed: tuple[Ledger, Path]) -> None:
    """An auditor with the archive alone comes to the numbers of `ticketledger stats`."""
    ledger, archive = sealed
    lanes = ledger.database.lanes
    with ledger.opened() as opened:
        views = Views(ledger.database.app_dsn, opened, lanes=lanes)
        try:
            views.prepare()
            assert views.catch_up(60)
        finally:
            views.close()
    connection = psycopg2.connect(ledger.database.app_dsn)
    with connection, connection.cursor() as db:
        told = msgspec.to_builtins(numbers(db))
    connection.close()
    found = msgspec.to_builtins(figures(archive, Inline()))
    assert found["tickets"] == 13
    assert found["open"] == 12
    shared = set(found) & set(told)
    assert {"position", "events", "tickets", "open", "by_stage", "by_priority"} <= shared
    assert {name: found[name] for name in shared} == {name: told[name] for name in shared}


def test_sql_counts_what_folding_counts(sealed: tuple[Ledger, Path]) -> None:
    """Two ways to one number: neither is believed alone."""
    _, archive = sealed
    folded, counted = figures(archive, Inline()), columns_by_sql(archive)
    assert counted == Columns(
        position=folded.position,
        events=folded.events,
        by_topic=folded.by_topic,
        by_day=folded.by_day,
    )
    assert counted.events == read(archive).events == sum(counted.by_day.values())
    assert counted.by_topic["ticket.opened.v1"] == folded.tickets


@pytest.mark.parametrize("name", ["closed_within_120_hours", "resolved_within_24_hours"])
def test_promises_are_counted_as_on_the_ledger(sealed: tuple[Ledger, Path], name: str) -> None:
    """The same pure function over the same records, read from files."""
    ledger, archive = sealed
    promise = parse((PROMISES / f"{name}.toml").read_bytes())
    with ledger.opened() as opened:
        records = [
            record for lane in range(opened.lanes) for record in opened.records(lane, 0, 50_000)
        ]
    expected = counts(outcomes(records, promise))
    assert expected["begun"] > 0
    assert kept_promises(archive, promise, Inline()) == expected


def test_every_number_of_tickets_has_its_list(sealed: tuple[Ledger, Path]) -> None:
    """As many as were counted, each once; together they are everybody there is."""
    _, archive = sealed
    told = msgspec.to_builtins(figures(archive, Inline()))
    names = {name: told[name] for name in NUMBERS}
    names |= {f"{table}={value}": n for table in TABLES for value, n in told[table].items()}
    assert {"open", "by_stage=closed"} < set(names)
    lists = {
        name: listed(archive, behind_figure(name), Inline(), limit=100).tickets for name in names
    }
    assert {name: len(set(tickets)) for name, tickets in lists.items()} == names
    stages = [lists[f"by_stage={value}"] for value in told["by_stage"]]
    assert sorted(chain(*stages)) == list(lists["tickets"])
    assert set(lists["by_stage=closed"]).isdisjoint(lists["open"])
    first = listed(archive, behind_figure("tickets"), Inline(), limit=5)
    assert (first.tickets, first.more) == (lists["tickets"][:5], True)
    assert first.position == told["position"]


def test_every_count_of_a_promise_has_its_list(sealed: tuple[Ledger, Path]) -> None:
    """Who asks how many were broken asks next which."""
    _, archive = sealed
    promise = parse((PROMISES / "closed_within_120_hours.toml").read_bytes())
    told = kept_promises(archive, promise, Inline())
    lists = {
        name: listed(archive, behind_promise(promise, name), Inline(), limit=100).tickets
        for name in told
    }
    assert {name: len(tickets) for name, tickets in lists.items()} == told
    assert set(lists["kept_net"]) | set(lists["broken_net"]) == set(lists["ended"])


@pytest.mark.parametrize("name", ["events", "by_stage", "open=", "by_topic=x", "nonsense"])
def test_what_is_no_number_of_tickets_has_no_list(name: str) -> None:
    """An empty list would say that there are none."""
    with pytest.raises(NoSuchFigure, match="by_stage=VALUE"):
        behind_figure(name)


def test_a_function_of_one_matter_sees_each_matter_once(sealed: tuple[Ledger, Path]) -> None:
    """What a what-if is built on: differences of one matter, merged to a list."""
    _, archive = sealed
    told = map_matters(archive, partial(_lengths, at_least=1), _joined, (), Inline())
    assert len({name for name, _ in told}) == len(told)
    assert sum(number for _, number in told) == read(archive).events


def _lengths(matter: Matter, *, at_least: int) -> tuple[tuple[str, int], ...]:
    number = len(matter.records)
    return ((f"{matter.lane} {matter.name}", number),) if number >= at_least else ()


def _joined(
    one: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    return one + other
