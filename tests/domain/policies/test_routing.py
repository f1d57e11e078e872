"""RO-03, RO-06: desks that are staffed at every minute, and queues that hold too much."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policies.routing import (
    WEEK_MINUTES,
    Desk,
    Load,
    Queue,
    Shift,
    certificates_of,
    empty_minute,
    full_at,
    overflows,
    relieves,
)
from domain.values import Examination, Instant, later

NOW = Instant("2026-11-22T03:00:00.000000Z")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
LOAD = Load(
    matters=20,
    overload_bp=12_000,
    longest_wait=timedelta(minutes=15),
    overflow="overflow",
    lease=timedelta(minutes=10),
    dedicated_spend_above_minor=1_000_000,
    top_rating_bp=9_500,
    source="ours",
)


def desk(*shifts: Shift) -> Desk:
    """Return a desk with these shifts."""
    return Desk(name="d", zh="台", en="Desk", staffed=shifts, source="ours")


def shift(start: str, end: str, days: tuple[int, ...] = EVERY_DAY) -> Shift:
    """Return a shift of one person."""
    return Shift(days=days, start=start, end=end, agents=1)


def queue(name: str, *, classes: tuple[str, ...] = (), passed: tuple[str, ...] = ()) -> Queue:
    """Return a queue."""
    return Queue(
        name=name,
        zh="队",
        en="Queue",
        desk="d",
        any=classes,
        certificates=tuple(Examination(one) for one in passed),
        source="ours",
    )


@pytest.mark.parametrize(
    "shifts",
    [
        pytest.param([shift("00:00", "24:00")], id="whole days"),
        pytest.param([shift("08:00", "08:00")], id="a shift of a whole day that begins at eight"),
        pytest.param([shift("08:00", "20:00"), shift("20:00", "08:00")], id="day and night"),
        pytest.param([shift("08:00", "20:30"), shift("20:00", "08:00")], id="shifts that overlap"),
        pytest.param(
            [
                shift("00:00", "24:00", (1, 2, 3, 4, 5, 6)),
                shift("00:00", "12:00", (7,)),
                shift("12:00", "24:00", (7,)),
            ],
            id="a Sunday in two halves",
        ),
    ],
)
def test_ro_06_a_desk_may_be_staffed_at_every_minute(shifts: list[Shift]) -> None:
    """Shifts meet at midnight, and on the night from Sunday to Monday."""
    assert empty_minute(desk(*shifts)) is None


@pytest.mark.parametrize(
    ("shifts", "minute"),
    [
        pytest.param([], 0, id="nobody at all"),
        pytest.param([shift("00:01", "24:00")], 0, id="the first minute of Monday"),
        pytest.param([shift("00:00", "23:59")], 23 * 60 + 59, id="the last minute of Monday"),
        pytest.param(
            [shift("08:00", "20:00"), shift("20:01", "08:00")], 20 * 60, id="a minute at a change"
        ),
        pytest.param(
            [shift("08:00", "20:00"), shift("20:00", "07:59")], 8 * 60 - 1, id="before morning"
        ),
        pytest.param(
            [shift("08:00", "20:00"), shift("20:00", "08:00", (1, 2, 3, 4, 5, 6))],
            0,
            id="the night from Sunday to Monday, of which Monday's half comes first",
        ),
        pytest.param(
            [shift("00:00", "24:00", (1, 2, 3, 4, 5, 6)), shift("00:00", "23:59", (7,))],
            WEEK_MINUTES - 1,
            id="the last minute of the week",
        ),
    ],
)
def test_ro_06_the_first_empty_minute_is_told(shifts: list[Shift], minute: int) -> None:
    """One minute of the week is enough."""
    assert empty_minute(desk(*shifts)) == minute


@given(
    st.lists(
        st.builds(
            lambda days, start, end: shift(
                f"{start // 60:02d}:{start % 60:02d}", f"{end // 60:02d}:{end % 60:02d}", days
            ),
            st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(tuple),
            st.integers(0, 24 * 60 - 1),
            st.integers(0, 24 * 60),
        ),
        max_size=6,
    )
)
def test_ro_06_the_first_empty_minute_is_the_one_a_count_of_all_minutes_finds(
    shifts: list[Shift],
) -> None:
    """Whatever the shifts: the rule says what looking at each minute of the week says."""
    staffed = {
        minute % WEEK_MINUTES
        for one in shifts
        for start, end in one.minutes()
        for minute in range(start, end)
    }
    empty = [minute for minute in range(WEEK_MINUTES) if minute not in staffed]
    assert empty_minute(desk(*shifts)) == (empty[0] if empty else None)


@pytest.mark.parametrize(
    ("matters", "capacity", "over"),
    [(24, 20, False), (25, 20, True), (48, 40, False), (49, 40, True), (1, 0, False)],
)
def test_ro_03_over_120_per_cent_is_too_much(matters: int, capacity: int, *, over: bool) -> None:
    """At 120 % it is not; where nobody is there no share can be taken."""
    found = overflows(LOAD, open_matters=matters, capacity=capacity, waiting_since=None, now=NOW)
    assert found is over
    if capacity:
        assert (matters >= full_at(LOAD, capacity)) is over


@pytest.mark.parametrize(("more_us", "over"), [(0, False), (1, True)])
def test_ro_03_a_wait_over_15_minutes_is_too_long(more_us: int, *, over: bool) -> None:
    """Fifteen minutes exactly are not over fifteen minutes."""
    since = later(NOW, -timedelta(minutes=15, microseconds=more_us))
    assert overflows(LOAD, open_matters=1, capacity=20, waiting_since=since, now=NOW) is over


def test_ro_02_a_matter_asks_for_the_certificates_of_all_its_classes() -> None:
    """The queue it came to first does not let it off; a queue of another kind asks nothing."""
    queues = (
        queue("vip", classes=("vip",)),
        queue("high", classes=("high",), passed=("law", "product")),
        queue("luxury", classes=("luxury",), passed=("luxury",)),
        queue("general"),
    )
    law, product, luxury = Examination.LAW, Examination.PRODUCT, Examination.LUXURY
    assert certificates_of(frozenset({"vip"}), queues, "vip") == ()
    assert certificates_of(frozenset({"vip", "high"}), queues, "vip") == (law, product)
    assert certificates_of(frozenset({"high", "luxury"}), queues, "x") == (law, luxury, product)
    assert certificates_of(frozenset(), queues, "luxury") == (luxury,)


@pytest.mark.parametrize(
    ("full", "to", "taken"),
    [(False, False, True), (False, True, True), (True, True, True), (True, False, False)],
)
def test_ro_06_a_desk_that_never_sleeps_is_not_relieved_by_one_that_does(
    *, full: bool, to: bool, taken: bool
) -> None:
    """The top tier waits where somebody is, and is not brought before an empty desk."""
    desks = [
        desk().model_copy(update={"name": name, "day_and_night": always})
        for name, always in (("here", full), ("there", to))
    ]
    here, there = (
        queue(name).model_copy(update={"desk": at})
        for name, at in (("vip", "here"), ("overflow", "there"))
    )
    assert relieves(LOAD, here, [here, there], desks) is taken
    assert not relieves(LOAD, there, [here, there], desks), "by itself no queue is relieved"
