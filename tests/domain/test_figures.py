"""Which figures a text states, and which numbers are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policies.quoting import Measure
from domain.ticket.figures import DAY, HOUR, figures, longest_days


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("7天", 7 * DAY),
        ("七天", 7 * DAY),
        ("三十天", 30 * DAY),
        ("二十五天", 25 * DAY),
        ("两个星期", 14 * DAY),
        ("一周", 7 * DAY),
        ("半个月", 15 * DAY),
        ("20多天", 20 * DAY),
        ("一个多星期", 7 * DAY),
        ("一个月", 30 * DAY),
        ("3个工作日", 3 * DAY),
        ("24小时", 24 * HOUR),
        ("1.5小时", 90),
        ("30分钟", 30),
        ("7 days", 7 * DAY),
        ("two weeks", 14 * DAY),
        ("a month", 30 * DAY),
        ("7-day", 7 * DAY),
        ("3 business days", 3 * DAY),
        ("48 hours", 48 * HOUR),
    ],
)
def test_a_span_of_time_is_read_in_both_languages(text: str, minutes: int) -> None:
    """People write the same span in many ways."""
    (found,) = figures(text)
    assert (found.measure, found.value) == (Measure.TIME, minutes)
    assert text[found.start : found.end] == text


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("5%", Measure.SHARE, 500),
        ("百分之二", Measure.SHARE, 200),
        ("10元", Measure.AMOUNT, 1_000),
        ("¥9.90", Measure.AMOUNT, 990),
        ("50 yuan", Measure.AMOUNT, 5_000),
    ],
)
def test_shares_and_amounts_are_read_exactly(text: str, measure: Measure, value: int) -> None:
    """No figure goes through a float."""
    (found,) = figures(text)
    assert (found.measure, found.value) == (measure, value)


@pytest.mark.parametrize(
    "text",
    ["2009年", "3月1日", "12月5日下单", "星期一", "周二到", "型号u100", "٣天", "今天", "everyday"],
)
def test_dates_days_of_the_week_and_models_are_no_spans(text: str) -> None:
    """A deadline is not read out of a date."""
    assert figures(text) == ()


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("12月10日发货到12月26日还没收到", 16),
        ("12月25日订的，1月8日还没到", 14),
        ("7月17日就发出来了，现在是8月2日", 16),
        ("13月1日到3月40日", 0),
        ("等了9天，不，是10天", 10),
        ("没有时间", 0),
    ],
)
def test_the_longest_time_is_stated_or_lies_between_two_dates(text: str, days: int) -> None:
    """Dates without a year are the nearest ones; a leap day is not worth asking for."""
    assert longest_days(text) == days


@given(st.text(alphabet="一二十百半个月天周年日0123456789٣².%元多 days", max_size=60))
def test_any_run_of_numerals_is_read_without_a_fault(text: str) -> None:
    """Odd numerals are odd figures, never an error."""
    for found in figures(text):
        assert found.value >= 0
        assert 0 <= found.start < found.end <= len(text)


AROUND = st.sampled_from(["", " ", ".", "x", "5", "since day", "\n"])


@given(
    st.tuples(
        AROUND,
        st.sampled_from(["70", "4000.5", "two", "a", ""]),
        st.sampled_from(["", " ", "-", " full "]),
        st.sampled_from(["9000 minute", "9000 min", "90 hour", "90 hr"])
        | st.sampled_from(["day", "week", "month", "year"]),
        AROUND | st.just("s"),
    ).map("".join)
)
def test_the_longest_time_of_an_english_text_is_told_as_beside_chinese(text: str) -> None:
    """A text without a unit is not looked at; which units there are hangs on its characters."""
    assert longest_days(text) == longest_days(text + " 。年")
