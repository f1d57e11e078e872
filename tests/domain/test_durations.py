"""How long the times of a book may be: what is added to today always stays in the calendar."""

import re
from datetime import timedelta
from typing import Final

import pytest

from domain.policies.book import BookError, parse
from tests.scenario import whole_book, whole_bytes

TEXT: Final = whole_bytes().decode()
GUIDANCE: Final = r'(id = "consultation_guidance"(?:\n.+)*?\nwithin = )"PT1H"'


def problems(pattern: str, instead: str) -> str:
    """Return what is wrong with the book when the first text of a pattern says something else."""
    text, count = re.subn(pattern, instead, TEXT, count=1, flags=re.MULTILINE)
    assert count == 1, f"{pattern} stands in the book"
    try:
        parse(text.encode())
    except BookError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("place", "pattern", "longest", "too_long"),
    [
        ("within of consultation_guidance", GUIDANCE, None, '"P3000000D"'),
        ("ladder.0.after", r'^(ladder = \[\{ to = "supervisor")', "P36500D", "PT876000H1S"),
        ("within of acceptance", r'(name = "acceptance"\n)clock =.+', "P36500D", "P36501D"),
        ("load.lease", r'^(lease = )"[^"]+"', '"P36500D"', '"P36501D"'),
        ("load.longest_wait", r'^(longest_wait = )"PT15M"', '"P36500D"', '"P36501D"'),
        ("survey.within", r'(\[survey\]\nwithin = )"[^"]+"', '"P36500D"', '"P36501D"'),
        ("notification.first_wait", r'^(first_wait = )"[^"]+"', '"P36500D"', '"P36501D"'),
        ("notification.longest_wait", r'^(longest_wait = )"PT1H"', '"P36500D"', '"P36501D"'),
        ("returns.no_reason_days", r"^(no_reason_days = )7$", "36500", "36501"),
        ("returns.quality_days", r"^(quality_days = )30$", "36500", "36501"),
        ("retention.other_days", r"^(other_days = )[0-9]+$", "36500", "36501"),
        ("lexicon.long_days", r"^(long_days = )[0-9]+$", "36500", "36501"),
    ],
)
def test_no_time_of_a_book_is_longer_than_a_hundred_years(
    place: str, pattern: str, longest: str | None, too_long: str
) -> None:
    """A slip of the pen would be adopted, and then no ticket could be opened."""
    form = r"\g<1>{}"
    if place.startswith("ladder"):
        form = r'\g<1>, after = "{}"'
    elif place.endswith("acceptance"):
        form = r'\g<1>within = "{}"'
    told = problems(pattern, form.format(too_long))
    assert place in told
    assert "days are more than 100 years, which nobody waits for" in told
    assert "write " in told
    if longest is not None:
        assert problems(pattern, form.format(longest)) == ""


def test_a_promise_is_not_longer_than_its_calendar_is_open() -> None:
    """Open time is looked for ten years ahead: what is not found there would be due never."""
    assert problems(GUIDANCE, r'\g<1>"P3650D"') == ""
    told = problems(GUIDANCE, r'\g<1>"P3650DT1S"')
    assert "clock consultation_guidance promises 3650 days, 0:00:01 of open time" in told
    assert "write a shorter time" in told

    in_office_hours = r'\g<1>"P{}D"\ncalendar = "cn_office"'
    office = whole_book().calendar_of("cn_office").surely_open
    assert problems(GUIDANCE, in_office_hours.format(office.days)) == ""
    told = problems(GUIDANCE, in_office_hours.format(office.days + 1))
    assert f"its calendar cn_office is sure to have {office}" in told


@pytest.mark.parametrize("tries", [1, 2, 40, 100])
def test_a_notice_waits_longer_with_each_try_up_to_the_longest_wait(tries: int) -> None:
    """Doubled a hundred times a day is longer than any time there is."""
    notification = whole_book().notification
    assert notification is not None
    daily = notification.model_copy(
        update={"first_wait": timedelta(days=1), "longest_wait": timedelta(days=3)}
    )
    assert daily.wait(tries) == timedelta(days={1: 1, 2: 2}.get(tries, 3))


@pytest.mark.parametrize("begins", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_a_book_does_not_begin_where_the_calendar_ends(begins: str) -> None:
    """There an instant of one zone is none of another."""
    told = problems(r"^(in_force_from = ).+$", rf"\g<1>{begins}")
    assert "in_force_from is in the year" in told
    assert "write one in between" in told
