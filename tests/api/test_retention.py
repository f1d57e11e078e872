"""What only had to wait is erased by itself: in batches, once, by whichever worker comes first."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from api import retention
from api.reads.privacy import eraser_of
from api.retention import EVERY, Retention
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import Worker
from domain.events import PersonalDataErased, PersonalDataRestricted
from domain.values import Actor, ActorKind, ErasureGround
from tests.api.test_worker import Clock
from tests.conftest import Database
from tests.ledger.matters import asked, close, fresh, opening, query

LANES = (1, 4)
ADMIN = Actor(ActorKind.ADMIN, "admin-1")
FOUR_YEARS = timedelta(days=4 * 366)
Join = Callable[[], Services]


@pytest.fixture
def clock() -> Clock:
    """The clock of every part of a test."""
    return Clock()


@pytest.fixture
def own(make_database: Callable[[int], Database], lanes: int) -> Database:
    """A database of the test's own."""
    return make_database(lanes)


@pytest.fixture
def join(own: Database, clock: Clock, tmp_path: Path) -> Iterator[Join]:
    """Join the parts of the program as one more worker would, with the eraser's DSN."""
    with ExitStack() as opened:

        def make() -> Services:
            settings = Settings(data_dir=tmp_path, database_url=own.app_dsn)
            dsns = Dsns(app=own.app_dsn, views=own.app_dsn, eraser=own.eraser_dsn)
            return opened.enter_context(joined(settings, dsns, now=clock))

        yield make


def waiting(parts: Services, tickets: int) -> list[str]:
    """Return tickets of one person whose erasure has to wait for the retention to end."""
    buyer = Actor(ActorKind.BUYER, fresh("b"))
    found = []
    for _ in range(tickets):
        command = opening(None, buyer=buyer.ref, statement="a secret of mine")
        ticket = parts.ledger.handle(asked(command, buyer)).stream.removeprefix("ticket:")
        close(parts.ledger, ticket, by=buyer)
        found.append(ticket)
    told = eraser_of(parts).erase(f"buyer:{buyer.ref}", ErasureGround.CONSENT_WITHDRAWN, ADMIN)
    assert all(one.until is not None for one in told.tickets)
    return found


def facts(parts: Services, tickets: list[str], kind: type) -> list[int]:
    """Return how many facts of a kind each ticket has."""
    return [
        sum(isinstance(one.event, kind) for one in parts.ledger.stream(f"ticket:{ticket}"))
        for ticket in tickets
    ]


def finish(turn: Retention) -> int:
    """Take rounds until there is nothing to go on with; return how many there were."""
    for rounds in range(1, 100):
        if not turn.step():
            return rounds
    raise AssertionError("it does not come to an end")


def test_the_worker_erases_when_the_retention_has_ended(
    join: Join, own: Database, clock: Clock
) -> None:
    """Nobody has to remember a command years later, and nothing is erased too early."""
    parts = join()
    tickets = waiting(parts, 2)
    worker = Worker(parts)
    for _ in range(20):
        worker.step()
    assert facts(parts, tickets, PersonalDataErased) == [0, 0]
    assert query(own.superuser_dsn, "select count(*) from personal.subject_key") != [(0,)]
    clock.forward(FOUR_YEARS)
    for _ in range(20):
        worker.step()
    assert facts(parts, tickets, PersonalDataErased) == [1, 1]
    assert query(own.superuser_dsn, "select count(*) from personal.subject_key") == [(0,)]


def test_it_goes_on_in_batches(join: Join, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list holds up no deadline."""
    monkeypatch.setattr(retention, "BATCH", 2)
    parts = join()
    tickets = waiting(parts, 5)
    clock.forward(FOUR_YEARS)
    turn = Retention(parts)
    assert turn.step()
    assert sum(facts(parts, tickets, PersonalDataErased)) == 2
    assert finish(turn) == 2
    assert facts(parts, tickets, PersonalDataErased) == [1] * 5


def test_one_worker_a_day_takes_the_turn(join: Join, clock: Clock) -> None:
    """However many there are, the whole record is read once, and each fact is there once."""
    several = [join() for _ in range(3)]
    tickets = waiting(several[0], 3)
    clock.forward(FOUR_YEARS)
    turns = [Retention(parts) for parts in several]
    with ThreadPoolExecutor(len(turns)) as pool:
        list(pool.map(lambda turn: turn._takes_turn(), turns))
    assert sorted(bool(turn._waiting) for turn in turns) == [False, False, True]
    for turn in turns:
        finish(turn)
    assert facts(several[0], tickets, PersonalDataErased) == [1, 1, 1]
    assert not any(turn._takes_turn() for turn in turns)
    clock.forward(EVERY)
    assert any(turn._takes_turn() for turn in turns), "tomorrow is another day"


def test_what_has_to_wait_still_is_not_recorded_anew_every_day(join: Join, clock: Clock) -> None:
    """A restriction that stands as it stood is no news."""
    parts = join()
    tickets = waiting(parts, 2)
    turn = Retention(parts)
    for _ in range(3):
        clock.forward(EVERY)
        finish(turn)
    assert facts(parts, tickets, PersonalDataRestricted) == [1, 1]
