"""The one spelling of an instant, and the arithmetic of calendar time."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NewType

Instant = NewType("Instant", str)
"""An instant as its one spelling, 27 characters of UTC ("2026-11-22T03:04:05.123456Z").

Texts of this form compare as the instants do, so they are kept as text from the record to the page.
"""


def instant(at: datetime) -> Instant:
    """Return the one spelling of an aware datetime; a naive one is a programming error."""
    assert at.tzinfo is not None, "an instant has a zone"
    return Instant(f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z")


@lru_cache(maxsize=1_024)
def moment_of(at: Instant) -> datetime:
    """Return the datetime, in UTC, that an instant spells."""
    return datetime.fromisoformat(at)


def later(at: Instant, within: timedelta) -> Instant:
    """Return the instant that lies `within` after `at`, around the clock."""
    return instant(moment_of(at) + within)


def years_later(at: Instant, years: int) -> Instant:
    """Return the same moment of the calendar so many years on; 29 February goes on to 1 March."""
    moment = moment_of(at)
    try:
        return instant(moment.replace(year=moment.year + years))
    except ValueError:
        return instant(moment.replace(year=moment.year + years, month=3, day=1))
