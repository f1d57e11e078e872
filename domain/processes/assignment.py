"""Who fits a matter, and how well: the reasons against each agent, and a score that is one order.

Pure: which agents there are, and what they carry, is read from views by whoever asks. The choice
itself is judged on the ticket, and all candidates stay on record with it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from domain.commands import (
    ChooseAgent,
    LapseAssignment,
    QueueTicket,
    ReturnAssignment,
    WatchQueue,
)
from domain.policies.book import Book
from domain.policies.routing import Load, Queue, certificates_of, uncertified
from domain.processes.keys import key_of
from domain.ticket.ability import FULL, UNKNOWN, lacking, promised_of
from domain.ticket.guards import has_interest
from domain.ticket.matter import classes_of
from domain.ticket.routing import is_angry
from domain.ticket.state import Order, Ticket
from domain.values import (
    BASIS_POINTS,
    Candidate,
    Examination,
    Instant,
    Score,
    Tier,
)

PROCESS: Final = "assignment"
"""Part of every key; a new name would do everything a second time."""
_SILENT: Final = -10_000_000
_ABLE: Final = 5_000_000
_DEDICATED: Final = 1_000_000
_TOP_RATED: Final = 100_000
"""Each weighs more than all below it together; below them count the rating, where emotions run
high, and what room an agent has."""


class Available(msgspec.Struct, frozen=True):
    """One agent as a view knows them."""

    agent: str
    desk: str
    skills: tuple[str, ...]
    certificates: Mapping[Examination, Instant]
    on_shift: bool
    good_bp: int | None
    open: int
    """Live matters assigned to the agent."""


class Need(msgspec.Struct, frozen=True):
    """What one matter asks of who works on it."""

    skills: tuple[str, ...]
    certificates: tuple[Examination, ...]
    angry: bool
    keeps_agent: bool
    """Whether the buyer is to have the same agent as before (RO-02)."""
    promised: tuple[tuple[str, ...], ...] = ()
    """Of each promise that runs and says who keeps it: the skills of which one is enough.

    It is better that somebody has them, and no reason that nobody works on the matter.
    """


def need_of(ticket: Ticket, order: Order | None, queue: Queue | None, book: Book) -> Need:
    """Return what a matter asks of who works on it in a queue."""
    classes = classes_of(ticket, order, book)
    spend_minor = 0 if ticket.spend is None else ticket.spend.amount_minor
    load = book.load
    return Need(
        skills=() if queue is None else queue.skills,
        promised=promised_of(ticket, book),
        certificates=certificates_of(classes, book.queue, None if queue is None else queue.name),
        angry=is_angry(ticket),
        keeps_agent=load is not None
        and (ticket.tier is Tier.TOP or spend_minor > load.dedicated_spend_above_minor),
    )


def choose(
    ticket: Ticket,
    need: Need,
    agents: Iterable[Available],
    load: Load,
    *,
    served_by: str | None,
    now: Instant,
) -> tuple[Candidate, ...]:
    """Return every agent as a candidate for a matter, with a score or the reason against."""
    return tuple(
        candidate_of(
            one,
            parts=_score(one, ticket, need, load, served_by=served_by),
            refused=_standing_against(one, ticket, need, load, now),
            load=load,
            certificates=_certified(one, need, now),
        )
        for one in agents
    )


def claimant(agent: Available, need: Need, load: Load, *, now: Instant) -> Candidate:
    """Return somebody who takes a matter unasked, with what stands against it.

    Who takes a matter is there. What they are able to do, what they passed and what they carry
    already is not theirs to say.
    """
    return candidate_of(
        agent,
        refused=_unable(agent, need) or _uncertified(agent, need, now) or _full(agent, load),
        load=load,
        certificates=_certified(agent, need, now),
    )


def nobody_known(ref: str) -> Candidate:
    """Return somebody of whom nothing is on record: nobody could count what they carry (RO-03)."""
    return Candidate(ref, score=0, load_bp=0, rating_bp=0, skills=(), refused=UNKNOWN)


def is_waited_for(own: Available, ticket: Ticket, need: Need, load: Load, now: Instant) -> bool:
    """Return whether a buyer's own agent is to have a matter, and nobody who is quicker (RO-02).

    They are there and can take it; who was silent on it, or let it go, keeps nobody waiting.
    """
    if not need.keeps_agent or own.agent in _gone(ticket):
        return False
    return _standing_against(own, ticket, need, load, now) is None


def candidate_of(
    agent: Available,
    *,
    refused: str | None,
    load: Load,
    certificates: tuple[Examination, ...],
    parts: Score | None = None,
) -> Candidate:
    """Return an agent as the record holds a candidate; without parts nobody is compared."""
    return Candidate(
        agent=agent.agent,
        score=0 if parts is None else parts.points,
        load_bp=_load_bp(agent, load),
        rating_bp=agent.good_bp or 0,
        skills=agent.skills,
        refused=refused,
        parts=parts,
        certificates=certificates,
    )


def carries(agent: Available, queue: Queue, now: Instant) -> bool:
    """Return whether an agent is there to work on what comes to a queue."""
    need = Need(queue.skills, queue.certificates, angry=False, keeps_agent=False)
    return agent.on_shift and _unable(agent, need) is None and not _uncertified(agent, need, now)


def on_waiting(
    ticket: str, cause: str, candidates: tuple[Candidate, ...], staff_at: str | None
) -> tuple[ChooseAgent, str]:
    """Return the command that gives a matter to somebody, and its key: once for each wait.

    `staff_at` is the moment up to which the record says who is there and what they can do.
    """
    command = ChooseAgent(ticket=ticket, candidates=candidates, staff_at=staff_at)
    return command, key_of(PROCESS, f"choose\x1f{ticket}\x1f{cause}", 0)


def on_overflow(ticket: str, cause: str, load: Load) -> tuple[QueueTicket, str]:
    """Return the command that brings a matter to the overflow queue, and its key."""
    command = QueueTicket(ticket=ticket, queue=load.overflow, why="overflow")
    return command, key_of(PROCESS, f"overflow\x1f{ticket}\x1f{cause}", 0)


def on_excess(ticket: str, cause: str, agent: str, carried: int) -> tuple[ReturnAssignment, str]:
    """Return the command that takes a matter from who carries too many, and its key.

    `cause` is the place of the event by which the agent came to it: each is taken back once.
    """
    command = ReturnAssignment(ticket=ticket, agent=agent, open=carried)
    return command, key_of(PROCESS, f"return\x1f{ticket}\x1f{cause}", 0)


def on_unfit(ticket: str, cause: str, agent: str, carried: int) -> tuple[ReturnAssignment, str]:
    """Return the command that takes a matter from who may not work on it, and its key.

    `cause` is the place of the event by which the agent came to it, or it to its queue.
    """
    command = ReturnAssignment(ticket=ticket, agent=agent, open=carried)
    return command, key_of(PROCESS, f"unfit\x1f{ticket}\x1f{cause}", 0)


def on_lease(ticket: str, due_at: Instant) -> tuple[LapseAssignment, str]:
    """Return the command for a lease that is over, and its key."""
    command = LapseAssignment(ticket=ticket, due_at=due_at)
    return command, key_of(PROCESS, f"lapse\x1f{ticket}\x1f{due_at}", 0)


def on_figures(command: WatchQueue, cause: str | None) -> tuple[WatchQueue, str]:
    """Return the command for a queue that is otherwise than on record, and its key.

    `cause` is the place of the last fact about the queue: each episode begins and ends once.
    """
    return command, key_of(PROCESS, f"watch\x1f{command.queue}\x1f{cause or ''}", 0)


def _score(
    agent: Available, ticket: Ticket, need: Need, load: Load, *, served_by: str | None
) -> Score:
    rating_bp = agent.good_bp or 0
    is_own = need.keeps_agent and agent.agent == served_by
    is_top = need.angry and rating_bp >= load.top_rating_bp
    return Score(
        room=(BASIS_POINTS - min(_load_bp(agent, load), BASIS_POINTS)) // 10,
        silent=_SILENT if agent.agent in _gone(ticket) else 0,
        able=_ABLE if need.promised and lacking(agent.skills, need.promised) is None else 0,
        dedicated=_DEDICATED if is_own else 0,
        top_rated=_TOP_RATED if is_top else 0,
        rating=rating_bp if need.angry else 0,
    )


def _gone(ticket: Ticket) -> frozenset[str]:
    """Return who had the matter and did not work on it, or does not any more."""
    return ticket.silent | ticket.let_go


def _load_bp(agent: Available, load: Load) -> int:
    return agent.open * BASIS_POINTS // load.matters


def _standing_against(
    agent: Available, ticket: Ticket, need: Need, load: Load, now: Instant
) -> str | None:
    """Return the first reason why an agent is not given a matter."""
    if has_interest(agent.agent, ticket):
        return "conflict_of_interest"
    if not agent.on_shift:
        return "off_shift"
    return _unable(agent, need) or _uncertified(agent, need, now) or _full(agent, load)


def _unable(agent: Available, need: Need) -> str | None:
    return lacking(agent.skills, ((one,) for one in need.skills))


def _uncertified(agent: Available, need: Need, now: Instant) -> str | None:
    return uncertified(agent.certificates, need.certificates, now)


def _certified(agent: Available, need: Need, now: Instant) -> tuple[Examination, ...]:
    """Return which of the certificates that a matter asks for count."""
    held = agent.certificates
    return tuple(one for one in need.certificates if uncertified(held, (one,), now) is None)


def _full(agent: Available, load: Load) -> str | None:
    return FULL if agent.open >= load.matters else None
