"""Moments of many lanes in addresses: short, one spelling each, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.moments import written_moment
from api.cli.terminal import CommandError, Exit
from api.packed import PLAIN_CHARACTERS_MAX, from_address, in_address, pack, unpack
from api.pagination import (
    CURSOR_CHARACTERS_MAX,
    Cursor,
    filters_digest,
    page_tag,
    read_cursor,
    write_cursor,
)
from domain.streams import LANES_MAX, position_text

ADDRESS_CHARACTERS_MAX = 4_000
"""Longer addresses are cut or refused by proxies and browsers."""
PLACES = st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=60)


def moment(places: list[int]) -> str:
    """Return positions as answers tell them."""
    return ",".join(position_text(lane, place) for lane, place in enumerate(places))


@given(PLACES)
def test_what_was_packed_is_what_is_read(places: list[int]) -> None:
    """Whatever the positions are."""
    assert unpack(pack(places)) == tuple(places)


@given(PLACES)
def test_a_moment_in_an_address_is_the_moment(places: list[int]) -> None:
    """Short ones stand there as people read them, long ones packed."""
    text = moment(places)
    told = in_address(text)
    assert from_address(told) == dict(enumerate(places))
    assert (told == text) is (len(text) <= PLAIN_CHARACTERS_MAX)


@given(st.binary(max_size=40))
def test_whatever_else_is_sent_is_read_as_itself_or_refused(content: bytes) -> None:
    """One spelling a moment: a cursor is bound to it."""
    try:
        places = unpack(content)
    except ValueError:
        return
    assert pack(places) == content


@pytest.mark.parametrize("text", ["p", "pA", "pAA", "pAAAA", "p-", "pé", "p%%%%", "p" + "_" * 20])
def test_what_is_no_packed_moment_is_refused(text: str) -> None:
    """Anything may stand in an address."""
    with pytest.raises(ValueError):  # noqa: PT011 - base64 and we, each in its words
        from_address(text)


@pytest.mark.parametrize("events", [1_000_000, 10_000_000, 1_000_000_000])
def test_with_all_lanes_there_are_address_and_cursor_stay_short(events: int) -> None:
    """A moment of 1,024 lanes is over 10,000 characters as answers tell it."""
    each = events // LANES_MAX
    spread = 4 * int(each**0.5)
    places = [each + (lane * 7_919) % (2 * spread + 1) - spread for lane in range(LANES_MAX)]
    text = moment(places)
    assert len(text) > 8_000
    assert len(in_address(text)) < ADDRESS_CHARACTERS_MAX
    digest = filters_digest("queue", {})
    cursor = Cursor(
        digest, (1, "2026-11-22T03:00:00.000000Z", "T1023-261122-7ZK4M2Q"), pack(places)
    )
    written = write_cursor(b"key", cursor)
    assert len(written) < ADDRESS_CHARACTERS_MAX
    assert read_cursor(b"key", written, digest) == cursor
    assert len(page_tag(text)) < 100


def test_the_longest_cursor_there_can_be_is_taken() -> None:
    """Lanes as uneven as can be."""
    places = [0 if lane % 2 else 10**18 - 1 for lane in range(LANES_MAX)]
    cursor = Cursor(filters_digest("queue", {}), (4, "infinity", "T" * 64), pack(places))
    assert len(write_cursor(b"key", cursor)) <= CURSOR_CHARACTERS_MAX


@given(PLACES)
def test_a_moment_is_written_on_the_command_line_as_it_stands_in_an_address(
    places: list[int],
) -> None:
    """Whoever copies it out of a link need not unpack it."""
    assert written_moment(in_address(moment(places)), "--upto") == dict(enumerate(places))


@pytest.mark.parametrize("text", ["", "p", "pAA", "now", "0-1,0-2"])
def test_what_is_no_moment_on_the_command_line_is_said_with_its_flag(text: str) -> None:
    """Packed wrongly or written wrongly."""
    with pytest.raises(CommandError, match="--upto names no moment") as refused:
        written_moment(text, "--upto")
    assert refused.value.code is Exit.USAGE
