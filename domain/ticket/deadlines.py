"""Time on a ticket: how deadlines are given and met, and the judgement that one has passed."""

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from domain import errors
from domain.commands import PassDeadline
from domain.events import (
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    Event,
    OfferLapsed,
    OfferSuperseded,
    TicketClosed,
    TicketResolved,
)
from domain.policies.deadlines import DeadlineName
from domain.ticket.context import Context
from domain.ticket.guards import guards, owed, require_live, require_role
from domain.ticket.state import OfferState, Ticket
from domain.values import ActorKind, Awaiting, Instant, Stage

REPLY: Final = "reply"
"""The deadline of a buyer who was answered and may come back; it has the time of a closing."""
INSIDE: Final = frozenset({"assignment"})
"""Deadlines that only staff are told of: whom the house names, and until when, is its own."""


def given(
    context: Context,
    name: DeadlineName,
    *,
    of: str | None = None,
    awaits: Awaiting | None = None,
    within: Instant | None = None,
) -> DeadlineGiven:
    """Return the deadline the book sets from now on.

    `of` is what it is about ("offer:O1" is the deadline offer of O1); `within` is an instant it
    must not lie after.
    """
    due_at = context.book.due(name, context.now)
    return DeadlineGiven(
        deadline=name if of is None else f"{name}:{of}",
        due_at=due_at if within is None else min(due_at, within),
        awaits=awaits or context.book.awaits(name),
        policy=context.book.version,
    )


def met(ticket: Ticket, *names: str) -> tuple[DeadlineMet, ...]:
    """Return the end of those of the named deadlines that run."""
    return tuple(DeadlineMet(deadline=name) for name in names if name in ticket.deadlines)


def moot(ticket: Ticket, context: Context, by_what: str) -> tuple[Event, ...]:
    """Return the end of all that waits for a decision, when one is taken: open offers too.

    What a remedy waits for goes on.
    """
    asked = [name for name in ticket.deadlines if not name.startswith(("remedy:", "offer:"))]
    return (*offers_over(ticket, context, by_what), *met(ticket, *asked))


def idle(ticket: Ticket, *but: str) -> bool:
    """Return whether a matter that is taken up and unresolved waits for nobody but its buyer.

    `but` are deadlines that are met in the same moment.
    """
    others = {name for name in ticket.deadlines if not name.startswith("remedy:")} - {REPLY, *but}
    unresolved = ticket.accepted and ticket.resolved is None
    return ticket.stage is Stage.INTAKE and unresolved and not others


def buyer_came_back(ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return that the desk is to answer a buyer who says more where nothing else runs."""
    if context.actor.kind is not ActorKind.BUYER or not idle(ticket):
        return ()
    return (*met(ticket, REPLY), given(context, "answer"))


def reply_awaited(context: Context) -> DeadlineGiven:
    """Return the buyer's time to come back after an answer; then the matter was answered."""
    window = given(context, "closing", awaits=Awaiting.BUYER)
    return replace(window, deadline=REPLY)


def merchant_answered(ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return that the merchant has reviewed, and what runs from then on: something always does.

    Before negotiation failed there is time for it; after that the buyer's time to call the
    platform begins anew.
    """
    reviewed = met(ticket, "merchant_review", REPLY)
    if "negotiation" in ticket.deadlines:
        return reviewed
    if ticket.negotiation_failed is None:
        return (*reviewed, given(context, "negotiation"))
    return (*reviewed, *met(ticket, "intervention"), given(context, "intervention"))


def open_offers(ticket: Ticket) -> tuple[str, ...]:
    """Return the offers nothing has ended yet."""
    return tuple(name for name, one in ticket.offers.items() if one.state is OfferState.OPEN)


def offers_over(
    ticket: Ticket, context: Context, by_what: str, *, but: str | None = None
) -> tuple[Event, ...]:
    """Return the end of every open offer, when something else ends the negotiation.

    Only an offer whose time is over has lapsed; the others give way to what happened.
    """
    return tuple(
        OfferLapsed(offer=offer, due_at=ticket.deadlines[f"offer:{offer}"].due_at)
        if passed(ticket, f"offer:{offer}", context)
        else OfferSuperseded(offer=offer, by_what=by_what)
        for offer in open_offers(ticket)
        if offer != but
    )


def passed(ticket: Ticket, deadline: str, context: Context) -> bool:
    """Return whether a deadline runs whose instant has come."""
    running = ticket.deadlines.get(deadline)
    return running is not None and context.now >= running.due_at


def resolution(
    ticket: Ticket, context: Context, outcome: str, *, keep: Collection[str] = ()
) -> tuple[Event, ...]:
    """Return the facts of a matter that needs nothing more: it closes unless somebody comes back.

    An open appeal window stays open: being resolved takes no right away. `keep` are other
    deadlines that run on.
    """
    asked = [name for name in ticket.deadlines if name not in {"appeal", "closing", *keep}]
    return (
        *met(ticket, *asked),
        TicketResolved(outcome=outcome),
        given(context, "closing"),
    )


@guards(PassDeadline)
def may_pass_deadline(ticket: Ticket, target: str | None, context: Context) -> None:
    """Only the platform's own clock says that time has passed."""
    require_role(context, ActorKind.SYSTEM)
    require_live(ticket)


def pass_deadline(command: PassDeadline, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Say once that a deadline's instant has come, and what follows from it."""
    may_pass_deadline(ticket, command.deadline, context)
    running = ticket.deadlines.get(command.deadline)
    if running is None or running.missed or running.due_at != command.due_at:
        return ()
    if context.now < running.due_at:
        raise errors.NotYetDue(due_at=running.due_at)
    return consequences(ticket, command.deadline, context)


def consequences(ticket: Ticket, deadline: str, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow when a running deadline's instant has come."""
    due_at = ticket.deadlines[deadline].due_at
    name, _, about = deadline.partition(":")
    if name == "offer":
        return (OfferLapsed(offer=about, due_at=due_at),)
    if name == "closing":
        return _closes(ticket, context)
    missed = DeadlineMissed(deadline=deadline, due_at=due_at)
    if name in {"merchant_review", "negotiation"}:
        # Negotiation is over: the buyer may call the platform, and a matter nobody pursues ends.
        return (missed, given(context, "intervention"))
    outcome = _UNPURSUED.get(name)
    if outcome is None:
        return (missed,)
    due = [one for one in ticket.deadlines if one.startswith("remedy:")]
    over = offers_over(ticket, context, "abandonment")
    return (missed, *over, *resolution(ticket, context, outcome, keep=due))


_UNPURSUED: Final = {"intervention": "abandoned", REPLY: "answered"}
"""How a matter ends that its buyer does not pursue, by the deadline that passed."""


def _closes(ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the end of a resolved matter; what is owed comes first, an answer too."""
    if owed(ticket) or "answer" in ticket.deadlines:
        more = context.book.due("closing", context.now)
        policy = context.book.version
        return (DeadlineExtended(deadline="closing", due_at=more, policy=policy),)
    assert ticket.resolved is not None, "only what is resolved waits for its closing"
    return (*met(ticket, *ticket.deadlines), TicketClosed(outcome=ticket.resolved))
