"""An explanation works everything out again, finds the record right, and finds a wrong one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import commands as asked
from domain.errors import Refusal
from domain.events import (
    ClockStarted,
    DeadlineExtended,
    DeadlineGiven,
    DiagnosisMade,
    OverduePayoutOwed,
    PayoutOwed,
    PersonalDataErased,
    TicketPrioritised,
)
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Awaiting,
    Customer,
    ErasureGround,
    Instant,
    Kind,
    Money,
    Personal,
    Pointed,
    Reason,
    Responsible,
    Tier,
    later,
)
from domain.values import Scenario as Where
from replay.explain import Decision, What, explain, recomputed, ref
from replay.explain.telling import text_of
from tests.replay.explaining import (
    MINUTES,
    OPENINGS,
    STEPS,
    again,
    begun,
    book,
    forged,
    late_for_fresh_food,
    moved,
    the,
    told,
    worked,
)
from tests.replay.told import Told
from tests.scenario import (
    AGENT,
    BUYER,
    NOW,
    SUPERVISOR,
    TICKET,
)

BOT = Actor(ActorKind.BOT, "bot")
DUE = (ClockStarted, DeadlineGiven, DeadlineExtended)
"""Every fact by which something is due on a ticket from then on."""


# --- everything comes out again ---------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    opening=OPENINGS,
    steps=st.lists(st.tuples(STEPS, MINUTES, st.booleans()), min_size=4, max_size=14),
)
def test_whatever_happened_is_worked_out_again_as_it_stands_on_record(
    opening: dict[str, Any], steps: list[tuple[tuple[Any, Actor], int, bool]]
) -> None:
    """A due time, a priority, a queue or a diagnosis nobody can derive is an assertion."""
    story = begun(**opening)
    for (command, actor), minutes, works in steps:
        story = story.after(timedelta(minutes=minutes))
        if works:
            story = worked(story)
        try:
            story = story.done(command, actor)
        except Refusal:
            continue
    for what in What:
        decisions = told(what, story)
        wrong = [(one.about, one.differences) for one in decisions if one.recomputed is False]
        assert wrong == []
        assert recomputed(decisions)
    due = told(What.DUE, story)
    running = {one.about: one.result for one in due if not one.result.get("ended_by")}
    for name, clock in story.live.clocks.items():
        assert running[name]["due_at"] == clock.due_at
    for name, deadline in story.live.deadlines.items():
        assert running[f"deadline:{name}"]["due_at"] == deadline.due_at
    given = [one for one in story.of_ticket if isinstance(one.event, DUE)]
    assert [one.event.version for one in due] == [one.version for one in given]
    assert told(What.PRIORITY, story)[-1].result["priority"] == story.live.priority


# --- in words ---------------------------------------------------------------------------------


def test_a_due_time_is_told_with_its_starts_and_the_time_that_was_added() -> None:
    """Who reads it adds the figures up on paper."""
    promise = the(told(What.DUE, begun(kind=Kind.COMPLAINT)), "complaint_takeover")
    assert promise.result["due_at"] == later(NOW, timedelta(minutes=30))
    assert promise.book.digest == book().digest
    starts = [one for one in promise.steps if one.words == "It starts on opened."]
    assert [(one.since, one.event and one.event.version) for one in starts] == [(NOW, 1)]
    added = [one for one in promise.steps if one.words.startswith("Added")]
    assert [one.seconds for one in added] == [1800]


def test_a_rest_is_left_out_of_the_time_that_is_added() -> None:
    """SL-25: ten days of waiting for the buyer cost the platform nothing."""
    story = (
        begun(kind=Kind.COMPLAINT, reason=Reason.LATE)
        .after(timedelta(hours=1))
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.BeginWait(ticket=TICKET, on=Awaiting.BUYER, why="photo"), AGENT)
        .after(timedelta(days=10))
        .done(asked.SendMessage(ticket=TICKET, text="here"), BUYER)
    )
    promise = the(told(What.DUE, story), "medium_priority_closed")
    added = [one.seconds for one in promise.steps if one.words.startswith("Added")]
    assert added == [3600, 23 * 3600]
    assert promise.result["due_at"] == later(NOW, timedelta(days=10, hours=24))
    assert [one.words for one in promise.steps if one.words.startswith("It r")] == [
        "It rests: buyer.",
        "It runs on with what was left.",
    ]


def test_working_hours_are_added_one_by_one_under_another_book() -> None:
    """A calendar with a lunch break gives the morning's rest and the afternoon's."""
    story = begun(kind=Kind.COMPLAINT).done(moved("2026-11-23"), SUPERVISOR)
    promise = the(told(What.DUE, story), "complaint_takeover")
    assert promise.recomputed
    assert promise.book.version == "2026-11-23"
    added = [one for one in promise.steps if one.words.startswith("Added")]
    assert sum(one.seconds or 0 for one in added) == 45 * 60
    assert all("cn_office (Asia/Shanghai)" in one.words for one in added)


def test_a_priority_names_the_classes_the_weights_and_their_sum() -> None:
    """SL-27: an auditor sees why a ticket stood where it stood."""
    story = begun(kind=Kind.DISPUTE, customer=Customer(Tier.TOP))
    priority = told(What.PRIORITY, story)[-1]
    words = [one.words for one in priority.steps]
    assert any(one.startswith("It is in the class top_member") for one in words)
    assert "top_member weighs 40 for value, more than any other." in words
    assert "vip would weigh 30 for value: outweighed." in words
    tier = next(one for one in priority.inputs if one.name == "tier")
    assert tier.value == "top"
    assert tier.event is not None
    assert tier.event.topic == "ticket.customer_noted.v1"


def test_a_diagnosis_shows_its_weights_and_the_person_beside_the_machine() -> None:
    """DI-06: both judgements stay, dimension by dimension."""
    story = begun(statement="The screen flickers and the phone is broken.").done(
        asked.CorrectDiagnosis(
            ticket=TICKET,
            scenario=Where.SERVICE,
            responsible=Responsible.PLATFORM,
            kind=Kind.DISPUTE,
        ),
        AGENT,
    )
    machine, person = told(What.DIAGNOSIS, story)
    assert machine.recomputed
    assert any(one.points for one in machine.steps)
    assert [one.words.rpartition(": ")[2] for one in person.steps] == ["they differ."] * 3


@pytest.mark.parametrize("what", What)
def test_a_breach_that_costs_a_share_of_the_order_is_worked_out_again(what: What) -> None:
    """SL-19: what is owed is told on the order's stream too, and that is no fact of the ticket."""
    story = late_for_fresh_food()
    assert OverduePayoutOwed in {type(one.event) for one in story.of_order}
    assert "fresh_solution" in story.live.clocks
    decisions = told(what, story)
    assert [(one.about, one.differences) for one in decisions if one.differences] == []
    assert recomputed(decisions)


@pytest.mark.parametrize("what", [What.DUE, What.RANK, What.OWED])
def test_a_share_of_the_order_that_was_forged_is_found(what: What) -> None:
    """The share is the book's, whoever wrote another one down."""
    story = late_for_fresh_food()
    records = forged(story.of_ticket, PayoutOwed, amount=Money(1_001, "CNY"))
    found = [each for one in again(what, story, records) for each in one.differences]
    assert {(one.what, one.on_record, one.recomputed) for one in found} == {
        ("amount", text_of(Money(1_001, "CNY")), text_of(Money(1_000, "CNY")))
    }


def machine_of(story: Told, texts: Mapping[tuple[int, str], str | None]) -> Decision:
    """Return how the machine's only judgement is explained to who can read these texts."""
    books = {story.book.version: story.book}
    found = explain(What.DIAGNOSIS, story.of_ticket, story.of_order, books=books.get, texts=texts)
    (machine,) = found
    return machine


def came_back(reason: str) -> Told:
    """Return a matter that was answered for good and reopened by its buyer with words."""
    return (
        begun()
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .done(asked.GiveAnswer(ticket=TICKET, text="Done.", resolves=True), AGENT)
        .after(timedelta(hours=1))
        .done(asked.ReopenTicket(ticket=TICKET, reason=reason), BUYER)
    )


def test_the_words_of_a_reopening_are_explained_as_those_of_a_message() -> None:
    """DI-03: the judgement names the reopening it rests on, and comes out of its words again."""
    story = came_back("The screen flickers.")
    machine = machine_of(story, story.texts)
    ((version, _),) = [one for one in story.texts if one[1] == "reason"]
    assert machine.inputs[0].value == f"reason of version {version}"
    assert machine.recomputed is True
    gone = machine_of(story, {})
    assert gone.not_recomputed == "the text that was judged is kept from view"


def test_an_erased_text_is_said_to_be_gone_and_is_not_called_right() -> None:
    """Erasure keeps the judgement on record and takes the words, and the means to repeat it."""
    story = begun(statement="The screen flickers.")
    before = machine_of(story, story.texts)
    erased = story.given(
        PersonalDataErased(
            erasure=1,
            subject=f"buyer:{BUYER.ref}",
            ground=ErasureGround.CONSENT_WITHDRAWN,
            places=tuple(Pointed(version, f"/data/{field}") for version, field in story.texts),
        ),
        by=SYSTEM,
    )
    after = machine_of(erased, dict.fromkeys(story.texts))
    assert (after.recomputed, after.not_recomputed) == (None, "the text that was judged is erased")
    assert after.steps[0].words == "The words of the book it rests on are erased."
    assert after.steps[0].event == ref(erased.of_ticket[-1])
    assert after.result == before.result


def test_a_text_that_is_kept_from_view_is_not_called_erased() -> None:
    """Who may not read is not told that there is nothing any more."""
    machine = machine_of(begun(statement="The screen flickers."), {})
    assert machine.recomputed is None
    assert machine.not_recomputed == "the text that was judged is kept from view"
    assert machine.steps[0].words == "The words of the book it rests on are kept from view."


# --- a wrong record is found ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "kind", "fields"),
    [
        (What.DUE, ClockStarted, {"due_at": Instant("2026-12-24T00:00:00.000000Z")}),
        (What.DUE, ClockStarted, {"target_s": 7}),
        (What.PRIORITY, TicketPrioritised, {"points": 999}),
        (What.PRIORITY, TicketPrioritised, {"priority": 4}),
    ],
)
def test_a_record_that_does_not_follow_is_told_with_the_difference(
    what: What, kind: type, fields: dict[str, Any]
) -> None:
    """A check that finds every record right would be worse than none."""
    story = begun(kind=Kind.DISPUTE)
    assert recomputed(told(what, story))
    decisions = again(what, story, forged(story.of_ticket, kind, **fields))
    assert not recomputed(decisions)
    (name,) = fields
    found = [one.what for each in decisions for one in each.differences]
    assert name in found


@pytest.mark.parametrize("words", ["flickers\nbroken glass", ""])
def test_words_that_were_not_found_are_told_with_those_that_are(words: str) -> None:
    """Words stand sealed on record; who may open them sees that a wrong one was put there."""
    story = begun(statement="The screen flickers.")
    ((place, found),) = [one for one in story.texts.items() if one[0][1] == "words"]
    forgery = Personal(words, subject=f"buyer:{BUYER.ref}") if words else None
    records = forged(story.of_ticket, DiagnosisMade, words=forgery)
    books = {story.book.version: story.book}
    texts = {**story.texts, place: words or None}
    (machine,) = explain(What.DIAGNOSIS, records, story.of_order, books=books.get, texts=texts)
    (wrong,) = machine.differences
    assert (machine.recomputed, wrong.what) == (False, "words")
    assert wrong.on_record == words.replace("\n", ", ")
    assert wrong.recomputed == found.replace("\n", ", ")
