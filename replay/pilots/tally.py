"""What became of a pilot's tickets, added up by day and arm; what would have otherwise, too.

A day is twenty-four hours from the pilot's begin on. Promises and payouts stand on the day of the
fact; what became of a ticket after the pilot's end stands on the days that follow.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from domain.events import ClockBreached, ClockStarted, ClockStopped, PayoutOwed, TicketOpened
from domain.ticket.pilots import Pilot
from domain.values import Arm, Instant, later, moment_of
from replay.pilots.figures import Day, Figure, Figures, Otherwise
from replay.pilots.members import Member
from replay.what_if import Difference, general

DAY: Final = timedelta(days=1)


class Tally:
    """Adds up what became of tickets, by day and arm."""

    def __init__(self, pilot: Pilot) -> None:
        """Begin with nothing."""
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
