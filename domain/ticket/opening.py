"""How a matter comes in: who may bring it, what the order tells of it, and what it reserves."""

import msgspec

from domain import errors
from domain.commands import OpenTicket
from domain.events import ChannelJoined, CustomerNoted, Event, EvidenceGathered, TicketOpened
from domain.ticket import deadlines, diagnosing
from domain.ticket.context import Context
from domain.ticket.guards import DESK, require_role
from domain.ticket.state import Order, Ticket
from domain.values import (
    ActorKind,
    Attachment,
    EvidenceKind,
    Kind,
    Money,
    OrderLine,
    Party,
    Personal,
    Scenario,
)


def open_ticket(command: OpenTicket, ticket: Ticket | None, context: Context) -> tuple[Event, ...]:
    """Bring a matter to the platform, or join the live ticket that is about it already (IN-03)."""
    require_role(context, ActorKind.BUYER, *DESK)
    if command.order is None:
        buyer, merchant, line = _without_order(command, context), None, None
    else:
        order = _own_order(command.order, context)
        if command.buyer not in {None, order.buyer}:
            raise errors.Unreasonable("The order is another buyer's.")
        line = the_line(order, command.line)
        buyer, merchant = order.buyer, order.merchant
    if ticket is not None:
        return _seen_again(command, ticket, buyer, context)
    require_claim(command.claim, line)
    statement = command.statement
    found = diagnosing.judged(statement, command.reason, context)
    kind = command.kind or (Kind.COMPLAINT if found is None else found.kind)
    scenario = command.scenario or (Scenario.PRODUCT if found is None else found.scenario)
    opened = TicketOpened(
        channel=command.channel,
        kind=kind,
        scenario=scenario,
        reason=command.reason,
        priority=context.book.priority[kind],
        policy=context.book.version,
        buyer=buyer,
        merchant=merchant,
        order=command.order,
        line=line.line if line is not None else None,
        remedy=command.remedy,
        claim=command.claim,
        statement=None if statement is None else Personal(statement, subject=f"buyer:{buyer}"),
        holds=names_held(command.order, line.line if line is not None else None, scenario),
    )
    known = () if line is None else (_snapshot_item(context), *_certificate_items(context, line))
    return (
        opened,
        *_customer(command),
        *(() if found is None else (diagnosing.made(found, context, buyer=buyer),)),
        *known,
        deadlines.given(context, "acceptance"),
        *(() if context.arm is None else (context.arm,)),
    )


def _customer(command: OpenTicket) -> tuple[CustomerNoted, ...]:
    """Return who the buyer is to the platform, where something was reported of them."""
    known = command.customer
    if known is None:
        return ()
    return (CustomerNoted(tier=known.tier, spend=known.spend, bought=known.bought or None),)


def names_held(order: str | None, line: str | None, scenario: Scenario) -> tuple[str, ...] | None:
    """Return the names a live ticket reserves: no second one for a line and scenario."""
    if order is None or line is None:
        return None
    return (f"line:{order}/{line}/{scenario}",)


def the_line(order: Order, line: str | None) -> OrderLine:
    """Return the line a matter is about: the named one, or the only one there is."""
    if line is not None:
        if line not in order.lines:
            raise errors.UnknownLine
        return order.lines[line]
    if len(order.lines) > 1:
        raise errors.LineRequired(lines=sorted(order.lines))
    return next(iter(order.lines.values()))


def require_claim(claim: Money | None, line: OrderLine | None) -> None:
    """Let a claim pass that is above zero and not above what was paid for its line."""
    if claim is None:
        return
    if claim.amount_minor <= 0:
        raise errors.AmountRequired("A claim is an amount above zero.")
    if line is None:
        return
    if claim.currency != line.paid.currency:
        raise errors.CurrencyDiffers
    if claim.amount_minor > line.paid.amount_minor:
        raise errors.CapExceeded(
            "A claim is not above what was paid.", paid_minor=line.paid.amount_minor
        )


def snapshot(order: Order) -> bytes:
    """Return what is known of an order, in one spelling; other tickets' grants are not told."""
    known = {
        name: value
        for name, value in msgspec.structs.asdict(order).items()
        if name != "grants" and value is not None
    }
    return msgspec.json.encode(known, order="sorted")


def _snapshot_item(context: Context) -> EvidenceGathered:
    """Return the first evidence item: the order as it was known at the opening (IN-02)."""
    assert context.order is not None, "the order was found before"
    attachment: Attachment = context.keep(snapshot(context.order), "application/json")
    return EvidenceGathered(
        item="E1",
        kind=EvidenceKind.ORDER_SNAPSHOT,
        attachment=attachment,
        obtained="snapshot_at_opening",
        shown_to=(Party.BUYER, Party.MERCHANT),
    )


def _certificate_items(context: Context, line: OrderLine) -> list[EvidenceGathered]:
    """Return the records that came with the order and are about the line (TR-03)."""
    assert context.order is not None, "the order was found before"
    about = [
        one
        for one in context.order.certificates.values()
        if one.lines is None or line.line in one.lines
    ]
    return [
        EvidenceGathered(
            item=f"E{number}",
            kind=one.kind,
            attachment=one.attachment,
            obtained=f"posted_by_{one.posted_by}",
            shown_to=(Party.BUYER, Party.MERCHANT),
        )
        for number, one in enumerate(about, start=2)
    ]


def _own_order(order: str, context: Context) -> Order:
    """Return the order; to a buyer an order of somebody else is as unknown as one there is not."""
    known = context.order
    if known is None or known.order != order:
        raise errors.UnknownOrder
    if context.actor.kind is ActorKind.BUYER and known.buyer != context.actor.ref:
        raise errors.UnknownOrder
    return known


def _without_order(command: OpenTicket, context: Context) -> str:
    """Return whose matter it is when there is no order."""
    if command.line is not None:
        raise errors.UnknownLine("A line belongs to an order.")
    if context.actor.kind is ActorKind.BUYER:
        if command.buyer not in {None, context.actor.ref}:
            raise errors.NotYourRole("A buyer opens matters of their own.")
        return context.actor.ref
    if command.buyer is None:
        raise errors.Unreasonable("Without an order, say whose matter it is.")
    return command.buyer


def _seen_again(
    command: OpenTicket, ticket: Ticket, buyer: str, context: Context
) -> tuple[Event, ...]:
    """The same matter again is one ticket, whatever channel it comes through (IN-01)."""
    if ticket.buyer != buyer:
        raise errors.AlreadyOpen
    if ticket.resolved is not None:
        raise errors.AlreadyOpen(
            "The matter is resolved and not closed: reopen it.", ticket=ticket.ticket
        )
    if command.channel in ticket.channels:
        return ()
    return (
        ChannelJoined(channel=command.channel),
        *deadlines.buyer_came_back(ticket, context),
    )
