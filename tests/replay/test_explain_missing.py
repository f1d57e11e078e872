"""What should stand on record and does not: it is missed where what is there follows again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import (
    ClockBreached,
    ClockPaused,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Event,
    OverduePayoutOwed,
    PayoutOwed,
    TicketEscalated,
    TicketPrioritised,
    TicketQueued,
)
from domain.record import Record
from domain.values import Awaiting, Kind, Reason
from replay.explain import What, explain, recomputed
from tests.replay.explaining import (
    again,
    begun,
    book,
    late_for_fresh_food,
    other_book,
    the,
    told,
    worked,
)
from tests.replay.told import Told
from tests.scenario import AGENT, NOW, TICKET


def resting() -> Told:
    """Return a matter whose promises rest, because its buyer is waited for."""
    return (
        begun(kind=Kind.COMPLAINT, reason=Reason.LATE)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .after(timedelta(minutes=5))
        .done(asked.BeginWait(ticket=TICKET, on=Awaiting.BUYER, why="photo"), AGENT)
    )


def taken_up() -> Told:
    """Return a complaint that was taken over in time."""
    return begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT)


def warned() -> Told:
    """Return a complaint that nobody took over, and that is close to its end."""
    return worked(begun(kind=Kind.COMPLAINT).after(timedelta(minutes=29)))


def without(records: list[Record], *kinds: type[Event]) -> list[Record]:
    """Return records as if facts of these kinds had never been recorded."""
    left = [one for one in records if not isinstance(one.event, kinds)]
    return [
        replace(one, envelope=replace(one.envelope, version=version))
        for version, one in enumerate(left, start=1)
    ]


def missed(what: What, story: Told, *kinds: type[Event]) -> set[tuple[str, str, str]]:
    """Return what differs without facts of these kinds: where, in what, and what is due instead."""
    assert {type(one.event) for one in story.records}.issuperset(kinds)
    assert recomputed(told(what, story))
    found = again(what, story, without(story.of_ticket, *kinds), without(story.of_order, *kinds))
    assert recomputed(found) is not any(one.differences for one in found)
    return {(one.about, each.what, each.recomputed) for one in found for each in one.differences}


@pytest.mark.parametrize(
    ("story", "kinds", "clock"),
    [
        (late_for_fresh_food, (PayoutOwed, OverduePayoutOwed), "fresh_solution"),
        (late_for_fresh_food, (TicketEscalated,), "complaint_takeover"),
        (warned, (ClockWarned,), "complaint_takeover"),
        (taken_up, (ClockStopped,), "complaint_takeover"),
        (resting, (ClockPaused,), "medium_priority_closed"),
    ],
)
def test_a_fact_of_a_promise_that_is_not_on_record_is_missed(
    story: Callable[[], Told], kinds: tuple[type[Event], ...], clock: str
) -> None:
    """What a breach costs and before whom it comes is as easily left out as put in."""
    lived, kind = story(), kinds[0]
    assert (clock, "fact", kind.TOPIC) in missed(What.DUE, lived, *kinds)
    assert not recomputed(again(What.DUE, lived, without(lived.of_ticket, *kinds)))


@pytest.mark.parametrize("what", [What.DUE, What.RANK])
def test_a_breach_that_is_not_on_record_is_missed(what: What) -> None:
    """A promise that runs on behind its due time was broken, though no record says so."""
    kinds = (ClockBreached, PayoutOwed, OverduePayoutOwed, TicketEscalated)
    found = missed(what, late_for_fresh_food(), *kinds)
    assert {due for _, _, due in found} >= {ClockBreached.TOPIC, PayoutOwed.TOPIC}


@pytest.mark.parametrize("what", [What.DUE, What.RANK])
def test_a_promise_that_never_began_is_missed(what: What) -> None:
    """Without its start there is nothing to work out again, and nothing to be late with."""
    story = begun(kind=Kind.COMPLAINT)
    found = missed(what, story, ClockStarted)
    assert {name for _, kind, name in found if kind == "clock"} == story.live.clocks.keys()
    if what is What.DUE:
        due = again(what, story, without(story.of_ticket, ClockStarted))
        promise = the(due, "complaint_takeover")
        assert promise.result["state"] == "not_on_record"
        assert promise.result["due_at"] == the(told(what, story), promise.about).result["due_at"]


def test_what_a_breach_costs_is_missed_where_it_ranks() -> None:
    """A place in the queue rests on the whole promise."""
    story = late_for_fresh_food()
    found = missed(What.RANK, story, PayoutOwed, OverduePayoutOwed)
    assert found == {("rank", "fact", PayoutOwed.TOPIC)}


@pytest.mark.parametrize("what", [What.PRIORITY, What.RANK])
def test_a_priority_that_was_never_weighed_is_missed(what: What) -> None:
    """The kind alone gives another than the book's weights, or the same out of nothing."""
    story = begun(kind=Kind.COMPLAINT)
    (about,) = {"priority"} if what is What.PRIORITY else {"rank"}
    assert (about, "points", str(story.live.points)) in missed(what, story, TicketPrioritised)


def test_a_queue_that_a_matter_was_never_brought_to_is_missed() -> None:
    """It waits among others than the book says."""
    story = begun(kind=Kind.COMPLAINT)
    queue = story.live.queue
    assert ("rank", "queue", queue) in missed(What.RANK, story, TicketQueued)


def test_a_promise_the_book_does_not_make_is_found() -> None:
    """Whoever invents a promise invents a due time."""
    story = begun(kind=Kind.COMPLAINT)
    (started, *_) = [one.event for one in story.of_ticket if isinstance(one.event, ClockStarted)]
    made_up = story.given(
        ClockStarted(
            clock="courtesy",
            row="SL-99",
            since=NOW,
            target_s=started.target_s,
            calendar=started.calendar,
            zones=started.zones,
            due_at=started.due_at,
            next_at=started.next_at,
            awaits=started.awaits,
            policy=started.policy,
        )
    )
    (wrong,) = the(told(What.DUE, made_up), "courtesy").differences
    assert (wrong.what, wrong.recomputed) == ("clock", "none of the book's")


def test_what_is_missing_is_missed_within_its_command_too() -> None:
    """A moment between breach and escalation: what is not behind it either is missing already."""
    story = late_for_fresh_food()
    records = without(story.of_ticket, TicketEscalated)
    broken = next(
        one.position
        for one in records
        if isinstance(one.event, ClockBreached) and one.event.clock == "complaint_takeover"
    )
    books = {one.version: one for one in (book(), other_book())}

    def differing(ticket: list[Record]) -> list[str]:
        due = explain(What.DUE, ticket, story.of_order, books=books.get, texts={}, upto=broken)
        return [one.recomputed for one in the(due, "complaint_takeover").differences]

    assert differing(records) == [TicketEscalated.TOPIC]
    assert differing(story.of_ticket) == []
