"""CL-02: how likely one would recommend us is asked once, seven days after the resolution."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import TypeVar

import pytest

from api.notifying.ports import Message, NotDelivered
from api.notifying.sender import Sender
from api.worker import Worker
from domain.events import Event, NoticeFailed, SurveyAsked, SurveyCancelled, SurveyScheduled
from domain.record import Record
from domain.streams import ticket_stream
from domain.values import Instant, NoticeFailure, Stage, later
from tests.acceptance.platform import AGENT, BUYER, STRANGER, SUPERVISOR, Platform
from tests.acceptance.post import Post, ends, sender_of, sent
from tests.acceptance.staff import MICROSECOND, adopt
from tests.ledger.matters import ticket_of
from tests.ledger.test_record import imported

E = TypeVar("E", bound=Event)
WEEK = timedelta(days=7)
"""The rulebook's own figure; the book is not asked."""
ANSWER = {"text": "It is on its way.", "resolves": True}


@pytest.fixture(scope="module", autouse=True)
def _promising(platform: Platform) -> None:
    adopt(platform)


@pytest.fixture
def post() -> Post:
    """What reaches people."""
    return Post()


@pytest.fixture
def sender(platform: Platform, post: Post) -> Iterator[Sender]:
    """A sender to the post."""
    with closing(sender_of(platform.parts, post)) as sending:
        yield sending


def resolved(platform: Platform) -> tuple[str, Instant]:
    """Return a ticket whose question was answered for good, and when."""
    ticket = platform.accepted(remedy=None, kind="consultation")
    platform.do(AGENT, ticket, "answers", ANSWER)
    return ticket, platform.now.at


def asked(platform: Platform, ticket: str) -> list[Record]:
    """Return the records that the question went out."""
    records = platform.parts.ledger.stream(ticket_stream(ticket))
    return [record for record in records if isinstance(record.event, SurveyAsked)]


def facts(platform: Platform, ticket: str, kind: type[E]) -> list[E]:
    """Return the facts of a kind on a ticket, in order."""
    records = platform.parts.ledger.stream(ticket_stream(ticket))
    return [record.event for record in records if isinstance(record.event, kind)]


def in_the_evening(platform: Platform, hours: int = 15) -> Instant:
    """Let it become 23:00 in Shanghai, or another hour of UTC, of a day to come; return when."""
    at = Instant(f"{later(platform.now.at, timedelta(days=1))[:10]}T{hours:02}:00:00.000000Z")
    platform.move_to(at)
    platform.client._tokens.clear()
    return at


def refuses_surveys(message: Message) -> None:
    """Be a channel that takes everything but the question."""
    if "0 到 10" in message.body:
        raise NotDelivered("the app is down")


def surveys(post: Post, ticket: str) -> int:
    """Return how often the buyer was sent the question."""
    return sum(one.ticket == ticket and "0 到 10" in one.body for one in post.taken)


def test_cl_02_the_question_goes_out_seven_days_after_the_resolution(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """Not a moment earlier, though the ticket was closed by then; and once."""
    ticket, at = resolved(platform)
    platform.do(AGENT, ticket, "closing")
    platform.move_to(later(at, WEEK - MICROSECOND))
    sent(platform, sender)
    assert (asked(platform, ticket), surveys(post, ticket)) == ([], 0)
    platform.refused(BUYER, ticket, "nps", {"score": 9}, code="wrong_state")
    platform.move_to(later(at, WEEK))
    sent(platform, sender)
    (record,) = asked(platform, ticket)
    assert isinstance(record.event, SurveyAsked)
    assert (record.event.due_at, record.at) == (later(at, WEEK), later(at, WEEK))
    assert (surveys(post, ticket), record.event.policy) == (1, "2026-11-22")
    (told,) = [one for one in ends(platform.parts, ticket) if one.rule == "survey_asked"]
    assert (told.to, told.channel, told.due_at) == ("buyer", "app", record.at)
    platform.pass_by(WEEK)
    sent(platform, sender)
    assert (len(asked(platform, ticket)), surveys(post, ticket)) == (1, 1)


def test_cl_02_the_buyer_answers_once_from_0_to_10(platform: Platform) -> None:
    """Nobody else does, and no figure beyond the scale is taken."""
    ticket, at = resolved(platform)
    platform.move_to(later(at, WEEK))
    for score in (-1, 11):
        answer = platform.call(BUYER, f"/v1/tickets/{ticket}/nps", {"score": score})
        assert answer.status == 422, answer
    platform.refused(SUPERVISOR, ticket, "nps", {"score": 9}, code="not_your_role")
    platform.refused(STRANGER, ticket, "nps", {"score": 9}, code="unknown_ticket")
    given = platform.do(BUYER, ticket, "nps", {"score": 0, "comment": "Never again."})
    assert given.body["events"][0]["topic"] == "nps.given.v1"
    platform.refused(BUYER, ticket, "nps", {"score": 10}, code="already_done")


def test_cl_02_reopening_cancels_and_the_next_resolution_starts_anew(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """A matter that goes on is no matter to be judged yet."""
    ticket, at = resolved(platform)
    platform.pass_by(timedelta(days=3))
    platform.do(BUYER, ticket, "reopening")
    assert platform.topics(ticket)[-1:] != ["survey.asked"]
    assert "survey.cancelled" in platform.topics(ticket)
    platform.move_to(later(at, WEEK))
    assert asked(platform, ticket) == []
    platform.do(AGENT, ticket, "acceptance")
    platform.do(AGENT, ticket, "answers", ANSWER)
    again = platform.now.at
    platform.move_to(later(again, WEEK - MICROSECOND))
    assert asked(platform, ticket) == []
    platform.move_to(later(again, WEEK))
    sent(platform, sender)
    assert (len(asked(platform, ticket)), surveys(post, ticket)) == (1, 1)


def test_cl_02_what_is_reopened_at_night_before_the_question_goes_out_is_not_asked_of(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """A week after 23:00 in Shanghai nobody is written to; who comes back at midnight is spared."""
    night = in_the_evening(platform)
    ticket, at = resolved(platform)
    (scheduled,) = facts(platform, ticket, SurveyScheduled)
    morning = later(night, WEEK + timedelta(hours=9))
    assert scheduled.due_at == morning
    platform.move_to(later(at, WEEK + timedelta(hours=1)))
    sent(platform, sender)
    assert asked(platform, ticket) == []
    platform.client._tokens.clear()
    platform.do(BUYER, ticket, "reopening")
    assert [one.why for one in facts(platform, ticket, SurveyCancelled)] == ["reopened"]
    platform.move_to(later(morning, timedelta(hours=1)))
    sent(platform, sender)
    assert (asked(platform, ticket), surveys(post, ticket)) == ([], 0)
    platform.client._tokens.clear()
    platform.do(AGENT, ticket, "acceptance")
    platform.do(AGENT, ticket, "answers", ANSWER)
    platform.pass_by(WEEK - MICROSECOND)
    sent(platform, sender)
    assert surveys(post, ticket) == 0
    platform.pass_by(MICROSECOND)
    sent(platform, sender)
    assert (len(asked(platform, ticket)), surveys(post, ticket)) == (1, 1)


@pytest.mark.parametrize("back", ["reopening", "nps"])
def test_cl_02_a_question_whose_channel_was_closed_is_not_sent_to_who_came_back(
    platform: Platform, back: str
) -> None:
    """Tried, put back, and overtaken before the next try: that it was not sent is on record."""
    in_the_evening(platform, hours=12)
    ticket, at = resolved(platform)
    closed, post = Post(), Post()
    closed.on_send = refuses_surveys
    platform.move_to(later(at, WEEK))
    with closing(sender_of(platform.parts, closed)) as sending:
        sent(platform, sending)
    assert len(asked(platform, ticket)) == 1
    platform.client._tokens.clear()
    platform.do(BUYER, ticket, back, {"score": 9} if back == "nps" else None)
    platform.pass_by(timedelta(minutes=1))
    with closing(sender_of(platform.parts, post)) as sending:
        sent(platform, sending)
        platform.pass_by(WEEK)
        sent(platform, sending)
    assert surveys(post, ticket) == 0
    (end,) = [one for one in ends(platform.parts, ticket) if one.rule == "survey_asked"]
    assert isinstance(end, NoticeFailed)
    assert (end.why, end.tries) == (NoticeFailure.MOOT, 1)


def test_cl_02_who_was_asked_is_not_asked_again(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """Once is once a ticket, however often it comes back."""
    ticket, at = resolved(platform)
    platform.move_to(later(at, WEEK))
    sent(platform, sender)
    assert surveys(post, ticket) == 1
    platform.do(BUYER, ticket, "reopening")
    platform.do(AGENT, ticket, "acceptance")
    platform.do(AGENT, ticket, "answers", ANSWER)
    platform.pass_by(WEEK)
    sent(platform, sender)
    assert (len(asked(platform, ticket)), surveys(post, ticket)) == (1, 1)


def test_cl_02_a_matter_withdrawn_by_its_buyer_asks_nothing(platform: Platform) -> None:
    """Nothing was resolved."""
    ticket = platform.open()
    platform.do(BUYER, ticket, "closing")
    assert "survey.scheduled" not in platform.topics(ticket)


def test_cl_02_after_downtime_it_is_asked_late_with_both_times_on_record(
    platform: Platform,
) -> None:
    """A worker that was away asks as soon as it is back, whichever of four is first."""
    ticket, at = resolved(platform)
    back = later(at, WEEK + timedelta(hours=1))
    platform.now.move(back)
    assert platform.parts.views.catch_up(60)
    workers = [Worker(platform.parts) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda worker: worker.fire(), workers))
    (record,) = asked(platform, ticket)
    assert isinstance(record.event, SurveyAsked)
    assert (record.event.due_at, record.at) == (later(at, WEEK), back)
    assert platform.topics(ticket).count("survey.asked") == 1


def test_cl_02_imported_history_is_not_asked_about(platform: Platform) -> None:
    """It is for looking."""
    lanes = platform.parts.ledger.lanes
    row = imported("case-1", 1, lanes, state="Resolved", resolved=True, stage=Stage.REMEDY)
    ticket = ticket_of(platform.parts.ledger.handle(row))
    assert not any("survey" in topic for topic in platform.topics(ticket))
