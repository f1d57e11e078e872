"""From a fact to its notices: pure, so the same record always means the same ones."""

from typing import Any

import msgspec
import pytest

from domain.events import (
    AppealFiled,
    ClockBreached,
    ClockCancelled,
    ClockPaused,
    ClockStopped,
    ClockWarned,
    DepartmentAsked,
    DepartmentPlanned,
    Event,
    NpsGiven,
    QueueEased,
    QueueOverflowed,
    SurveyAsked,
    TicketAccepted,
    TicketClosed,
    TicketEscalated,
    TicketReopened,
    TicketResolved,
)
from domain.policies.book import Book
from domain.processes.notices import NoticeDue, moot, notices_of, words
from domain.record import Cause, Envelope, Record, Source
from domain.values import Instant, Party, Personal, Sha256, later
from tests.scenario import AGENT, MOMENT, TICKET, whole_book

BOOK = whole_book()
NIGHT = Instant("2026-11-23T13:59:59.999999Z")
"""The last moment of 22:00 less one in Shanghai: people may still be written to."""
MORNING = Instant("2026-11-24T00:00:00.000000Z")
DUE = Instant("2026-11-23T10:00:00.000000Z")


def record(
    event: Event,
    at: Instant = DUE,
    *,
    number: int = 1,
    imported: bool = False,
    stream: str = f"ticket:{TICKET}",
) -> Record:
    """Return a record of a fact, on the ticket unless another stream is named."""
    source = Source(system="log", ref="1", imported=True) if imported else None
    envelope: Envelope[Any] = Envelope(
        format=1,
        ledger="ledger.test/lane-0",
        stream=stream,
        version=number,
        prev=Sha256("0" * 64),
        id=f"event-{number}",
        topic=event.TOPIC,
        at=at,
        actor=AGENT,
        cause=Cause(command="c", correlation="c"),
        data=msgspec.Raw(b"{}"),
        source=source,
    )
    return Record(0, number, Sha256("0" * 64), envelope, event)


def due(event: Event, at: Instant = DUE, **said: Any) -> tuple[NoticeDue, ...]:
    """Return the notices of a fact under the book of 2026-11-22."""
    return notices_of(record(event, at, **said), lambda _at: BOOK, {BOOK.version: BOOK}.get)


def escalated(clock: str, to: str) -> TicketEscalated:
    """Return that a breach was brought before a desk."""
    return TicketEscalated(clock=clock, rung=1, to=to, due_at=DUE, policy=BOOK.version)


def asked(department: str) -> DepartmentAsked:
    """Return that a department was asked."""
    return DepartmentAsked(
        request="D1",
        department=department,
        question=Personal("Which lot?", subject="agent:a-1"),
        policy=BOOK.version,
    )


def test_an_escalation_tells_its_desk_by_the_desks_channels() -> None:
    """Who is called is in the fact, how they are reached in the book."""
    found = due(escalated("department_plan:D1", "director"))
    assert [(one.to, one.channel) for one in found] == [
        ("desk:director", "email"),
        ("desk:director", "sms"),
    ]
    assert len({one.notice for one in found}) == 2


def test_the_same_record_means_the_same_notices() -> None:
    """Their ids are what a channel tells a repetition by."""
    assert due(asked("legal")) == due(asked("legal"))
    other = due(asked("legal"), number=2)
    assert {one.notice for one in other}.isdisjoint(one.notice for one in due(asked("legal")))


@pytest.mark.parametrize(
    ("at", "to"),
    [
        (NIGHT, NIGHT),
        (later(NIGHT, MOMENT), MORNING),
        (later(MORNING, -MOMENT), MORNING),
        (MORNING, MORNING),
    ],
)
def test_what_can_wait_waits_for_the_hours_and_what_can_not_does_not(
    at: Instant, to: Instant
) -> None:
    """Quiet from 22:00 to 08:00 in Shanghai; SL-22 calls at any hour, SL-02 does not."""
    (can_wait,) = due(escalated("complaint_takeover", "supervisor"), at)
    assert can_wait.due_at == to
    urgent = due(escalated("public_opinion", "director"), at)
    assert {one.due_at for one in urgent} == {at}


def test_history_of_another_system_tells_nobody() -> None:
    """It is for looking."""
    assert due(asked("legal"), imported=True) == ()
    assert due(asked("legal")) != ()


def test_a_warning_is_worded_with_the_books_own_names() -> None:
    """The desk, the promise and its row; of a person there is nothing to name."""
    event = ClockWarned(
        clock="complaint_takeover", share_bp=5000, due_at=DUE, to="supervisor", policy=BOOK.version
    )
    (found,) = due(event)
    rule = next(one for one in BOOK.notice if one.id == found.rule)
    chinese = words(rule, record(event), BOOK, "zh-CN")
    english = words(rule, record(event), BOOK, "en")
    assert chinese.body.startswith(f"主管：工单 {TICKET} 的“投诉人工接管”（SL-02）")
    assert "“A person takes a complaint over” (SL-02)" in english.body


def test_the_book_a_fact_names_stands_before_the_one_in_force() -> None:
    """What was asked under a book is told as that book says, whatever came into force since."""

    def never(_at: Instant) -> Book:
        raise AssertionError("the fact names its book")

    assert notices_of(record(asked("legal")), never, {BOOK.version: BOOK}.get)
    in_force: list[Instant] = []

    def force(at: Instant) -> Book:
        in_force.append(at)
        return BOOK

    assert notices_of(record(TicketAccepted()), force, lambda _version: None)
    assert in_force == [DUE]


# --- until when -------------------------------------------------------------------------------

WARNED = ClockWarned(
    clock="complaint_takeover", share_bp=5000, due_at=DUE, to="supervisor", policy=BOOK.version
)
KEPT = ClockStopped(clock="complaint_takeover", by="takeover", at=DUE, elapsed_s=1, kept=True)
BROKEN = ClockBreached(clock="complaint_takeover", row="SL-02", due_at=DUE, policy=BOOK.version)
CANCELLED = ClockCancelled(clock="complaint_takeover", why="withdrawn")
PAUSED = ClockPaused(clock="complaint_takeover", why="buyer", policy=BOOK.version)
OTHER_KEPT = msgspec.structs.replace(KEPT, clock="human_answer")
SURVEY = SurveyAsked(due_at=DUE, policy=BOOK.version)
BACK = TicketReopened(round=2, policy=BOOK.version)
APPEAL = AppealFiled(
    appeal="A1",
    ruling="J1",
    by=Party.BUYER,
    grounds=Personal("No.", subject="buyer:b-1"),
    policy=BOOK.version,
)
PLANNED = DepartmentPlanned(request="D1", plan=Personal("Lot 7.", subject="agent:a-2"))
OTHER_PLANNED = msgspec.structs.replace(PLANNED, request="D2")
RESOLVED, CLOSED = TicketResolved(outcome="answered"), TicketClosed(outcome="answered")
FULL = QueueOverflowed(open=25, capacity=20, to="overflow", policy=BOOK.version)
EASED = QueueEased(open=20, capacity=20, policy=BOOK.version)


@pytest.mark.parametrize(
    ("event", "since"),
    [
        (WARNED, KEPT),
        (WARNED, BROKEN),
        (WARNED, CANCELLED),
        (SURVEY, BACK),
        (SURVEY, APPEAL),
        (SURVEY, NpsGiven(score=9)),
        (asked("legal"), PLANNED),
        (asked("legal"), RESOLVED),
        (asked("legal"), CLOSED),
        (TicketAccepted(), RESOLVED),
        (TicketAccepted(), CLOSED),
        (RESOLVED, BACK),
        (RESOLVED, APPEAL),
        (FULL, EASED),
    ],
)
def test_what_is_over_is_not_told_any_more(event: Event, since: Event) -> None:
    """Hours may lie between a fact and its notice, and it would ask for what is done."""
    assert not moot(event, [])
    assert moot(event, [TicketAccepted(), since])


@pytest.mark.parametrize(
    ("event", "since"),
    [
        (WARNED, OTHER_KEPT),
        (WARNED, PAUSED),
        (SURVEY, CLOSED),
        (asked("legal"), OTHER_PLANNED),
        (RESOLVED, CLOSED),
        (escalated("complaint_takeover", "supervisor"), KEPT),
        (escalated("complaint_takeover", "supervisor"), CLOSED),
        (FULL, FULL),
    ],
)
def test_what_stays_true_is_told(event: Event, since: Event) -> None:
    """A promise that was broken is broken, though it was met later; of another nothing is said."""
    assert not moot(event, [since])


# --- queues -----------------------------------------------------------------------------------


def test_a_full_queue_is_told_to_its_supervisor_by_its_own_name_at_any_hour() -> None:
    """RO-03 asks for an alert; of a ticket there is nothing to name."""
    told = record(FULL, later(NIGHT, MOMENT), stream="queue:senior")
    (found,) = notices_of(told, lambda _at: BOOK, {BOOK.version: BOOK}.get)
    assert (found.about, found.to, found.channel) == ("queue:senior", "desk:supervisor", "email")
    assert found.due_at == later(NIGHT, MOMENT)
    rule = next(one for one in BOOK.notice if one.id == found.rule)
    assert "资深专员" in words(rule, told, BOOK, "zh-CN").body
    assert words(rule, told, BOOK, "en").subject == "The queue Senior specialists overflows"
