"""A pilot's two arms side by side, day by day: what became of them, and what would have otherwise.

Which ticket is in which arm is read from the record alone. A day is twenty-four hours from the
pilot's begin on. Promises and payouts stand on the day of the fact; what became of a ticket after
the pilot's end stands on the days that follow.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import (
    ArmDrawn,
    ClockBreached,
    ClockStarted,
    ClockStopped,
    PayoutOwed,
    TicketOpened,
)
from domain.ledger.application import TicketLedger
from domain.ledger.migrations import placeholders
from domain.record import Record
from domain.streams import order_stream
from domain.ticket.pilots import Pilot
from domain.values import Arm, Instant, later, moment_of
from replay.as_of.moments import LastBefore
from replay.what_if import (
    Difference,
    Found,
    History,
    Totals,
    Trial,
    Trying,
    Window,
    general,
    merge,
    over_ledger,
)

DAY: Final = timedelta(days=1)
BATCH: Final = 50
"""So many tickets are read at once."""
SPAN: Final = 50_000
"""So many positions are looked through at once."""
_DRAWN: Final = (
    "select stream from {ledger}.event where lane = %s and position > %s and position <= %s "
    "and topic = %s and convert_from(state, 'UTF8')::jsonb -> 'data' ->> 'pilot' = %s "
    "order by position"
)
Progress = Callable[[int, int], None]
Place = tuple[int, str]
"""A lane, and a ticket's stream in it."""
Group = tuple[Arm, str]
"""An arm, and the version of the other arm's book."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one arm in a day."""

    opened: int = 0
    kept: int = 0
    """Promises that were kept."""
    broken: int = 0
    owed_minor: Mapping[str, int] = {}
    """By currency: what breaches cost."""


class Otherwise(msgspec.Struct, frozen=True, order=True):
    """What would be otherwise on the tickets of an arm under the book of the other one."""

    arm: Arm
    kind: str
    subject: str
    row: str
    """The promise in the rulebook, where it is of one."""
    change: str
    count: int = 0


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a pilot, or after it."""

    day: int
    """From 1."""
    begins_at: Instant
    piloted: Figures
    control: Figures
    otherwise: tuple[Otherwise, ...] = ()


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets of an arm that were lived again under the book of the other one."""

    arm: Arm
    under: str
    tickets: int
    changed: int = 0
    owed_minor_before: Mapping[str, int] = {}
    owed_minor_after: Mapping[str, int] = {}
    uncovered: tuple[str, ...] = ()
    """Tables that this book has no rows of: then nothing was tried."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot's two arms side by side."""

    pilot: str
    policy: str
    until: Instant
    """The last record that counts."""
    position: str
    """Up to where the record counts, in every lane."""
    piloted: int
    control: int
    days: tuple[Day, ...]
    tried: tuple[Tried, ...]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a comparison."""

    figure: str
    """`tickets`, `opened`, `kept`, `broken`, `otherwise`, `tried` or `changed`."""
    arm: Arm
    day: int = 0
    """From 1; 0 for a number that is of no day."""
    kind: str = ""
    """With what follows of a number that says what would be otherwise."""
    subject: str = ""
    row: str = ""
    change: str = ""
    under: str = ""
    """The book that was tried."""


class Compared(NamedTuple):
    """A comparison, and of each of its numbers the tickets that are counted, as often as they are.

    Sums of money are no numbers of tickets.
    """

    comparison: Comparison
    behind: Mapping[Figure, Sequence[str]]


class TooManyTickets(Exception):  # noqa: N818 - an answer, named as one
    """A pilot has more tickets than are compared here."""


class Member(msgspec.Struct, frozen=True):
    """A ticket of a pilot, as far as the record says."""

    lane: int
    ticket: str
    drawn: ArmDrawn
    order: str | None
    records: tuple[Record, ...]


def compare(
    ledger: TicketLedger,
    pilot: Pilot,
    *,
    last_before: LastBefore,
    tickets_max: int | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Comparison:
    """Return a pilot's arms side by side up to now; raise TooManyTickets. Nothing is written."""
    found = laid_out(
        ledger, pilot, last_before=last_before, tickets_max=tickets_max, progress=progress
    )
    return found.comparison


def laid_out(
    ledger: TicketLedger,
    pilot: Pilot,
    *,
    last_before: LastBefore,
    ends: Mapping[int, int] | None = None,
    tickets_max: int | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Compared:
    """Return a pilot's arms side by side with the tickets behind each number; of one end of the
    record always the same.

    `last_before` says where the record stood before the pilot: what lies earlier is not read.
    Without `ends`, a position of each lane, all that is on record counts.
    """
    history = History(ledger, ends)
    until = history.until()
    tally = _Tally(pilot)
    groups: dict[Group, list[Member]] = {}
    drawn = _drawn(ledger, history, pilot, last_before)
    counted = list(drawn if tickets_max is None else islice(drawn, tickets_max + 1))
    if tickets_max is not None and len(counted) > tickets_max:
        raise TooManyTickets
    for member in _members(history, counted):
        tally.take(member)
        kept = replace(member, records=())
        groups.setdefault((member.drawn.arm, member.drawn.other), []).append(kept)
    trials = _Trials(ledger, history, until, tally, progress)
    tried = tuple(trials.of(key, those) for key, those in sorted(groups.items()))
    for (arm, _), those in groups.items():
        tally.behind[Figure(figure="tickets", arm=arm)] += [one.ticket for one in those]
    comparison = Comparison(
        pilot=pilot.pilot,
        policy=pilot.policy,
        until=until,
        position=history.moment,
        piloted=len(tally.behind[Figure(figure="tickets", arm=Arm.PILOTED)]),
        control=len(tally.behind[Figure(figure="tickets", arm=Arm.CONTROL)]),
        days=tuple(tally.days(until)),
        tried=tried,
    )
    return Compared(comparison, dict(tally.behind))


def _members(history: History, drawn: Sequence[Place]) -> Iterator[Member]:
    """Yield the tickets of a pilot with their records, in the order in which they were drawn."""
    for lane, places in groupby(drawn, key=itemgetter(0)):
        for batch in _batches(stream for _, stream in places):
            by_stream: dict[str, list[Record]] = {stream: [] for stream in batch}
            for record in history.read(lane, batch):
                by_stream[record.stream].append(record)
            for stream, records in by_stream.items():
                opened = records[0].event
                assert isinstance(opened, TicketOpened), "a ticket's first fact"
                arm = next(one.event for one in records if isinstance(one.event, ArmDrawn))
                ticket = stream.partition(":")[2]
                yield Member(lane, ticket, arm, opened.order, tuple(records))


def _drawn(
    ledger: TicketLedger, history: History, pilot: Pilot, last_before: LastBefore
) -> Iterator[Place]:
    """Yield the tickets that were drawn in a pilot, lane by lane; none was before it began."""
    statement = _DRAWN.format_map(placeholders(ledger.record.names))
    earlier = later(pilot.begins_at, -timedelta.resolution)
    for lane in range(ledger.lanes):
        end = history.end(lane)
        for after in range(last_before(lane, earlier), end, SPAN):
            values = (lane, after, min(after + SPAN, end), ArmDrawn.TOPIC, pilot.pilot)

            def work(cursor: Cursor, values: tuple[object, ...] = values) -> list[tuple[Any, ...]]:
                cursor.execute(statement, values)
                return cursor.fetchall()

            for (stream,) in ledger.record.connections.read(work):
                yield lane, stream


def _batches(streams: Iterable[str]) -> Iterator[list[str]]:
    left = iter(streams)
    while batch := list(islice(left, BATCH)):
        yield batch


class _Trials(NamedTuple):
    """Lives tickets again under the book of the other arm, and adds the differences up by day."""

    ledger: TicketLedger
    history: History
    until: Instant
    tally: "_Tally"
    progress: Progress

    def of(self, group: Group, those: Sequence[Member]) -> Tried:
        """Return what would be otherwise on tickets of an arm."""
        arm, under = group
        trying = self._trying(under, those)
        if trying.uncovered:
            return Tried(arm=arm, under=under, tickets=0, uncovered=trying.uncovered)
        totals = Totals()
        changed: set[str] = set()
        matters = _matters(those)
        for start in range(0, len(matters), BATCH):
            self.progress(start, len(matters))
            batch = matters[start : start + BATCH]
            found = over_ledger(self.ledger, self.history, trying, matters=batch)
            self.tally.differ(arm, found.differences)
            changed |= {one.ticket for one in found.differences}
            totals = merge(Found(totals), Found(found.totals)).totals
        behind = self.tally.behind
        tried = [one.ticket for one in those]
        behind[Figure(figure="tried", arm=arm, under=under)] += tried
        behind[Figure(figure="changed", arm=arm, under=under)] += sorted(changed)
        return Tried(
            arm=arm,
            under=under,
            tickets=len(those),
            changed=totals.changed,
            owed_minor_before=totals.owed_before,
            owed_minor_after=totals.owed_after,
        )

    def _trying(self, under: str, those: Sequence[Member]) -> Trying:
        books = self.history.adopted()
        trial = Trial(
            adopted=books.content,
            begins=books.begins,
            other=books.content[under],
            until=self.until,
            window=Window(tickets=frozenset(one.ticket for one in those)),
            beside=True,
        )
        return Trying(trial)


def _matters(those: Sequence[Member]) -> list[tuple[int, tuple[str, ...]]]:
    """Return the streams of the matters of tickets; other tickets of an order stay as they were."""
    found: dict[tuple[int, str], tuple[str, ...]] = {}
    for one in those:
        stream = f"ticket:{one.ticket}"
        matter = stream if one.order is None else order_stream(one.order)
        first = () if one.order is None else (matter,)
        found[one.lane, matter] = (*found.get((one.lane, matter), first), stream)
    return [(lane, streams) for (lane, _), streams in found.items()]


class _Tally:
    """Adds up what became of tickets, by day and arm."""

    def __init__(self, pilot: Pilot) -> None:
        self._pilot = pilot
        self._begins = moment_of(pilot.begins_at)
        self._owed: Counter[tuple[int, Arm, str]] = Counter()
        self.behind: defaultdict[Figure, list[str]] = defaultdict(list)
        """Number → the tickets it counts."""

    def take(self, member: Member) -> None:
        """Count what is on record of a ticket; a promise is kept or broken once."""
        arm = member.drawn.arm
        broken: set[str] = set()
        for record in member.records:
            day = self._day(record.at)
            figure = None
            match record.event:
                case TicketOpened():
                    figure = "opened"
                case ClockStarted():
                    broken.discard(record.event.clock)
                case ClockBreached():
                    broken.add(record.event.clock)
                    figure = "broken"
                case ClockStopped() if record.event.clock not in broken:
                    figure = "kept" if record.event.kept else "broken"
                case PayoutOwed():
                    amount = record.event.amount
                    self._owed[day, arm, amount.currency] += amount.amount_minor
                case _:
                    pass
            if figure is not None:
                self.behind[Figure(figure=figure, arm=arm, day=day + 1)].append(member.ticket)

    def differ(self, arm: Arm, differences: Iterable[Difference]) -> None:
        """Count what would be otherwise on tickets of an arm."""
        for one in differences:
            what = Figure(
                figure="otherwise",
                arm=arm,
                day=self._day(one.at) + 1,
                kind=one.kind.value,
                subject=general(one.subject),
                row=one.row,
                change=one.change,
            )
            self.behind[what].append(one.ticket)

    def days(self, until: Instant) -> Iterator[Day]:
        """Yield the days of the pilot that have begun, and those after it on which anything was."""
        told = {one.day - 1 for one in self.behind if one.day} | {day for day, *_ in self._owed}
        last = min(self._day(until), self._day(later(self._pilot.ends_at, -timedelta.resolution)))
        for day in sorted({*told, *range(last + 1)}):
            yield Day(
                day=day + 1,
                begins_at=later(self._pilot.begins_at, day * DAY),
                piloted=self._figures(day, Arm.PILOTED),
                control=self._figures(day, Arm.CONTROL),
                otherwise=tuple(
                    sorted(
                        Otherwise(one.arm, one.kind, one.subject, one.row, one.change, len(tickets))
                        for one, tickets in self.behind.items()
                        if one.figure == "otherwise" and one.day == day + 1
                    )
                ),
            )

    def _figures(self, day: int, arm: Arm) -> Figures:
        counts = {
            name: len(self.behind.get(Figure(figure=name, arm=arm, day=day + 1), ()))
            for name in ("opened", "kept", "broken")
        }
        owed = {
            currency: amount
            for (of, whose, currency), amount in sorted(self._owed.items())
            if (of, whose) == (day, arm)
        }
        return Figures(**counts, owed_minor=owed)

    def _day(self, at: Instant) -> int:
        return (moment_of(at) - self._begins) // DAY
