"""CL-09: the whole path, its waits end to end, who had the ball, and what each side was given."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import commands as asked
from domain.errors import Refusal
from domain.events import (
    NoteAdded,
    OfferDeclined,
    OrderShipped,
    PageBrowsed,
    SourceReported,
    TicketOpened,
    TicketQueued,
)
from domain.record import Record, Source
from domain.values import (
    SYSTEM,
    Actor,
    Awaiting,
    Channel,
    Instant,
    Kind,
    Reason,
    Stage,
    later,
)
from domain.values import Scenario as Where
from projections import queue
from projections.queue import QueueRow
from replay import as_of
from replay.as_of import NoSuchMoment
from replay.journey import Audience, Holder, Journey, Wait, order_journey, ticket_journey
from tests.replay.explaining import (
    MINUTES,
    OPENINGS,
    REFUND,
    STEPS,
    appealed,
    begun,
    disputed,
    ruled,
    worked,
)
from tests.replay.told import Told
from tests.scenario import AGENT, BUYER, NOW, ORDER, SUPERVISOR, TICKET, placed, signed

HOUR = timedelta(hours=1)
HOUR_US = 3_600_000_000
PARTY = Audience(
    knows=lambda record: not isinstance(record.event, TicketQueued | NoteAdded),
    shows=lambda _policy, _clock: False,
    inside=False,
)


def journey(story: Told, audience: Audience = Audience()) -> Journey:  # noqa: B008 - it is frozen
    """Return the journey of a story's ticket as it stands."""
    books = {one.version: one for one in (story.book, *story.others)}
    return ticket_journey(
        story.of_ticket, story.of_order, books=books.get, now=story.now, audience=audience
    )


def balls(found: Journey) -> list[tuple[str, str | None, int]]:
    """Return who had the ball, for what, and for how many hours."""
    return [(one.who.value, one.what, one.wall_us // HOUR_US) for one in found.waits]


def lies_end_to_end(waits: tuple[Wait, ...], since: Instant, until: Instant) -> None:
    """Check that waits fill a span: no gap, no overlap, nothing empty."""
    assert all(one.since < one.until for one in waits)
    if waits:
        assert (waits[0].since, waits[-1].until) == (since, until)
    assert all(before.until == after.since for before, after in pairwise(waits))
    assert all(
        (before.who, before.what, before.ref) != (after.who, after.what, after.ref)
        for before, after in pairwise(waits)
    )


# --- waits fill the path ----------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    opening=OPENINGS,
    steps=st.lists(st.tuples(STEPS, MINUTES, st.booleans()), min_size=2, max_size=12),
    seconds=st.integers(min_value=0, max_value=400_000),
)
def test_the_waits_come_to_the_whole_path(
    opening: dict[str, Any], steps: list[tuple[tuple[Any, Actor], int, bool]], seconds: int
) -> None:
    """Whatever happened: no gap, no overlap, and the sides' totals are the span."""
    story = begun(**opening)
    for (command, actor), minutes, works in steps:
        story = story.after(timedelta(minutes=minutes))
        if works:
            story = worked(story)
        try:
            story = story.done(command, actor)
        except Refusal:
            continue
    story = story.after(timedelta(seconds=seconds))
    for audience in (Audience(), PARTY):
        found = journey(story, audience)
        lies_end_to_end(found.waits, found.since, found.until)
        assert sum(one.wall_us for one in found.waits) == found.span_us
        assert sum(one.wall_us for one in found.totals) == found.span_us
        assert sum(one.waits for one in found.totals) == len(found.waits)
        assert all((one.open_us or 0) <= one.wall_us for one in found.waits)
        lengths = [one.wall_us for one in found.longest]
        assert lengths == sorted(lengths, reverse=True)
        assert [one.at for one in found.steps] == sorted(one.at for one in found.steps)
        assert found.over or found.until == story.now


# --- who had the ball -------------------------------------------------------------------------


def test_each_wait_is_whose_turn_it_was() -> None:
    """From the opening to the appeal: the side, what it was for, and how long."""
    found = journey(appealed("upheld").after(2 * HOUR))
    assert balls(found) == [
        ("desk", "acceptance", 1),
        ("merchant", "merchant_review", 1),
        ("buyer", "offer:O1", 1),
        ("desk", "assignment", 1),
        ("buyer", "evidence:buyer", 1),
        ("desk", "remedy:R2", 28),
    ]
    assert not found.over
    first, *_ = found.longest
    assert (first.who, first.what, first.ended) == (Holder.DESK, "remedy:R2", None)
    assert first.began is not None
    assert first.began.topic == "ruling.issued.v1"
    assert [one.began and one.began.topic for one in found.waits][1:3] == [
        "ticket.accepted.v1",
        "offer.made.v1",
    ]


def test_an_agent_a_department_and_a_carrier_are_told_apart() -> None:
    """Inside the house too somebody has the ball; whom the desk waits for has it before all."""
    story = (
        begun(kind=Kind.CONSULTATION)
        .after(HOUR)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.TakeAssignment(ticket=TICKET), AGENT)
        .after(HOUR)
        .done(asked.AskDepartments(ticket=TICKET, departments=("legal",), question="x"), AGENT)
        .after(HOUR)
        .done(asked.AnswerForDepartment(ticket=TICKET, request="D1", plan="x"), SUPERVISOR)
        .after(HOUR)
        .done(asked.BeginWait(ticket=TICKET, on=Awaiting.CARRIER, why="trace"), AGENT)
        .after(HOUR)
        .done(asked.EndWait(ticket=TICKET), AGENT)
        .after(HOUR)
    )
    assert [(one.who, one.ref) for one in journey(story).waits] == [
        (Holder.DESK, None),
        (Holder.AGENT, AGENT.ref),
        (Holder.DEPARTMENT, "legal"),
        (Holder.AGENT, AGENT.ref),
        (Holder.CARRIER, None),
        (Holder.AGENT, AGENT.ref),
    ]
    told = journey(story, PARTY)
    hours = [(one.who, one.wall_us // HOUR_US) for one in told.waits]
    assert hours == [(Holder.PLATFORM, 4), (Holder.CARRIER, 1), (Holder.PLATFORM, 1)]
    assert all(one.what is None and one.ref is None for one in told.waits)
    assert all(not one.told and ":" not in one.by for one in told.steps)


def test_the_way_to_the_goods_comes_first() -> None:
    """Looks at pages, the order, the parcel: each wait before the ticket has its side."""
    story = Told().given(
        replace(placed(), placed_at=later(NOW, -96 * HOUR)),
        PageBrowsed(page="size_guide", browsed_at=later(NOW, -97 * HOUR)),
        OrderShipped(carrier="sf", tracking="t-1", shipped_at=later(NOW, -48 * HOUR)),
        replace(signed(), signed_at=later(NOW, -24 * HOUR)),
        PageBrowsed(page="returns_help", browsed_at=later(NOW, -2 * HOUR)),
    )
    story = story.promised(begun().book).done(
        asked.OpenTicket(channel=Channel.APP, order=ORDER), BUYER
    )
    found = journey(story)
    assert balls(found) == [
        ("buyer", "browsing", 1),
        ("merchant", "shipment", 48),
        ("carrier", "delivery", 24),
        ("nobody", "received", 24),
    ]
    assert [one.who.value for one in found.longest] == ["merchant", "carrier", "buyer"]
    assert [one.what for one in found.steps][:5] == [
        "order.page_browsed",
        "order.placed",
        "order.shipped",
        "order.signed",
        "order.page_browsed",
    ]
    assert found.steps[0].told["page"] == "size_guide"


def test_an_order_is_told_with_all_its_tickets() -> None:
    """The way to the goods once, and every ticket from its opening."""
    story = disputed()
    books = {story.book.version: story.book}
    found = order_journey(story.of_order, {TICKET: story.of_ticket}, books=books.get, now=story.now)
    (mine,) = found.tickets
    assert mine.since == found.until
    assert sum(one.wall_us for one in found.waits) == found.span_us
    lies_end_to_end(mine.waits, mine.since, mine.until)
    alone = order_journey(story.of_order, {}, books=books.get, now=story.now)
    assert alone.tickets == ()
    assert sum(one.wall_us for one in alone.waits) == alone.span_us


def test_open_hours_are_those_of_the_books_calendar() -> None:
    """Eight o'clock UTC is four in the afternoon in Shanghai: two open hours that day."""
    story = begun(kind=Kind.COMPLAINT).after(24 * HOUR)
    found = journey(story)
    (wait,) = [one for one in found.waits if one.who is Holder.DESK]
    assert found.calendar == "cn_office 2026-11-22"
    # From 16:00 to 18:00, and the next day, a Friday, from 09:00 to 16:00 without the lunch break.
    assert (wait.wall_us, wait.open_us) == (24 * HOUR_US, 7.5 * HOUR_US)


# --- the fairness log -------------------------------------------------------------------------


def test_both_sides_have_the_same_time_for_their_evidence() -> None:
    """A deadline that leaves one side less is seen at once."""
    found = journey(ruled(REFUND))
    times = {(one.name, one.who): one for one in found.usable}
    buyer = times["evidence:buyer", Holder.BUYER]
    merchant = times["evidence:merchant", Holder.MERCHANT]
    assert buyer.usable_us == merchant.usable_us == 24 * HOUR_US
    assert buyer.open_us == merchant.open_us
    assert times["appeal", Holder.BUYER].usable_us == times["appeal", Holder.MERCHANT].usable_us
    review = times["merchant_review", Holder.MERCHANT]
    assert (review.usable_us, review.used_us, review.state) == (72 * HOUR_US, HOUR_US, "ended")
    offer = times["offer:O1", Holder.BUYER]
    assert ("offer:O1", Holder.MERCHANT) not in times
    assert offer.used_us == HOUR_US


def test_a_rest_is_no_usable_time() -> None:
    """SL-25: what rested while the buyer was waited for is told, and left out."""
    story = (
        begun(kind=Kind.COMPLAINT, reason=Reason.LATE)
        .after(HOUR)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.BeginWait(ticket=TICKET, on=Awaiting.BUYER, why="photo"), AGENT)
        .after(240 * HOUR)
        .done(asked.SendMessage(ticket=TICKET, text="here"), BUYER)
        .after(HOUR)
    )
    found = journey(story)
    promise = next(one for one in found.usable if one.name == "clock:medium_priority_closed")
    assert (promise.usable_us, promise.rested_us) == (24 * HOUR_US, 240 * HOUR_US)
    assert promise.used_us == 2 * HOUR_US
    assert promise.due_at == later(NOW, 264 * HOUR)
    assert not any(one.name.startswith("clock:") for one in journey(story, PARTY).usable)


def test_what_passed_is_told_as_missed_and_how_long_it_was() -> None:
    """Nobody can say afterwards that there was no time."""
    found = journey(worked(begun(kind=Kind.DISPUTE).after(HOUR)))
    acceptance = next(one for one in found.usable if one.name == "acceptance")
    assert (acceptance.state, acceptance.used_us) == ("missed", HOUR_US // 2)


# --- imported history -------------------------------------------------------------------------


def row(story: Told, number: int, at: Instant, state: str, awaiting: Awaiting) -> list[Record]:
    """Return the record of a row of another system, at its own time."""
    event = SourceReported(state=state, stage=Stage.INTAKE, awaiting=awaiting)
    (record,) = story.given(event, by=SYSTEM).records[len(story.records) :]
    source = Source(system="log", ref=f"row {number}", imported=True, occurred_at=at)
    return [replace(record, envelope=replace(record.envelope, source=source))]


def test_history_of_another_system_is_told_in_its_own_times_and_states() -> None:
    """Nobody is waited for since it was taken in: the path ends with its last row."""
    story, records = history([("New", Awaiting.AGENT, 0), *_ANSWERED])
    found = ticket_journey(records, (), books={}.get, now=story.now)
    assert found.imported
    assert (found.since, found.until) == (START, later(START, 29 * HOUR))
    assert balls(found) == [
        ("desk", "source:New", 5),
        ("buyer", "source:Awaiting User", 15),
        ("desk", "source:Answered", 9),
    ]
    assert [one.told.get("state") for one in found.steps] == [
        None,
        *("New", "Awaiting User", "Answered", "Done"),
    ]
    assert (found.calendar, found.waits[0].open_us) == (None, None)


def test_history_that_came_backward_is_told_as_it_happened() -> None:
    """Rows of one ticket may lie in two files, and the second one may be taken in first."""
    states = [("New", Awaiting.AGENT, 0), *_ANSWERED]
    story, forward = history(states)
    _, backward = history([states[3], states[1], states[2], states[0]])
    told, again = (
        ticket_journey(records, (), books={}.get, now=story.now) for records in (forward, backward)
    )
    assert balls(again) == balls(told)
    assert again.totals == told.totals
    assert (again.since, again.until) == (told.since, told.until)
    assert all(one.at >= again.since for one in again.steps)
    own = {record.position: record.version for record in backward}
    places = [one.began for one in again.waits if one.began is not None]
    assert [one.version for one in places] == [
        own[int(one.position.partition("-")[2])] for one in places
    ]


START: Final = Instant("2016-03-01T08:00:00.000000Z")
_ANSWERED: Final = [
    ("Awaiting User", Awaiting.BUYER, 5),
    ("Answered", Awaiting.AGENT, 20),
    ("Done", Awaiting.NOBODY, 29),
]


def history(told: Sequence[tuple[str, Awaiting, int]]) -> tuple[Told, list[Record]]:
    """Return another system's ticket: rows of a state, whose turn it was, and the hour."""
    opened = TicketOpened(
        channel=Channel.IMPORT,
        kind=Kind.COMPLAINT,
        scenario=Where.SERVICE,
        reason=Reason.OTHER,
        priority=3,
        policy="2026-11-22",
        buyer="caller-1",
    )
    story = replace_imported(Told()).given(opened)
    (first,) = story.records
    source = Source(
        system="log",
        ref="row 1",
        imported=True,
        occurred_at=later(START, told[0][2] * HOUR),
    )
    records = [replace(first, envelope=replace(first.envelope, source=source))]
    for number, (state, awaiting, hours) in enumerate(told, start=2):
        records += row(story, number, later(START, hours * HOUR), state, awaiting)
        event = SourceReported(state=state, stage=Stage.INTAKE, awaiting=awaiting)
        story = story.given(event, by=SYSTEM)
    return story, records


def replace_imported(story: Told) -> Told:
    """Return the story of another system's ticket."""
    return Told(**{**vars(story), "imported": True})


def test_what_the_house_does_after_the_end_moves_no_end_for_a_side() -> None:
    """When a note was written is as inside as that it was."""
    ended = begun(kind=Kind.DISPUTE).after(HOUR).done(asked.CloseTicket(ticket=TICKET), BUYER)
    noted = ended.after(5 * HOUR).done(asked.AddNote(ticket=TICKET, text="Between us."), AGENT)
    assert journey(noted, PARTY) == journey(ended, PARTY)
    assert journey(noted, PARTY).until == ended.now
    assert journey(noted).until == noted.now


def test_a_side_is_not_told_until_when_the_house_names_an_arbitrator() -> None:
    """What the ticket does not show it the journey does not either."""
    for story in (disputed(), ruled(REFUND), appealed("upheld")):
        whole = {one.name for one in journey(story).usable}
        told = {one.name for one in journey(story, PARTY).usable}
        assert {name for name in whole - told if not name.startswith("clock:")} == {"assignment"}


def test_what_the_queue_puts_aside_leaves_the_ball_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The live queue shows no more of such a ticket, and its journey is told all the same."""
    story = disputed()
    whole = journey(story)

    def half(row: QueueRow, _record: Record, _event: OfferDeclined) -> None:
        row.deadlines.clear()
        raise LookupError

    monkeypatch.setitem(queue.VIEW.handlers, OfferDeclined, half)
    found = journey(story)
    lies_end_to_end(found.waits, found.since, found.until)
    assert balls(found)[:3] == balls(whole)[:3]
    assert [one[:2] for one in balls(found)[3:]] == [("merchant", "negotiation")]
    assert found.steps == whole.steps
    assert "negotiation" in as_of.queue_row(story.of_ticket).deadlines


def test_a_ticket_the_queue_can_not_begin_has_no_journey(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, as every other view of then does."""

    def broken(_record: Record, _event: TicketOpened) -> QueueRow:
        raise LookupError

    monkeypatch.setitem(queue.VIEW.openings, TicketOpened, broken)
    with pytest.raises(NoSuchMoment, match="can not be folded"):
        journey(disputed())


def test_a_matter_that_is_over_ends_with_its_last_fact() -> None:
    """Time after the end is nobody's wait."""
    story = begun(kind=Kind.DISPUTE).after(HOUR).done(asked.CloseTicket(ticket=TICKET), BUYER)
    found = journey(story.after(999 * HOUR))
    assert found.over
    assert found.until == story.now
    assert balls(found) == [("desk", "acceptance", 1)]
