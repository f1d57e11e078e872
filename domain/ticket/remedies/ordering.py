"""How remedies come to be owed: terms made exact, within the cap, with their first deadline."""

from collections.abc import Sequence, Set
from typing import Final

from domain import errors
from domain.commands import GrantRemedy
from domain.events import CompensationInitiated, Event, RefundInitiated, RemedyOrdered
from domain.ticket import cap
from domain.ticket.context import Context
from domain.ticket.evidence import appealed
from domain.ticket.guards import DESK, guards, require_actor, require_stage
from domain.ticket.remedies.steps import DECIDED, waiting
from domain.ticket.state import Grant, Order, RemedyStep, Ticket
from domain.values import ActorKind, RefundTo, RemedyKind, Stage, Terms

_GOODS: Final = frozenset(
    {RemedyKind.RETURN, RemedyKind.EXCHANGE, RemedyKind.REPAIR, RemedyKind.RESHIPMENT}
)
"""What costs the merchant or the platform goods: more than an agent gives away."""
_TOLD: Final = {
    RemedyKind.REFUND: RefundInitiated,
    RemedyKind.COMPENSATION: CompensationInitiated,
}
"""What the payment system is told to pay at once."""


def ordered(
    terms: Sequence[Terms],
    source: str,
    ticket: Ticket,
    context: Context,
    *,
    approved_by: str | None = None,
    released: Set[str] = frozenset(),
) -> tuple[Event, ...]:
    """Return the facts by which remedies are owed from now on, or refuse them.

    `released` are remedies of the ticket that the same decision cancelled before.
    """
    if source not in DECIDED:  # gifts before it take no room from what an arbitrator decides
        _require_room(ticket, context, more=len(terms))
    freed = {cap.grant_key(ticket.ticket, remedy) for remedy in released}
    order = context.order
    grants = {key: one for key, one in order.grants.items() if key not in freed} if order else {}
    events: list[Event] = []
    for number, asked in enumerate(terms, start=len(ticket.remedies) + 1):
        remedy = f"R{number}"
        exact = _exact(asked, ticket, order)
        if exact.amount is not None:
            assert order is not None, "terms with an amount are only exact with an order"
            grant = cap.granted(exact, remedy, grants, order, context)
            grants[cap.grant_key(ticket.ticket, remedy)] = Grant(
                line=grant.line, amount=grant.amount, refund=exact.kind in cap.PRICE_BACK
            )
            events.append(grant)
        events += _owed(remedy, exact, source, context, approved_by=approved_by)
    return tuple(events)


@guards(GrantRemedy)
def may_grant_remedy(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Staff may be generous at any time, save while an arbitrator weighs the matter."""
    require_actor(ticket, context, *DESK)
    require_stage(ticket, Stage.INTAKE, Stage.NEGOTIATION, Stage.REMEDY)
    if appealed(ticket):
        raise errors.WrongStage("An appeal is being decided.", stage=ticket.stage)
    _require_room(ticket, context, more=1)


def grant_remedy(command: GrantRemedy, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Give out of goodwill: an agent up to the book's authority, a supervisor up to the cap.

    What was given on the ticket before counts: small steps lead no further than one. Goods are
    given by a supervisor.
    """
    may_grant_remedy(ticket, None, context)
    by = f"{context.actor.kind}:{context.actor.ref}"
    return within_authority(command.terms, ticket, context, approved_by=by)


def within_authority(
    terms: Terms, ticket: Ticket, context: Context, *, approved_by: str
) -> tuple[Event, ...]:
    """Return that goodwill is owed, or refuse what is above the actor's authority (RE-11)."""
    amount, limit = terms.amount, context.book.cap.goodwill_minor
    above = terms.kind in _GOODS or (
        amount is not None and amount.amount_minor + goodwill(ticket) > limit
    )
    if above and context.actor.kind is not ActorKind.SUPERVISOR:
        raise errors.CapExceeded(
            "Above the authority of an agent a supervisor grants.",
            authority_minor=limit,
            needs=ActorKind.SUPERVISOR,
        )
    return ordered((terms,), "goodwill", ticket, context, approved_by=approved_by)


def goodwill(ticket: Ticket) -> int:
    """Return what goodwill of a ticket comes to; a ticket's amounts are in one currency."""
    return sum(
        one.terms.amount.amount_minor
        for one in ticket.remedies.values()
        if one.source == "goodwill"
        and one.terms.amount is not None
        and one.step is not RemedyStep.CANCELLED
    )


def refunds_to(context: Context) -> RefundTo | None:
    """Return where the buyer's money goes back to when that is not a bank card."""
    order = context.order
    return None if order is None or order.paid_by is RefundTo.CARD else order.paid_by


def _require_room(ticket: Ticket, context: Context, *, more: int) -> None:
    if len(ticket.remedies) + more > context.book.limit.remedies:
        raise errors.LimitReached(limit=context.book.limit.remedies)


def _exact(terms: Terms, ticket: Ticket, order: Order | None) -> Terms:
    """Return the terms with their line, after checking line and amount."""
    moves_money = terms.kind in cap.PRICE_BACK or terms.kind in cap.ON_TOP
    if not moves_money and terms.amount is not None:
        raise errors.AmountNotAllowed
    if moves_money and (terms.amount is None or terms.amount.amount_minor <= 0):
        raise errors.AmountRequired
    if order is None:
        if moves_money:
            raise errors.NothingToRefund(
                "The ticket is about no order: no money can be given back."
            )
        if terms.line is not None:
            raise errors.UnknownLine
        return terms
    line = terms.line or ticket.line or _only_line(order)
    if line not in order.lines:
        raise errors.UnknownLine
    return Terms(kind=terms.kind, line=line, amount=terms.amount)


def _only_line(order: Order) -> str:
    """Return the line of an order that has one."""
    if len(order.lines) != 1:
        raise errors.LineRequired
    return next(iter(order.lines))


def _owed(
    remedy: str, terms: Terms, source: str, context: Context, *, approved_by: str | None
) -> tuple[Event, ...]:
    """Return that a remedy is owed, and its first step where nobody has to be waited for."""
    fact = RemedyOrdered(
        remedy=remedy,
        terms=terms,
        source=source,
        policy=context.book.version,
        approved_by=approved_by,
    )
    told = _TOLD.get(terms.kind)
    if told is None:
        return (fact, waiting(remedy, terms.kind, RemedyStep.ORDERED, context))
    assert terms.amount is not None, "what is paid has an amount"
    paid = (
        RefundInitiated(remedy=remedy, amount=terms.amount, to=refunds_to(context))
        if told is RefundInitiated
        else told(remedy=remedy, amount=terms.amount)
    )
    return (
        fact,
        paid,
        waiting(remedy, terms.kind, RemedyStep.INITIATED, context),
    )
