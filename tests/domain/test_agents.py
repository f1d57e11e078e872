"""The judge of agents and of queues: who says what of them, and what is said once."""

from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from domain import commands as c
from domain import errors
from domain.events import (
    AgentCertificateWithdrawn,
    AgentCertified,
    AgentMoved,
    AgentRated,
    AgentRegistered,
    AgentRetrained,
    AgentShiftEnded,
    AgentShiftStarted,
    Event,
    QueueEased,
    QueueOverflowed,
)
from domain.policies.book import Book
from domain.ticket.agents import Agent, decide_agent, evolve_agent
from domain.ticket.overflow import Episode, evolve_queue, watch_queue
from domain.values import SYSTEM, Actor, Examination, Instant, later
from tests.scenario import (
    ADMIN,
    BOOK,
    EVERYBODY,
    MOMENT,
    NOW,
    SUPERVISOR,
    Scenario,
    for_each,
    whole_book,
)

LAW = Examination.LAW
REGISTER = c.RegisterAgent(agent="a-1", desk="senior_desk", skills=("senior",))


@cache
def book() -> Book:
    """Return the book that is judged under here."""
    return whole_book()


def judged(command: Any, agent: Agent | None, by: Actor = SUPERVISOR) -> tuple[Event, ...]:
    """Return what follows from a command about an agent."""
    return decide_agent(command, agent, Scenario(book=book()).context(by))


def known(*more: Event) -> Agent:
    """Return an agent after these facts."""
    agent = evolve_agent(None, judged(REGISTER, None)[0], None)
    for fact in more:
        agent = evolve_agent(agent, fact, None)
    return agent


def test_an_agent_is_registered_once() -> None:
    """The same again is a repetition, other skills are another fact, another desk is a move."""
    assert judged(REGISTER, None) == (
        AgentRegistered(desk="senior_desk", skills=("senior",), policy="2026-11-22"),
    )
    assert judged(REGISTER, known()) == ()
    trained = c.RegisterAgent(agent="a-1", desk="senior_desk", skills=("vip", "senior"))
    assert judged(trained, known()) == (AgentRetrained(skills=("senior", "vip")),)
    moved = c.RegisterAgent(agent="a-1", desk="vip_desk", skills=("senior",))
    with pytest.raises(errors.AlreadyDone):
        judged(moved, known())


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[SUPERVISOR, ADMIN]))
def test_only_who_leads_says_where_agents_work(actor: Actor) -> None:
    """Nobody certifies, moves or rates themselves."""
    with pytest.raises(errors.NotYourRole):
        judged(REGISTER, None, actor)
    with pytest.raises(errors.NotYourRole):
        judged(c.RateAgent(agent="a-1", good_bp=10_000), known(), actor)


@pytest.mark.parametrize(
    "command",
    [
        c.StartShift(agent="a-9"),
        c.MoveAgent(agent="a-9", desk="vip_desk", why="idle"),
        c.GrantCertificate(agent="a-9", certificate=LAW, expires_at=later(NOW, MOMENT)),
    ],
)
def test_nothing_is_said_of_who_is_not_registered(command: Any) -> None:
    """A mistyped reference makes no agent."""
    with pytest.raises(errors.UnknownAgent):
        judged(command, None)


def test_kn_03_a_certificate_is_granted_renewed_and_withdrawn() -> None:
    """Each is a fact of its own, and the same again is none."""
    until = later(NOW, timedelta(days=365))
    granted = c.GrantCertificate(agent="a-1", certificate=LAW, expires_at=until)
    fact = AgentCertified(certificate=LAW, expires_at=until)
    assert judged(granted, known()) == (fact,)
    assert judged(granted, known(fact)) == ()
    longer = c.GrantCertificate(agent="a-1", certificate=LAW, expires_at=later(until, MOMENT))
    assert len(judged(longer, known(fact))) == 1
    gone = c.WithdrawCertificate(agent="a-1", certificate=LAW, why="audit")
    withdrawn = AgentCertificateWithdrawn(certificate=LAW, why="audit")
    assert judged(gone, known(fact)) == (withdrawn,)
    assert judged(gone, known()) == ()
    assert known(fact).certificates == {LAW: until}
    assert known(fact, withdrawn).certificates == {}


@pytest.mark.parametrize(("more", "granted"), [(timedelta(0), False), (MOMENT, True)])
def test_kn_03_what_has_expired_is_not_granted(more: timedelta, *, granted: bool) -> None:
    """At its expiry a certificate counts no more."""
    command = c.GrantCertificate(agent="a-1", certificate=LAW, expires_at=later(NOW, more))
    if granted:
        assert len(judged(command, known())) == 1
    else:
        with pytest.raises(errors.Unreasonable):
            judged(command, known())


def test_a_shift_starts_and_ends_once() -> None:
    """Who is there can not come, and who is away can not go."""
    start, end = c.StartShift(agent="a-1"), c.EndShift(agent="a-1")
    assert judged(start, known()) == (AgentShiftStarted(),)
    assert judged(start, known(AgentShiftStarted())) == ()
    assert judged(end, known()) == ()
    assert judged(end, known(AgentShiftStarted())) == (AgentShiftEnded(),)
    assert not known(AgentShiftStarted(), AgentShiftEnded()).on_shift


def test_ro_07_a_move_says_from_where_to_where_and_why() -> None:
    """A desk that is balanced is balanced on record."""
    command = c.MoveAgent(agent="a-1", desk="vip_desk", why="overload")
    (moved,) = judged(command, known())
    assert moved == AgentMoved(
        from_desk="senior_desk", to_desk="vip_desk", why="overload", policy="2026-11-22"
    )
    assert known(moved).desk == "vip_desk"
    assert judged(command, known(moved)) == ()
    with pytest.raises(errors.UnknownDesk):
        judged(c.MoveAgent(agent="a-1", desk="nowhere", why="idle"), known())


def test_a_rating_is_a_share() -> None:
    """The same figure twice is one fact."""
    rate = c.RateAgent(agent="a-1", good_bp=9_500)
    assert judged(rate, known()) == (AgentRated(good_bp=9_500),)
    assert judged(rate, known(AgentRated(good_bp=9_500))) == ()
    for wrong in (-1, 10_001):
        with pytest.raises(errors.Unreasonable):
            judged(c.RateAgent(agent="a-1", good_bp=wrong), known())


# --- Queues -----------------------------------------------------------------------------------


def watched(
    episode: Episode | None, *, by: Actor = SYSTEM, under: Book | None = None, **figures: Any
) -> tuple[Event, ...]:
    """Return what follows from a look at the senior queue."""
    said: dict[str, Any] = {"queue": "senior", "open": 0, "capacity": 20, "waiting_since": None}
    command = c.WatchQueue(**{**said, **figures})
    return watch_queue(command, episode, Scenario(book=under or book()).context(by))


def test_ro_03_an_overflow_is_told_once_and_so_is_its_end() -> None:
    """An episode is two facts, however often a worker looks."""
    (over,) = watched(None, open=25)
    assert over == QueueOverflowed(open=25, capacity=20, to="overflow", policy="2026-11-22")
    episode = evolve_queue(None, over, None)
    assert watched(episode, open=26) == ()
    (eased,) = watched(episode, open=24)
    assert eased == QueueEased(open=24, capacity=20, policy="2026-11-22")
    assert watched(evolve_queue(episode, eased, None), open=24) == ()
    assert watched(None, open=24) == ()


@pytest.mark.parametrize(("more", "over"), [(timedelta(0), False), (MOMENT, True)])
def test_ro_03_a_wait_overflows_a_queue(more: timedelta, *, over: bool) -> None:
    """The fact names since when somebody waits."""
    since: Instant = later(NOW, -timedelta(minutes=15) - more)
    found = watched(None, open=1, waiting_since=since)
    assert [type(one) for one in found] == [QueueOverflowed] * over


def test_ro_03_only_the_platform_watches_queues_the_book_has() -> None:
    """An alarm can not be sent from outside, nor for a queue nobody knows."""
    for actor in for_each(EVERYBODY, but=[SYSTEM]):
        with pytest.raises(errors.NotYourRole):
            watched(None, by=actor, open=25)
    with pytest.raises(errors.UnknownQueue):
        watched(None, queue="nowhere", open=25)
    with pytest.raises(errors.UnknownQueue):
        watched(None, under=BOOK, open=25)
