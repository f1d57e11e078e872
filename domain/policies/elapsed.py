"""How much of a promise's time is used, and when it is due, by what happened to its clock.

Both are pure functions of the transitions and a calendar; nothing is accumulated anywhere.

Transitions count in the order they are given in, which is their order on record: two of the same
second follow each other, and none is sorted by its time. One that bears an earlier time than the
one before it counts from that one's time on, so no time counts twice. One that does not fit what
the clock does (a second start, a resumption of what runs) changes nothing. A start after an end
begins a new round, and a round knows nothing of the one before it.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.policies.calendar import Calendar
from domain.values import Instant


class Turn(StrEnum):
    """What can happen to a clock."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Transition(NamedTuple):
    """What happened to a clock, and when."""

    kind: Turn
    at: Instant


class Run(NamedTuple):
    """A time in which the clock ran; `end` is None while it still does."""

    start: Instant
    end: Instant | None


def elapsed(calendar: Calendar, transitions: Sequence[Transition], until: Instant) -> timedelta:
    """Return the calendar's open time in which the clock ran in its last round, until `until`."""
    return sum(
        (
            calendar.elapsed(run.start, until if run.end is None else min(run.end, until))
            for run in runs(transitions)
        ),
        timedelta(0),
    )


def due(calendar: Calendar, transitions: Sequence[Transition], target: timedelta) -> Instant | None:
    """Return when the target is used up: a time to come, or one that passed while the clock ran.

    None when the clock never came so far and does not run: it waits, or it ended in time. To
    pause or to end at the very instant the target is used up is in time.
    """
    left = target
    for run in runs(transitions):
        if run.end is None:
            return calendar.due(run.start, left)
        used = calendar.elapsed(run.start, run.end)
        if used >= left:
            reached = calendar.due(run.start, left)
            if reached < run.end:
                return reached
        left -= used
    return None


def runs(transitions: Sequence[Transition]) -> list[Run]:
    """Return the times in which the clock ran in its last round, in order."""
    found: list[Run] = []
    running = paused = False
    now = Instant("")
    for kind, at in transitions:
        match kind:
            case Turn.STARTED if not (running or paused):
                now = max(now, at)
                found, running = [Run(now, None)], True
            case Turn.RESUMED if paused:
                now = max(now, at)
                found.append(Run(now, None))
                running, paused = True, False
            case Turn.PAUSED if running:
                now = max(now, at)
                found[-1] = Run(found[-1].start, now)
                running, paused = False, True
            case Turn.STOPPED | Turn.CANCELLED if running or paused:
                if running:
                    now = max(now, at)
                    found[-1] = Run(found[-1].start, now)
                running = paused = False
            case _:
                pass
    return found
