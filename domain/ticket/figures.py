"""The figures a text states: spans of time, shares and amounts, in Chinese or English."""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Final

import msgspec

from domain.policies.quoting import Measure

MINUTE: Final = 1
HOUR: Final = 60
DAY: Final = 24 * HOUR
HALF_YEAR_DAYS: Final = 183
YEAR_DAYS: Final = 365
DATES_MAX: Final = 32
"""How many dates of a text are compared."""
MONTH_DAYS: Final = 30
"""A month as people say it."""


class Figure(msgspec.Struct, frozen=True):
    """One figure and where it stands."""

    measure: Measure
    value: int
    start: int
    end: int


_MONTH_STARTS: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
"""Days of a common year before each month."""
_DIGITS: Final = {
    **dict(zip("零一二三四五六七八九", range(10), strict=True)),
    "两": 2,
    "〇": 0,
}
_PLACES: Final = {"十": 10, "百": 100, "千": 1_000}
_ENGLISH: Final = {
    **{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6},
    **{"seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12},
    **{"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90},
}
_UNITS: Final = {
    **{"分钟": MINUTE, "小时": HOUR, "钟头": HOUR, "天": DAY, "日": DAY, "工作日": DAY},
    **{"周": 7 * DAY, "星期": 7 * DAY, "礼拜": 7 * DAY, "月": MONTH_DAYS * DAY},
    **{"minute": MINUTE, "min": MINUTE, "hour": HOUR, "hr": HOUR, "day": DAY, "week": 7 * DAY},
    **{"month": MONTH_DAYS * DAY, "year": YEAR_DAYS * DAY, "年": YEAR_DAYS * DAY},
}
_UNITS_EN: Final = tuple(unit for unit in _UNITS if unit.isascii())

_NUMBER: Final = r"\d{1,6}(?:\.\d{1,4})?|[零一二三四五六七八九两十百千]{1,6}"
_TIME_ZH: Final = re.compile(
    r"(?=[半\d零一二三四五六七八九两十百千])(?<![\d月.:/-])(?P<half>半)?"
    rf"(?P<number>{_NUMBER})?\s?[多几来余]?\s?(?P<counter>个)?多?"
    r"(?P<and_half>半)?\s?(?P<unit>分钟|小时|钟头|工作日|天|日|周|星期|礼拜|月|年)"
    r"(?![\d一二三四五六])",
    re.ASCII,
)
_TIME_EN: Final = re.compile(
    rf"(?<![a-z\d.])(?P<number>\d{{1,6}}(?:\.\d{{1,4}})?|{'|'.join(_ENGLISH)})(?:\s|-|\+)*"
    r"(?:full\s|whole\s|business\s|working\s|calendar\s)?"
    r"(?P<unit>minute|min|hour|hr|day|week|month|year)s?(?![a-z])",
    re.ASCII,
)
_SHARE: Final = re.compile(
    rf"(?P<number>{_NUMBER})\s?(?:%|percent)|百分之(?P<after>{_NUMBER})",
    re.ASCII,
)
_AMOUNT: Final = re.compile(
    rf"(?:[¥$€£]\s?|cny\s?|rmb\s?)(?P<after>\d{{1,9}}(?:\.\d{{1,2}})?)"
    rf"|(?P<number>{_NUMBER})\s?(?:元|块|yuan|rmb|cny|dollars?|usd)",
    re.ASCII,
)
_DATE: Final = re.compile(r"(?<!\d)(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]?(?!\d)", re.ASCII)


def figures(text: str) -> tuple[Figure, ...]:
    """Return the figures of a folded text in its order; dates and ages of years are none."""
    found = [
        *_times(text),
        *_read(text, Measure.SHARE, _SHARE, _hundredfold),
        *_read(text, Measure.AMOUNT, _AMOUNT, _hundredfold),
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def longest_days(text: str) -> int:
    """Return the longest time a folded text tells of: stated, or between two dates of it."""
    units = _UNITS_EN if text.isascii() else _UNITS
    if not any(unit in text for unit in units):  # most texts tell of none; dates name months
        return 0
    stated = (one.value // DAY for one in _times(text))
    return max((*stated, *_between_dates(text)), default=0)


def _times(text: str) -> Iterator[Figure]:
    yield from _read(text, Measure.TIME, _TIME_ZH, _time_zh)
    yield from _read(text, Measure.TIME, _TIME_EN, _time_en)


def _read(
    text: str,
    measure: Measure,
    pattern: re.Pattern[str],
    value_of: Callable[[re.Match[str]], int | None],
) -> Iterator[Figure]:
    for match in pattern.finditer(text):
        value = value_of(match)
        if value is not None:
            yield Figure(measure, value, match.start(), match.end())


def _between_dates(text: str) -> Iterator[int]:
    dates = islice(_DATE.finditer(text), DATES_MAX)
    days = {
        _MONTH_STARTS[int(date["month"]) - 1] + int(date["day"])
        for date in dates
        if 1 <= int(date["month"]) <= len(_MONTH_STARTS)
    }
    for one in days:
        for other in days:
            apart = abs(one - other)
            yield apart if apart <= HALF_YEAR_DAYS else YEAR_DAYS - apart


def _time_zh(match: re.Match[str]) -> int | None:
    number, unit = match["number"], match["unit"]
    if number is None and not match["half"]:
        return None
    if unit in {"月", "年"} and not (match["counter"] or unit == "年"):
        return None
    amount = Fraction(0) if number is None else _number(number)
    if match["half"] or match["and_half"]:
        amount += Fraction(1, 2)
    if unit == "年" and amount >= 100:
        return None
    return int(amount * _UNITS[unit])


def _time_en(match: re.Match[str]) -> int:
    written = match["number"]
    amount = Fraction(_ENGLISH[written]) if written in _ENGLISH else Fraction(written)
    return int(amount * _UNITS[match["unit"]])


def _hundredfold(match: re.Match[str]) -> int:
    return int(_number(match["number"] or match["after"]) * 100)


def _number(written: str) -> Fraction:
    if written[0].isdigit() and written[0].isascii():
        return Fraction(written)
    total = digit = 0
    for character in written:
        if character in _PLACES:
            total += (digit or 1) * _PLACES[character]
            digit = 0
        else:
            digit = digit * 10 + _DIGITS[character]
    return Fraction(total + digit)
