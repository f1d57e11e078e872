"""What followed by itself when an instant came: each consequence is worked out again."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import DeadlineGiven, DeadlineMissed, TicketClosed, TicketResolved
from domain.record import Record
from domain.values import SYSTEM, Awaiting, Instant, Kind
from replay.explain import What, recomputed
from tests.replay.explaining import COUPON, again, begun, forged, passed, ruled, told, words
from tests.replay.told import Told
from tests.scenario import AGENT, BUYER, MERCHANT, TICKET


def abandoned() -> Told:
    """Return a matter nobody pursued: every deadline passed, and then it closed."""
    story = (
        begun(kind=Kind.DISPUTE)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.RefuseClaim(ticket=TICKET, reasons="It was activated."), MERCHANT)
        .done(asked.MakeOffer(ticket=TICKET, terms=(COUPON,)), MERCHANT)
    )
    for deadline in ("offer:O1", "negotiation", "intervention", "closing"):
        story = passed(story, deadline)
    return story


def test_what_followed_by_itself_is_told_and_follows_again() -> None:
    """A lapse, a next step, an end: nobody decided it, the book did."""
    decisions = told(What.OUTCOME, abandoned())
    assert [one.about for one in decisions] == [
        "offer:O1",
        "negotiation",
        "intervention",
        "closing",
    ]
    assert recomputed(decisions)
    assert all(one.recomputed for one in decisions)
    assert "ticket.resolved.v1 followed." in words(decisions[2])
    assert all(step.event for one in decisions for step in one.steps)
    due = next(one for one in decisions[1].inputs if one.name == "due_at")
    assert due.event is not None
    assert due.event.topic == "deadline.given.v1"


def test_what_people_do_is_no_consequence_of_time() -> None:
    """A buyer's closing and an arbitrator's ruling are theirs."""
    assert told(What.OUTCOME, ruled()) == ()
    closed = begun(kind=Kind.DISPUTE).done(asked.CloseTicket(ticket=TICKET), BUYER)
    assert told(What.OUTCOME, closed) == ()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (DeadlineMissed, {"due_at": Instant("2026-12-24T00:00:00.000000Z")}),
        (TicketResolved, {"outcome": "rejected"}),
        (TicketClosed, {"outcome": "remedied"}),
    ],
)
def test_a_consequence_that_does_not_follow_is_found(kind: type, fields: dict[str, Any]) -> None:
    """Another outcome than time brings is somebody's doing."""
    story = abandoned()
    decisions = again(What.OUTCOME, story, forged(story.of_ticket, kind, **fields))
    assert not recomputed(decisions)


def judged(story: Told) -> list[tuple[str, bool | None, list[str]]]:
    """Return what is told, whether it follows, and what the record should have instead."""
    return [
        (one.about, one.recomputed, [each.recomputed for each in one.differences])
        for one in told(What.OUTCOME, story)
    ]


def test_an_end_the_platform_brings_about_out_of_nothing_is_found() -> None:
    """Where no deadline ran, the platform's own name under an end is nobody's decision."""
    taken_up = begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT)
    closed = taken_up.given(TicketClosed(outcome="rejected"))
    assert judged(closed) == [("closing", False, ["none that ran", "nothing"])]
    resolved = taken_up.given(TicketResolved(outcome="rejected"))
    assert judged(resolved) == [("resolution", False, ["nothing"])]


def test_an_end_is_found_that_comes_before_its_instant_or_to_what_is_not_resolved() -> None:
    """A closing has a day; and what nobody resolved has no closing, whatever deadline it has."""
    answered = asked.GiveAnswer(ticket=TICKET, text="Done.", resolves=True)
    taken_up = begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT)
    settled = taken_up.done(answered, AGENT)
    ((about, follows, again),) = judged(settled.given(TicketClosed(outcome="answered")))
    assert (about, follows) == ("closing", False)
    assert settled.due("closing") in again
    given = DeadlineGiven(
        deadline="closing",
        due_at=taken_up.now,
        awaits=Awaiting.NOBODY,
        policy=taken_up.live_book.version,
    )
    unresolved = taken_up.given(given).given(TicketClosed(outcome="rejected"))
    ((_, follows, again),) = judged(unresolved)
    assert (follows, again[0]) == (False, "the matter was not resolved")


def test_an_end_put_behind_what_time_brought_is_found() -> None:
    """That a review passed ends no matter, though both stand in one command."""
    story = begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT)
    story = passed(story, "merchant_review")
    last = story.of_ticket[-1]
    ended = story.given(TicketResolved(outcome="rejected"))
    appended = ended.of_ticket[-1]
    envelope = replace(appended.envelope, cause=last.envelope.cause)
    records = [*story.of_ticket, replace(appended, envelope=envelope)]
    (decision,) = again(What.OUTCOME, ended, records)
    assert [one.on_record for one in decision.differences] == [TicketResolved.TOPIC]


def test_a_deadline_that_passes_twice_is_found() -> None:
    """Its instant comes once, and what follows follows once."""
    story = passed(
        begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT),
        "merchant_review",
    )
    (missed,) = [one.event for one in story.of_ticket if isinstance(one.event, DeadlineMissed)]
    twice = judged(story.given(missed))
    assert [(follows, again[:1]) for _, follows, again in twice] == [
        (True, []),
        (False, ["it had passed before"]),
    ]


def test_a_matter_that_ends_with_the_platforms_own_coupon_follows_and_another_end_does_not() -> (
    None
):
    """The last that was owed was handed out: nobody has to say that the matter is over."""
    approved = asked.ApproveClaim(ticket=TICKET, terms=COUPON)
    handed_out = asked.IssueCoupon(ticket=TICKET, remedy="R1", coupon="c-1")
    story = (
        begun(kind=Kind.DISPUTE, remedy=COUPON.kind, claim=COUPON.amount)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(approved, MERCHANT)
        .done(handed_out, SYSTEM)
    )
    assert TicketResolved in {type(one.event) for one in story.of_ticket}
    assert judged(story) == [("remedy:R1", True, [])]
    decisions = again(
        What.OUTCOME, story, forged(story.of_ticket, TicketResolved, outcome="rejected")
    )
    assert not recomputed(decisions)


def test_a_missing_consequence_is_found() -> None:
    """A window that was not given after the negotiation failed is missed."""
    story = abandoned()
    records = story.of_ticket
    number = next(
        number
        for number, one in enumerate(records)
        if isinstance(one.event, DeadlineGiven) and one.event.deadline == "intervention"
    )
    shorter = replace(records[number].event, awaits=Awaiting.MERCHANT)
    forgery: list[Record] = [*records]
    forgery[number] = replace(records[number], event=shorter)
    assert not recomputed(again(What.OUTCOME, story, forgery))
