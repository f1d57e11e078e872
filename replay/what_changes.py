"""What moving a ticket to another book would change, asked of the very judgement that moves it.

Nothing is recorded here, and which tickets are asked about is for others to say.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from domain.commands import MoveToBook, PassClock
from domain.events import ClockBreached, Event, PayoutOwed, TicketEvent
from domain.policies.book import Book
from domain.ticket.clocks.running import cost_of, next_at, rule_of
from domain.ticket.context import Context
from domain.ticket.evolve import evolve
from domain.ticket.following import settle
from domain.ticket.state import Stamp, Ticket
from domain.values import SYSTEM, Instant, Money

_T = TypeVar("_T")
STARTED: Final = "started"
CANCELLED: Final = "cancelled"
MOVED: Final = "moved"
KEPT: Final = "kept"


class ClockChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one promise; its time, its state or its price differs."""

    clock: str
    change: str
    """started, cancelled, moved, or kept where only a breach or the price is new."""
    due_before: Instant | None = None
    due_after: Instant | None = None
    rests: bool = False
    """Whether it waits for somebody afterwards, so that its due time is yet to come."""
    breached_at_once: bool = False
    """Whether it is broken now and was not on record as broken."""
    cost_before: Money | None = None
    """What a breach of it costs by the book the ticket was under."""
    cost_after: Money | None = None


class Owed(msgspec.Struct, frozen=True):
    """What a breach that is recorded at once costs, and by which book."""

    clock: str
    amount: Money
    policy: str


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one ticket."""

    ticket: str
    before: str
    """The book it is under."""
    after: str
    refused: str | None = None
    """The code of the refusal, where it would not be moved."""
    in_force_from: Instant | None = None
    """When the other book begins, where that lies ahead: what is told is as if it had begun."""
    priority: tuple[int, int] | None = None
    queue: tuple[str | None, str | None] | None = None
    clocks: tuple[ClockChange, ...] = ()
    owed: tuple[Owed, ...] = ()


def what_changes(command: MoveToBook, ticket: Ticket, context: Context) -> Changes:
    """Return what a move, and what is due at once after it, would change on a ticket.

    Raises the Refusal that the move itself would be answered with.
    """
    there = context.books(command.policy)
    told = Changes(ticket=ticket.ticket, before=ticket.policy, after=command.policy)
    facts = settle(command, ticket, context)
    if there is None or not facts:
        return told
    facts, after = _with_what_is_due(facts, _after(ticket, facts, context), there, context)
    broken = {fact.clock for fact in facts if isinstance(fact, ClockBreached)}
    return replace(
        told,
        priority=_differing(ticket.priority, after.priority),
        queue=_differing(ticket.queue, after.queue),
        clocks=tuple(_clocks(ticket, after, there, broken, context)),
        owed=tuple(
            Owed(fact.clock, fact.amount, fact.policy)
            for fact in facts
            if isinstance(fact, PayoutOwed)
        ),
    )


def totals(changes: Iterable[Changes], before: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return how many tickets, promises and payouts changes come to, added to earlier ones."""
    found = dict.fromkeys(
        (
            *("tickets", "unchanged", "refused", "priorities", "queues"),
            *(f"clocks_{one}" for one in (STARTED, CANCELLED, MOVED, KEPT)),
            *("breaches_at_once", "payouts"),
        ),
        0,
    )
    found |= before or {}
    for one in changes:
        found["tickets"] += 1
        found["refused"] += one.refused is not None
        found["unchanged"] += one.before == one.after
        found["priorities"] += one.priority is not None
        found["queues"] += one.queue is not None
        for clock in one.clocks:
            found[f"clocks_{clock.change}"] += 1
            found["breaches_at_once"] += clock.breached_at_once
        found["payouts"] += len(one.owed)
        for owed in one.owed:
            name = f"owed_minor_{owed.amount.currency}"
            found[name] = found.get(name, 0) + owed.amount.amount_minor
    return found


def _with_what_is_due(
    facts: tuple[Event, ...], ticket: Ticket, book: Book, context: Context
) -> tuple[tuple[Event, ...], Ticket]:
    """Return the facts with those that the platform's clock would add at once."""
    platform = replace(context, actor=SYSTEM, book=book)
    for name in list(ticket.clocks):
        clock, rule = ticket.clocks.get(name), rule_of(name, book)
        coming = None if clock is None or rule is None else next_at(clock, rule, book)
        if coming is not None and coming <= context.now:
            passing = PassClock(ticket=ticket.ticket, clock=name, at=coming)
            more = settle(passing, ticket, platform)
            facts, ticket = (*facts, *more), _after(ticket, more, platform)
    return facts, ticket


def _clocks(
    ticket: Ticket, after: Ticket, book: Book, broken: set[str], context: Context
) -> Iterable[ClockChange]:
    for name in (*ticket.clocks, *(one for one in after.clocks if one not in ticket.clocks)):
        old, new = ticket.clocks.get(name), after.clocks.get(name)
        costs = [
            None if clock is None else _cost(name, under, context)
            for clock, under in ((old, context.book), (new, book))
        ]
        change = MOVED
        if old is None:
            change = STARTED
        elif new is None:
            change = CANCELLED
        elif (old.due_at, old.paused) == (new.due_at, new.paused):
            change = KEPT
        if change != KEPT or name in broken or costs[0] != costs[1]:
            yield ClockChange(
                clock=name,
                change=change,
                due_before=None if old is None else old.due_at,
                due_after=None if new is None else new.due_at,
                rests=new is not None and new.paused,
                breached_at_once=name in broken,
                cost_before=costs[0],
                cost_after=costs[1],
            )


def _cost(name: str, book: Book, context: Context) -> Money | None:
    rule = rule_of(name, book)
    if rule is None or rule.payout is None:
        return None
    return cost_of(rule.payout, context.order)


def _differing(before: _T, after: _T) -> tuple[_T, _T] | None:
    return None if before == after else (before, after)


def _after(ticket: Ticket, facts: Iterable[Event], context: Context) -> Ticket:
    for fact in facts:
        if isinstance(fact, TicketEvent):
            version = ticket.version + 1
            stamp = Stamp(ticket.ticket, version, context.now, context.actor, imported=False)
            ticket = evolve(ticket, fact, stamp)
    return ticket
