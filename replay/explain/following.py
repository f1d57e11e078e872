"""What follows from a command behind its own facts, asked again at its end: nothing is left then.

A fact that is on record is worked out again where it is told; here what is not there is missed.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from domain.events import ClockStarted, DepartmentAsked, Event, TicketPrioritised, TicketQueued
from domain.policies.book import Book
from domain.ticket import clocks, queueing
from domain.ticket.clocks.following import breached, is_late, paused, rests
from domain.ticket.clocks.running import rule_of
from domain.ticket.prioritising import prioritised
from domain.ticket.state import Ticket
from replay.explain.deeds import Deeds
from replay.explain.history import Moment, context_of
from replay.explain.telling import Books


class Deed(NamedTuple):
    """What one command put on a ticket's record."""

    moments: Sequence[Moment]
    cut: bool
    """Whether the moment asked for lies before its end."""

    @property
    def last(self) -> Moment:
        """Return its last fact, with what the ticket was then."""
        return self.moments[-1]


def deeds_of(life: Sequence[Moment], deeds: Deeds) -> Iterator[Deed]:
    """Yield a ticket's life command by command."""
    for _, moments in groupby(life, key=lambda one: one.record.envelope.cause.command):
        facts = tuple(moments)
        cut = not all(deeds.counts(one) for one in deeds.whole(facts[-1].record))
        yield Deed(facts, cut)


def book_of(deed: Deed, books: Books) -> Book | None:
    """Return the book by which something follows at the end of a command; None where nothing does.

    Nothing follows from history of another system, and nothing can be told of a command that the
    moment cuts.
    """
    last = deed.last
    if deed.cut or last.record.imported or last.after.imported:
        return None
    return books(last.after.policy)


def clocks_missing(deed: Deed, book: Book) -> tuple[Event, ...]:
    """Return the facts of promises that follow from a command and are not on record."""
    before, after, settled = deed.moments[0].before, deed.last.after, _settled(deed)
    context = context_of(deed.last, book)
    facts = [one.record.event for one in deed.moments]
    begun = {one.clock for one in facts if isinstance(one, ClockStarted)}
    carried = {
        name: one
        for name, one in settled.clocks.items()
        if name not in begun and rule_of(name, book) is not None
    }
    unassigned = replace(settled, clocks=carried, assignee=None)
    found = [*clocks.carry_on(before, unassigned, facts, context)]
    for name in begun & after.clocks.keys():
        clock, rule = after.clocks[name], rule_of(name, book)
        if rule is None:
            continue
        found += breached(name, clock, rule, unassigned, context)
        resting = clock.paused or clock.breached or is_late(clock, rule, context)
        if not resting and rests(rule, after):
            found.append(paused(name, after, context))
    found += [
        one
        for one in clocks.begin(before, replace(after, assignee=None), context)
        if isinstance(one, ClockStarted)
    ]
    return tuple(one for one in found if one.FAMILY == "ticket" and hasattr(one, "clock"))


def priority_due(deed: Deed, book: Book) -> TicketPrioritised | None:
    """Return the priority that a matter has by its book at the end of a command."""
    if not book.level:
        return None
    return prioritised(_settled(deed), context_of(deed.last, book))


def queue_due(deed: Deed, book: Book) -> TicketQueued | None:
    """Return the queue that a matter should have been brought to by a command and was not."""
    settled = replace(_settled(deed), assignee=None)
    found = queueing.follow(None, settled, (), context_of(deed.last, book))
    return next((one for one in found if isinstance(one, TicketQueued)), None)


def _settled(deed: Deed) -> Ticket:
    """Return the ticket as most that follows saw it: before a promise asked departments."""
    begun = False
    for moment in deed.moments:
        event = moment.record.event
        if begun and isinstance(event, DepartmentAsked):
            assert moment.before is not None, "departments are asked on a ticket that is there"
            return moment.before
        begun = begun or isinstance(event, ClockStarted)
    return deed.last.after
