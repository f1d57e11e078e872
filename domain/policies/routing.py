"""Where matters go: queues, the desks that staff them, and the departments that can be asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from domain.policies.table import Duration, Source, Table, twice
from domain.policies.zones import zone_names
from domain.values import BASIS_POINTS, Examination, Instant, later

WEEK_MINUTES = 7 * 24 * 60
_DAY = 24 * 60


class Shift(Table):
    """When a desk is staffed, each week: from a minute up to, not including, another."""

    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(min_length=1)
    """1 is Monday, 7 is Sunday."""
    start: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    end: str = Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
    agents: int = Field(gt=0)
    """How many people the desk has then, at least."""

    def minutes(self) -> list[tuple[int, int]]:
        """Return the half-open intervals of the week's minutes; one may cross midnight."""
        begin, end = _minute(self.start), _minute(self.end)
        length = end - begin if end > begin else end + _DAY - begin
        return [((day - 1) * _DAY + begin, (day - 1) * _DAY + begin + length) for day in self.days]


class Desk(Table):
    """People who are called, or who work queues."""

    name: str = Field(pattern=r"^[a-z_]+$")
    zh: str
    en: str
    staffed: tuple[Shift, ...] = ()
    zone: str = "Asia/Shanghai"
    day_and_night: bool = False
    """Whether it must have somebody at every minute of the week (RO-06)."""
    notify: tuple[str, ...] = ()
    """Channels on which it is told."""
    source: Source


class Queue(Table):
    """Matters that wait for the same people; the first queue whose classes fit takes a matter."""

    name: str = Field(pattern=r"^[a-z_]+$")
    zh: str
    en: str
    desk: str
    any: tuple[str, ...] = ()
    """Classes of which the matter is in one; none at all for the queue that takes the rest."""
    skills: tuple[str, ...] = ()
    """What an agent must be able to do."""
    certificates: tuple[Examination, ...] = ()
    """What an agent must have passed, and not let expire (RO-02)."""
    by_hand: bool = False
    """Whether no class leads there: a breach, an overflow or a person moves a matter in."""
    human: bool = True
    """Whether people work it; self-service has none."""
    source: Source


class Department(Table):
    """Another part of the house that can be asked for a plan (RO-04)."""

    name: str = Field(pattern=r"^[a-z_]+$")
    zh: str
    en: str
    owner: str
    """The desk that answers for it."""
    notify: tuple[str, ...] = Field(min_length=1)
    source: Source


class Seniority(Table):
    """What makes an agent a senior one, where a promise asks for one (SL-16)."""

    skill: str = Field(min_length=1)
    source: Source


class Load(Table):
    """How much one agent, and one queue, carries."""

    matters: int = Field(gt=0)
    """Open matters of one agent, at most."""
    overload_bp: int = Field(gt=0)
    """Above this share of what its agents may carry, a queue overflows (RO-03)."""
    longest_wait: Duration = Field(gt=timedelta(0))
    """Longer than this nobody waits before a queue overflows."""
    overflow: str
    """The queue that takes what a queue can not."""
    lease: Duration = Field(gt=timedelta(0))
    """How long an assigned agent may stay silent."""
    dedicated_spend_above_minor: int = Field(ge=0)
    """Above this spend in a year, a top member keeps one agent."""
    top_rating_bp: int = Field(ge=0, le=10_000)
    """From this share of good ratings, an agent is top-rated (DI-10)."""
    source: Source


def queue_of(classes: frozenset[str], queues: Sequence[Queue]) -> Queue:
    """Return the queue that takes a matter of these classes; the last takes all."""
    return next(
        one
        for one in queues
        if not one.by_hand and (not one.any or not classes.isdisjoint(one.any))
    )


def certificates_of(
    classes: frozenset[str], queues: Sequence[Queue], here: str | None
) -> tuple[Examination, ...]:
    """Return what must be passed to work on a matter of these classes, which waits in a queue.

    Whatever queue a matter came to, what its classes ask for is asked for there too (RO-02).
    """
    asked = {
        one
        for queue in queues
        if queue.name == here or not classes.isdisjoint(queue.any)
        for one in queue.certificates
    }
    return tuple(sorted(asked))


def uncertified(
    held: Mapping[Examination, Instant], asked: Iterable[Examination], now: Instant
) -> str | None:
    """Return the first certificate that is missing or has expired; None when all asked count.

    A certificate counts up to, not including, the instant at which it expires (KN-03).
    """
    for one in asked:
        until = held.get(one)
        if until is None:
            return f"certificate:{one}"
        if now >= until:
            return f"certificate_expired:{one}"
    return None


def overflows(
    load: Load, *, open_matters: int, capacity: int, waiting_since: Instant | None, now: Instant
) -> bool:
    """Return whether a queue holds more than its agents carry, or keeps one waiting (RO-03).

    A queue whose agents are all away carries nothing that a share could be taken of: there the
    wait alone counts.
    """
    if capacity and open_matters * BASIS_POINTS > capacity * load.overload_bp:
        return True
    return waiting_since is not None and now > later(waiting_since, load.longest_wait)


def relieves(load: Load, full: Queue, queues: Sequence[Queue], desks: Sequence[Desk]) -> bool:
    """Return whether the overflow queue takes what a full queue can not.

    Never from a desk that is staffed day and night to one that may be empty (RO-06).
    """
    if full.name == load.overflow:
        return False
    to = next(one for one in queues if one.name == load.overflow)
    always = {one.name for one in desks if one.day_and_night}
    return full.desk not in always or to.desk in always


def full_at(load: Load, capacity: int) -> int:
    """Return the smallest number of matters that is too much for a capacity."""
    return capacity * load.overload_bp // BASIS_POINTS + 1


def problems(
    desks: Sequence[Desk],
    queues: Sequence[Queue],
    departments: Sequence[Department],
    load: Load | None,
    seniority: Seniority | None,
    *,
    classes: frozenset[str],
) -> list[str]:
    """Return what is wrong with the routes: gaps, unknown names, and desks that stand empty."""
    names = frozenset(desk.name for desk in desks)
    found = [
        *(f"desk {name} stands twice" for name in twice([one.name for one in desks])),
        *(f"queue {name} stands twice" for name in twice([one.name for one in queues])),
        *(f"department {name} stands twice" for name in twice([one.name for one in departments])),
        *(
            f"queue {one.name} has the unknown desk {one.desk}"
            for one in queues
            if one.desk not in names
        ),
        *(
            f"department {one.name} has the unknown owner {one.owner}"
            for one in departments
            if one.owner not in names
        ),
        *(
            f"queue {one.name} names the unknown class {name}"
            for one in queues
            for name in one.any
            if name not in classes
        ),
    ]
    found += [
        f"desk {desk.name} has the unknown zone {desk.zone}"
        for desk in desks
        if desk.zone not in zone_names()
    ]
    for desk in desks:
        gap = empty_minute(desk) if desk.day_and_night else None
        if gap is not None:
            found.append(f"desk {desk.name} stands empty on day {gap // _DAY + 1} at {_clock(gap)}")
    if queues:
        rest = [one.name for one in queues if not one.any and not one.by_hand]
        found += [
            f"queue {name} takes what fits no class before the last one" for name in rest[:-1]
        ]
        if rest[-1:] != [queues[-1].name]:
            found.append(f"queue {queues[-1].name} is the last and takes not what fits no class")
    if seniority is not None and all(seniority.skill not in one.skills for one in queues):
        found.append(f"seniority names the skill {seniority.skill}, which no queue asks for")
    if load is not None and load.overflow not in {one.name for one in queues}:
        found.append(f"load names the unknown queue {load.overflow}")
    return found


def doubled(desks: Sequence[Desk]) -> list[str]:
    """Return the days and shifts that a desk names twice: it looks better staffed than it is."""
    found = []
    for desk in desks:
        for shift in desk.staffed:
            found += [
                f"desk {desk.name} names day {day} twice in the shift from {shift.start}"
                for day in sorted({day for day in shift.days if shift.days.count(day) > 1})
            ]
        hours = [(day, shift.start, shift.end) for shift in desk.staffed for day in {*shift.days}]
        found += [
            f"desk {desk.name} has the shift of day {day} from {start} to {end} twice"
            for day, start, end in sorted({one for one in hours if hours.count(one) > 1})
        ]
    return found


def empty_minute(desk: Desk) -> int | None:
    """Return the first minute of the week at which nobody is there, or None."""
    intervals = sorted(
        (start % WEEK_MINUTES, start % WEEK_MINUTES + end - start)
        for shift in desk.staffed
        for start, end in shift.minutes()
    )
    # A shift of Sunday night reaches into Monday.
    wrapped = [(0, end - WEEK_MINUTES) for _, end in intervals if end > WEEK_MINUTES]
    reached = 0
    for start, end in sorted([*wrapped, *intervals]):
        if start > reached:
            return reached
        reached = max(reached, end)
    return None if reached >= WEEK_MINUTES else reached


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute % _DAY // 60:02d}:{minute % 60:02d}"
