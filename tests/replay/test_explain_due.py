"""Why deadlines are due when they are: row, bound and reason are told, a forged one is found."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import (
    AgentNoted,
    ClockCancelled,
    ClockStarted,
    ClockStopped,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMissed,
    Event,
    EvidenceRequested,
    InterventionRequested,
    OfferMade,
)
from domain.milestones import Milestone
from domain.record import Record
from domain.values import (
    Awaiting,
    EvidenceKind,
    Instant,
    Kind,
    Party,
    Responsible,
    Scenario,
    later,
)
from replay.explain import What, recomputed
from tests.replay.explaining import (
    COUPON,
    again,
    appealed,
    begun,
    book,
    disputed,
    forged,
    moved,
    passed,
    rewritten,
    ruled,
    the,
    told,
    words,
)
from tests.replay.told import Told
from tests.scenario import AGENT, BUYER, MERCHANT, NOW, SUPERVISOR, TICKET

FAR = Instant("2027-06-01T00:00:00.000000Z")
HOUR = timedelta(hours=1)


def accepted() -> Told:
    """Return a complaint that waits for its merchant."""
    return begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT)


def offered() -> Told:
    """Return a dispute with an open offer of the merchant."""
    return accepted().done(asked.MakeOffer(ticket=TICKET, terms=(COUPON,)), MERCHANT)


def asked_late() -> Told:
    """Return a dispute in which a side is asked for evidence an hour before the ruling is due."""
    story = disputed()
    return story.at(later(story.due("ruling"), -HOUR)).done(
        asked.RequestEvidence(ticket=TICKET, party=Party.BUYER, kinds=(EvidenceKind.VIDEO,)),
        SUPERVISOR,
    )


def extended() -> Told:
    """Return a resolved matter in which a coupon was owed still when it would have closed."""
    resolved = asked.GiveAnswer(ticket=TICKET, text="It is on its way.", resolves=True)
    given = asked.GrantRemedy(ticket=TICKET, terms=COUPON)
    return passed(accepted().done(resolved, AGENT).done(given, SUPERVISOR), "closing")


def wrong(story: Told, records: list[Record], what: What = What.DUE) -> list[tuple[str, str]]:
    """Return which decisions differ, and in what."""
    found = again(what, story, records)
    return [(one.about, each.what) for one in found for each in one.differences]


def of_name(story: Told, kind: type, name: str, **fields: Any) -> list[Record]:
    """Return the ticket's records with the last fact of a kind about a deadline told otherwise."""
    last = max(
        one.version
        for one in story.of_ticket
        if isinstance(one.event, kind) and getattr(one.event, "deadline", name) == name
    )
    before = [one for one in story.of_ticket if one.version <= last]
    return [*forged(before, kind, **fields), *story.of_ticket[last:]]


def test_a_deadline_is_told_with_its_row_its_time_and_its_reason() -> None:
    """The queue's due time of an accepted complaint is the merchant's: who set it, and why."""
    story = accepted()
    review = the(told(What.DUE, story), "deadline:merchant_review")
    assert review.recomputed
    assert review.book.digest == book().digest
    assert review.result == {
        "deadline": "merchant_review",
        "since": NOW,
        "due_at": story.due("merchant_review"),
        "state": "running",
        "awaits": Awaiting.MERCHANT,
    }
    row = book().deadline_rule("merchant_review")
    inputs = {one.name: one.value for one in review.inputs}
    assert inputs["within_s"] == str(int(book().within("merchant_review").total_seconds()))
    assert (inputs["source"], inputs["awaits"]) == (row.source, row.awaits)
    reason = next(one for one in review.steps if one.event)
    assert reason.words == "It follows from ticket.accepted.v1."


def test_a_deadline_inside_a_decision_is_told_with_its_bound() -> None:
    """Evidence asked for an hour before the ruling is due within that hour."""
    story = asked_late()
    evidence = the(told(What.DUE, story), "deadline:evidence:buyer")
    assert evidence.recomputed
    assert evidence.result["due_at"] == story.due("ruling")
    assert "That is after the decision it prepares is due: it is due with it." in words(evidence)
    early = the(told(What.DUE, disputed()), "deadline:evidence:buyer")
    assert "That is not after the decision it prepares is due." in words(early)


@pytest.mark.parametrize(
    ("story", "deadline", "state", "topic"),
    [
        (accepted, "acceptance", "met", "deadline.met.v1"),
        (lambda: passed(offered(), "offer:O1"), "offer:O1", "missed", "offer.lapsed.v1"),
        (lambda: passed(offered(), "negotiation"), "negotiation", "missed", "deadline.missed.v1"),
        (
            lambda: offered().done(asked.DeclineOffer(ticket=TICKET, offer="O1"), BUYER),
            *("offer:O1", "met", "deadline.met.v1"),
        ),
        (ruled, "ruling", "met", "deadline.met.v1"),
        (lambda: appealed("upheld"), "appeal", "met", "deadline.met.v1"),
    ],
)
def test_the_end_of_a_deadline_is_told(story: Any, deadline: str, state: str, topic: str) -> None:
    """A due time that is gone was cleared by a fact, and that fact is named."""
    ended = the(told(What.DUE, story()), f"deadline:{deadline}")
    assert (ended.result["state"], ended.result["ended_by"]) == (state, topic)
    assert ended.recomputed


def test_more_time_is_a_decision_of_its_own() -> None:
    """What was due first stays told beside what was due then."""
    story = extended()
    first, second = [one for one in told(What.DUE, story) if one.about == "deadline:closing"]
    assert (first.result["state"], second.result["state"]) == ("replaced", "running")
    assert first.result["due_at"] == second.result["since"]
    assert second.result["due_at"] == story.due("closing")
    assert (first.recomputed, second.recomputed) == (True, True)
    assert ("deadline:closing", "due_at") in wrong(
        story, forged(story.of_ticket, DeadlineExtended, due_at=FAR)
    )


@pytest.mark.parametrize(
    ("story", "kind", "deadline", "fields"),
    [
        (accepted, DeadlineGiven, "merchant_review", {"due_at": FAR}),
        (accepted, DeadlineGiven, "merchant_review", {"awaits": Awaiting.NOBODY}),
        (offered, DeadlineGiven, "offer:O1", {"due_at": FAR}),
        (offered, DeadlineGiven, "negotiation", {"due_at": FAR}),
        (disputed, DeadlineGiven, "ruling", {"due_at": FAR}),
        (asked_late, DeadlineGiven, "evidence:buyer", {"due_at": later(NOW, 1_000 * HOUR)}),
        (ruled, DeadlineGiven, "appeal", {"due_at": later(NOW, HOUR)}),
        (ruled, DeadlineGiven, "remedy:R1", {"due_at": FAR}),
    ],
)
def test_a_forged_deadline_is_found_with_the_figure(
    story: Any, kind: type, deadline: str, fields: dict[str, Any]
) -> None:
    """Three days of a merchant's do not become a year because a row says so."""
    lived = story()
    (name,) = fields
    records = of_name(lived, kind, deadline, **fields)
    assert (f"deadline:{deadline}", name) in wrong(lived, records)
    decisions = again(What.DUE, lived, records)
    assert not recomputed(decisions)
    if name == "due_at":
        one = the(decisions, f"deadline:{deadline}")
        difference = next(each for each in one.differences if each.what == "due_at")
        assert difference.on_record == fields["due_at"]
        assert difference.recomputed == the(told(What.DUE, lived), one.about).result["due_at"]


def test_a_forged_deadline_is_found_where_it_ranks() -> None:
    """The place in the queue rests on it: who set it back waits longer than the book says."""
    story = accepted()
    assert recomputed(told(What.RANK, story))
    records = of_name(story, DeadlineGiven, "merchant_review", due_at=FAR)
    assert ("rank", "due_at") in wrong(story, records, What.RANK)


def test_what_follows_from_a_forged_deadline_does_not_follow() -> None:
    """A negotiation that ended a day early ended by nothing, though its row says so twice."""
    story = passed(offered(), "negotiation")
    early = later(NOW, HOUR)
    records = of_name(story, DeadlineGiven, "negotiation", due_at=early)
    records = forged(records, DeadlineMissed, due_at=early)
    assert ("negotiation", "due_at") in wrong(story, records, What.OUTCOME)


@pytest.mark.parametrize(
    ("story", "kind"),
    [(offered, OfferMade), (disputed, InterventionRequested), (disputed, EvidenceRequested)],
)
def test_a_due_time_that_is_told_twice_is_told_alike(story: Any, kind: type[Event]) -> None:
    """A side reads it in the fact that concerns it; that one may not say another day."""
    lived = story()
    assert "due_at" in {what for _, what in wrong(lived, forged(lived.of_ticket, kind, due_at=FAR))}


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"due_at": FAR}, "due_at"),
        ({"policy": "2026-11-23"}, "policy"),
        ({"deadline": "holiday"}, "deadline"),
        ({"deadline": "remedy:R9"}, "deadline"),
        ({"deadline": "refund"}, "deadline"),
        ({"deadline": "evidence:carrier"}, "deadline"),
    ],
)
def test_a_deadline_the_book_does_not_give_is_found(fields: dict[str, Any], what: str) -> None:
    """Another book, a name of nobody's, a remedy there is not."""
    story = begun(kind=Kind.COMPLAINT)
    found = wrong(story, forged(story.of_ticket, DeadlineGiven, **fields))
    assert what in {one for _, one in found}


def test_a_deadline_without_a_reason_is_found() -> None:
    """Nothing happened in whose course it could have been given."""
    story = accepted()
    extra = DeadlineGiven(
        deadline="ruling",
        due_at=book().due("ruling", story.now),
        awaits=Awaiting.ARBITRATOR,
        policy=book().version,
    )
    lonely = story.given(extra)
    assert wrong(lonely, lonely.of_ticket) == [("deadline:ruling", "reason")]


def test_more_time_for_what_gets_none_is_found() -> None:
    """Only a closing that something is owed in is put off."""
    story = disputed()
    more = DeadlineExtended(deadline="ruling", due_at=FAR, policy=book().version)
    longer = story.given(more)
    assert ("deadline:ruling", "fact") in wrong(longer, longer.of_ticket)


def test_a_deadline_that_passed_before_its_instant_is_found() -> None:
    """The clock does not say what has not come."""
    story = passed(offered(), "negotiation")
    early = later(NOW, HOUR)
    records = rewritten(story.of_ticket, DeadlineMissed, lambda one: _at(one, early))
    assert ("deadline:negotiation", "passed_at") in wrong(story, records)


def test_a_promise_that_is_not_moot_is_found() -> None:
    """Whoever calls a promise moot hides that it would be broken."""
    story = accepted().done(moved("2026-11-23"), SUPERVISOR)
    started = next(one for one in story.of_ticket if isinstance(one.event, ClockStarted))
    assert isinstance(started.event, ClockStarted)
    name = next(iter(story.live.clocks))
    for why in ("reopened", "not_in_book", "resolved"):
        hidden = story.given(ClockCancelled(clock=name, why=why))
        assert (name, "why") in wrong(hidden, hidden.of_ticket)


def test_a_promise_whose_ground_was_taken_back_is_moot_and_no_other_is() -> None:
    """The correction stands before the end of the clock it took the ground of."""
    calm = asked.CorrectDiagnosis(
        ticket=TICKET,
        scenario=Scenario.PRODUCT,
        responsible=Responsible.MERCHANT,
        kind=Kind.COMPLAINT,
        upset=False,
    )
    heard = asked.ReportFact(
        ticket=TICKET, fact=Milestone.NEGATIVE_SENTIMENT, occurred_at=NOW, reference=None
    )
    story = accepted().done(heard, AGENT).done(calm, SUPERVISOR)
    assert "negative_resolved" not in story.live.clocks
    assert wrong(story, story.of_ticket) == []
    name = next(iter(story.live.clocks))
    hidden = story.given(ClockCancelled(clock=name, why="ground_withdrawn"))
    assert (name, "why") in wrong(hidden, hidden.of_ticket)


def test_a_promise_the_corrected_matter_is_not_owed_is_moot_and_no_other_is() -> None:
    """A person said what the matter is; of what it is still owed nothing is called off."""
    question = asked.CorrectDiagnosis(
        ticket=TICKET,
        scenario=Scenario.SERVICE,
        responsible=Responsible.MERCHANT,
        kind=Kind.CONSULTATION,
    )
    before = begun(kind=Kind.COMPLAINT)
    story = before.done(question, SUPERVISOR)
    assert "complaint_takeover" in before.live.clocks
    assert "complaint_takeover" not in story.live.clocks
    assert wrong(story, story.of_ticket) == []
    for hidden in (story, before):
        name = next(iter(hidden.live.clocks))
        told = hidden.given(ClockCancelled(clock=name, why="corrected"))
        assert (name, "why") in wrong(told, told.of_ticket)


def test_a_promise_that_was_kept_by_somebody_else_is_found() -> None:
    """Who is not on record with the skill did not keep it, whatever the record says followed."""
    story = accepted()
    assert ClockStopped in {type(one.event) for one in story.of_ticket}
    assert wrong(story, story.of_ticket) == []
    records = forged(story.of_ticket, AgentNoted, skills=())
    assert "complaint_takeover" in {name for name, _ in wrong(story, records)}


def test_a_promise_under_another_book_than_the_tickets_is_found() -> None:
    """A book that promises less may be adopted; the ticket was promised by its own."""
    story = accepted()
    records = forged(story.of_ticket, ClockStarted, policy="2026-11-23")
    assert "policy" in {what for _, what in wrong(story, records)}


def _at(record: Record, at: Instant) -> Record:
    return replace(record, envelope=replace(record.envelope, at=at))
