"""One promise held against recorded history, imported or live: how long it took, and was it kept.

Nothing is started or recorded here. A matter is judged as a whole, from its first start to its
end: what a reopening took back was no end. Times are those at which things happened; of a row of
another system that is what the source says, never when the row was taken in.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec
from pydantic import ValidationError, model_validator

from domain.events import SourceReported
from domain.milestones import Milestone
from domain.policies.calendar import AROUND_THE_CLOCK, Calendar
from domain.policies.clocks import ClockRule
from domain.policies.elapsed import Transition, Turn, due, elapsed
from domain.policies.table import Table
from domain.record import Record
from domain.ticket.clocks.following import rests
from domain.ticket.evolve import evolve
from domain.ticket.facts import WAITED_FOR
from domain.ticket.milestones import occurrences
from domain.ticket.state import Stamp, Ticket
from domain.values import Instant, Stage, instant

OF_THE_ORDER: Final = frozenset({Milestone.SIGNED, Milestone.LIVE_SESSION_ENDED})
"""What the record of a ticket alone does not tell."""
UNDONE_BY_REOPENING: Final = frozenset({Milestone.RESOLVED, Milestone.CLOSED})


class PromiseError(ValueError):
    """A file holds no promise that history can be held against."""


class Promise(Table):
    """A clock rule as a book has it, with the calendar it is measured by."""

    clock: ClockRule
    calendar: Calendar = AROUND_THE_CLOCK
    told: Mapping[Milestone, str] = {}
    """The source's own column for when something happened; of an imported ticket it alone says."""

    @model_validator(mode="after")
    def _is_of_a_ticket_alone(self) -> Self:
        """Refuse what the records of one ticket can not tell."""
        rule = self.clock
        if rule.when or rule.unless or rule.per != "ticket" or rule.repeats:
            raise ValueError(f"clock {rule.id} is for some matters, or runs more than once in one")
        if rule.by_skill or rule.by_assignee:
            raise ValueError(f"clock {rule.id} asks who keeps it, which history does not tell")
        if elsewhere := OF_THE_ORDER.intersection((*rule.starts, *rule.stops, *rule.cancels)):
            raise ValueError(f"clock {rule.id} names {min(elsewhere)}, which an order tells")
        if rule.calendar != self.calendar.name:
            raise ValueError(f"clock {rule.id} is not measured by calendar {self.calendar.name}")
        return self


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the promise on one ticket."""

    ticket: str
    started_at: Instant
    waits: tuple[Transition, ...]
    """When it was paused and resumed, in the order of the record."""
    ended_at: Instant | None = None
    """None while what it asks for has not happened."""
    moot: bool = False
    """It ended by something else than what it asks for."""
    gross: timedelta | None = None
    """The calendar's open time from start to end, with all waiting."""
    net: timedelta | None = None
    """The same without the time it rested."""
    kept_gross: bool | None = None
    kept_net: bool | None = None


def parse(content: bytes) -> Promise:
    """Return the promise that TOML bytes hold; raise PromiseError with the reason why they do not.

    They hold a table `clock`, and where needed `calendar` and `told`.
    """
    try:
        return Promise.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in faults)
        raise PromiseError("; ".join(told)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PromiseError(f"not TOML: {error}") from error


def outcomes(records: Iterable[Record], promise: Promise) -> Iterator[Outcome]:
    """Yield what became of a promise on every ticket it began on; each ticket's records in order.

    Records of other streams may stand between them and are passed over.
    """
    histories: dict[str, _History] = {}
    for record in records:
        if record.event.FAMILY == "ticket":
            histories.setdefault(record.subject, _History(promise)).take(record)
    for history in histories.values():
        found = history.outcome()
        if found is not None:
            yield found


def counts(found: Iterable[Outcome]) -> dict[str, int]:
    """Return how many promises were kept and broken, with the waiting and without it."""
    told = dict.fromkeys(
        (
            *("begun", "open", "moot", "ended"),
            *("kept_gross", "broken_gross", "kept_net", "broken_net"),
        ),
        0,
    )
    for one in found:
        for name in counted_as(one):
            told[name] += 1
    return told


def counted_as(one: Outcome) -> tuple[str, ...]:
    """Return in which of the counts a ticket is."""
    if one.kept_net is None:
        ways = (("moot", one.moot), ("open", one.ended_at is None))
        return ("begun", *(name for name, is_so in ways if is_so))
    gross = "kept_gross" if one.kept_gross else "broken_gross"
    return ("begun", "ended", gross, "kept_net" if one.kept_net else "broken_net")


class _History:
    """One ticket as far as its records were read."""

    def __init__(self, promise: Promise) -> None:
        self._promise = promise
        self._ticket: Ticket | None = None
        self._imported = False
        self._starts: dict[Milestone, Instant] = {}
        self._ends: list[tuple[Milestone, Instant]] = []
        self._waits: list[Transition] = []
        self._rests = False

    def take(self, record: Record) -> None:
        """Read the next record of the ticket."""
        rule, event = self._promise.clock, record.event
        source = record.envelope.source
        at = record.at
        if source is not None and source.imported and source.occurred_at is not None:
            at = source.occurred_at
        stamp = Stamp(record.subject, record.version, at, record.actor, record.imported)
        self._ticket = ticket = evolve(self._ticket, event, stamp)
        self._imported = record.imported
        if ticket.resolved is None and ticket.stage is not Stage.CLOSED:
            self._ends = [one for one in self._ends if one[0] not in UNDONE_BY_REOPENING]
        for name, when in occurrences(ticket, event, stamp):
            self._starts |= {
                one: self._starts.get(one, when) for one in rule.starts if one.value == name
            }
            self._ends += [(one, when) for one in (*rule.stops, *rule.cancels) if one.value == name]
        rested, self._rests = self._rests, self._is_resting(record, ticket)
        if rested is not self._rests:
            self._waits.append(Transition(Turn.PAUSED if self._rests else Turn.RESUMED, at))

    def outcome(self) -> Outcome | None:
        """Return what became of the promise; None where it did not begin."""
        rule, calendar = self._promise.clock, self._promise.calendar
        starts, ends = self._starts, self._ends
        if self._imported:
            starts = {name: self._told(name) or at for name, at in starts.items()}
            ends = list(self._with_what_is_told())
        if self._ticket is None or len(starts) < len(set(rule.starts)):
            return None
        since = max(starts.values())
        begun = min(starts.values()) if rule.early else since
        stop = min((at for name, at in ends if name in rule.stops and at >= begun), default=None)
        moot = min((at for name, at in ends if name in rule.cancels and at >= since), default=None)
        told = Outcome(ticket=self._ticket.ticket, started_at=since, waits=tuple(self._waits))
        if stop is None or (moot is not None and moot < stop):
            return msgspec.structs.replace(told, ended_at=moot, moot=moot is not None)
        # It may have been kept before it ran at all (`early`): that took no time.
        end = max(since, stop)
        whole = (Transition(Turn.STARTED, since),)
        ran = (*whole, *self._waits)
        return msgspec.structs.replace(
            told,
            ended_at=stop,
            gross=elapsed(calendar, whole, end),
            net=elapsed(calendar, ran, end),
            kept_gross=_is_kept(due(calendar, whole, rule.within), stop),
            kept_net=_is_kept(due(calendar, ran, rule.within), stop),
        )

    def _is_resting(self, record: Record, ticket: Ticket) -> bool:
        """Return whether the promise rests after a record, by whose turn it is then."""
        rule, event = self._promise.clock, record.event
        if not record.imported:
            return rests(rule, ticket)
        if not isinstance(event, SourceReported):
            return self._rests
        waits = event.awaiting in WAITED_FOR and event.awaiting is not rule.awaits
        return rule.pauses and waits

    def _with_what_is_told(self) -> Iterable[tuple[Milestone, Instant]]:
        """Return the ends, each at the instant the source's own column names where one is named."""
        told = self._promise.told
        yield from (one for one in self._ends if one[0] not in told)
        ticket = self._ticket
        if ticket is None or (ticket.resolved is None and ticket.stage is not Stage.CLOSED):
            return  # what the columns hold is of an end that was taken back
        for name in told:
            at = self._told(name)
            if at is not None and name in {
                *self._promise.clock.stops,
                *self._promise.clock.cancels,
            }:
                yield name, at

    def _told(self, name: Milestone) -> Instant | None:
        """Return the instant in the source's column for a milestone; without a zone it is UTC."""
        column = self._promise.told.get(name)
        if column is None or self._ticket is None:
            return None
        try:
            at = datetime.fromisoformat(self._ticket.source_fields.get(column, ""))
        except ValueError:
            return None
        return instant((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC))


def _is_kept(due_at: Instant | None, stop: Instant) -> bool:
    """Return whether what was asked for happened in time, as a running clock judges it."""
    return due_at is None or stop < due_at
