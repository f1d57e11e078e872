"""Clocks in the worker: each instant of a promise is said by itself and once, with its due time."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from api import firing
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import Worker, work
from domain import errors
from domain.commands import EndLiveSession, PlaceOrder, RegisterAgent
from domain.events import ClockBreached, ClockStarted, ClockWarned, Event, TicketEscalated
from domain.ledger.connections import AppendUnknown
from domain.ledger.requests import Outcome, Request
from domain.record import Record
from domain.values import SYSTEM, Kind, later
from tests.api.test_worker import Clock, level, until_quiet, wait_until
from tests.conftest import Database
from tests.ledger.matters import accept, asked, fresh, line, open_ticket, query
from tests.scenario import AGENT, BUYER, MERCHANT, MOMENT, NOW, ORDERS, SUPERVISOR

LANES = (1, 4)
TAKEOVER = "complaint_takeover"
"""The half hour in which a person takes a complaint over; it warns at 5 and 8 tenths."""
HALF, EIGHT_TENTHS, WHOLE = (timedelta(minutes=minutes) for minutes in (15, 24, 30))


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
    """Join the parts of the program as one more process would, under the book it begins with."""
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


def complain(parts: Services, *, many: int = 1) -> list[str]:
    """Open complaints, and let the views hear of them."""
    tickets = [open_ticket(parts.ledger, kind=Kind.COMPLAINT) for _ in range(many)]
    level(parts)
    return tickets


def said(parts: Services, ticket: str, kind: type[Event], clock: str = TAKEOVER) -> list[Record]:
    """Return the records of a kind about one clock of a ticket."""
    return [
        record
        for record in parts.ledger.stream(f"ticket:{ticket}")
        if isinstance(record.event, kind) and getattr(record.event, "clock", None) == clock
    ]


# --- by itself, at its instant ----------------------------------------------------------------


def test_warnings_and_breach_come_by_themselves_each_at_its_instant(
    parts: Services, clock: Clock
) -> None:
    """Not a microsecond before, by the platform, and the desk of the ladder is told at once."""
    (ticket,) = complain(parts)
    worker = Worker(parts)
    for number, within in enumerate((HALF, EIGHT_TENTHS, WHOLE)):
        before = number, 0
        clock.at = later(NOW, within - MOMENT)
        worker.fire()
        warned, broken = (said(parts, ticket, kind) for kind in (ClockWarned, ClockBreached))
        assert (len(warned), len(broken)) == before
        clock.forward(MOMENT)
        worker.fire()
        level(parts)
    warned = said(parts, ticket, ClockWarned)
    assert [record.at for record in warned] == [later(NOW, HALF), later(NOW, EIGHT_TENTHS)]
    (broken,) = said(parts, ticket, ClockBreached)
    (raised,) = said(parts, ticket, TicketEscalated)
    assert broken.at == raised.at == later(NOW, WHOLE)
    assert {record.actor for record in (*warned, broken, raised)} == {SYSTEM}


def test_a_promise_that_was_kept_is_never_said_to_be_broken(parts: Services, clock: Clock) -> None:
    """The view may still list it; the record knows better."""
    senior = RegisterAgent(agent=AGENT.ref, desk="pool_lead", skills=("senior",))
    parts.ledger.handle(Request(command=senior, actor=SUPERVISOR))
    (ticket,) = complain(parts)
    accept(parts.ledger, ticket)
    clock.forward(WHOLE)
    worker = Worker(parts)
    until_quiet(worker)
    level(parts)
    until_quiet(worker)
    assert said(parts, ticket, ClockBreached) == []


def test_after_an_hour_of_downtime_every_missed_instant_is_said_once_with_when_it_was_due(
    parts: Services, join: Callable[[], Services], clock: Clock
) -> None:
    """The record says both: when it was due, and that it was said too late."""
    tickets = complain(parts, many=5)
    clock.forward(timedelta(hours=1))
    for of in (parts, join()):
        worker = Worker(of)
        until_quiet(worker)
        level(of)
        until_quiet(worker)
    for ticket in tickets:
        facts = [*said(parts, ticket, ClockWarned), *said(parts, ticket, ClockBreached)]
        assert [(record.event.due_at, record.at) for record in facts] == [
            (later(NOW, within), clock.at) for within in (HALF, EIGHT_TENTHS, WHOLE)
        ]
        assert len(said(parts, ticket, TicketEscalated)) == 1


def test_what_is_refused_or_broken_stands_in_no_other_clocks_way(
    parts: Services, own: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows are listed that mean nothing, the others are said."""
    monkeypatch.setattr(firing, "DUE_MAX", 2)
    (ticket,) = complain(parts)
    for number in range(9):
        query(
            own.app_dsn,
            "insert into view.clock select %s, clock, lane, promise, policy, since, target_s,"
            " due_at, '2026-01-01T00:00:00.000000Z', awaits, paused, breached, escalated_to,"
            " position from view.clock where ticket = %s and clock = %s",
            f"T0-261122-NOBODY{number}",
            ticket,
            TAKEOVER,
        )
    clock.forward(WHOLE)
    until_quiet(Worker(parts))
    assert len(said(parts, ticket, ClockBreached)) == 1


# --- once, whoever works and whatever happens -------------------------------------------------


def test_four_workers_at_once_say_each_breach_once(
    parts: Services, join: Callable[[], Services], clock: Clock
) -> None:
    """All may work all the time; nothing has to be arranged between them."""
    tickets = complain(parts, many=10)
    clock.forward(WHOLE)
    four = [parts, *(join() for _ in range(3))]
    begin = threading.Barrier(len(four))

    def rounds(of: Services) -> None:
        worker = Worker(of)
        begin.wait(30)
        for _ in range(3):
            worker.fire()

    with ThreadPoolExecutor(len(four)) as pool:
        for done in [pool.submit(rounds, one) for one in four]:
            done.result(60)
    for kind, times in ((ClockWarned, 2), (ClockBreached, 1), (TicketEscalated, 1)):
        assert [len(said(parts, ticket, kind)) for ticket in tickets] == [times] * len(tickets)


@pytest.mark.parametrize("persisted", [False, True])
def test_a_worker_that_is_lost_while_it_fires_leaves_each_breach_said_once(
    parts: Services,
    join: Callable[[], Services],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    persisted: bool,
) -> None:
    """Between append and view, in both kinds: nothing was recorded, or everything and no answer."""
    tickets = complain(parts, many=5)
    clock.forward(WHOLE)
    submit = parts.ledger.submit

    def lost(request: Request) -> Future[Outcome]:
        if persisted:
            submit(request).result(60)
        answer: Future[Outcome] = Future()
        answer.set_exception(AppendUnknown("the connection was lost"))
        return answer

    monkeypatch.setattr(parts.ledger, "submit", lost)
    with pytest.raises(AppendUnknown):
        Worker(parts).fire()
    monkeypatch.undo()
    successor = join()
    there = [len(said(successor, ticket, ClockBreached)) for ticket in tickets]
    assert there == [int(persisted)] * len(tickets)
    worker = Worker(successor)
    until_quiet(worker)
    level(successor)
    until_quiet(worker)
    assert [len(said(successor, ticket, ClockBreached)) for ticket in tickets] == [1] * 5


@pytest.mark.parametrize("refusal", [errors.Contended, errors.Overloaded, errors.NotYetDue])
def test_a_clock_that_could_not_be_judged_is_sent_again(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch, refusal: type[errors.Refusal]
) -> None:
    """A busy moment is not an answer."""
    (ticket,) = complain(parts)
    clock.forward(WHOLE)
    worker = Worker(parts)

    def busy(_request: Request) -> Future[Outcome]:
        raise refusal

    with monkeypatch.context() as patched:
        patched.setattr(parts.ledger, "submit", busy)
        assert worker.fire() == 0
    assert worker.fire() > 0
    assert len(said(parts, ticket, ClockBreached)) == 1


class Broken:
    """A ticket on which nothing can be judged, and how often its promise was tried."""

    def __init__(self, parts: Services, ticket: str) -> None:
        """Fail for one ticket."""
        self.tries = 0
        self._submit, self._ticket = parts.ledger.submit, ticket

    def __call__(self, request: Request) -> Future[Outcome]:
        """Fail at once or in the answer, by turns; others are judged."""
        if getattr(request.command, "ticket", None) != self._ticket:
            return self._submit(request)
        self.tries += getattr(request.command, "clock", None) == TAKEOVER
        if self.tries % 2:
            raise ValueError("nobody foresaw this")
        answer: Future[Outcome] = Future()
        answer.set_exception(ValueError("nor this"))
        return answer


def test_what_fails_is_tried_again_later_each_time_and_said_in_the_end(
    parts: Services,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failure nobody foresaw loses nothing, spins nowhere and stops no other ticket."""
    broken, sound = complain(parts, many=2)
    clock.forward(WHOLE)
    worker, failing = Worker(parts), Broken(parts, broken)
    with monkeypatch.context() as patched:
        patched.setattr(parts.ledger, "submit", failing)
        wait = firing.FIRST_WAIT
        for times in range(1, 13):
            fire_all(worker)
            assert failing.tries == times, "once a wait, and not in every round"
            clock.forward(wait - MOMENT)
            fire_all(worker)
            assert failing.tries == times
            clock.forward(MOMENT)
            wait = min(2 * wait, firing.LONGEST_WAIT)
    assert wait == firing.LONGEST_WAIT
    assert len(said(parts, sound, ClockBreached)) == 1
    assert said(parts, broken, ClockBreached) == []
    assert "could not be judged, 12 times by now" in caplog.text
    fire_all(worker)
    (breach,) = said(parts, broken, ClockBreached)
    assert breach.event.due_at == later(NOW, WHOLE)


def fire_all(worker: Worker) -> None:
    """Take rounds until nothing is sent any more, as a worker does before it rests."""
    for _ in range(20):
        if not worker.fire():
            return
    raise AssertionError("the worker spins")


def test_what_waits_after_a_failure_hides_nothing_that_is_due(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many fail, what comes behind them on the list is said in its time."""
    monkeypatch.setattr(firing, "DUE_MAX", 1)
    first, second = complain(parts, many=2)
    clock.forward(WHOLE)
    worker = Worker(parts)
    submit = parts.ledger.submit

    def failing(request: Request) -> Future[Outcome]:
        if getattr(request.command, "ticket", None) == first:
            raise ValueError("nobody foresaw this")
        return submit(request)

    monkeypatch.setattr(parts.ledger, "submit", failing)
    for _ in range(6):
        worker.fire()
    assert len(said(parts, second, ClockBreached)) == 1


# --- facts of the order -----------------------------------------------------------------------


def live_order(parts: Services) -> str:
    """Place an order in a live session and return its id."""
    order = fresh()
    command = PlaceOrder(
        order=order,
        buyer=BUYER.ref,
        merchant=MERCHANT.ref,
        lines=(line(1), line(2)),
        placed_at=later(NOW, -timedelta(days=1)),
        live_session="session-1",
    )
    parts.ledger.handle(asked(command, ORDERS))
    return order


def end_session(parts: Services, order: str) -> None:
    """Report that the live session of an order is over."""
    parts.ledger.handle(asked(EndLiveSession(order=order, ended_at=parts.now()), ORDERS))


def host_asked(parts: Services, ticket: str) -> list[str]:
    """Return from when the host's team has been promised to answer on a ticket."""
    started = said(parts, ticket, ClockStarted, "live_host_answer")
    return [record.event.since for record in started]


@pytest.mark.parametrize("lagging", [False, True])
def test_the_end_of_a_live_session_reaches_every_ticket_of_its_order(
    parts: Services, clock: Clock, *, lagging: bool
) -> None:
    """Also a ticket that the queue, in which they are looked up, has not heard of yet."""
    order = live_order(parts)
    tickets = [open_ticket(parts.ledger, order, line=number) for number in ("1", "2")]
    if not lagging:
        level(parts)
    clock.forward(timedelta(hours=1))
    ended = parts.now()
    end_session(parts, order)
    worker = Worker(parts)
    until_quiet(worker)
    if lagging:
        assert [host_asked(parts, ticket) for ticket in tickets] == [[], []]
    level(parts)
    until_quiet(worker)
    assert [host_asked(parts, ticket) for ticket in tickets] == [[ended], [ended]]


def test_an_order_the_queue_has_not_heard_of_holds_up_no_earlier_fact(
    parts: Services, lanes: int
) -> None:
    """What was recorded before it is carried on while the view is behind."""
    order = live_order(parts)
    open_ticket(parts.ledger, order, line="1")
    end_session(parts, order)
    worker = Worker(parts)
    for lane in range(lanes):
        worker.react(lane)
    assert len(parts.ledger.stream(f"merchant:{MERCHANT.ref}")) == 1


# --- the whole worker -------------------------------------------------------------------------


def test_a_worker_at_work_says_what_has_become_due(
    parts: Services, join: Callable[[], Services], clock: Clock
) -> None:
    """Started and left alone, with commands coming from another process."""
    other = join()
    order = live_order(other)
    stop = threading.Event()
    working = threading.Thread(target=work, args=(parts, stop))
    working.start()
    try:
        ticket = open_ticket(other.ledger, order, kind=Kind.COMPLAINT, line="1")
        end_session(other, order)
        wait_until(lambda: host_asked(other, ticket) == [NOW])
        clock.forward(WHOLE)
        wait_until(lambda: len(said(other, ticket, ClockBreached)) == 1)
    finally:
        stop.set()
        working.join(30)
    assert not working.is_alive()
