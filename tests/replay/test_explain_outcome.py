"""What followed by itself when an instant came: each consequence is worked out again."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import DeadlineGiven, DeadlineMissed, TicketClosed, TicketResolved
from domain.record import Record
from domain.values import Awaiting, Instant, Kind
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
