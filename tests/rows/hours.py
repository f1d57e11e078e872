"""When time counts and who is at a desk, day by day, as the house and the State Council give it.

The tables stand here in plain words and are added up in plain minutes; nothing is read from a book.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from domain.policies.book import Book
from domain.policies.calendar import WEEKDAYS, Calendar, Week
from domain.values import Instant, moment_of

Minutes = Sequence[tuple[int, int]]
"""Open minutes of a day, from midnight, half-open."""
DAY: Final = 24 * 60
MINUTE: Final = timedelta(minutes=1)
SINCE, UNTIL = date(2025, 12, 25), date(2027, 1, 12)
"""All days the tables know of, and some around them."""

_ALL_DAY: Minutes = ((0, DAY),)
_OFFICE: Minutes = ((9 * 60, 12 * 60), (13 * 60 + 30, 18 * 60))
_TOLD: Minutes = ((8 * 60, 22 * 60),)
WEEKS: Mapping[str, tuple[int, tuple[Minutes, ...]]] = {
    "around_the_clock": (0, (_ALL_DAY,) * 7),
    "cn_office": (8, (*(_OFFICE,) * 5, (), ())),
    "notification_hours": (8, (_TOLD,) * 7),
}
"""By calendar: how many hours its zone is before UTC, and its week from Monday on."""
CLOSED: Sequence[tuple[date, date]] = (
    (date(2026, 1, 1), date(2026, 1, 3)),
    (date(2026, 2, 15), date(2026, 2, 23)),
    (date(2026, 4, 4), date(2026, 4, 6)),
    (date(2026, 5, 1), date(2026, 5, 5)),
    (date(2026, 6, 19), date(2026, 6, 21)),
    (date(2026, 9, 25), date(2026, 9, 27)),
    (date(2026, 10, 1), date(2026, 10, 7)),
    (date(2027, 1, 1), date(2027, 1, 1)),
)
"""Holidays of the office, from a day to a day."""
WORKED: Sequence[date] = (
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
)
"""Days off that the office works to make up for holidays."""


def time_counts_in_these_minutes_and_no_others(book: Book, calendar: str) -> None:
    """Every opening and closing of more than a year, by the minute."""
    before_utc, week = WEEKS[calendar]
    _is_open(book.calendar_of(calendar), week, before_utc)


def who_worked_all_days_would_rest_on_holidays(book: Book) -> None:
    """A holiday that falls on a day off is one as well: who works on Sundays rests on it."""
    before_utc, _ = WEEKS["cn_office"]
    all_days = Week(**dict.fromkeys(WEEKDAYS, ("00:00-24:00",)))
    calendar = book.calendar_of("cn_office").model_copy(
        update={"week": all_days.model_dump(), "make_up_days": ()}
    )
    _is_open(calendar, (_ALL_DAY,) * 7, before_utc, worked=())


def _is_open(
    calendar: Calendar, week: Sequence[Minutes], before_utc: int, *, worked: Sequence[date] = WORKED
) -> None:
    since, until = _utc(SINCE, before_utc), _utc(UNTIL, before_utc)
    office = calendar.name == "cn_office"
    expected = [
        (_utc(day, before_utc) + opens * MINUTE, _utc(day, before_utc) + closes * MINUTE)
        for day in _days(SINCE, UNTIL)
        for opens, closes in _hours(day, week, worked, office=office)
    ]
    found = calendar.intervals(_instant(since), _instant(until))
    assert _joined(_moments(found)) == _joined(expected), calendar.name


def _hours(day: date, week: Sequence[Minutes], worked: Sequence[date], *, office: bool) -> Minutes:
    if office and any(first <= day <= last for first, last in CLOSED):
        return ()
    return week[0] if office and day in worked else week[day.weekday()]


def _days(since: date, until: date) -> Iterator[date]:
    return (since + timedelta(days=number) for number in range((until - since).days))


def _utc(day: date, before_utc: int) -> datetime:
    return datetime(day.year, day.month, day.day) - timedelta(hours=before_utc)  # noqa: DTZ001


def _instant(at: datetime) -> Instant:
    return Instant(f"{at.isoformat()}.000000Z")


def _moments(found: Iterator[tuple[Instant, Instant]]) -> Iterator[tuple[datetime, datetime]]:
    for opens, closes in found:
        yield moment_of(opens).replace(tzinfo=None), moment_of(closes).replace(tzinfo=None)


def _joined(intervals: Iterator[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return intervals with those made one that follow each other without a gap."""
    found: list[tuple[datetime, datetime]] = []
    for opens, closes in intervals:
        if found and found[-1][1] == opens:
            found[-1] = (found[-1][0], closes)
        else:
            found.append((opens, closes))
    return found


# --- desks ------------------------------------------------------------------------------------

SHIFTS: Mapping[str, Sequence[tuple[int, int, int]]] = {
    "general_desk": ((8, 24, 2),),
    "senior_desk": ((8, 24, 1),),
    "expert_desk": ((9, 21, 1),),
    "cross_border_desk": ((9, 21, 1),),
    "vip_desk": ((8, 20, 2), (0, 8, 1), (20, 24, 1)),
    "live_desk": ((10, 24, 1),),
    "arbitration_desk": ((8, 24, 1),),
    "refund_desk": ((8, 24, 1),),
    "opinion_desk": ((0, 24, 1),),
}
"""From an hour to an hour of each day, so many people."""


def so_many_are_at_the_desk(book: Book, desk: str) -> None:
    """At every minute of the week."""
    expected = [
        sum(agents for since, until, agents in SHIFTS[desk] if since * 60 <= minute < until * 60)
        for _ in WEEKDAYS
        for minute in range(DAY)
    ]
    found = [0] * (7 * DAY)
    for shift in next(one for one in book.desk if one.name == desk).staffed:
        for since, until in shift.minutes():
            for minute in range(since, until):
                found[minute % (7 * DAY)] += shift.agents
    assert found == expected, desk
