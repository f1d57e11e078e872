"""What a ticket's new facts mean for its promises; what follows is appended with them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from operator import itemgetter
from typing import Final

from msgspec.structs import replace

from domain.events import (
    AssignmentReleased,
    ClockCancelled,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DiagnosisCorrected,
    Event,
    TicketQueued,
)
from domain.events.clocks import CORRECTED, REOPENED, WITHDRAWN
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.policies.elapsed import Turn, due, elapsed
from domain.policies.zones import zone_version
from domain.ticket.clock import Clock
from domain.ticket.clocks.running import facts_due, next_at, nothing_due, rule_of
from domain.ticket.context import Context
from domain.ticket.deadlines import REPLY
from domain.ticket.matter import classes_of
from domain.ticket.milestones import heeded, name_of, of_order
from domain.ticket.queueing import brought
from domain.ticket.state import Ticket
from domain.values import Instant

_INSTANT: Final[Callable[[tuple[str, Instant]], Instant]] = itemgetter(1)


def carry_on(
    before: Ticket | None, ticket: Ticket, facts: Sequence[Event], context: Context
) -> Iterable[Event]:
    """Return how the clocks that run end, rest or run on, by what made the ticket of `before`.

    What was due before now is recorded first: a late answer does not undo a breach.
    """
    if ticket.imported:
        return
    if not ticket.clocks:
        return
    moot = _moot(before, ticket, facts, context)
    new = _new(before, ticket, context.now)
    recent = (*of_order(context.order).items(), *new.items())
    for name, clock in ticket.clocks.items():
        rule = rule_of(name, context.book)
        assert rule is not None, "a clock runs under the book of its ticket"
        about = name.partition(":")[2] or None
        # What was before the promise neither keeps nor ends it. What an order's fact ended runs no
        # more, so those since a running clock's start have not been heeded.
        since = clock.since
        happened = {one: at for one, at in recent if at >= since}
        stop = cancelled = None
        if happened:
            stop = _first(rule.stop_names, about, happened)
            cancelled = _first(rule.cancels, about, happened)
        late = False
        if stop is None or stop[1] >= clock.due_at:
            late = is_late(clock, rule, context)
            for fact in breached(name, clock, rule, ticket, context):
                ticket = _queued(ticket, fact)
                yield fact
        if stop is not None:
            yield stopped(name, replace(clock, breached=clock.breached or late), stop, context)
        elif cancelled is not None:
            yield ClockCancelled(clock=name, why=cancelled[0])
        elif (why := moot(rule, late or clock.breached)) is not None:
            yield ClockCancelled(clock=name, why=why)
        elif clock.paused and not rests(rule, ticket):
            told = resumed(name, clock, rule, context)
            yield told
            running = clock.turned(Turn.RESUMED, context.now, told.due_at)
            yield from breached(name, running, rule, ticket, context)
        elif not (clock.paused or clock.breached or late) and rests(rule, ticket):
            yield paused(name, ticket, context)


def _new(before: Ticket | None, ticket: Ticket, now: Instant) -> Mapping[str, Instant]:
    """Return what happened on the ticket just now; of a new round that is all of it.

    What a clock ahead of ours reports happened now at the latest.
    """
    same_round = before is not None and before.round == ticket.round
    earlier = (before.milestones, before.done) if before is not None and same_round else ({}, {})
    return {
        name: min(at, now)
        for then, known in zip(earlier, (ticket.milestones, ticket.done), strict=True)
        for name, at in known.items()
        if then.get(name) != at
    }


def _taken_back(rule: ClockRule, before: Ticket, ticket: Ticket) -> bool:
    """Return whether a person has just taken back what a promise is made for."""
    if before.withdrawn == ticket.withdrawn:
        return False
    return any(one in before.milestones and one not in ticket.milestones for one in rule.starts)


def _moot(
    before: Ticket | None, ticket: Ticket, facts: Sequence[Event], context: Context
) -> Callable[[ClockRule, bool], str | None]:
    """Return why a promise is asked for no more since its matter is another, broken or not."""
    if before is None:
        return lambda _rule, _broken: None
    outgrown = _outgrown(before, ticket, facts, context)

    def why(rule: ClockRule, broken: bool, /) -> str | None:  # noqa: FBT001 - never by a name
        if before.round != ticket.round:
            return REOPENED
        if _taken_back(rule, before, ticket):
            return WITHDRAWN
        return CORRECTED if not broken and outgrown(rule) else None

    return why


def _outgrown(
    before: Ticket, ticket: Ticket, facts: Sequence[Event], context: Context
) -> Callable[[ClockRule], bool]:
    """Return which promises a person's word, and no machine's, has just taken the matter out of.

    What it had outgrown before goes on: so it was kept so far.
    """
    if not any(isinstance(one, DiagnosisCorrected) for one in facts):
        return lambda _rule: False
    was = classes_of(before, context.order, context.book)
    now = classes_of(ticket, context.order, context.book)
    return lambda rule: rule.is_made_to(was) and not rule.is_made_to(now)


def _queued(ticket: Ticket, fact: Event) -> Ticket:
    """Return the ticket as the next of several clocks sees it: one move to a queue is enough."""
    if isinstance(fact, AssignmentReleased):
        return replace(ticket, assignee=None)
    return replace(ticket, queue=fact.queue) if isinstance(fact, TicketQueued) else ticket


def is_late(clock: Clock, rule: ClockRule, context: Context) -> bool:
    """Return whether a running clock is broken now, and the record does not say so yet."""
    broken = clock.paused or clock.breached or rule.metric_only
    return not broken and clock.due_at <= context.now


def breached(
    name: str, clock: Clock, rule: ClockRule, ticket: Ticket, context: Context
) -> Iterable[Event]:
    """Return what has become due on a clock, with the queue a breach brings the ticket to."""
    if nothing_due(clock, rule, context.now):
        return
    yield from facts_due(name, clock, rule, ticket, context)
    to = rule.brings_from(ticket.queue)
    if to is not None and ticket.resolved is None and is_late(clock, rule, context):
        yield from brought(ticket, to, (f"clock:{name}",), context)


def waiting(ticket: Ticket) -> bool:
    """Return whether the buyer or a third party must act before anything can be done (SL-25)."""
    return ticket.waits_on is not None or REPLY in ticket.deadlines


def rests(rule: ClockRule, ticket: Ticket) -> bool:
    """Return whether a promise rests on a ticket as it is: it may, and somebody is waited for.

    Whom the promise itself awaits is no reason for it to rest.
    """
    if not waiting(ticket):
        return False
    if ticket.waits_on is rule.awaits and REPLY not in ticket.deadlines:
        return False
    return rule.pauses


def paused(name: str, ticket: Ticket, context: Context) -> ClockPaused:
    """Return that a clock rests from now on."""
    why = ticket.waits_on or REPLY
    return ClockPaused(clock=name, why=why, policy=context.book.version)


def stopped(name: str, clock: Clock, stop: tuple[str, Instant], context: Context) -> ClockStopped:
    """Return that what was promised happened, and how long it took by the clock's calendar."""
    by, at = stop
    calendar = context.book.calendar_of(clock.calendar)
    spent = elapsed(calendar, clock.transitions, max(at, clock.since))
    due_at: Instant | None = clock.due_at
    if clock.paused:
        due_at = due(calendar, clock.transitions, timedelta(seconds=clock.target_s))
    return ClockStopped(
        clock=name,
        by=by.partition(":")[0].partition("@")[0],
        at=at,
        elapsed_s=int(spent.total_seconds()),
        kept=not clock.breached and (due_at is None or at < due_at),
    )


def resumed(name: str, clock: Clock, rule: ClockRule, context: Context) -> ClockResumed:
    """Return that a promise runs on, with the due time that what was left of it gives."""
    running = clock.turned(Turn.RESUMED, context.now)
    calendar = context.book.calendar_of(clock.calendar)
    due_at = due(calendar, running.transitions, timedelta(seconds=clock.target_s))
    assert due_at is not None, "a clock that runs is due some time"
    running = replace(running, due_at=due_at)
    return ClockResumed(
        clock=name,
        due_at=due_at,
        policy=context.book.version,
        next_at=next_at(running, rule, context.book),
    )


def begin(before: Ticket | None, ticket: Ticket, context: Context) -> Iterable[Event]:
    """Return the promises that begin to run, and what has become due on them already.

    One that is made for a class the matter has just come into counts from now: nobody is late
    with what they did not owe. While somebody is waited for they rest from their beginning.
    """
    if not context.book.clock or ticket.imported:
        return
    known = heeded(ticket, context.order)
    book = context.book
    classes = classes_of(ticket, context.order, book)
    for rule in book.promises_to(classes):
        if rule.starts[0] not in known and rule.per == "ticket":
            continue  # as most are: not all of its starts happened
        for about in _subjects(rule, known):
            name = rule.id if about is None else f"{rule.id}:{about}"
            last = ticket.clocks_ended.get(name)
            if name in ticket.clocks or (last is not None and not rule.repeats):
                continue
            since = since_when(rule, about, known)
            if since is None or (last is not None and since <= last):
                continue
            if _over(rule, about, known, since):
                continue
            if rule.payout is not None or not _owed_before(rule, before, ticket, context):
                # What costs is counted from when it is on record, whatever time is reported.
                since = max(since, context.now)
            told = started(name, rule, since, book)
            yield told
            clock = Clock.new(rule, since, told.due_at)
            for fact in breached(name, clock, rule, ticket, context):
                ticket = _queued(ticket, fact)
                yield fact
            if rests(rule, ticket) and not is_late(clock, rule, context):
                yield paused(name, ticket, context)


def _owed_before(rule: ClockRule, before: Ticket | None, ticket: Ticket, context: Context) -> bool:
    """Return whether a promise was made for the matter in this round before its new facts."""
    if before is None or before.round != ticket.round:
        return True
    return rule.is_made_to(classes_of(before, context.order, context.book))


def started(name: str, rule: ClockRule, since: Instant, book: Book) -> ClockStarted:
    """Return that a promise runs from an instant."""
    calendar = book.calendar_of(rule.calendar)
    due_at = calendar.due(since, rule.within)
    clock = Clock.new(rule, since, due_at)
    return ClockStarted(
        clock=name,
        row=rule.row,
        since=since,
        target_s=rule.target_s,
        calendar=rule.calendar,
        zones=zone_version(),
        due_at=due_at,
        next_at=next_at(clock, rule, book),
        awaits=rule.awaits,
        policy=book.version,
    )


def _subjects(rule: ClockRule, known: Mapping[str, Instant]) -> Iterable[str | None]:
    """Return what on the ticket a promise is made for: the ticket itself, or each of several."""
    if rule.per == "ticket":
        return (None,)
    starts = frozenset(rule.starts)
    return [
        about
        for name in known
        for milestone, _, about in [name.partition(":")]
        if about and milestone in starts
    ]


def since_when(rule: ClockRule, about: str | None, known: Mapping[str, Instant]) -> Instant | None:
    """Return from when a promise counts: the latest of its starts; None before all happened."""
    latest: Instant | None = None
    for one in rule.starts:
        at = known.get(one if about is None else name_of(one, about))
        if at is None:
            return None
        if latest is None or at > latest:
            latest = at
    return latest


def _over(rule: ClockRule, about: str | None, known: Mapping[str, Instant], since: Instant) -> bool:
    """Return whether what a promise asks for, or what ends it, happened after its start."""
    begun = min(known[name_of(one, about)] for one in rule.starts) if rule.early else since
    kept = any(at >= begun for _, at in _found(rule.stop_names, about, known))
    return kept or any(at >= since for _, at in _found(rule.cancels, about, known))


def _first(
    names: Iterable[str], about: str | None, new: Mapping[str, Instant]
) -> tuple[str, Instant] | None:
    """Return the earliest of the milestones that happened just now."""
    found = _found(names, about, new)
    return min(found, key=_INSTANT) if found else None


def _found(
    names: Iterable[str], about: str | None, known: Mapping[str, Instant]
) -> list[tuple[str, Instant]]:
    """Return those of the milestones that happened, to what a clock is about or to the ticket."""
    if about is None:
        return [(f"{one}", known[one]) for one in names if one in known]
    return [
        (name, known[name])
        for one in names
        for name in (f"{one}:{about}", f"{one}")
        if name in known
    ]
