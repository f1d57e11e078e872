"""What people and machines report of a matter, and what the desk says, plans and waits for."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain import errors
from domain.commands import (
    AnswerAutomatically,
    BeginWait,
    EndWait,
    GivePlan,
    ReportFact,
)
from domain.events import (
    BotAnswered,
    Event,
    FactReported,
    NpsGiven,
    PlanGiven,
    SatisfactionGiven,
    WaitBegan,
    WaitEnded,
)
from domain.milestones import Milestone
from domain.ticket.context import Context
from domain.ticket.guards import (
    DESK,
    guards,
    require_accepted,
    require_actor,
    require_open,
    require_past,
    require_unresolved,
)
from domain.ticket.service import authored
from domain.ticket.state import Ticket
from domain.values import ActorKind, Awaiting

REPORTERS: Final[Mapping[Milestone, tuple[ActorKind, ...]]] = {
    Milestone.FLAW_PHOTO: (*DESK, ActorKind.BOT),
    Milestone.NEGATIVE_SENTIMENT: (*DESK, ActorKind.BOT),
    Milestone.MENTION_FOUND: (*DESK, ActorKind.BOT),
    Milestone.NETWORK_ANSWERED: (*DESK, ActorKind.MERCHANT, ActorKind.ORDERS),
    Milestone.ON_SITE: (*DESK, ActorKind.MERCHANT, ActorKind.ORDERS),
    Milestone.WAREHOUSE_RECEIVED: (*DESK, ActorKind.CARRIER, ActorKind.ORDERS),
    Milestone.CROSS_BORDER_COMPLETED: (*DESK, ActorKind.CARRIER, ActorKind.ORDERS),
}
"""Who may report what; everything else that happens on a ticket has a command of its own."""
WAITED_FOR: Final = (Awaiting.BUYER, Awaiting.CARRIER, Awaiting.THIRD_PARTY)
"""Whom a promise may rest for: nobody who made it, and not the merchant."""
_RATINGS: Final = (SatisfactionGiven, NpsGiven)
"""What a buyer says of the handling moves the matter no further."""
_DONE_BY: Final[Mapping[Milestone, Awaiting]] = {
    Milestone.NETWORK_ANSWERED: Awaiting.THIRD_PARTY,
    Milestone.ON_SITE: Awaiting.THIRD_PARTY,
    Milestone.WAREHOUSE_RECEIVED: Awaiting.CARRIER,
    Milestone.CROSS_BORDER_COMPLETED: Awaiting.CARRIER,
}
"""Whose doing it was, whoever reports it."""
_WAITED_FOR_AS: Final[Mapping[ActorKind, Awaiting]] = {
    ActorKind.BUYER: Awaiting.BUYER,
    ActorKind.CARRIER: Awaiting.CARRIER,
    ActorKind.INSPECTOR: Awaiting.THIRD_PARTY,
}


@guards(ReportFact)
def may_report_fact(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Facts are reported of a live matter, by those whose business they are."""
    kinds = {kind for kinds in REPORTERS.values() for kind in kinds}
    require_actor(ticket, context, *kinds, works=False)
    require_open(ticket)


def report_fact(command: ReportFact, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Keep a fact as it is reported: once a round, in whatever order facts arrive.

    The same again is a repetition; the same fact of another instant contradicts what is on record
    and is refused, and so is one from the future.
    """
    may_report_fact(ticket, None, context)
    if context.actor.kind not in REPORTERS.get(command.fact, ()):
        raise errors.NotYourRole
    require_past(command.occurred_at, context)
    known = ticket.milestones.get(command.fact)
    if known == command.occurred_at:
        return ()
    if known is not None:
        raise errors.FactKnownOtherwise(fact=command.fact.value, occurred_at=known)
    if _taken_back(command, ticket):
        return ()
    return (
        FactReported(
            fact=command.fact, occurred_at=command.occurred_at, reference=command.reference
        ),
    )


def _taken_back(command: ReportFact, ticket: Ticket) -> bool:
    """Return whether a person has judged since that what is reported was not so."""
    at = ticket.withdrawn.get(command.fact)
    return at is not None and command.occurred_at <= at


@guards(GivePlan)
def may_give_plan(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk plans what it has taken up and nobody has resolved."""
    require_actor(ticket, context, *DESK)
    require_unresolved(ticket)
    require_accepted(ticket)


def give_plan(command: GivePlan, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Say how the matter will be resolved."""
    may_give_plan(ticket, None, context)
    return (PlanGiven(level=command.level, text=authored(command.text, context.actor)),)


@guards(AnswerAutomatically)
def may_answer_automatically(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A machine answers while nobody has resolved the matter."""
    require_actor(ticket, context, ActorKind.BOT)
    require_unresolved(ticket)


def answer_automatically(
    command: AnswerAutomatically, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Answer the buyer as a machine; whether it helped, the buyer's next word tells."""
    may_answer_automatically(ticket, None, context)
    return (BotAnswered(text=authored(command.text, context.actor), effective=command.effective),)


@guards(BeginWait)
def may_begin_wait(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk says for whom it waits, for one at a time."""
    require_actor(ticket, context, *DESK)
    require_unresolved(ticket)
    require_accepted(ticket)
    if ticket.waits_on is not None:
        raise errors.AlreadyDone


def begin_wait(command: BeginWait, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Let the promises rest that may (SL-25); who made them is not waited for."""
    if ticket.waits_on == command.on and context.actor.kind in DESK:
        return ()
    may_begin_wait(ticket, None, context)
    if command.on not in WAITED_FOR:
        raise errors.Unreasonable("Promises rest for the buyer or a third party only.")
    return (WaitBegan(on=command.on, why=command.why),)


@guards(EndWait)
def may_end_wait(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk says that it waits no more."""
    require_actor(ticket, context, *DESK)
    require_open(ticket)
    if ticket.waits_on is None:
        raise errors.AlreadyDone


def end_wait(command: EndWait, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Let the promises run on."""
    if ticket.waits_on is None and context.actor.kind in DESK:
        return ()
    may_end_wait(ticket, None, context)
    assert ticket.waits_on is not None, "the guard asks for a wait"
    return (WaitEnded(on=ticket.waits_on),)


def follow(
    _before: Ticket | None, ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return that the matter waits no more, when whom it waits for did something (SL-25)."""
    on = ticket.waits_on
    if on is not None and any(on in _doers(fact, context.actor.kind) for fact in facts):
        yield WaitEnded(on=on)


def _doers(fact: Event, kind: ActorKind) -> tuple[Awaiting | None, ...]:
    """Return of whom a command's fact is a step: who acts, and whose doing they report."""
    if isinstance(fact, _RATINGS):
        return ()
    reported = _DONE_BY.get(fact.fact) if isinstance(fact, FactReported) else None
    return (_WAITED_FOR_AS.get(kind), reported)
