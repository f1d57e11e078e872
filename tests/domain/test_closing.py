"""The end of a matter: closing, coming back, and how it was."""

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AcceptTicket,
    AmendClaim,
    ApproveClaim,
    CloseTicket,
    CorrectDiagnosis,
    GiveAnswer,
    GiveSatisfaction,
    MakeOffer,
    PassDeadline,
    RefuseClaim,
    ReopenTicket,
    RequestIntervention,
    SendMessage,
    TakeAssignment,
)
from domain.events import (
    DeadlineGiven,
    DeadlineMet,
    OfferSuperseded,
    SatisfactionGiven,
    TicketClosed,
    TicketReopened,
    TicketsLinked,
)
from domain.ticket.state import Appeal, OfferState
from domain.values import (
    SYSTEM,
    Awaiting,
    Kind,
    Party,
    RemedyKind,
    Responsible,
    Scenario,
    Stage,
    Terms,
)
from tests.scenario import (
    AGENT,
    BOOK,
    BUYER,
    EVERYBODY,
    LINE,
    MERCHANT,
    MOMENT,
    ORDER,
    OTHER_BUYER,
    SUPERVISOR,
    TICKET,
    by_buyer,
    for_each,
    opened,
)
from tests.scenario import Scenario as Story

CLOSE = CloseTicket(ticket=TICKET)
REOPEN = ReopenTicket(ticket=TICKET, reason="it broke again")
RATE = GiveSatisfaction(ticket=TICKET, result=5, speed=4, attitude=1, text="thanks")
EXCHANGE = ApproveClaim(ticket=TICKET, terms=Terms(kind=RemedyKind.EXCHANGE))
HOLDS = (f"line:{ORDER}/{LINE}/product",)


def taken_up() -> Story:
    """Return a matter the desk has taken up."""
    return opened().done(AcceptTicket(ticket=TICKET), AGENT)


def resolved() -> Story:
    """Return a matter that is answered and waits to be closed."""
    return taken_up().done(GiveAnswer(ticket=TICKET, text="done", resolves=True), AGENT)


def closed() -> Story:
    """Return a closed matter."""
    return resolved().done(CLOSE, AGENT)


# --- closing ----------------------------------------------------------------------------------


def test_a_resolved_matter_closes_by_itself_after_the_books_time() -> None:
    """Whoever does not come back is content; the window is the book's."""
    story = resolved()
    due_at = story.due("closing")
    assert due_at == BOOK.due("closing", story.now)
    clock = PassDeadline(ticket=TICKET, deadline="closing", due_at=due_at)
    story.at(due_at).after(-MOMENT).when(clock, by=SYSTEM).then_refused(errors.NotYetDue)
    over = (
        story.at(due_at)
        .when(clock, by=SYSTEM)
        .then(DeadlineMet(deadline="closing"), TicketClosed(outcome="answered"))
    )
    assert over.live.stage is Stage.CLOSED
    assert (over.live.deadlines, over.live.holds) == ({}, ())
    over.when(clock, by=SYSTEM).then_nothing()


@pytest.mark.parametrize("actor", [BUYER, AGENT, SUPERVISOR])
def test_buyer_and_desk_close_what_is_resolved(actor: object) -> None:
    """Nobody has to wait for the window when all is said."""
    resolved().when(CLOSE, by=actor).then(
        DeadlineMet(deadline="closing"), TicketClosed(outcome="answered")
    )


def test_the_buyer_withdraws_what_nobody_has_decided() -> None:
    """A matter is the buyer's to drop, in negotiation and before the platform too."""
    open_ = opened()
    talking = taken_up().done(RefuseClaim(ticket=TICKET, reasons="no"), MERCHANT)
    before_ruling = talking.at(talking.due("negotiation")).done(
        RequestIntervention(ticket=TICKET), BUYER
    )
    for story in (open_, talking, before_ruling):
        withdrawn = story.done(CLOSE, BUYER)
        assert withdrawn.live.resolved == "withdrawn"
        assert withdrawn.live.deadlines == {}


def test_withdrawing_ends_open_offers() -> None:
    """Nobody is left waiting for an answer that can not come."""
    offer = MakeOffer(ticket=TICKET, terms=(Terms(kind=RemedyKind.REPAIR),))
    story = taken_up().done(offer, MERCHANT)
    withdrawn = story.when(CLOSE, by=BUYER).then_among(
        OfferSuperseded(offer="O1", by_what="withdrawal")
    )
    assert withdrawn.live.offers["O1"].state is OfferState.SUPERSEDED


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR])
def test_the_desk_does_not_close_what_is_not_resolved(actor: object) -> None:
    """A queue is not emptied by closing it."""
    taken_up().when(CLOSE, by=actor).then_refused(errors.WrongStage)


def test_nothing_closes_while_something_is_owed() -> None:
    """AR-05: remedies are followed to their end."""
    story = taken_up().done(EXCHANGE, MERCHANT)
    for actor in (BUYER, AGENT, SUPERVISOR):
        story.when(CLOSE, by=actor).then_refused(errors.WrongStage)
        story.when(REOPEN, by=actor).then_refused(errors.WrongStage)


def test_nothing_closes_or_restarts_while_an_appeal_is_possible_or_pending() -> None:
    """AR-06: nobody's right to a review is closed away."""
    story = resolved()
    window = DeadlineGiven(
        deadline="appeal",
        due_at=BOOK.due("appeal", story.now),
        awaits=Awaiting.NOBODY,
        policy=BOOK.version,
    )
    appealable = story.given(window)
    pending = Story(
        ticket=replace(story.live, appeal=Appeal(appeal="A1", by=Party.BUYER, decided=False)),
        order=story.order,
        now=story.now,
    )
    for held in (appealable, pending):
        for actor in (BUYER, AGENT):
            held.when(CLOSE, by=actor).then_refused(errors.WrongStage)
            held.when(REOPEN, by=actor).then_refused(errors.WrongStage)
    appealable.at(window.due_at).done(CLOSE, AGENT)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[BUYER, AGENT, SUPERVISOR]))
def test_only_buyer_and_desk_close(actor: object) -> None:
    """A merchant would like to."""
    resolved().when(CLOSE, by=actor).then_refused(errors.NotYourRole)


@pytest.mark.parametrize(
    ("command", "actor"),
    [
        (CLOSE, BUYER),
        (AcceptTicket(ticket=TICKET), SUPERVISOR),
        (TakeAssignment(ticket=TICKET), AGENT),
        (AmendClaim(ticket=TICKET, remedy=RemedyKind.REFUND), BUYER),
        (
            CorrectDiagnosis(
                ticket=TICKET,
                scenario=Scenario.SERVICE,
                responsible=Responsible.PLATFORM,
                kind=Kind.DISPUTE,
            ),
            AGENT,
        ),
        (SendMessage(ticket=TICKET, text="hello?"), BUYER),
        (EXCHANGE, MERCHANT),
        (MakeOffer(ticket=TICKET, terms=(Terms(kind=RemedyKind.REPAIR),)), BUYER),
        (RequestIntervention(ticket=TICKET), BUYER),
    ],
)
def test_a_closed_ticket_is_closed(command: object, actor: object) -> None:
    """Whoever wants something has it reopened, so that there is a new round on record."""
    closed().when(command, by=actor).then_refused(errors.TicketClosedAlready)


# --- coming back ------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [BUYER, AGENT, SUPERVISOR])
def test_a_matter_comes_back_as_a_new_round(actor: object) -> None:
    """A new round starts at the beginning: the desk takes it up again."""
    story = closed()
    outcome = story.when(REOPEN, by=actor)
    again = outcome.then_kinds(TicketReopened, DeadlineGiven)
    fact = outcome.the(TicketReopened)
    assert (fact.round, fact.holds, fact.policy) == (2, HOLDS, BOOK.version)
    assert fact.reason.subject == f"{actor.kind}:{actor.ref}"
    assert again.live.stage is Stage.INTAKE
    assert (again.live.resolved, again.live.accepted) == (None, False)
    assert again.live.holds == HOLDS
    assert again.due("acceptance") == BOOK.due("acceptance", story.now)
    again.done(AcceptTicket(ticket=TICKET), SUPERVISOR)


def test_a_resolved_matter_comes_back_before_it_closes() -> None:
    """The closing that waited is no longer asked for."""
    again = resolved().when(REOPEN, by=BUYER).then_among(DeadlineMet(deadline="closing"))
    assert set(again.live.deadlines) == {"acceptance"}


@pytest.mark.parametrize("story", [resolved(), closed()], ids=["resolved", "closed"])
def test_a_matter_comes_back_within_the_books_window(story: Story) -> None:
    """The window runs from when the matter was resolved, and not from its closing."""
    assert story.live.resolved_at is not None
    until = BOOK.due("reopening", story.live.resolved_at)
    story.at(until).after(-MOMENT).done(REOPEN, BUYER)
    story.at(until).when(REOPEN, by=BUYER).then_refused(errors.WindowPassed, until=until)


def test_the_window_is_not_prolonged_by_closing_later() -> None:
    """Otherwise who closes late would give more time."""
    story = resolved()
    late = story.at(story.due("closing")).after(-MOMENT).done(CLOSE, AGENT)
    assert late.live.resolved_at == story.now


def test_a_name_that_is_taken_meanwhile_is_not_taken_back() -> None:
    """IN-03: two live tickets never hold the same line; they are linked instead."""
    elsewhere = replace(opened().live, ticket="T0-261113-0000004")
    outcome = closed().held_by(elsewhere).when(REOPEN, by=BUYER)
    again = outcome.then_among(TicketsLinked(other=elsewhere.ticket, why="same_matter"))
    assert outcome.the(TicketReopened).holds is None
    assert again.live.holds == ()


def test_what_is_not_over_can_not_come_back() -> None:
    """A live matter is not restarted."""
    taken_up().when(REOPEN, by=BUYER).then_refused(errors.WrongStage)
    closed().done(REOPEN, BUYER).when(REOPEN, by=BUYER).then_refused(errors.WrongStage)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[BUYER, AGENT, SUPERVISOR]))
def test_only_buyer_and_desk_bring_a_matter_back(actor: object) -> None:
    """It is the buyer's matter."""
    closed().when(REOPEN, by=actor).then_refused(errors.NotYourRole)


# --- how it was -------------------------------------------------------------------------------


@pytest.mark.parametrize("story", [resolved(), closed()], ids=["resolved", "closed"])
def test_the_buyer_says_once_a_round_how_it_was(story: Story) -> None:
    """CL-01: marks for the result, the speed and the attitude."""
    rated = story.when(RATE, by=BUYER).then(
        SatisfactionGiven(result=5, speed=4, attitude=1, text=by_buyer("thanks"))
    )
    rated.when(RATE, by=BUYER).then_refused(errors.AlreadyDone)
    again = rated.done(REOPEN, BUYER).done(CLOSE, BUYER)
    again.done(RATE, BUYER)


@pytest.mark.parametrize(("mark", "fits"), [(0, "no"), (1, "yes"), (5, "yes"), (6, "no")])
def test_marks_run_from_one_to_five(mark: int, fits: str) -> None:
    """CL-01: the scale is fixed, or averages mean nothing."""
    for field in ("result", "speed", "attitude"):
        outcome = resolved().when(replace(RATE, **{field: mark}), by=BUYER)
        if fits == "yes":
            outcome.the(SatisfactionGiven)
        else:
            outcome.then_refused(errors.Unreasonable)


def test_nobody_rates_before_the_end_or_for_the_buyer() -> None:
    """CL-01: it is the buyer's word on how it ended."""
    taken_up().when(RATE, by=BUYER).then_refused(errors.WrongStage)
    resolved().when(RATE, by=OTHER_BUYER).then_refused(errors.NotYourTicket)
    for actor in for_each(EVERYBODY, but=[BUYER]):
        resolved().when(RATE, by=actor).then_refused(errors.NotYourRole)
