"""One running clock: which of its instants are due, what is recorded then, and what comes next."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never

from domain.events import (
    ClockBreached,
    ClockWarned,
    Event,
    OverduePayoutOwed,
    PayoutOwed,
    TicketEscalated,
)
from domain.policies.book import Book
from domain.policies.clocks import ClockRule, Payout
from domain.policies.elapsed import due
from domain.ticket.clock import Clock
from domain.ticket.context import Context
from domain.ticket.state import Order, Ticket
from domain.values import BASIS_POINTS, Instant, Money, later, moment_of


class What(StrEnum):
    """What can become due on a running clock."""

    WARNING = "warning"
    BREACH = "breach"
    RUNG = "rung"


class Step(NamedTuple):
    """Something that becomes due on a running clock."""

    at: Instant
    what: What
    number: int
    """Of a warning its share of the time in basis points, of a rung its place from 1."""


def rule_of(name: str, book: Book) -> ClockRule | None:
    """Return the promise a clock on a ticket is of; None when its book makes none."""
    return book.clock_rule(name.partition(":")[0])


def steps(clock: Clock, rule: ClockRule, book: Book) -> Iterable[Step]:
    """Return what is still to come on a clock, in order; nothing while it rests."""
    if clock.paused or rule.metric_only:
        return
    if not clock.breached:
        calendar = book.calendar_of(clock.calendar)
        for share in rule.warn_bp:
            if share not in clock.warned:
                part = timedelta(seconds=clock.target_s * share / BASIS_POINTS)
                at = due(calendar, clock.transitions, part)
                assert at is not None, "a clock that runs has an instant for each of its shares"
                yield Step(at, What.WARNING, share)
        yield Step(clock.due_at, What.BREACH, 0)
    for number, rung in enumerate(rule.ladder, start=1):
        if number > clock.rung:
            yield Step(later(clock.due_at, rung.after), What.RUNG, number)


def nothing_due(clock: Clock, rule: ClockRule, now: Instant) -> bool:
    """Return whether nothing is due on a clock yet, as far as that is seen without its calendar.

    No calendar lets time pass faster than it does, and steps are due in their order.
    """
    if clock.paused or rule.metric_only:
        return True
    if clock.breached or clock.due_at <= now:
        return False
    share = next((one for one in rule.warn_bp if one not in clock.warned), None)
    if share is None:
        return True
    part = timedelta(seconds=clock.target_s * share / BASIS_POINTS)
    return moment_of(now) - moment_of(clock.since) < part


def next_at(clock: Clock, rule: ClockRule, book: Book) -> Instant | None:
    """Return when something is next due on a clock."""
    return next((step.at for step in steps(clock, rule, book)), None)


def facts_due(
    name: str, clock: Clock, rule: ClockRule, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return everything that has become due on a clock and is not on record, in order."""
    coming = iter(steps(clock, rule, context.book))
    facts: list[Event] = []
    step = next(coming, None)
    while step is not None and step.at <= context.now:
        following = next(coming, None)
        then = None if following is None else following.at
        facts += _facts(step, then, name, rule, ticket, context)
        step = following
    return tuple(facts)


def _facts(  # noqa: PLR0917 - what a step is recorded with
    step: Step,
    then: Instant | None,
    name: str,
    rule: ClockRule,
    ticket: Ticket,
    context: Context,
) -> Iterable[Event]:
    match step.what:
        case What.WARNING:
            yield ClockWarned(
                clock=name,
                share_bp=step.number,
                due_at=step.at,
                to=rule.ladder[0].to,
                policy=context.book.version,
                next_at=then,
            )
        case What.BREACH:
            yield ClockBreached(
                clock=name,
                row=rule.row,
                due_at=step.at,
                policy=context.book.version,
                next_at=then,
            )
            yield from _owed(name, rule, ticket, context)
        case What.RUNG:
            yield TicketEscalated(
                clock=name,
                rung=step.number,
                to=rule.ladder[step.number - 1].to,
                due_at=step.at,
                policy=context.book.version,
                next_at=then,
            )
        case _:
            assert_never(step.what)


def _owed(name: str, rule: ClockRule, ticket: Ticket, context: Context) -> Iterable[Event]:
    """Return what a breach costs: a share of an order is owed once, whatever tickets it has."""
    payout, order, policy = rule.payout, context.order, context.book.version
    if payout is None:
        return
    amount = cost_of(payout, order)
    if amount is None:
        return
    if payout.share_bp is not None:
        assert order is not None, "a share is one of an order"
        if rule.row in order.overdue:
            return
        yield OverduePayoutOwed(
            ticket=ticket.ticket, clock=name, row=rule.row, amount=amount, policy=policy
        )
    yield PayoutOwed(clock=name, row=rule.row, amount=amount, policy=policy)


def cost_of(payout: Payout, order: Order | None) -> Money | None:
    """Return what a breach costs; None for a share where nothing was ordered."""
    if payout.amount_minor is not None and payout.currency is not None:
        return Money(payout.amount_minor, payout.currency)
    assert payout.share_bp is not None, "the book's validator asks for a share or a sum"
    if order is None:
        return None
    first, *others = (line.paid for line in order.lines.values())
    paid = sum(others, start=first)
    return Money(paid.amount_minor * payout.share_bp // BASIS_POINTS, paid.currency)
