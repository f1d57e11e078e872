"""Cursors: opaque, signed, bound to their list and filters."""

import base64
import hmac
import secrets

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pagination import Cursor, filters_digest, next_link, read_cursor, write_cursor
from api.problems import Problem

KEY = secrets.token_bytes(32)
LIST = filters_digest("queue", {"stage": "intake", "open": True})


@given(st.tuples(st.integers(1, 4), st.text(max_size=40), st.text(max_size=40)))
def test_a_cursor_comes_back_as_it_was_given(after: tuple[int | str | None, ...]) -> None:
    """Whatever the key of the last row holds, the next page begins right behind it."""
    cursor = Cursor(LIST, after)
    assert read_cursor(KEY, write_cursor(KEY, cursor), LIST) == cursor


@pytest.mark.parametrize(
    "other",
    [
        filters_digest("queue", {"stage": "remedy", "open": True}),
        filters_digest("queue", {"stage": "intake"}),
        filters_digest("tickets", {"stage": "intake", "open": True}),
    ],
)
def test_a_cursor_of_another_list_or_filter_does_not_fit(other: str) -> None:
    """With other filters its place means nothing, and rows would be skipped in silence."""
    text = write_cursor(KEY, Cursor(LIST, (1, "infinity", "T0-x")))
    with pytest.raises(Problem) as refused:
        read_cursor(KEY, text, other)
    assert refused.value.code == "cursor_invalid"


def test_the_order_of_filters_makes_no_difference() -> None:
    """It is the same list."""
    assert filters_digest("queue", {"open": True, "stage": "intake"}) == LIST


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_cursor_with_one_changed_byte_is_refused(place: int, change: int) -> None:
    """A forged place would let a caller page through what the filters keep out."""
    text = write_cursor(KEY, Cursor(LIST, (1, "infinity", "T0-261122-7ZK4M2Q")))
    content = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    content[place % len(content)] ^= change
    forged = base64.urlsafe_b64encode(bytes(content)).decode().rstrip("=")
    with pytest.raises(Problem):
        read_cursor(KEY, forged, LIST)


@pytest.mark.parametrize("text", ["", "A", "AAAA", "no-cursor", "A" * 600, "a+b/"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Anything may stand in an address."""
    with pytest.raises(Problem) as refused:
        read_cursor(KEY, text, LIST)
    assert refused.value.code == "cursor_invalid"


@pytest.mark.parametrize(
    "content",
    [
        msgspec.json.encode([LIST, [1, "infinity", "T0-x"], []]),
        msgspec.msgpack.encode([LIST]),
        b"\x93\xa1\xff",
        b"",
    ],
)
def test_a_cursor_of_an_earlier_version_is_refused(content: bytes) -> None:
    """Whoever goes on after an upgrade begins again; the signature is still ours."""
    signature = hmac.digest(KEY, b"cursor\x00" + content, "sha256")[:16]
    text = base64.urlsafe_b64encode(signature + content).decode().rstrip("=")
    with pytest.raises(Problem) as refused:
        read_cursor(KEY, text, LIST)
    assert refused.value.code == "cursor_invalid"


def test_the_link_leads_to_the_next_page_with_the_same_filters() -> None:
    """RFC 8288; what a query value holds is escaped."""
    link = next_link("/v1/queue", {"queue": "a&b", "limit": "2"}, "abc")
    assert link == '</v1/queue?queue=a%26b&limit=2&cursor=abc>; rel="next"'
