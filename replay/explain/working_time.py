"""How a promise's time was counted: the open intervals added, the rests left out, in words."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from domain.policies.calendar import Calendar
from domain.policies.elapsed import Transition, runs
from domain.values import Instant, moment_of
from replay.explain.telling import Step

INTERVALS_MAX: Final = 60
"""So many intervals are told one by one; the rest is told as one sum."""


def additions(
    calendar: Calendar,
    transitions: Sequence[Transition],
    *,
    target: timedelta,
    ended: Instant | None,
) -> Iterable[Step]:
    """Return what was added up until the target was used up, or until the clock ended before."""
    left, told, ended_at = target, 0, None
    for run in runs(transitions):
        if not left:
            break
        end = run.end or ended
        if end is None or calendar.elapsed(run.start, end) >= left:
            end = calendar.due(run.start, left)
        for opens, closes in calendar.intervals(run.start, end):
            left -= moment_of(closes) - moment_of(opens)
            told += 1
            if told <= INTERVALS_MAX:
                yield _added(calendar, opens, closes)
        ended_at = end
    if told > INTERVALS_MAX:
        yield Step(f"{told - INTERVALS_MAX} more intervals were added in the same way.")
    used = int((target - left).total_seconds())
    if left:
        yield Step(
            f"{used} s of {int(target.total_seconds())} s were used when it ended or rested.",
            until=ended_at,
            seconds=used,
        )
    else:
        yield Step(f"All {used} s are used up then: it is due.", until=ended_at, seconds=used)


def _added(calendar: Calendar, opens: Instant, closes: Instant) -> Step:
    seconds = int((moment_of(closes) - moment_of(opens)).total_seconds())
    kind = "time" if calendar.is_around_the_clock else "open time"
    return Step(
        f"Added {seconds} s of {kind} of the calendar {calendar.name} ({calendar.zone}).",
        since=opens,
        until=closes,
        seconds=seconds,
    )
