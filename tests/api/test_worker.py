"""The worker: what is due fires by itself and once, and facts reach the streams of other lanes."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from api import firing
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import FOLLOWER, Worker, work
from domain import errors
from domain.commands import PartyCommand
from domain.events import (
    CustomerTicketClosed,
    CustomerTicketOpened,
    DeadlineMissed,
    MerchantTicketOpened,
)
from domain.ledger.requests import Outcome, Request
from domain.streams import lane_of
from domain.values import SYSTEM, Instant, later
from tests.conftest import Database
from tests.ledger.matters import close, fresh, fresh_in, open_ticket, place, query
from tests.ledger.test_record import imported
from tests.scenario import BUYER, MERCHANT, MOMENT, NOW

LANES = (1, 4)
ACCEPTANCE = timedelta(minutes=30)
"""When a ticket must have been taken up, by the book of the tests."""


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        """Begin where the scenarios begin."""
        self.at = NOW

    def __call__(self) -> Instant:
        """Return the instant it is."""
        return self.at

    def forward(self, within: timedelta) -> None:
        """Let time pass."""
        self.at = later(self.at, within)


@pytest.fixture
def own(make_database: Callable[[int], Database], lanes: int) -> Database:
    """A database of the test's own."""
    return make_database(lanes)


@pytest.fixture
def clock() -> Clock:
    """The clock of every part of a test."""
    return Clock()


@pytest.fixture
def join(own: Database, clock: Clock, tmp_path: Path) -> Iterator[Callable[[], Services]]:
    """Join the parts of the program as one more process would."""
    with ExitStack() as opened:

        def make() -> Services:
            settings = Settings(data_dir=tmp_path, database_url=own.app_dsn)
            dsns = Dsns(app=own.app_dsn, views=own.app_dsn)
            return opened.enter_context(joined(settings, dsns, now=clock))

        yield make


@pytest.fixture
def parts(join: Callable[[], Services]) -> Services:
    """The parts of the program."""
    return join()


def missed(parts: Services, ticket: str) -> list[str]:
    """Return the deadlines that are on record as missed, by whom it may be."""
    return [
        record.event.deadline
        for record in parts.ledger.stream(f"ticket:{ticket}")
        if isinstance(record.event, DeadlineMissed)
    ]


def level(parts: Services) -> None:
    """Let the views hear of everything."""
    assert parts.views.catch_up(timeout=60)


def until_quiet(worker: Worker) -> None:
    """Take rounds until there is nothing more to do."""
    for _ in range(100):
        if not worker.step():
            return
    raise AssertionError("the worker does not come to rest")


def streams(own: Database) -> Counter[str]:
    """Return how many events each stream of a party has."""
    rows = query(
        own.superuser_dsn,
        "select stream from ledger.event"
        " where split_part(stream, ':', 1) in ('customer', 'merchant', 'supplier')",
    )
    return Counter(stream for (stream,) in rows)


# --- deadlines --------------------------------------------------------------------------------


def test_a_deadline_fires_by_itself_at_its_instant(parts: Services, clock: Clock) -> None:
    """Not a microsecond before, and nobody has to ask for it."""
    ticket = open_ticket(parts.ledger)
    level(parts)
    worker = Worker(parts)
    clock.forward(ACCEPTANCE - MOMENT)
    worker.fire()
    assert missed(parts, ticket) == []
    clock.forward(MOMENT)
    assert worker.fire() > 0
    assert missed(parts, ticket) == ["acceptance"]
    *_, last = parts.ledger.stream(f"ticket:{ticket}")
    assert last.actor == SYSTEM
    assert last.at == clock.at


def test_a_deadline_fires_once_though_the_view_has_not_heard_of_it(
    parts: Services, clock: Clock
) -> None:
    """The view is behind the record at times; the worker comes to rest all the same."""
    ticket = open_ticket(parts.ledger)
    level(parts)
    clock.forward(ACCEPTANCE)
    worker = Worker(parts)
    for _ in range(4):
        worker.fire()
    assert worker.fire() == 0
    level(parts)
    assert worker.fire() == 0
    assert missed(parts, ticket) == ["acceptance"]


def test_a_worker_that_dies_before_the_view_is_level_has_fired_once(
    parts: Services, join: Callable[[], Services], clock: Clock
) -> None:
    """Its successor sends the same command under the same key."""
    tickets = [open_ticket(parts.ledger) for _ in range(5)]
    level(parts)
    clock.forward(ACCEPTANCE)
    assert Worker(parts).fire() >= 5  # and it is gone, before any view was written
    successor = join()
    versions = [parts.ledger.ticket(ticket).version for ticket in tickets]
    assert Worker(successor).fire() >= 5
    assert [parts.ledger.ticket(ticket).version for ticket in tickets] == versions
    level(parts)
    assert Worker(successor).fire() == 0
    assert [missed(parts, ticket) for ticket in tickets] == [["acceptance"]] * 5


def test_two_workers_at_once_fire_each_deadline_once(
    parts: Services, join: Callable[[], Services], clock: Clock
) -> None:
    """Both may work all the time; nothing has to be arranged between them."""
    tickets = [open_ticket(parts.ledger) for _ in range(20)]
    level(parts)
    clock.forward(ACCEPTANCE)
    both = [parts, join()]
    begin = threading.Barrier(len(both))

    def rounds(of: Services) -> None:
        worker = Worker(of)
        begin.wait(30)
        for _ in range(3):
            worker.fire()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(rounds, one) for one in both]:
            done.result(60)
    assert [missed(parts, ticket) for ticket in tickets] == [["acceptance"]] * 20


def test_a_deadline_that_was_met_meanwhile_does_nothing(parts: Services, clock: Clock) -> None:
    """The view says it is due, the record knows better."""
    ticket = open_ticket(parts.ledger)
    level(parts)
    close(parts.ledger, ticket)
    clock.forward(ACCEPTANCE)
    version = parts.ledger.ticket(ticket).version
    worker = Worker(parts)
    worker.fire()
    assert worker.fire() == 0
    assert parts.ledger.ticket(ticket).version == version


def test_what_is_refused_stands_in_nobodys_way(
    parts: Services, own: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many deadlines are listed that can not fire, the others fire."""
    monkeypatch.setattr(firing, "DUE_MAX", 2)
    ticket = open_ticket(parts.ledger)
    level(parts)
    for number in range(9):
        query(
            own.app_dsn,
            "insert into view.deadline select %s, deadline, lane, '2026-01-01T00:00:00.000000Z',"
            " awaits, position, missed from view.deadline where ticket = %s",
            f"T0-261122-NOBODY{number}",
            ticket,
        )
    clock.forward(ACCEPTANCE)
    worker = Worker(parts)
    for _ in range(6):
        worker.fire()
    assert missed(parts, ticket) == ["acceptance"]
    assert worker.fire() == 0


@pytest.mark.parametrize("refusal", [errors.Contended, errors.Overloaded, errors.NotYetDue])
def test_a_deadline_that_could_not_be_judged_is_sent_again(
    parts: Services,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    refusal: type[errors.Refusal],
) -> None:
    """A busy moment is not an answer."""
    ticket = open_ticket(parts.ledger)
    level(parts)
    clock.forward(ACCEPTANCE)
    worker = Worker(parts)
    with monkeypatch.context() as busy:
        busy.setattr(parts.ledger, "submit", _refusing(refusal))
        assert worker.fire() == 0
    assert missed(parts, ticket) == []
    assert worker.fire() > 0
    assert missed(parts, ticket) == ["acceptance"]


def _refusing(refusal: type[errors.Refusal]) -> Callable[[Request], Future[Outcome]]:
    def submit(_request: Request) -> Future[Outcome]:
        raise refusal

    return submit


# --- facts for other lanes --------------------------------------------------------------------


def test_facts_reach_the_streams_of_their_parties(
    parts: Services, own: Database, lanes: int
) -> None:
    """Whichever lane the ticket is in: customer and merchant have lanes of their own."""
    tickets = {
        open_ticket(parts.ledger, place(parts.ledger, fresh_in(lane, lanes)))
        for lane in range(lanes)
    }
    closed = open_ticket(parts.ledger)
    close(parts.ledger, closed)
    until_quiet(Worker(parts))
    customer = parts.ledger.stream(f"customer:{BUYER.ref}")
    merchant = parts.ledger.stream(f"merchant:{MERCHANT.ref}")
    assert {record.lane for record in customer} == {lane_of(BUYER.ref, lanes)}
    told = [r.event.ticket for r in customer if isinstance(r.event, CustomerTicketOpened)]
    assert sorted(told) == sorted({*tickets, closed})
    ended = [r.event for r in customer if isinstance(r.event, CustomerTicketClosed)]
    assert ended == [CustomerTicketClosed(ticket=closed, outcome="withdrawn")]
    brought = [r.event for r in merchant if isinstance(r.event, MerchantTicketOpened)]
    assert sorted(one.ticket for one in brought) == sorted({*tickets, closed})
    assert streams(own).total() == 2 * len(tickets) + 3


def test_a_fact_names_what_caused_it(parts: Services) -> None:
    """From the note on the merchant's stream one finds the event on the ticket."""
    ticket = open_ticket(parts.ledger)
    until_quiet(Worker(parts))
    (note,) = parts.ledger.stream(f"merchant:{MERCHANT.ref}")
    (opened, *_) = parts.ledger.stream(f"ticket:{ticket}")
    assert note.actor == SYSTEM
    assert note.envelope.cause.by == opened.envelope.id
    assert note.envelope.cause.correlation == opened.envelope.cause.correlation


def test_a_fact_that_is_brought_twice_is_there_once(
    parts: Services, own: Database, join: Callable[[], Services]
) -> None:
    """At least once on the way, once on record: a crash before the position was kept."""
    for _ in range(5):
        open_ticket(parts.ledger)
    until_quiet(Worker(parts))
    before = streams(own)
    assert before.total() == 10
    query(own.app_dsn, "update view.position set position = 0 where view = %s", FOLLOWER)
    until_quiet(Worker(join()))
    assert streams(own) == before


def test_two_workers_at_once_bring_each_fact_once(
    parts: Services, own: Database, join: Callable[[], Services]
) -> None:
    """And the position they share ends where the record ends."""
    for _ in range(20):
        open_ticket(parts.ledger)
    both = [parts, join()]
    begin = threading.Barrier(len(both))

    def follow(of: Services) -> None:
        begin.wait(30)
        until_quiet(Worker(of))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(follow, one) for one in both]:
            done.result(60)
    until_quiet(Worker(parts))
    assert streams(own).total() == 40


def test_the_follower_goes_on_where_it_stopped(
    parts: Services, own: Database, join: Callable[[], Services], lanes: int
) -> None:
    """After a restart nothing is read from the start."""
    open_ticket(parts.ledger)
    until_quiet(Worker(parts))
    kept = dict(
        query(own.app_dsn, "select lane, position from view.position where view = %s", FOLLOWER)
    )
    assert kept == {lane: parts.ledger.position(lane) for lane in range(lanes)}
    again = Worker(join())
    assert not again.step()
    open_ticket(parts.ledger)
    assert again.step()


def test_one_round_looks_at_every_lane(parts: Services, lanes: int) -> None:
    """A lane that is always busy keeps nobody waiting."""
    for lane in range(lanes):
        open_ticket(parts.ledger, place(parts.ledger, fresh_in(lane, lanes)))
    Worker(parts).step()
    told = [r.event for r in parts.ledger.stream(f"customer:{BUYER.ref}")]
    assert len(told) == lanes


@pytest.mark.parametrize("refusal", [errors.Contended, errors.Overloaded])
def test_a_fact_that_could_not_be_written_is_brought_later(
    parts: Services, monkeypatch: pytest.MonkeyPatch, refusal: type[errors.Refusal], lanes: int
) -> None:
    """A busy moment loses nothing: the follower does not go past it."""
    order = fresh_in(0, lanes)
    ticket = open_ticket(parts.ledger, place(parts.ledger, order))
    worker = Worker(parts)
    submit = parts.ledger.submit

    def busy(request: Request) -> Future[Outcome]:
        if isinstance(request.command, PartyCommand) and request.command.party == MERCHANT.ref:
            raise refusal
        return submit(request)

    with monkeypatch.context() as patched:
        patched.setattr(parts.ledger, "submit", busy)
        for _ in range(3):
            worker.react(0)
    assert not parts.ledger.stream(f"merchant:{MERCHANT.ref}")
    until_quiet(worker)
    (note,) = parts.ledger.stream(f"merchant:{MERCHANT.ref}")
    assert note.event == MerchantTicketOpened(ticket=ticket)
    assert len(parts.ledger.stream(f"customer:{BUYER.ref}")) == 1


def test_a_refused_fact_is_final_and_holds_nothing_up(
    parts: Services, monkeypatch: pytest.MonkeyPatch, lanes: int
) -> None:
    """A process is a client like any other: it may be told no."""
    open_ticket(parts.ledger, place(parts.ledger, fresh_in(0, lanes)))
    worker = Worker(parts)
    with monkeypatch.context() as patched:
        patched.setattr(parts.ledger, "submit", _refusing(errors.LimitReached))
        assert worker.react(0)
        assert not worker.react(0)


def test_imported_history_starts_nothing(
    parts: Services, own: Database, clock: Clock, lanes: int
) -> None:
    """No note on anybody's stream and no clock: it happened elsewhere, long ago."""
    case = fresh("case")
    row = imported(case, 1, lanes)
    lane = int(row.command.ticket[1:].partition("-")[0])
    (answer,) = parts.ledger.import_rows(lane, [row])
    assert isinstance(answer, Outcome)
    level(parts)
    clock.forward(timedelta(days=400))
    until_quiet(Worker(parts))
    assert not streams(own)
    last = parts.ledger.ticket(row.command.ticket).version
    assert last == answer.version


# --- the whole worker -------------------------------------------------------------------------


def test_a_worker_at_work_keeps_views_level_fires_and_reacts(
    parts: Services, join: Callable[[], Services], clock: Clock, own: Database
) -> None:
    """Started and left alone, with commands coming from another process."""
    other = join()
    stop = threading.Event()
    working = threading.Thread(target=work, args=(parts, stop))
    working.start()
    try:
        ticket = open_ticket(other.ledger)
        wait_until(lambda: streams(own).total() == 2)
        wait_until(lambda: query(own.app_dsn, "select 1 from view.deadline") != [])
        clock.forward(ACCEPTANCE)
        wait_until(lambda: missed(other, ticket) == ["acceptance"])
    finally:
        stop.set()
        working.join(30)
    assert not working.is_alive()


def test_a_worker_ends_with_the_process_that_started_it(parts: Services) -> None:
    """Nobody is left behind when `serve` is killed."""
    orphan = threading.Thread(target=work, args=(parts, threading.Event()), kwargs={"parent": -1})
    orphan.start()
    orphan.join(30)
    assert not orphan.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what comes about by itself."""
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it did not come about")
