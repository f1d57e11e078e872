"""Waits: how long who had the ball, end to end, by the wall clock and a calendar's open hours."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

import msgspec

from domain.policies.calendar import Calendar
from domain.record import Record
from domain.values import Instant, moment_of
from replay.explain.telling import EventRef
from replay.journey.audience import Audience
from replay.journey.ball import HOUSE, Ball, Holder, Turn
from replay.journey.steps import KIND_OF

NAMED: Final = 5
"""So many of the longest waits are named."""
_MICROSECOND: Final = timedelta(microseconds=1)


class Wait(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time in which the same side had the ball, for the same thing."""

    since: Instant
    until: Instant
    who: Holder
    wall_us: int
    """Its length by the wall clock, in microseconds: the lengths of all waits come to the span."""
    open_us: int | None = None
    """Its length by the book's calendar; None where the book names none."""
    what: str | None = None
    """The deadline or promise it was for; parties are not told."""
    ref: str | None = None
    """Who exactly, where one is named; parties are not told."""
    began: EventRef | None = None
    """The fact that passed the ball to them; None where the reader may not know of it."""
    ended: EventRef | None = None
    """The fact that took it; None while it lasts, and where the reader may not know of it."""


class Total(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the waits of one side come to."""

    who: Holder
    waits: int
    wall_us: int
    open_us: int | None = None


def waits(
    turns: Sequence[Turn], until: Instant, calendar: Calendar | None, audience: Audience
) -> tuple[Wait, ...]:
    """Return the waits from the first turn until an instant, end to end; empty ones are none."""
    runs = passes(turns, audience)
    ends = [*runs[1:], None][: len(runs)]
    found = [
        _wait(run, end, until, calendar, audience) for run, end in zip(runs, ends, strict=True)
    ]
    return tuple(one for one in found if one.wall_us)


def passes(turns: Sequence[Turn], audience: Audience) -> list[Turn]:
    """Return the turns at which an audience is told that the ball passed."""
    runs: list[Turn] = []
    for at, together in groupby(turns, key=lambda turn: turn.at):
        # What is recorded at one instant takes no time: the last of it says whose the ball is.
        deed = list(together)
        ball = _as_told(deed[-1].ball, audience)
        if not runs or runs[-1].ball != ball:
            runs.append(Turn(at, ball, _passing(deed, audience)))
    return runs


def longest(found: Iterable[Wait]) -> tuple[Wait, ...]:
    """Return the longest waits for somebody, the longest first."""
    named = [one for one in found if one.who is not Holder.NOBODY]
    return tuple(sorted(named, key=lambda one: (-one.wall_us, one.since))[:NAMED])


def totals(found: Sequence[Wait]) -> tuple[Total, ...]:
    """Return what the waits of each side come to, the longest first."""
    sides = dict.fromkeys(one.who for one in found)
    sums = [_total(who, [one for one in found if one.who is who]) for who in sides]
    return tuple(sorted(sums, key=lambda one: (-one.wall_us, one.who)))


def microseconds(length: timedelta) -> int:
    """Return a length as a whole number of microseconds."""
    return length // _MICROSECOND


def wall_us(since: Instant, until: Instant) -> int:
    """Return the length between two instants by the wall clock."""
    return microseconds(moment_of(until) - moment_of(since))


def _as_told(ball: Ball, audience: Audience) -> Ball:
    if audience.inside:
        return ball
    return Ball(Holder.PLATFORM if ball.who in HOUSE else ball.who, "")


def _passing(turns: Sequence[Turn], audience: Audience) -> Record:
    """Return what passed the ball: the first step of the command that did, one readers know."""
    ball, last = turns[-1].ball, turns[-1]
    for turn in reversed(turns):
        if turn.ball != ball:
            break
        last = turn
    command = last.record.envelope.cause.command
    records = [turn.record for turn in turns]
    steps = [
        one
        for one in records
        if one.envelope.cause.command == command and type(one.event) in KIND_OF
    ]
    known = [one for one in steps if audience.knows(one)]
    return next(iter((*known, *steps, last.record)))


def _wait(
    run: Turn, end: Turn | None, until: Instant, calendar: Calendar | None, audience: Audience
) -> Wait:
    last = until if end is None else end.at
    return Wait(
        since=run.at,
        until=last,
        who=run.ball.who,
        wall_us=wall_us(run.at, last),
        open_us=None if calendar is None else microseconds(calendar.elapsed(run.at, last)),
        what=run.ball.what or None,
        ref=run.ball.ref,
        began=audience.ref(run.record),
        ended=None if end is None else audience.ref(end.record),
    )


def _total(who: Holder, those: Sequence[Wait]) -> Total:
    opens = [one.open_us for one in those if one.open_us is not None]
    return Total(
        who=who,
        waits=len(those),
        wall_us=sum(one.wall_us for one in those),
        open_us=sum(opens) if len(opens) == len(those) else None,
    )
