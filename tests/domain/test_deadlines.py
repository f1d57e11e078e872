"""Time: a deadline fires once, at its instant, by the platform's clock, with its consequence."""

from datetime import timedelta

import pytest

from domain import errors
from domain.commands import (
    AcceptTicket,
    GiveAnswer,
    MakeOffer,
    OpenTicket,
    PassDeadline,
    RefuseClaim,
    RequestIntervention,
)
from domain.events import (
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMissed,
    OfferLapsed,
    RemedyCompleted,
    RemedyOrdered,
    TicketClosed,
)
from domain.policies.deadlines import DEADLINES
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Instant,
    Kind,
    Party,
    RemedyKind,
    Terms,
    later,
)
from tests.scenario import (
    AGENT,
    BOOK,
    BUYER,
    EVERYBODY,
    MERCHANT,
    MOMENT,
    NOW,
    ORDER,
    TICKET,
    Scenario,
    for_each,
    opened,
)


def waiting() -> Scenario:
    """Return a matter whose acceptance is due."""
    return opened()


def reviewed() -> Scenario:
    """Return a matter whose merchant's review is due."""
    return opened().done(AcceptTicket(ticket=TICKET), AGENT)


def negotiated() -> Scenario:
    """Return a matter in negotiation with an open offer."""
    offer = MakeOffer(ticket=TICKET, terms=(Terms(kind=RemedyKind.REPAIR),))
    refuse = RefuseClaim(ticket=TICKET, reasons="no")
    return reviewed().done(refuse, MERCHANT).done(offer, MERCHANT)


def intervened() -> Scenario:
    """Return a matter before the platform."""
    story = negotiated()
    return story.at(story.due("negotiation")).done(RequestIntervention(ticket=TICKET), BUYER)


def asked() -> Scenario:
    """Return a question whose answer is due."""
    question = OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.CONSULTATION)
    return opened(question).done(AcceptTicket(ticket=TICKET), AGENT)


def answered() -> Scenario:
    """Return a question that is answered."""
    return asked().done(GiveAnswer(ticket=TICKET, text="so", resolves=True), AGENT)


def clock(story: Scenario, deadline: str) -> PassDeadline:
    """Return what the platform's clock says of a running deadline."""
    return PassDeadline(ticket=TICKET, deadline=deadline, due_at=story.due(deadline))


FIRING = [
    pytest.param(waiting, "acceptance", "acceptance", DeadlineMissed, id="acceptance"),
    pytest.param(asked, "answer", "answer", DeadlineMissed, id="answer"),
    pytest.param(reviewed, "merchant_review", "merchant_review", DeadlineMissed, id="review"),
    pytest.param(negotiated, "negotiation", "negotiation", DeadlineMissed, id="negotiation"),
    pytest.param(negotiated, "offer:O1", "offer", OfferLapsed, id="offer"),
    pytest.param(intervened, "assignment", "assignment", DeadlineMissed, id="assignment"),
    pytest.param(intervened, "evidence:buyer", "evidence", DeadlineMissed, id="evidence"),
    pytest.param(intervened, "ruling", "ruling", DeadlineMissed, id="ruling"),
    pytest.param(answered, "closing", "closing", TicketClosed, id="closing"),
]


@pytest.mark.parametrize(("begin", "deadline", "name", "fact"), FIRING)
def test_a_deadline_fires_at_the_instant_the_book_sets_and_once(
    begin: object, deadline: str, name: str, fact: type
) -> None:
    """Every promise is checked by the same clock; two workers and a crash fire it once."""
    story = begin()
    due_at = story.due(deadline)
    assert due_at == BOOK.due(name, story.now)
    command = clock(story, deadline)
    early = story.at(due_at).after(-MOMENT)
    early.when(command, by=SYSTEM).then_refused(errors.NotYetDue, due_at=due_at)
    outcome = story.at(due_at).when(command, by=SYSTEM)
    outcome.the(fact)
    passed = story.at(due_at).done(command, SYSTEM)
    passed.when(command, by=SYSTEM).then_nothing()
    passed.after(timedelta(days=1)).when(command, by=SYSTEM).then_nothing()


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[SYSTEM]))
def test_nobody_but_the_platform_says_that_time_has_passed(actor: object) -> None:
    """A side could otherwise end the other's time."""
    story = reviewed()
    command = clock(story, "merchant_review")
    story.at(command.due_at).when(command, by=actor).then_refused(errors.NotYourRole)


def test_a_deadline_that_was_met_does_not_fire() -> None:
    """What was asked for has happened, so its clock is harmless."""
    command = clock(waiting(), "acceptance")
    reviewed().at(command.due_at).when(command, by=SYSTEM).then_nothing()


def test_a_clock_of_another_instant_is_harmless() -> None:
    """An extended deadline has a new instant; the old clock may still ring."""
    story = reviewed()
    command = clock(story, "merchant_review")
    longer = later(command.due_at, timedelta(hours=1))
    extended = story.given(
        DeadlineExtended(deadline="merchant_review", due_at=longer, policy=BOOK.version)
    )
    extended.at(command.due_at).when(command, by=SYSTEM).then_nothing()
    extended.at(longer).when(clock(extended, "merchant_review"), by=SYSTEM).then(
        DeadlineMissed(deadline="merchant_review", due_at=longer),
        DeadlineGiven(
            deadline="intervention",
            due_at=later(longer, timedelta(days=7)),
            awaits=Awaiting.BUYER,
            policy=BOOK.version,
        ),
    )


@pytest.mark.parametrize(
    ("begin", "deadline"), [(waiting, "acceptance"), (intervened, "ruling"), (asked, "answer")]
)
def test_what_is_missed_is_still_owed(begin: object, deadline: str) -> None:
    """A broken promise is shown as overdue until it is kept, not forgotten."""
    story = begin()
    command = clock(story, deadline)
    passed = story.at(command.due_at).done(command, SYSTEM)
    overdue = passed.live.deadlines[deadline]
    assert (overdue.due_at, overdue.missed) == (command.due_at, True)


def test_an_overdue_acceptance_is_met_by_accepting() -> None:
    """Late is better than never, and the queue shows it no longer."""
    story = waiting()
    command = clock(story, "acceptance")
    late = story.at(command.due_at).done(command, SYSTEM)
    assert "acceptance" not in late.done(AcceptTicket(ticket=TICKET), AGENT).live.deadlines


def test_a_party_that_brings_no_evidence_in_time_is_late_from_then_on() -> None:
    """AR-09: who is silent is ruled on what is there; what comes later is marked."""
    story = intervened()
    command = clock(story, "evidence:buyer")
    passed = story.at(command.due_at).done(command, SYSTEM)
    assert passed.live.evidence_missed == {Party.BUYER}
    assert "evidence:buyer" not in passed.live.deadlines


def test_an_appeal_window_that_passed_is_over() -> None:
    """AR-06: after it nobody can ask for a review."""
    due_at = BOOK.due("appeal", NOW)
    window = DeadlineGiven(
        deadline="appeal", due_at=due_at, awaits=Awaiting.NOBODY, policy=BOOK.version
    )
    story = reviewed().given(window)
    assert story.live.appeal_window_open
    passed = story.at(due_at).done(clock(story, "appeal"), SYSTEM)
    assert not passed.live.appeal_window_open
    assert "appeal" not in passed.live.deadlines


def test_a_matter_nobody_pursues_after_negotiation_failed_is_let_go() -> None:
    """No ticket waits for ever: the buyer has seven days to call the platform."""
    story = negotiated()
    story = story.at(story.due("negotiation")).done(clock(story, "negotiation"), SYSTEM)
    assert story.ticket.deadlines["intervention"].awaits is Awaiting.BUYER
    story = story.at(story.due("intervention")).done(clock(story, "intervention"), SYSTEM)
    assert story.ticket.resolved == "abandoned"
    assert set(story.ticket.deadlines) == {"closing"}


def test_imported_history_starts_no_clock() -> None:
    """History is for looking: nothing of ours runs on it."""
    story = Scenario(imported=True).given(*opened().facts[2:3])
    command = PassDeadline(ticket=TICKET, deadline="acceptance", due_at=Instant(NOW))
    story.when(command, by=SYSTEM).then_refused(errors.WrongState)


def test_a_matter_does_not_close_while_something_is_owed() -> None:
    """AR-05: a late gift of the platform is followed to its end, then the matter closes."""
    gift = RemedyOrdered(
        remedy="R1", terms=Terms(kind=RemedyKind.REPAIR), source="goodwill", policy=BOOK.version
    )
    story = answered().given(gift)
    command = clock(story, "closing")
    at_last = story.at(command.due_at)
    more = BOOK.due("closing", at_last.now)
    waits = at_last.when(command, by=SYSTEM).then(
        DeadlineExtended(deadline="closing", due_at=more, policy=BOOK.version)
    )
    waits.when(command, by=SYSTEM).then_nothing()
    given = waits.given(RemedyCompleted(remedy="R1")).at(more)
    assert given.done(clock(given, "closing"), SYSTEM).live.resolved == "answered"


def test_every_deadline_names_the_book_that_set_it() -> None:
    """A replay quotes the past and never looks it up again."""
    given = [one for one in intervened().facts if isinstance(one, DeadlineGiven)]
    assert {one.policy for one in given} == {BOOK.version}
    assert {one.deadline.partition(":")[0] for one in given} <= DEADLINES
