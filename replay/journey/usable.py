"""The fairness log: how much time each side had before each of its deadlines, and what it used."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

import msgspec

from domain.events import ClockStarted
from domain.policies.book import Book
from domain.policies.calendar import Calendar
from domain.policies.elapsed import Transition, Turn, elapsed
from domain.record import Record
from domain.ticket.clock import Clock
from domain.ticket.deadlines import INSIDE
from domain.ticket.files import SIDES
from domain.ticket.state import Deadline, Ticket
from domain.values import Awaiting, Instant, Party
from replay.explain.history import Moment
from replay.explain.telling import Books, EventRef
from replay.journey.audience import Audience
from replay.journey.ball import HOUSE, Holder
from replay.journey.waits import microseconds, wall_us


class State(StrEnum):
    """How a deadline or promise ended, or that it has not."""

    RUNNING = "running"
    ENDED = "ended"
    """Before its instant: what it asked for happened, or is no longer asked for."""
    MISSED = "missed"


class Usable(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one side had before one of its deadlines."""

    name: str
    """The deadline, or "clock:" and the promise."""
    who: Holder
    since: Instant
    due_at: Instant
    """As it stood in the end: extended, or moved by rests."""
    state: State
    usable_us: int
    """From its beginning until it was due, by the wall clock, without rests."""
    used_us: int
    """How much of that was used when it ended, or has been by now."""
    open_us: int | None = None
    """The usable time by the open hours of the book's calendar."""
    rested_us: int = 0
    """How long it rested while others were waited for."""
    given: EventRef | None = None
    ended: EventRef | None = None


class _Run(msgspec.Struct):
    """One deadline or promise as far as the record was read."""

    name: str
    who: Holder
    since: Instant
    due_at: Instant
    given: Record
    clock: Clock | None = None
    ended: Record | None = None
    missed: bool = False


def usable(
    life: Sequence[Moment], books: Books, now: Instant, calendar: Calendar | None, told: Audience
) -> tuple[Usable, ...]:
    """Return what every side had before each of its deadlines, in the order they were given."""
    runs: list[_Run] = []
    open_runs: dict[str, list[_Run]] = {}
    for moment in life:
        before = {} if moment.before is None else moment.before.deadlines
        _deadlines(moment, before, moment.after, runs, open_runs)
        _clocks(moment, runs, open_runs)
    policy = life[-1].after.policy
    return tuple(
        _told(run, now, calendar, books(policy), told)
        for run in runs
        if _is_told(run, policy, told)
    )


def _is_told(run: _Run, policy: str, told: Audience) -> bool:
    """Return whether an audience is told of a deadline or promise."""
    if run.clock is not None:
        return told.shows(policy, run.name.partition(":")[2])
    return told.inside or run.name not in INSIDE


def _deadlines(
    moment: Moment,
    before: Mapping[str, Deadline],
    ticket: Ticket,
    runs: list[_Run],
    open_runs: dict[str, list[_Run]],
) -> None:
    record = moment.record
    for name, one in ticket.deadlines.items():
        if name not in before:
            new = [
                _Run(name, who, record.at, one.due_at, record) for who in _sides(name, one, ticket)
            ]
            runs += new
            open_runs[name] = new
        for run in open_runs[name]:
            run.due_at, run.missed = one.due_at, one.missed
    for name in before:
        if name not in ticket.deadlines:
            for run in open_runs.pop(name, ()):
                run.ended = record
                run.missed = run.missed or record.at >= run.due_at


def _sides(name: str, one: Deadline, ticket: Ticket) -> Iterable[Holder]:
    """Return whose time a deadline is; a window that is open to both sides is each one's."""
    kind, _, about = name.partition(":")
    if one.awaits is not Awaiting.NOBODY:
        return (Holder(one.awaits),)
    if kind == "evidence":
        return (Holder(about),)
    sides = SIDES if ticket.merchant is not None else (Party.BUYER,)
    if kind == "offer":
        by = ticket.offers[about].by if about in ticket.offers else None
        return tuple(Holder(side) for side in sides if side is not by)
    return tuple(Holder(side) for side in sides) if kind == "appeal" else ()


def _clocks(moment: Moment, runs: list[_Run], open_runs: dict[str, list[_Run]]) -> None:
    record, event = moment.record, moment.record.event
    if isinstance(event, ClockStarted) and event.awaits is not Awaiting.NOBODY:
        name = f"clock:{event.clock}"
        run = _Run(name, Holder(event.awaits), event.since, event.due_at, record)
        runs.append(run)
        open_runs[name] = [run]
    for name, clock in moment.after.clocks.items():
        for run in open_runs.get(f"clock:{name}", ()):
            run.clock, run.due_at, run.missed = clock, clock.due_at, clock.breached
    gone = () if moment.before is None else moment.before.clocks
    for name in gone:
        if name not in moment.after.clocks:
            for run in open_runs.pop(f"clock:{name}", ()):
                run.ended = record
                run.missed = run.missed or (not _rests(run.clock) and record.at >= run.due_at)


def _rests(clock: Clock | None) -> bool:
    return clock is not None and clock.paused


def _told(
    run: _Run, now: Instant, calendar: Calendar | None, book: Book | None, told: Audience
) -> Usable:
    end = now if run.ended is None else run.ended.at
    rested, used = _rested(run, end), min(end, run.due_at)
    used_us = max(0, wall_us(run.since, max(run.since, used)) - _rested(run, used))
    usable_us = wall_us(run.since, max(run.since, run.due_at)) - _rested(run, run.due_at)
    opens = None if calendar is None else microseconds(calendar.elapsed(run.since, run.due_at))
    if run.clock is not None and book is not None:
        # A promise is measured by its own calendar, rests left out.
        own = book.calendar_of(run.clock.calendar)
        opens = run.clock.target_s * 1_000_000
        used_us = min(opens, microseconds(elapsed(own, _upto(run.clock, end), end)))
    state = State.MISSED if run.missed else State.RUNNING if run.ended is None else State.ENDED
    return Usable(
        name=run.name,
        who=Holder.PLATFORM if run.who in HOUSE and not told.inside else run.who,
        since=run.since,
        due_at=run.due_at,
        state=state,
        usable_us=usable_us,
        used_us=used_us,
        open_us=opens,
        rested_us=rested,
        given=told.ref(run.given),
        ended=told.ref(run.ended),
    )


def _upto(clock: Clock, end: Instant) -> tuple[Transition, ...]:
    """Return what happened to a clock until it ended."""
    return (*clock.transitions, Transition(Turn.STOPPED, end))


def _rested(run: _Run, until: Instant) -> int:
    """Return how long a promise rested until an instant."""
    if run.clock is None:
        return 0
    total, since = timedelta(0), None
    for kind, at in run.clock.transitions:
        if kind is Turn.PAUSED:
            since = at
        elif kind is Turn.RESUMED and since is not None:
            total += timedelta(microseconds=max(0, wall_us(since, min(at, until))))
            since = None
    if since is not None:
        total += timedelta(microseconds=max(0, wall_us(since, until)))
    return microseconds(total)
