"""Who fits a matter and how well: the order of what counts, and the judgement on the ticket."""

import dataclasses
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import commands as c
from domain import errors
from domain.events import (
    AgentChosen,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    TicketAssigned,
    TicketQueued,
)
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.processes import assignment
from domain.processes.assignment import Available, Need
from domain.ticket.routing import best_of
from domain.ticket.state import Agent, Ticket
from domain.values import (
    SYSTEM,
    Actor,
    Candidate,
    Channel,
    Examination,
    Instant,
    Kind,
    Money,
    OrderLine,
    Responsible,
    Tier,
    later,
)
from domain.values import Scenario as Where
from tests.scenario import (
    AGENT,
    ARBITRATOR,
    BUYER,
    MERCHANT,
    MOMENT,
    NOW,
    ORDER,
    SUPERVISOR,
    TICKET,
    Scenario,
    ordered,
    whole_book,
)

UNTIL = later(NOW, timedelta(minutes=10))
NEED = Need(skills=("senior",), certificates=(), angry=False, keeps_agent=False)
LARGE = Money(600_000, "CNY")
EXPERT = (Examination.LAW, Examination.PRODUCT, Examination.PSYCHOLOGY)


@cache
def book() -> Book:
    """Return the book that is judged under here."""
    return whole_book()


def matter() -> Scenario:
    """Return a complaint that was just opened."""
    opening = c.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT)
    return ordered().promised(book()).done(opening, BUYER)


def agent(name: str = "x-1", **fields: Any) -> Available:
    """Return an agent who is there, able and idle."""
    usual: dict[str, Any] = {
        "desk": "senior_desk",
        "skills": ("senior",),
        "certificates": {},
        "on_shift": True,
        "good_bp": None,
        "open": 0,
    }
    return Available(agent=name, **{**usual, **fields})


def chosen(*agents: Available, need: Need = NEED, **said: Any) -> tuple[Candidate, ...]:
    """Return agents as candidates for the matter."""
    load = book().load
    assert load is not None, "the book has a load"
    ticket: Ticket = said.pop("ticket", None) or matter().live
    return assignment.choose(
        ticket, need, agents, load, served_by=said.get("served_by"), now=said.get("now", NOW)
    )


def the_best(*agents: Available, **said: Any) -> str | None:
    """Return who would be chosen."""
    ticket = said.get("ticket") or matter().live
    best = best_of(chosen(*agents, **said), ticket)
    return None if best is None else best.agent


def fit(name: str, score: int = 0, **fields: Any) -> Candidate:
    """Return a candidate nothing stands against."""
    usual = {"load_bp": 0, "rating_bp": 0, "skills": ("senior",)}
    return Candidate(agent=name, score=score, **{**usual, **fields})


def choose(*candidates: Candidate) -> c.ChooseAgent:
    """Return the command that chooses among these."""
    return c.ChooseAgent(ticket=TICKET, candidates=candidates)


@pytest.mark.parametrize(
    ("fields", "need", "reason"),
    [
        ({"on_shift": False}, NEED, "off_shift"),
        ({"skills": ("vip",)}, NEED, "skill:senior"),
        ({"open": 20}, NEED, "load_limit"),
        ({"open": 19}, NEED, None),
        ({}, replace(NEED, certificates=EXPERT), "certificate:law"),
        (
            {"certificates": dict.fromkeys(EXPERT, NOW)},
            replace(NEED, certificates=EXPERT),
            "certificate_expired:law",
        ),
        (
            {"certificates": dict.fromkeys(EXPERT, later(NOW, MOMENT))},
            replace(NEED, certificates=EXPERT),
            None,
        ),
    ],
)
def test_a_reason_stands_against_who_does_not_fit(
    fields: dict[str, Any], need: Need, reason: str | None
) -> None:
    """The record tells each candidate's reason, so a choice can be disputed."""
    (found,) = chosen(agent(**fields), need=need)
    assert found.refused == reason


@pytest.mark.parametrize("ref", [BUYER.ref, MERCHANT.ref, ARBITRATOR.ref, "before", "withdrew"])
def test_a_conflict_of_interest_stands_against_parties_and_judges(ref: str) -> None:
    """Who is on a side, judges, judged before, or was not to judge, works on no such matter."""
    live = replace(
        matter().live,
        arbitrator=ARBITRATOR.ref,
        judged=frozenset({"before"}),
        recused=frozenset({"withdrew"}),
    )
    (found,) = chosen(agent(ref), ticket=live)
    assert found.refused == "conflict_of_interest"


def test_what_weighs_more_comes_first() -> None:
    """Silence last, then one's own agent, then rating where emotions run high, then room."""
    busy, idle = agent("busy", open=19), agent("idle")
    assert the_best(busy, idle) == "idle"
    angry = replace(NEED, angry=True)
    rated = replace(busy, good_bp=9_500)
    assert the_best(rated, idle, need=angry) == "busy"
    assert the_best(rated, idle) == "idle"
    keeps = replace(angry, keeps_agent=True)
    assert the_best(rated, idle, need=keeps, served_by="idle") == "idle"
    silent = replace(matter().live, silent=frozenset({"idle"}))
    assert the_best(rated, idle, need=keeps, served_by="idle", ticket=silent) == "busy"


def test_of_equals_the_name_decides() -> None:
    """There is one order, whoever asks and in whatever order the agents come."""
    assert the_best(agent("b"), agent("a")) == the_best(agent("a"), agent("b")) == "a"


@whatever(
    st.lists(
        st.tuples(
            st.integers(0, 25), st.integers(0, 10_000), st.booleans(), st.booleans(), st.booleans()
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_whoever_there_is_the_best_fits_and_nobody_better_does(
    drawn: list[tuple[int, int, bool, bool, bool]],
    angry: bool,  # noqa: FBT001 - drawn like the others
) -> None:
    """Never is somebody chosen against whom a reason stands, nor one who is full or away."""
    agents = [
        agent(f"a{number}", open=busy, good_bp=good, on_shift=there, skills=("senior",) * able)
        for number, (busy, good, there, able, _) in enumerate(drawn)
    ]
    silent = frozenset(one.agent for one, (*_, quiet) in zip(agents, drawn, strict=True) if quiet)
    ticket = replace(_live(), silent=silent)
    need = replace(NEED, angry=angry)
    found = chosen(*agents, need=need, ticket=ticket)
    best = best_of(found, ticket)
    able = {one.agent for one in agents if one.on_shift and one.open < 20 and one.skills}
    assert (best is None) == (not able)
    if best is not None:
        assert best.agent in able
        assert best.score == max(one.score for one in found if one.agent in able)
        if able - silent:
            assert best.agent not in silent


@cache
def _live() -> Ticket:
    return matter().live


# --- The need of a matter ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "spend_minor", "keeps"),
    [
        (Tier.ORDINARY, 1_000_000, False),
        (Tier.ORDINARY, 1_000_001, True),
        (Tier.SUPER, 1_000_000, False),
        (Tier.TOP, 0, True),
    ],
)
def test_ro_02_who_keeps_an_agent(tier: Tier, spend_minor: int, *, keeps: bool) -> None:
    """A top member, or a year's spend above 10,000.00."""
    scenario = matter()
    live = replace(scenario.live, tier=tier, spend=Money(spend_minor, "CNY"))
    need = assignment.need_of(live, scenario.order, None, book())
    assert need.keeps_agent is keeps


# --- Who takes a matter unasked ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "certificates", "reason"),
    [
        (agent(on_shift=False), (), None),
        (agent(skills=()), (), "skill:senior"),
        (agent(open=20), (), "load_limit"),
        (agent(), EXPERT, "certificate:law"),
    ],
)
def test_what_is_known_of_who_takes_a_matter_may_stand_against_it(
    known: Available, certificates: tuple[Examination, ...], reason: str | None
) -> None:
    """Who comes is there; what they can, passed and carry is not theirs to say."""
    load = book().load
    assert load is not None, "the book has a load"
    need = replace(NEED, certificates=certificates)
    assert assignment.claimant(known, need, load, now=NOW).refused == reason


@pytest.mark.parametrize(
    ("own", "keeps", "waits"),
    [
        (agent("own"), True, True),
        (agent("own"), False, False),
        (agent("own", on_shift=False), True, False),
        (agent("own", open=20), True, False),
        (agent("own", skills=()), True, False),
        (agent(BUYER.ref), True, False),
    ],
)
def test_the_matter_of_who_keeps_one_agent_waits_for_them_while_they_can_take_it(
    own: Available, *, keeps: bool, waits: bool
) -> None:
    """RO-02, SL-10: whoever is quicker does not come between a buyer and their own agent."""
    load = book().load
    assert load is not None, "the book has a load"
    need = replace(NEED, keeps_agent=keeps)
    assert assignment.is_waited_for(own, matter().live, need, load, NOW) is waits


def test_an_agent_who_was_silent_keeps_nobody_waiting() -> None:
    """Who let the lease lapse is not the one a buyer waits for."""
    load = book().load
    assert load is not None, "the book has a load"
    silent = replace(matter().live, silent=frozenset({"own"}))
    need = replace(NEED, keeps_agent=True)
    assert not assignment.is_waited_for(agent("own"), silent, need, load, NOW)


def test_who_may_not_be_given_a_matter_may_not_take_it() -> None:
    """The judgement says so, not a screen."""
    unfit = fit(AGENT.ref, refused="certificate:law")
    asked = c.TakeAssignment(ticket=TICKET, candidate=unfit)
    refusal = matter().when(asked, AGENT).then_refused(errors.NotFit)
    assert refusal.facts == {"reason": "certificate:law"}
    able = fit(AGENT.ref)
    fitting = c.TakeAssignment(ticket=TICKET, candidate=able)
    fact = TicketAssigned(agent=AGENT.ref, candidate=able, policy=book().version)
    matter().when(fitting, AGENT).then_among(fact)


# --- The choice -------------------------------------------------------------------------------


def test_the_choice_keeps_every_candidate_on_record() -> None:
    """The best first, with the reasons of those nothing could be given to."""
    refused = fit("c", 99, refused="load_limit")
    then = matter().when(choose(fit("a", 1), refused, fit("b", 2)), SYSTEM)
    found = then.the(AgentChosen)
    assert (found.agent, found.lease_until) == ("b", UNTIL)
    assert [one.agent for one in found.candidates] == ["b", "a", "c"]


def test_a_choice_among_none_who_fit_is_refused() -> None:
    """The matter stays where it is; nothing is written of a choice that is none."""
    unfit = fit("a", refused="off_shift")
    party = fit(BUYER.ref)
    matter().when(choose(unfit, party), SYSTEM).then_refused(errors.NobodyFits)


def test_a_book_that_says_nothing_of_load_gives_nothing_out() -> None:
    """How long who is chosen may stay silent is the book's; without one nobody is chosen."""
    opening = c.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT)
    ordered().done(opening, BUYER).when(choose(fit("a")), SYSTEM).then_refused(errors.WrongState)


def test_what_is_assigned_is_chosen_for_no_more() -> None:
    """Two workers see a matter wait; the second one is told that it does not."""
    given = matter().done(choose(fit("a")), SYSTEM)
    given.when(choose(fit("b")), SYSTEM).then_refused(errors.AssignedToAnother)


@pytest.mark.parametrize(
    ("former_bp", "best_bp", "takes_over"),
    [(9_499, 9_500, True), (9_500, 9_900, False), (9_000, 9_499, False)],
)
def test_di_10_a_top_rated_agent_takes_over(
    former_bp: int, best_bp: int, *, takes_over: bool
) -> None:
    """From one who is not top-rated, once emotions run high; and only by one who is."""
    former = fit("a", 0, rating_bp=former_bp)
    best = fit("b", 9, rating_bp=best_bp)
    angry = (
        matter()
        .done(choose(former), SYSTEM)
        .done(
            c.ReportFact(ticket=TICKET, fact=Milestone.NEGATIVE_SENTIMENT, occurred_at=NOW),
            SUPERVISOR,
        )
    )
    then = angry.when(choose(former, best), SYSTEM)
    if not takes_over:
        then.then_nothing()
        return
    assert AssignmentReleased(agent="a") in then.events
    assert then.then_among(TicketAssigned(agent="b")).live.lease_until == UNTIL


# --- The lease --------------------------------------------------------------------------------


def test_a_lease_is_over_at_its_instant() -> None:
    """A moment before, the agent still has time; then the matter is anybody's."""
    given = matter().done(choose(fit("a")), SYSTEM)
    asked = c.LapseAssignment(ticket=TICKET, due_at=UNTIL)
    early = given.at(later(UNTIL, -MOMENT))
    early.when(asked, SYSTEM).then_refused(errors.NotYetDue)
    after = given.at(UNTIL).when(asked, SYSTEM).then(AssignmentLapsed(agent="a", due_at=UNTIL))
    assert (after.live.assignee, after.live.lease_until) == (None, None)
    assert after.live.silent == {"a"}
    after.when(asked, SYSTEM).then_nothing()


@pytest.mark.parametrize(
    "command",
    [
        c.AcceptTicket(ticket=TICKET),
        c.SendMessage(ticket=TICKET, text="We are on it."),
        c.ReleaseAssignment(ticket=TICKET),
    ],
)
def test_who_does_something_was_not_silent(command: Any) -> None:
    """The lease ends with the first sign of work."""
    at_work = matter().done(choose(fit(AGENT.ref)), SYSTEM).done(command, AGENT)
    assert at_work.live.lease_until is None
    lapse = c.LapseAssignment(ticket=TICKET, due_at=UNTIL)
    at_work.at(Instant(UNTIL)).when(lapse, SYSTEM).then_nothing()


# --- The limit --------------------------------------------------------------------------------


def test_ro_03_what_is_above_the_limit_goes_back() -> None:
    """At the limit nobody loses anything; above it the matter waits again: it is no silence."""
    given = matter().done(choose(fit("a")), SYSTEM)
    at_the_limit = c.ReturnAssignment(ticket=TICKET, agent="a", open=20)
    given.when(at_the_limit, SYSTEM).then_nothing()
    above = c.ReturnAssignment(ticket=TICKET, agent="a", open=21)
    fact = AssignmentReturned(agent="a", open=21, limit=20, policy=book().version)
    after = given.when(above, SYSTEM).then(fact)
    assert (after.live.assignee, after.live.lease_until) == (None, None)
    assert after.live.silent == frozenset()
    after.when(above, SYSTEM).then_nothing()


def test_ro_03_only_the_platform_takes_back_and_only_from_whom_it_means() -> None:
    """Another agent, who took the matter meanwhile, keeps it."""
    given = matter().done(choose(fit("b")), SYSTEM)
    above = c.ReturnAssignment(ticket=TICKET, agent="a", open=21)
    given.when(above, SYSTEM).then_nothing()
    given.when(above, SUPERVISOR).then_refused(errors.NotYourRole)


# --- The certificates -------------------------------------------------------------------------


def of_high_value(by: Actor, kind: Kind = Kind.DISPUTE) -> Scenario:
    """Return a matter about a large amount that somebody works on."""
    sofa = OrderLine(
        line="1", sku="s-1", title="sofa", category="furniture", quantity=1, paid=LARGE
    )
    opening = c.OpenTicket(channel=Channel.APP, order=ORDER, kind=kind)
    given = ordered(sofa).promised(book()).done(opening, BUYER)
    return given.done(c.TakeAssignment(ticket=TICKET), by)


def passed(until: Instant, *, skills: tuple[str, ...] = ()) -> Agent:
    """Return an agent whose certificates count until an instant."""
    return Agent(desk="expert_desk", skills=skills, certificates=dict.fromkeys(EXPERT, until))


CARRYING_ONE = c.ReturnAssignment(ticket=TICKET, agent=AGENT.ref, open=1)


def test_ro_02_who_has_no_certificate_any_more_gives_the_matter_back() -> None:
    """At the instant of its expiry, not before; who is not on record has none at all."""
    given = of_high_value(AGENT)
    assert given.live.queue == "high_value"
    lets_go = AssignmentReleased(agent=AGENT.ref)
    given.when(CARRYING_ONE, SYSTEM).then_nothing()
    expiring = given.staffed({AGENT.ref: passed(UNTIL)})
    expiring.at(later(UNTIL, -MOMENT)).when(CARRYING_ONE, SYSTEM).then_nothing()
    after = expiring.at(UNTIL).when(CARRYING_ONE, SYSTEM).then_among(lets_go)
    assert after.live.assignee is None
    after.when(CARRYING_ONE, SYSTEM).then_nothing()
    unknown = dataclasses.replace(given, agents={})
    unknown.when(CARRYING_ONE, SYSTEM).then_among(lets_go)


def test_ro_02_a_supervisor_without_certificates_keeps_the_matter() -> None:
    """They answer for what they do themselves."""
    asked = replace(CARRYING_ONE, agent=SUPERVISOR.ref)
    of_high_value(SUPERVISOR).when(asked, SYSTEM).then_nothing()


@pytest.mark.parametrize(
    ("known", "keeps"),
    [
        pytest.param(passed(UNTIL, skills=("senior",)), True, id="fit"),
        pytest.param(passed(NOW, skills=("senior",)), False, id="expired now"),
        pytest.param(passed(UNTIL), True, id="the queue asks for no skill"),
        pytest.param(None, False, id="not on record"),
    ],
)
def test_ro_02_who_keeps_a_matter_that_comes_to_a_queue_of_experts(
    known: Agent | None, *, keeps: bool
) -> None:
    """What counts is on record at the moment; who lets go does so before the matter is there."""
    given = of_high_value(AGENT, Kind.COMPLAINT)
    given = dataclasses.replace(given, agents={} if known is None else {AGENT.ref: known})
    corrected = c.CorrectDiagnosis(
        ticket=TICKET, scenario=Where.PRODUCT, responsible=Responsible.MERCHANT, kind=Kind.DISPUTE
    )
    then = given.when(corrected, SUPERVISOR)
    moves = [one for one in then.events if isinstance(one, AssignmentReleased | TicketQueued)]
    assert moves[-1] == then.the(TicketQueued)
    assert then.the(TicketQueued).queue == "high_value"
    assert moves[:-1] == ([] if keeps else [AssignmentReleased(agent=AGENT.ref)])
    assert then.then_among().live.let_go == frozenset()


def test_what_overflows_is_moved_by_the_platform() -> None:
    """Where it comes from is remembered, so its classes do not bring it back at once."""
    asked = c.QueueTicket(ticket=TICKET, queue="overflow", why="overflow")
    then = matter().when(asked, SYSTEM)
    assert then.the(TicketQueued).why == ("moved:overflow",)
    after = then.then_among()
    assert (after.live.queue, after.live.routed) == ("overflow", "senior")
