"""Whatever the parties do in whatever order: a refusal or facts that fold, and the rules hold."""

from dataclasses import replace as replaced
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import commands as asked
from domain.errors import Refusal
from domain.events import SettlementReached
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.ticket.actions import actions
from domain.ticket.guards import GUARDS
from domain.ticket.state import OfferState
from domain.values import (
    SYSTEM,
    Actor,
    Awaiting,
    Channel,
    Kind,
    Money,
    PlanLevel,
    Reason,
    RemedyKind,
    Responsible,
    Stage,
    Terms,
    later,
)
from domain.values import Scenario as Where
from tests.scenario import (
    AGENT,
    BOT,
    BUYER,
    CARRIER,
    EVERYBODY,
    LINE,
    MERCHANT,
    NOW,
    ORDER,
    ORDERS,
    OTHER_AGENT,
    OTHER_BUYER,
    OTHER_MERCHANT,
    SUPERVISOR,
    TICKET,
    Scenario,
    ordered,
    whole_book,
    yuan,
)

ACTORS = st.sampled_from([*EVERYBODY, OTHER_AGENT, OTHER_BUYER, OTHER_MERCHANT])
AMOUNTS = st.sampled_from([-1, 0, 1, 10_000, 499_900, 499_901])
MONEY = st.builds(Money, AMOUNTS, st.sampled_from(["CNY", "CNY", "CNY", "EUR"]))
WILD = st.builds(
    Terms,
    kind=st.sampled_from(RemedyKind),
    line=st.sampled_from([None, LINE, "9"]),
    amount=st.none() | MONEY,
)
FAIR = st.sampled_from(
    [
        Terms(kind=RemedyKind.REFUND, amount=yuan(4999)),
        Terms(kind=RemedyKind.REFUND, amount=yuan(100)),
        Terms(kind=RemedyKind.COUPON, amount=yuan(50)),
        Terms(kind=RemedyKind.REPAIR),
        Terms(kind=RemedyKind.EXCHANGE),
    ]
)
TERMS = st.one_of(FAIR, FAIR, WILD)
LATEST = "latest"
OFFERS = st.sampled_from([LATEST, LATEST, LATEST, "O1", "O9"])


def said(command: type, *by: Actor, **fields: Any) -> st.SearchStrategy[tuple[Any, Actor]]:
    """Return commands of a class about the ticket, each with somebody who says it.

    Mostly it is one of those whose part it is, or little would happen.
    """
    built = st.builds(command, ticket=st.just(TICKET), **fields)
    return st.tuples(built, st.sampled_from([*by, *by, *by]) | ACTORS)


OPENINGS = st.builds(
    asked.OpenTicket,
    channel=st.sampled_from(Channel),
    order=st.just(ORDER),
    reason=st.sampled_from(Reason),
)
TALK = st.one_of(
    st.tuples(OPENINGS, ACTORS),
    said(asked.TakeAssignment, AGENT, OTHER_AGENT),
    said(asked.ReleaseAssignment, AGENT),
    said(asked.AmendClaim, BUYER, remedy=st.sampled_from(RemedyKind), claim=st.none() | MONEY),
    said(
        asked.CorrectDiagnosis,
        AGENT,
        scenario=st.sampled_from(Where),
        responsible=st.sampled_from(Responsible),
        kind=st.sampled_from(Kind),
    ),
    said(
        asked.CorrectDiagnosis,
        SUPERVISOR,
        scenario=st.just(Where.PRODUCT),
        responsible=st.just(Responsible.MERCHANT),
        kind=st.just(Kind.COMPLAINT),
        upset=st.sampled_from([None, True, False]),
    ),
    said(asked.SendMessage, BUYER, MERCHANT, text=st.just("x")),
    said(asked.AddNote, AGENT, text=st.just("x")),
    said(asked.ReviewReturn, AGENT),
)
DECISIONS = st.one_of(
    said(asked.AcceptTicket, AGENT),
    said(asked.GiveAnswer, AGENT, text=st.just("x"), resolves=st.booleans()),
    said(asked.ApproveClaim, MERCHANT, terms=TERMS),
    said(asked.RefuseClaim, MERCHANT, reasons=st.just("x")),
    said(asked.RequestIntervention, BUYER),
)
HAGGLING = st.one_of(
    said(
        asked.MakeOffer,
        BUYER,
        MERCHANT,
        terms=st.lists(TERMS, max_size=2).map(tuple) | st.tuples(FAIR),
    ),
    said(asked.CounterOffer, BUYER, MERCHANT, offer=OFFERS, terms=st.tuples(TERMS)),
    said(asked.AcceptOffer, BUYER, MERCHANT, offer=OFFERS),
    said(asked.DeclineOffer, BUYER, MERCHANT, offer=OFFERS),
    said(asked.WithdrawOffer, BUYER, MERCHANT, offer=OFFERS),
)
ENDINGS = st.one_of(
    said(asked.CloseTicket, BUYER, AGENT),
    said(asked.ReopenTicket, BUYER, AGENT),
    said(
        asked.GiveSatisfaction,
        BUYER,
        result=st.integers(0, 6),
        speed=st.just(3),
        attitude=st.just(3),
    ),
)
PROMISES = st.one_of(
    said(asked.AcceptTicket, AGENT),
    said(asked.TakeAssignment, AGENT, OTHER_AGENT),
    said(asked.SendMessage, BUYER, text=st.sampled_from(["x", "I am furious, not solved."])),
    said(asked.GiveAnswer, AGENT, text=st.just("x"), resolves=st.booleans()),
    said(asked.AnswerAutomatically, BOT, text=st.just("x"), effective=st.booleans()),
    said(
        asked.ReportFact,
        BOT,
        ORDERS,
        CARRIER,
        fact=st.sampled_from(Milestone),
        occurred_at=st.sampled_from([NOW, later(NOW, timedelta(hours=1))]),
    ),
    said(asked.GivePlan, AGENT, level=st.sampled_from(PlanLevel), text=st.just("x")),
    said(asked.BeginWait, AGENT, on=st.sampled_from(Awaiting), why=st.just("x")),
    said(asked.EndWait, AGENT),
    said(
        asked.AskDepartments,
        AGENT,
        departments=st.lists(st.sampled_from(["supply_chain", "legal", "nobody"]), max_size=2).map(
            tuple
        ),
        question=st.just("x"),
    ),
    said(
        asked.AnswerForDepartment,
        SUPERVISOR,
        request=st.sampled_from(["D1", "D2", "D9"]),
        plan=st.just("x"),
    ),
    said(
        asked.WriteResolution,
        AGENT,
        text=st.just("x"),
        improvement=st.just("x"),
        compensation=TERMS,
    ),
    said(asked.SignResolution, SUPERVISOR),
    said(
        asked.QueueTicket,
        AGENT,
        queue=st.sampled_from(["vip", "public_opinion", "nowhere"]),
        why=st.just("x"),
    ),
    said(
        asked.MoveToBook,
        SUPERVISOR,
        policy=st.sampled_from(["2026-11-22", "2026-12-24", "none"]),
        why=st.just("x"),
    ),
    ENDINGS,
)
HOURS = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 30, 72, 400])
STEPS = st.lists(
    st.tuples(st.one_of(TALK, DECISIONS, HAGGLING, HAGGLING, HAGGLING, ENDINGS), HOURS),
    min_size=8,
    max_size=30,
)
Steps = list[tuple[tuple[Any, Actor], int]]


@cache
def promising() -> dict[str, Book]:
    """Return the book of all promises, and one that promises otherwise, by version."""
    shorter = whole_book(
        ('version = "2026-11-22"\nin_force', 'version = "2026-12-24"\nin_force'),
        ('"settled", "ruled"]\nwithin = "PT24H"', '"settled", "ruled"]\nwithin = "PT12H"'),
    )
    return {book.version: book for book in (whole_book(), shorter)}


def begun(*, accepted: bool) -> Scenario:
    """Return an open matter, taken up or not."""
    story = ordered().done(asked.OpenTicket(channel=Channel.APP, order=ORDER), BUYER)
    return story.done(asked.AcceptTicket(ticket=TICKET), AGENT) if accepted else story


def aimed(command: Any, story: Scenario) -> Any:
    """Return the command about the latest offer, where it was drawn for that."""
    if getattr(command, "offer", None) != LATEST or not story.live.offers:
        return command
    return replace(command, offer=list(story.live.offers)[-1])


def due(story: Scenario) -> Scenario:
    """Let the platform's clock say all that is due, as a worker would."""
    if story.ticket is None:
        return story
    for name, running in sorted(story.ticket.deadlines.items()):
        if running.due_at <= story.now and name in story.live.deadlines:
            command = asked.PassDeadline(ticket=TICKET, deadline=name, due_at=running.due_at)
            story = story.done(command, SYSTEM)
    return story


def sound(story: Scenario) -> None:
    """Check what must hold of every ticket at every moment."""
    ticket = story.live
    open_offers = [one.by for one in ticket.offers.values() if one.state is OfferState.OPEN]
    assert len(open_offers) == len(set(open_offers)), "one open offer a side"
    waiting = {name for name in ticket.deadlines if name.startswith("offer:")}
    assert waiting == {
        f"offer:{name}" for name, one in ticket.offers.items() if one.state is OfferState.OPEN
    }, "an offer is open as long as its deadline runs"
    if ticket.stage is Stage.CLOSED:
        assert ticket.resolved is not None
        assert not ticket.deadlines
        assert not ticket.holds
    elif not ticket.accepted or ticket.resolved is not None:
        assert ticket.deadlines, "what is new or resolved waits for somebody or something"
    if ticket.stage is Stage.NEGOTIATION and "negotiation" not in ticket.deadlines:
        assert ticket.negotiation_failed is not None, "negotiation runs or has failed"
    if ticket.stage is Stage.INTERVENTION and ticket.resolved is None:
        assert "ruling" in ticket.deadlines
    assert story.order is not None
    taken = sum(one.amount.amount_minor for one in story.order.grants.values() if one.refund)
    paid = story.order.lines[LINE].paid
    assert taken <= story.book.refund_cap(paid).amount_minor, "never above the cap"


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, flags=st.tuples(st.booleans(), st.booleans()))
def test_any_order_of_commands_is_refused_or_folds(steps: Steps, flags: tuple[bool, bool]) -> None:
    """Nobody can bring a ticket into a state from which the program does not know on."""
    accepted, clocks = flags
    story = begun(accepted=accepted)
    for (command, actor), hours in steps:
        story = story.after(timedelta(hours=hours))
        if clocks:
            story = due(story)
            sound(story)
        try:
            story = story.done(aimed(command, story), actor)
        except Refusal:
            continue
        sound(story)
    settlements = sum(isinstance(fact, SettlementReached) for fact in story.facts)
    assert settlements <= story.live.round


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, accepted=st.booleans())
def test_what_is_not_offered_is_refused(steps: Steps, accepted: bool) -> None:  # noqa: FBT001 - drawn
    """The page shows what can be done: a hidden or blocked action does not work by hand."""
    story = begun(accepted=accepted)
    for (drawn, who), hours in steps:
        story = story.after(timedelta(hours=hours))
        command = aimed(drawn, story)
        offered = {
            (one.command, one.target)
            for one in actions(story.live, story.context(who))
            if one.refusal is None
        }
        target = getattr(command, "offer", None)
        try:
            events = story.judged(command, who)
        except Refusal:
            continue
        if events and type(command) in GUARDS:
            assert (type(command), target) in offered
        story = story.given(*events, by=who)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(PROMISES, HOURS), min_size=8, max_size=30))
def test_what_promises_rest_on_is_done_only_where_it_is_offered(steps: Steps) -> None:
    """Facts, plans, waits, departments, queues and books: by hand no more than on the page."""
    opening = asked.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT)
    books = promising()
    story = ordered().promised(books["2026-11-22"])
    story = replaced(story, others=tuple(books.values())).done(opening, BUYER)
    for (command, who), hours in steps:
        story = story.after(timedelta(hours=hours))
        offered = {
            (one.command, one.target)
            for one in actions(story.live, story.context(who))
            if one.refusal is None
        }
        try:
            events = story.judged(command, who)
        except Refusal:
            continue
        if events:
            assert (type(command), getattr(command, "request", None)) in offered
        story = story.given(*events, by=who)
        story = story.under(books[story.live.policy])
        running = story.live.clocks.keys()
        again = running & story.live.clocks_ended.keys()
        rules = [story.book.clock_rule(name.partition(":")[0]) for name in again]
        assert all(rule and rule.repeats for rule in rules), "a promise that ended is over"
        assert all(one.due_at > one.since for one in story.live.clocks.values())
        if story.live.stage is Stage.CLOSED:
            assert not running, "on what is closed nothing is promised any more"
