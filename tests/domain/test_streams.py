"""Names of streams, ids of tickets, and the lanes they lie in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.streams import (
    CROCKFORD,
    imported_ticket_id,
    lane_of,
    order_stream,
    parse_moment,
    position_text,
    stream_lane,
    ticket_id,
    ticket_lane,
    ticket_stream,
)

DRAWN = st.integers(min_value=0, max_value=2**30 - 1)


@given(lane=st.integers(min_value=0, max_value=99), drawn=DRAWN)
def test_a_ticket_id_says_its_lane(lane: int, drawn: int) -> None:
    """Whoever has the id finds the ticket without looking anything up."""
    ticket = ticket_id(lane, "261112", drawn)
    assert ticket_lane(ticket) == lane
    assert stream_lane(ticket_stream(ticket), 100) == lane
    assert stream_lane(f"access:{ticket}", 100) == lane


@given(drawn=DRAWN, other=DRAWN)
def test_other_numbers_make_other_ids(drawn: int, other: int) -> None:
    """An id names one ticket."""
    same = ticket_id(0, "261112", drawn) == ticket_id(0, "261112", other)
    assert same is (drawn == other)


@given(drawn=DRAWN, place=st.integers(min_value=0, max_value=5), letter=st.sampled_from(CROCKFORD))
def test_a_mistyped_letter_is_found_out(drawn: int, place: int, letter: str) -> None:
    """The last letter depends on the others, so one wrong key does not reach another ticket."""
    ticket = ticket_id(0, "261112", drawn)
    at = len("T0-261112-") + place
    mistyped = ticket[:at] + letter + ticket[at + 1 :]
    right = ticket_id(0, "261112", _number(mistyped[10:16]))
    assert (mistyped == right) is (letter == ticket[at]) or _same_weight(ticket[at], letter)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 32 + CROCKFORD.index(letter)
    return number


def _same_weight(one: str, other: str) -> bool:
    """The check counts modulo 31: two letters that lie 31 apart look the same to it."""
    return (ord(one) - ord(other)) % 31 == 0


@pytest.mark.parametrize(
    "text", ["", "T", "T0", "T-1", "T0-", "X0-1", "Tx-1", "T٣-261112-A", "0-1"]
)
def test_what_is_no_ticket_id_has_no_lane(text: str) -> None:
    """A mistyped id is malformed, and never somebody else's lane."""
    with pytest.raises(ValueError, match="ticket id"):
        ticket_lane(text)


@given(reference=st.text(min_size=1, max_size=40), lanes=st.integers(min_value=1, max_value=64))
def test_an_order_lies_in_its_tickets_lane(reference: str, lanes: int) -> None:
    """One transaction writes both: the lane follows from the order alone, for ever."""
    assert stream_lane(order_stream(reference), lanes) == lane_of(reference, lanes)
    assert 0 <= lane_of(reference, lanes) < lanes


def test_the_lane_of_a_reference_never_changes() -> None:
    """The number of lanes is fixed, and so is the way a lane is found."""
    assert [lane_of(one, 4) for one in ("order-1", "order-2", "b-1", "订单")] == [0, 3, 1, 2]


def test_an_imported_case_always_has_the_same_id() -> None:
    """Importing twice finds the same ticket."""
    first = imported_ticket_id(2, "uci498", "INC0000047")
    assert first == imported_ticket_id(2, "uci498", "INC0000047")
    assert first != imported_ticket_id(2, "uci498", "INC0000048")
    assert first != imported_ticket_id(2, "helpdesk", "INC0000047")
    assert ticket_lane(first) == 2


@given(
    places=st.dictionaries(
        st.integers(min_value=0, max_value=99_999), st.integers(min_value=0), min_size=1, max_size=4
    ).filter(lambda places: all(position < 10**18 for position in places.values()))
)
def test_a_moment_is_read_as_it_is_written(places: dict[int, int]) -> None:
    """What an answer told can be sent back as min_position."""
    text = ",".join(position_text(lane, position) for lane, position in places.items())
    assert parse_moment(text) == places


@pytest.mark.parametrize(
    "text", ["", "0", "0-", "-1", "a-1", "0-1,", "0-1,0-2", "0-1 ", "0--1", "٠-1", "0-" + "9" * 19]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A moment that is guessed would wait for the wrong place."""
    with pytest.raises(ValueError, match="moment"):
        parse_moment(text)
