"""Moving an open ticket to another book: what is promised changes, and every change is a fact."""

from collections.abc import Iterable

from msgspec.structs import replace

from domain import errors
from domain.commands import MoveToBook
from domain.events import (
    ClockCancelled,
    ClockMoved,
    Event,
    TicketEvent,
    TicketMovedToBook,
)
from domain.events.clocks import NOT_IN_BOOK
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.policies.elapsed import due
from domain.policies.zones import zone_version
from domain.ticket.clock import Clock
from domain.ticket.clocks.following import breached, paused, rests, resumed
from domain.ticket.clocks.running import next_at, rule_of
from domain.ticket.context import Context
from domain.ticket.evolve import evolve
from domain.ticket.guards import guards, require_live, require_role, require_unresolved
from domain.ticket.matter import matter_of
from domain.ticket.state import Stamp, Ticket
from domain.values import ActorKind, instant


@guards(MoveToBook)
def may_move_to_book(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A supervisor moves what is open; what is over stays as it was promised."""
    require_role(context, ActorKind.SUPERVISOR, ActorKind.ADMIN)
    require_live(ticket)
    require_unresolved(ticket)


def move_to_book(command: MoveToBook, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Promise on the ticket what the other book promises, once that book is in force.

    What was due before now is recorded first and under the book it was promised in: a breach stays
    a breach, a warning a warning. A promise the other book does not make for such a matter is
    cancelled. Every other one counts from the start and with the rests it had. New promises, the
    priority and the queue follow by the other book, as after every fact. Deadlines that were given
    to somebody stay as they were given.
    """
    may_move_to_book(ticket, None, context)
    if command.policy == ticket.policy:
        return ()
    book = context.books(command.policy)
    if book is None:
        raise errors.UnknownBook
    begins = instant(book.in_force_from)
    if begins > context.now:
        raise errors.BookNotInForce(in_force_from=begins)
    overdue = tuple(_overdue(ticket, context))
    moved = TicketMovedToBook(policy=book.version, before=ticket.policy, why=command.why)
    changes = _changes(_after(ticket, overdue, context), book, command.why, context)
    return (*overdue, moved, *changes)


def _overdue(ticket: Ticket, context: Context) -> Iterable[Event]:
    for name, clock in ticket.clocks.items():
        rule = rule_of(name, context.book)
        if rule is not None:
            facts = tuple(breached(name, clock, rule, ticket, context))
            yield from facts
            ticket = _after(ticket, facts, context)


def _changes(ticket: Ticket, book: Book, why: str, context: Context) -> Iterable[Event]:
    matter = matter_of(ticket, context.order)
    before, after = context.book.classes_of(matter), book.classes_of(matter)
    under = replace(context, book=book)
    for name, clock in ticket.clocks.items():
        former, rule = rule_of(name, context.book), rule_of(name, book)
        # A promise the matter has outgrown under its own book too goes on: so it was kept so far.
        was_made = former is None or former.is_made_to(before)
        if rule is None or (was_made and not rule.is_made_to(after)):
            yield ClockCancelled(clock=name, why=NOT_IN_BOOK)
            continue
        coming = None if former is None else next_at(clock, former, context.book)
        told = moved(name, clock, rule, book, why)
        if (_moved(clock, told), told.next_at) != (clock, coming):
            yield told
        if clock.paused and not rests(rule, ticket):
            yield resumed(name, _moved(clock, told), rule, under)
        elif not clock.paused and not clock.breached and rests(rule, ticket):
            yield paused(name, ticket, under)


def moved(name: str, clock: Clock, rule: ClockRule, book: Book, why: str) -> ClockMoved:
    """Return what a rule of another book makes of a clock.

    What is broken keeps the due time it was broken at; what rests gets one when it runs on.
    """
    target_s, due_at = clock.target_s, clock.due_at
    if not clock.breached:
        target_s = rule.target_s
        calendar = book.calendar_of(rule.calendar)
        due_at = due(calendar, clock.transitions, rule.within) or clock.due_at
    there = replace(clock, target_s=target_s, calendar=rule.calendar, due_at=due_at)
    return ClockMoved(
        clock=name,
        target_s=target_s,
        calendar=rule.calendar,
        zones=zone_version(),
        due_at=due_at,
        why=why,
        policy=book.version,
        next_at=next_at(there, rule, book),
    )


def _moved(clock: Clock, told: ClockMoved) -> Clock:
    return replace(clock, target_s=told.target_s, calendar=told.calendar, due_at=told.due_at)


def _after(ticket: Ticket, facts: Iterable[Event], context: Context) -> Ticket:
    for fact in facts:
        if isinstance(fact, TicketEvent):  # a share that is owed is a fact of the order, too
            version = ticket.version + 1
            stamp = Stamp(context.ticket, version, context.now, context.actor, imported=False)
            ticket = evolve(ticket, fact, stamp)
    return ticket
