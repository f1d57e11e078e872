"""Why a ticket stands where it stands: each part of the queue's key, found twice and compared."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import ClockStarted, TicketPrioritised
from domain.values import Awaiting, Kind, Reason, Responsible, later
from domain.values import Scenario as Where
from replay.as_of import queue_row
from replay.explain import What, recomputed
from tests.replay.explaining import again, begun, forged, ruled, the, told, words
from tests.scenario import AGENT, BUYER, NOW, TICKET


def test_a_rank_is_told_by_its_parts_with_the_facts_they_come_from() -> None:
    """Priority, then due time, then the id: each leads to the event behind it."""
    story = begun(kind=Kind.COMPLAINT)
    rank = the(told(What.RANK, story), "rank")
    row = queue_row(story.of_ticket)
    assert rank.recomputed
    assert rank.result == {
        "priority": story.live.priority,
        "due_at": row.due_at,
        "ticket": TICKET,
        "queue": row.queue,
        "open": True,
    }
    events = {one.name: one.event and one.event.topic for one in rank.inputs}
    assert events["priority"] == "ticket.prioritised.v1"
    assert events["due_at"] in {"deadline.given.v1", "clock.started.v1"}
    assert events["ticket"] == "ticket.opened.v1"
    strictest = min(
        [one.due_at for one in story.live.deadlines.values() if one.awaits != "nobody"]
        + [one.due_at for one in row.deadlines.values() if one.awaits != "nobody"]
    )
    assert rank.result["due_at"] == strictest


def test_a_promise_that_rests_ranks_nothing() -> None:
    """While the buyer is waited for, the house's own promises do not press."""
    story = (
        begun(kind=Kind.COMPLAINT, reason=Reason.LATE)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .after(timedelta(minutes=5))
        .done(asked.BeginWait(ticket=TICKET, on=Awaiting.BUYER, why="photo"), AGENT)
    )
    rank = the(told(What.RANK, story), "rank")
    assert rank.recomputed
    assert "; it rests." in words(rank)


def test_what_is_closed_or_ruled_is_told_too() -> None:
    """A rank that is none is told as none."""
    assert recomputed(told(What.RANK, ruled()))
    closed = begun(kind=Kind.DISPUTE).done(asked.CloseTicket(ticket=TICKET), BUYER)
    rank = the(told(What.RANK, closed), "rank")
    assert (rank.result["open"], rank.result["due_at"], rank.recomputed) == (False, None, True)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (TicketPrioritised, {"priority": 1}),
        (TicketPrioritised, {"points": 999}),
    ],
)
def test_a_place_that_was_tampered_with_is_found(kind: type, fields: dict[str, Any]) -> None:
    """Who moved a ticket forward by its record is told by the book."""
    story = begun(kind=Kind.COMPLAINT)
    decisions = again(What.RANK, story, forged(story.of_ticket, kind, **fields))
    assert not recomputed(decisions)


def test_a_due_time_that_was_tampered_with_is_found() -> None:
    """Whoever sets a promise back lets the ticket wait longer than the book says."""
    story = begun(kind=Kind.COMPLAINT)
    ranks = max(
        (one for one in story.of_ticket if isinstance(one.event, ClockStarted)),
        key=lambda one: isinstance(one.event, ClockStarted) and one.event.next_at is not None,
    )
    assert isinstance(ranks.event, ClockStarted)
    moved = replace(ranks, event=replace(ranks.event, due_at=later(NOW, timedelta(days=9))))
    records = [moved if one is ranks else one for one in story.of_ticket]
    assert not recomputed(again(What.RANK, story, records))


def test_a_forged_correction_is_found() -> None:
    """A person's word changes the kind; the priority that follows is the book's."""
    story = begun(kind=Kind.COMPLAINT).done(
        asked.CorrectDiagnosis(
            ticket=TICKET,
            scenario=Where.SERVICE,
            responsible=Responsible.PLATFORM,
            kind=Kind.DISPUTE,
        ),
        AGENT,
    )
    assert recomputed(told(What.RANK, story))
    forgery = forged(story.of_ticket, TicketPrioritised, priority=4)
    assert not recomputed(again(What.RANK, story, forgery))
