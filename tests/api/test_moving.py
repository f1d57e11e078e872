"""A move told beforehand is the move that is made: dry run, real run, and the record afterwards."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from api import moving
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import Worker
from domain import errors
from domain.commands import AcceptTicket, BeginWait, CloseTicket, OpenTicket, RegisterAgent
from domain.ledger.requests import Request
from domain.ticket.state import Ticket
from domain.values import Awaiting, Channel, Instant, Kind, Reason, Sentiment, later
from replay.what_changes import Changes, ClockChange, totals
from tests.conftest import Database
from tests.ledger.matters import asked, open_ticket, place, ticket_of
from tests.scenario import ADMIN, AGENT, BUYER, MOMENT, SUPERVISOR, named, whole_bytes

NOW: Final = Instant("2026-11-24T03:00:00.000000Z")
"""By then the first book is in force."""
TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
MEDIUM: Final = 'cancels = []\nwithin = "PT24H"'
OTHER: Final = (
    named("b-2"),
    (TAKEOVER, TAKEOVER.replace("PT30M", "PT20M")),
    (MEDIUM, 'cancels = []\nwithin = "PT10H"'),
    ("amount_minor = 2000", "amount_minor = 3000"),
    (
        'starts = ["negative_sentiment"]\nstops = ["resolved"]\nwithin = "PT2H"',
        'starts = ["negative_sentiment"]\nstops = ["resolved"]\nwithin = "PT5M"',
    ),
    ('id = "human_answer"', 'id = "any_answer"'),
    (
        'of = "complaint"\nsubject = "weight"\npoints = 20',
        'of = "complaint"\nsubject = "weight"\npoints = 36',
    ),
    (
        'any = ["negative", "high_priority", "complaint", "dispute"]',
        'any = ["negative", "high_priority", "dispute"]',
    ),
)
"""What the other book says otherwise: shorter times, a higher price, another queue."""
BEGINS: Final = later(NOW, timedelta(minutes=1))
MOVE: Final = moving.Move("b-2", "a better promise", ADMIN)


class Clock:
    """A time that is put forward."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> Instant:
        """Return the time it is."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The time of the test."""
    return Clock()


@pytest.fixture(params=[1, 4], ids=lambda lanes: f"lanes={lanes}")
def parts(
    make_database: Callable[[int], Database],
    tmp_path: Path,
    clock: Clock,
    request: pytest.FixtureRequest,
) -> Iterator[Services]:
    """A ledger with two books, in which nothing runs by itself."""
    database = make_database(request.param)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    with joined(Settings(data_dir=tmp_path), dsns, now=clock) as found:
        found.ledger.adopt(whole_bytes(*OTHER), in_force_from=BEGINS)
        yield found


def opened(parts: Services, **said: Any) -> str:
    """Open a complaint unless told otherwise."""
    return open_ticket(parts.ledger, **{"kind": Kind.COMPLAINT, **said})


def five_tickets(parts: Services, clock: Clock) -> list[str]:
    """Return tickets that a move finds in different states."""
    plain = opened(parts)
    late = opened(parts, reason=Reason.LATE)
    resting = opened(parts, reason=Reason.LATE)
    angry = opened(parts, statement="太差了，气死我了，骗子，再也不买了，垃圾！")
    asking = opened(parts, kind=Kind.CONSULTATION)
    for ticket in (late, resting):
        parts.ledger.handle(asked(AcceptTicket(ticket=ticket), AGENT))
    parts.ledger.handle(asked(BeginWait(ticket=resting, on=Awaiting.BUYER, why="photo"), AGENT))
    assert parts.ledger.ticket(angry).sentiment is Sentiment.NEGATIVE
    clock.at = later(NOW, timedelta(minutes=25))
    return [plain, late, resting, angry, asking]


def dues(ticket: Ticket) -> dict[str, tuple[Instant, bool, bool]]:
    """Return what is promised on a ticket."""
    return {name: (one.due_at, one.paused, one.breached) for name, one in ticket.clocks.items()}


def settle(parts: Services) -> None:
    """Let the platform's clock say everything that is due now."""
    worker = Worker(parts)
    for _ in range(20):
        assert parts.views.catch_up()
        if not worker.fire():
            return
    raise AssertionError("what is due never ends")


def test_a_dry_run_tells_what_the_real_run_does_and_writes_nothing(
    parts: Services, clock: Clock
) -> None:
    """Every due time, breach, priority, queue and amount is told beforehand, and then so."""
    tickets = five_tickets(parts, clock)
    settle(parts)
    heads = [parts.ledger.position(lane) for lane in range(parts.ledger.lanes)]
    before = {ticket: parts.ledger.ticket(ticket) for ticket in tickets}
    told = moving.surveyed(parts, tickets, MOVE)
    assert [parts.ledger.position(lane) for lane in range(parts.ledger.lanes)] == heads
    done = moving.moved(parts, tickets, MOVE)
    assert done == told
    settle(parts)
    for changes in told:
        _is_so(changes, before[changes.ticket], parts.ledger.ticket(changes.ticket))


def _is_so(changes: Changes, before: Ticket, after: Ticket) -> None:
    """Check every word of what was told against the record, and that nothing else changed."""
    assert changes.refused is None
    assert (before.policy, after.policy) == (changes.before, changes.after) == ("2026-11-22", "b-2")
    assert (before.priority, after.priority) == (
        changes.priority or (before.priority, before.priority)
    )
    assert (before.queue, after.queue) == (changes.queue or (before.queue, before.queue))
    told = {one.clock: one for one in changes.clocks}
    old, new = dues(before), dues(after)
    for name in old.keys() | new.keys():
        if name not in told:
            assert old[name] == new[name], name
            continue
        one = told[name]
        assert one.due_before == (old[name][0] if name in old else None)
        assert one.due_after == (new[name][0] if name in new else None)
        assert (
            one.change
            == {
                (True, True): one.change,
                (True, False): "cancelled",
                (False, True): "started",
            }[name in old, name in new]
        )
        if name in new:
            assert one.rests == new[name][1]
            assert one.breached_at_once == (new[name][2] and not (name in old and old[name][2]))
    new_payouts = {
        name.partition("/")[0]: amount
        for name, amount in after.payouts.items()
        if name not in before.payouts
    }
    assert {one.clock: one.amount for one in changes.owed} == new_payouts


def test_what_is_told_of_each_ticket(parts: Services, clock: Clock) -> None:
    """The figures themselves, for a reader: due times, a breach, a price, a queue."""
    plain, late, resting, angry, asking = five_tickets(parts, clock)
    settle(parts)
    told = {one.ticket: one for one in moving.surveyed(parts, five(parts), MOVE)}
    clocks = {one.clock: one for one in told[plain].clocks}
    assert clocks["complaint_takeover"] == ClockChange(
        clock="complaint_takeover",
        change="moved",
        due_before=later(NOW, timedelta(minutes=30)),
        due_after=later(NOW, timedelta(minutes=20)),
        breached_at_once=True,
    )
    assert told[plain].queue == ("senior", "general")
    assert told[plain].priority is not None
    of_late = {one.clock: one for one in told[late].clocks}
    assert of_late["medium_priority_closed"].due_after == later(NOW, timedelta(hours=10))
    of_resting = {one.clock: one for one in told[resting].clocks}
    assert "medium_priority_closed" not in of_resting or of_resting["medium_priority_closed"].rests
    (owed,) = told[angry].owed
    assert (owed.clock, owed.amount.amount_minor, owed.policy) == ("negative_resolved", 3000, "b-2")
    cost = next(one for one in told[angry].clocks if one.clock == "negative_resolved")
    assert cost.cost_before is not None
    assert cost.cost_after is not None
    assert (cost.cost_before.amount_minor, cost.cost_after.amount_minor) == (2000, 3000)
    assert told[asking].refused is None
    sums = totals(told.values())
    assert sums["tickets"] == 5
    assert sums["payouts"] == 1
    assert sums["owed_minor_CNY"] == 3000


def five(parts: Services) -> list[str]:
    """Return all open tickets, as the view lists them."""
    assert parts.views.catch_up()
    return [ticket for batch in moving.open_tickets(parts) for ticket in batch]


def test_a_move_is_resumed_and_moves_no_ticket_twice(parts: Services, clock: Clock) -> None:
    """After a crash the same command goes on with what is left."""
    tickets = five_tickets(parts, clock)
    moving.moved(parts, tickets[:2], MOVE)
    versions = {ticket: parts.ledger.ticket(ticket).version for ticket in tickets[:2]}
    done = moving.moved(parts, tickets, MOVE)
    assert [one.before for one in done] == ["b-2", "b-2", *["2026-11-22"] * 3]
    assert {one: parts.ledger.ticket(one).version for one in tickets[:2]} == versions
    assert {parts.ledger.ticket(one).policy for one in tickets} == {"b-2"}
    assert totals(done)["unchanged"] == 2


def test_all_open_tickets_come_in_bounded_batches_and_what_is_over_not_at_all(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, none is left out and none comes twice."""
    monkeypatch.setattr(moving, "BATCH", 3)
    tickets = [opened(parts) for _ in range(7)]
    parts.ledger.handle(Request(command=CloseTicket(ticket=tickets[0]), actor=BUYER))
    assert parts.views.catch_up()
    found = list(moving.open_tickets(parts))
    assert all(0 < len(batch) <= 3 for batch in found)
    assert [ticket for batch in found for ticket in batch] == sorted(tickets[1:])
    (refused,) = moving.moved(parts, tickets[:1], MOVE)
    assert refused.refused == "ticket_closed"
    assert parts.ledger.ticket(tickets[0]).policy == "2026-11-22"


def test_a_ticket_that_moves_on_meanwhile_is_looked_at_again(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told of an older state is not done on a newer one."""
    ticket = opened(parts)
    clock.at = later(NOW, timedelta(minutes=5))
    submit = parts.ledger.submit
    senior = RegisterAgent(agent=AGENT.ref, desk="senior_desk", skills=("senior",))
    parts.ledger.handle(asked(senior, SUPERVISOR))
    rivals = [asked(AcceptTicket(ticket=ticket), AGENT)]

    def raced(request: Request) -> Any:
        if rivals:
            submit(rivals.pop()).result()
        return submit(request)

    monkeypatch.setattr(parts.ledger, "submit", raced)
    (done,) = moving.moved(parts, [ticket], MOVE)
    assert done.refused is None
    assert "complaint_takeover" not in {one.clock for one in done.clocks}
    assert parts.ledger.ticket(ticket).policy == "b-2"


def test_a_book_that_is_not_in_force_yet_moves_nothing(parts: Services, clock: Clock) -> None:
    """It is not done up to the instant at which it begins; what it would change is told."""
    ticket = opened(parts)
    clock.at = later(BEGINS, -MOMENT)
    for work in (moving.surveyed, moving.moved):
        (told,) = work(parts, [ticket], MOVE)
        assert told.refused == errors.BookNotInForce.code
    book = parts.ledger.book_named(MOVE.to)
    assert book is not None
    (ahead,) = moving.surveyed(parts, [ticket], moving.trial(parts, book, MOVE.why, ADMIN))
    assert (ahead.refused, ahead.in_force_from) == (None, BEGINS)
    with pytest.raises(errors.BookNotInForce):
        moving.require_in_force(parts, MOVE.to)
    clock.at = BEGINS
    moving.require_in_force(parts, MOVE.to)
    (told,) = moving.moved(parts, [ticket], MOVE)
    assert told == replace(ahead, in_force_from=None)
    assert parts.ledger.ticket(ticket).policy == "b-2"


def test_a_book_nobody_adopted_moves_nothing(parts: Services) -> None:
    """Each ticket says so."""
    order = place(parts.ledger)
    command = OpenTicket(channel=Channel.APP, order=order)
    ticket = ticket_of(parts.ledger.handle(asked(command)))
    (told,) = moving.surveyed(parts, [ticket], moving.Move("b-9", "w", ADMIN))
    assert told.refused == errors.UnknownBook.code
