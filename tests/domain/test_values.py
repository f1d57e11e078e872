"""Instants, money, actors and personal values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.values import (
    MACHINES,
    STAFF,
    Actor,
    ActorKind,
    Commitment,
    Instant,
    Money,
    Party,
    Personal,
    instant,
    later,
    moment_of,
)

MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 1),  # noqa: DTZ001 - the strategy takes bounds without a zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001 - the strategy takes bounds without a zone
    timezones=st.just(UTC),
)


@given(moment=MOMENTS)
def test_an_instant_has_one_spelling(moment: datetime) -> None:
    """The text is hashed: one moment may not have two texts."""
    text = instant(moment)
    assert len(text) == 27
    assert moment_of(text) == moment
    elsewhere = moment.astimezone(timezone(timedelta(hours=8)))
    assert instant(elsewhere) == text


@given(one=MOMENTS, other=MOMENTS)
def test_instants_compare_as_their_texts_do(one: datetime, other: datetime) -> None:
    """They stay texts from the record to the page, and are still sorted by time."""
    assert (instant(one) < instant(other)) is (one < other)


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    """It would be another instant on another machine."""
    with pytest.raises(AssertionError):
        instant(datetime(2026, 11, 12, 8, 0))  # noqa: DTZ001 - it is the mistake


def test_later_counts_around_the_clock() -> None:
    """Promises run day and night, over the end of a year too."""
    eve = Instant("2026-12-31T23:30:00.000000Z")
    assert later(eve, timedelta(hours=48)) == "2027-01-02T23:30:00.000000Z"
    assert later(eve, timedelta(microseconds=1)) == "2026-12-31T23:30:00.000001Z"


@given(one=st.integers(), other=st.integers())
def test_money_adds_up_exactly(one: int, other: int) -> None:
    """RE-16: integers of minor units, never a float."""
    assert Money(one, "CNY") + Money(other, "CNY") == Money(one + other, "CNY")


def test_two_currencies_have_no_sum() -> None:
    """A sum would be a number of nothing."""
    with pytest.raises(AssertionError):
        Money(1, "CNY") + Money(1, "EUR")


def test_an_actor_speaks_for_a_party() -> None:
    """Only buyers, merchants and carriers speak for themselves."""
    own = {
        ActorKind.BUYER: Party.BUYER,
        ActorKind.MERCHANT: Party.MERCHANT,
        ActorKind.CARRIER: Party.CARRIER,
    }
    for kind in ActorKind:
        assert Actor(kind, "x").party is own.get(kind, Party.PLATFORM)


def test_staff_machines_and_parties_are_different_people() -> None:
    """A machine token opens no desk."""
    assert STAFF.isdisjoint(MACHINES)
    assert {ActorKind.BUYER, ActorKind.MERCHANT}.isdisjoint(STAFF | MACHINES)


def test_a_personal_value_never_shows_itself() -> None:
    """TR-01: whatever logs it, logs whose it is and not what it is."""
    secret = Personal("13800138000", subject="buyer:b-1")
    for shown in (repr(secret), str(secret), f"{secret}", repr([secret])):
        assert "13800138000" not in shown
        assert "buyer:b-1" in shown


def test_personal_values_are_equal_when_text_and_subject_are() -> None:
    """The same text of another person is another value."""
    assert Personal("x", subject="buyer:1") == Personal("x", subject="buyer:1")
    assert Personal("x", subject="buyer:1") != Personal("x", subject="buyer:2")
    assert Personal("x", subject="buyer:1") != Personal("y", subject="buyer:1")
    assert hash(Personal("x", subject="buyer:1")) == hash(Personal("x", subject="buyer:1"))
    assert Commitment("a") == Commitment("a") != Commitment("b")
