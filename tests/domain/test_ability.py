"""Who keeps a promise: what is on record of who acts goes before what they do, and is folded so."""

import dataclasses
import re
from functools import cache
from typing import Final

import pytest
from msgspec.structs import replace

from domain import commands as c
from domain import errors
from domain.events import AgentNoted, ClockStopped, PlanGiven, TicketAssigned
from domain.policies.book import Book, BookError, require_adoptable
from domain.ticket.ability import lacking
from domain.ticket.state import Agent
from domain.values import Candidate, Channel, Kind, OrderLine, PlanLevel
from tests.scenario import (
    AGENT,
    BUYER,
    LINE,
    OTHER_AGENT,
    SUPERVISOR,
    TICKET,
    Scenario,
    ordered,
    whole_book,
    yuan,
)

PLAN: Final = c.GivePlan(ticket=TICKET, level=PlanLevel.PLAN, text="A new one is sent.")
TAKE: Final = c.TakeAssignment(ticket=TICKET)
JUNIOR: Final = {OTHER_AGENT.ref: Agent(desk="general_desk", skills=())}
SENIOR: Final = Agent(desk="senior_desk", skills=("senior",))
SPECIALISTS: Final = (
    'by_skill = [\n  "senior", "cross_border", "live", "luxury", "mother_and_baby", "phones", '
    '"public_opinion", "vip",\n]\n'
)
SL_05: Final = ('{ to = "director" }]\nby_skill = ["senior"]\n', '{ to = "director" }]\n')
WARNED: Final = ('source = "SL-03; warnings: ours"', 'source = "SL-03"')


@cache
def book() -> Book:
    """Return the book of practice."""
    return whole_book()


@cache
def kept() -> Book:
    """Return a book as it was adopted before promises said who keeps them."""
    return whole_book(SL_05, (SPECIALISTS, ""), ("by_assignee = true\n", ""), WARNED)


def urgent(book: Book) -> Scenario:
    """Return a complaint about a large amount; a senior agent and a junior are on record."""
    sofa = OrderLine(
        line=LINE, sku="s-1", title="sofa", category="homeware", quantity=1, paid=yuan(9_000)
    )
    opening = c.OpenTicket(channel=Channel.APP, order="order-1", kind=Kind.COMPLAINT)
    scenario = ordered(sofa).staffed(JUNIOR).promised(book).done(opening, BUYER)
    return scenario.done(c.AcceptTicket(ticket=TICKET), SUPERVISOR)


def stopped(events: tuple[object, ...]) -> set[str]:
    """Return the promises that facts have kept."""
    return {one.clock for one in events if isinstance(one, ClockStopped)}


def test_what_is_on_record_of_who_acts_goes_before_what_they_do() -> None:
    """Once on a ticket, and again when it is otherwise; of who can nothing it is not said."""
    first = urgent(book()).when(PLAN, AGENT)
    noted, plan, *_ = first.events
    assert noted == AgentNoted(agent=AGENT.ref, skills=("senior",), policy=book().version)
    assert isinstance(plan, PlanGiven)
    after = urgent(book()).done(PLAN, AGENT)
    assert not any(isinstance(one, AgentNoted) for one in after.when(PLAN, AGENT).events)
    unlearned = after.staffed({AGENT.ref: replace(SENIOR, skills=())}).when(PLAN, AGENT)
    assert unlearned.events[0] == AgentNoted(agent=AGENT.ref, skills=(), policy=book().version)
    junior = urgent(book()).when(PLAN, OTHER_AGENT)
    assert not any(isinstance(one, AgentNoted) for one in junior.events)


def test_a_promise_is_kept_by_whom_it_names() -> None:
    """SL-05, SL-02: the same plan by a junior, by a supervisor without the skill, by a senior."""
    asked = urgent(book())
    for other in (OTHER_AGENT, SUPERVISOR):
        kept_by_other = stopped(asked.when(PLAN, other).events)
        assert kept_by_other.isdisjoint({"high_priority_plan", "complaint_takeover"})
    assert "high_priority_plan" in stopped(asked.when(PLAN, AGENT).events)
    helped = asked.done(PLAN, OTHER_AGENT)
    assert "high_priority_plan" in stopped(helped.when(PLAN, AGENT).events)


def test_under_a_kept_book_everybody_keeps_every_promise_as_before() -> None:
    """It was adopted without saying who: nothing is noted, and its promises go on as they were."""
    asked = urgent(kept())
    assert "complaint_takeover" not in asked.live.clocks
    for who in (AGENT, OTHER_AGENT, SUPERVISOR):
        then = asked.when(PLAN, who)
        assert "high_priority_plan" in stopped(then.events)
        assert not any(isinstance(one, AgentNoted) for one in then.events)


def test_who_is_not_on_record_takes_no_matter() -> None:
    """RO-03: the judgement says so with the record at hand, whatever a view has heard of."""
    matter = urgent(book())
    unknown = dataclasses.replace(matter, agents={})
    refusal = unknown.when(TAKE, AGENT).then_refused(errors.NotFit)
    assert refusal.facts == {"reason": "unknown_agent"}
    refusal = matter.when(TAKE, OTHER_AGENT).then_refused(errors.NotFit)
    assert refusal.facts == {"reason": "skill:senior"}
    assert unknown.when(TAKE, SUPERVISOR).the(TicketAssigned).agent == SUPERVISOR.ref
    assert matter.when(TAKE, AGENT).the(TicketAssigned).agent == AGENT.ref


def test_a_claim_brings_what_only_a_view_can_count() -> None:
    """What stands against it there stands against it here."""
    full = Candidate(AGENT.ref, 0, 10_000, 0, ("senior",), refused="load_limit")
    taking = replace(TAKE, candidate=full)
    refusal = urgent(book()).when(taking, AGENT).then_refused(errors.NotFit)
    assert refusal.facts == {"reason": "load_limit"}


@pytest.mark.parametrize(
    ("skills", "reason"),
    [((), "skill:a"), (("a",), "skill:b|c"), (("a", "c"), None), (("b", "a"), None)],
)
def test_one_skill_of_each_group_is_enough(skills: tuple[str, ...], reason: str | None) -> None:
    """A queue asks for each of its skills, a promise for one of its own."""
    assert lacking(skills, (("a",), ("b", "c"))) == reason


# --- What a book may say of it ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("by_assignee = true", 'by_assignee = true\nby_skill = ["vip"]'), "not by both"),
        (('by_skill = ["senior"]', 'by_skill = ["juggling"]'), "the skill juggling"),
        (('by_skill = ["senior"]', 'by_skill = ["senior", "senior"]'), "are named once"),
        (
            (
                'stops = ["written_resolution"]',
                'stops = ["written_resolution"]\nby_assignee = true',
            ),
            "by more than what a person does",
        ),
    ],
)
def test_who_keeps_a_promise_is_somebody_there_can_be(
    change: tuple[str, str], problem: str
) -> None:
    """A skill some queue asks for, or the assignee; and only of what people do."""
    with pytest.raises(BookError, match=problem):
        whole_book(change)


def test_a_warning_says_whose_figure_it_is() -> None:
    """Practice fixes none: a book to come says that they are ours, a kept one is read as it is."""
    unsaid = whole_book(WARNED)
    told = 'clock complex_framework warns, and its source does not end with "; warnings: ours"'
    with pytest.raises(BookError, match=re.escape(told)):
        require_adoptable(unsaid)
    require_adoptable(book())
