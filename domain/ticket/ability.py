"""What who works on a matter must be able to do, and what is on record of who acts (SL-05, RO-02).

Certificates are asked for by guards; how well somebody fits is no business of this module.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from domain import errors
from domain.events import (
    AgentNoted,
    AnswerGiven,
    Event,
    MessageSent,
    PlanGiven,
    ResolutionWritten,
    TicketAccepted,
    TicketAssigned,
)
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.ticket.clocks.running import rule_of
from domain.ticket.context import Context
from domain.ticket.guards import DESK
from domain.ticket.same import Same
from domain.ticket.state import Ticket
from domain.values import ActorKind

UNKNOWN: Final = "unknown_agent"
"""What stands against who is not on record: nobody could count what they carry."""
FULL: Final = "load_limit"
DEDICATED: Final = "dedicated_to_another"
"""The buyer has an agent of their own, who is there."""
_ABLE_WORK: Final = (
    TicketAccepted,
    TicketAssigned,
    AnswerGiven,
    MessageSent,
    PlanGiven,
    ResolutionWritten,
)
"""What people of the platform do that a promise, or a rule, may ask a skill for."""


# --- who acts ---------------------------------------------------------------------------------


def noted(ticket: Ticket | None, facts: Iterable[Event], context: Context) -> Iterable[AgentNoted]:
    """Return what is on record of who acts on a ticket, where the ticket knows otherwise.

    It goes before what they do: their deeds are folded by it, now and whenever they are read.
    """
    if ticket is None or context.actor.kind not in DESK:
        return
    if not any(isinstance(fact, _ABLE_WORK) for fact in facts):
        return  # what asks for no skill is no reason to look one up
    skills = held(context)
    if skills != ticket.able.get(context.actor.ref, ()):
        yield AgentNoted(agent=context.actor.ref, skills=skills, policy=context.book.version)


def held(context: Context) -> tuple[str, ...]:
    """Return the skills that promises of the book ask for and who acts has on record."""
    wanted = promised(Same(context.book))
    known = context.agents(context.actor.ref) if wanted else None
    return () if known is None else tuple([one for one in wanted if one in known.skills])


@lru_cache(maxsize=64)
def promised(book: Same[Book]) -> tuple[str, ...]:
    """Return the skills that the promises of a book ask for."""
    return tuple(sorted({skill for rule in book.table.clock for skill in rule.by_skill}))


def may_keep(rule: ClockRule, ticket: Ticket, context: Context) -> bool:
    """Return whether what who acts does on a ticket can keep a promise."""
    if rule.by_assignee:
        return ticket.assignee == context.actor.ref
    return not rule.by_skill or not set(rule.by_skill).isdisjoint(held(context))


# --- who takes it -----------------------------------------------------------------------------


def promised_of(ticket: Ticket, book: Book) -> tuple[tuple[str, ...], ...]:
    """Return what each promise that runs asks of who keeps it: skills of which one is enough."""
    running = (name for name, clock in ticket.clocks.items() if not clock.breached)
    rules = (rule_of(name, book) for name in running)
    return tuple([rule.by_skill for rule in rules if rule is not None and rule.by_skill])


def lacking(skills: Sequence[str], asked: Iterable[Sequence[str]]) -> str | None:
    """Return the reason against who has none of a group's skills; None when nothing is missing."""
    for group in asked:
        if not set(group).intersection(skills):
            return f"skill:{'|'.join(group)}"
    return None


def require_able(ticket: Ticket, context: Context) -> None:
    """Let no agent take a matter who is not on record, not able, or carries too much already.

    Supervisors answer for what they do themselves; of one on record it is counted as well. How much
    that is, and whose agent is there, only views know: a claim brings what they say with it.
    """
    load, ref = context.book.load, context.actor.ref
    if load is None:
        return
    if context.actor.kind is ActorKind.AGENT:
        known = context.agents(ref)
        if known is None:
            raise errors.NotFit(reason=UNKNOWN)
        queue = next((one for one in context.book.queue if one.name == ticket.queue), None)
        own = () if queue is None else queue.skills
        reason = lacking(known.skills, ((one,) for one in own))
        if reason is not None:
            raise errors.NotFit(reason=reason)
    counted = context.candidate()
    if counted is not None and counted.refused is not None:
        raise errors.NotFit(reason=counted.refused)
