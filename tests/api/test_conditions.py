"""Conditions of requests: keys, versions, moments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import conditions
from api.problems import Problem

printable = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255
).filter(str.strip)


@given(printable.filter(lambda key: key[0] not in '" '))
def test_a_bare_key_is_taken_as_it_is(key: str) -> None:
    """Most clients send a bare UUID; HTTP takes the blanks around it away."""
    assert conditions.idempotency_key(key) == key


@given(printable)
def test_a_quoted_key_is_the_text_in_the_quotes(key: str) -> None:
    """The draft has the key as a structured-field string."""
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    assert conditions.idempotency_key(f'"{quoted}"') == key


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        '""',
        '"open',
        '"a"b',
        "x" * 256,
        "schlüssel",
        "a\x00b",
        "钥匙",
        '"\\x"',
    ],
)
def test_what_is_no_key_is_refused(header: str) -> None:
    """A key that is silently cut or re-encoded would not find its first answer again."""
    with pytest.raises(Problem) as refused:
        conditions.idempotency_key(header)
    assert refused.value.code == "key_malformed"


def test_255_characters_are_a_key_and_256_are_not() -> None:
    """The edge between allowed and not."""
    assert conditions.idempotency_key("k" * 255) == "k" * 255


@given(st.integers(1, 10**9 - 1))
def test_if_match_names_the_version_of_an_etag(version: int) -> None:
    """What an answer gave as ETag is what a command sends back."""
    assert conditions.expected_version(conditions.version_tag(version)) == version


@pytest.mark.parametrize(
    "header",
    [
        "",
        "7",
        "*",
        'W/"7"',
        '"7", "8"',
        '"0"',
        '"07"',
        '"-7"',
        '"七"',
        '"1e3"',
        '"' + "9" * 10 + '"',
    ],
)
def test_what_is_no_version_is_refused(header: str) -> None:
    """Acting on a version nobody named would be acting on an unseen state."""
    with pytest.raises(Problem) as refused:
        conditions.expected_version(header)
    assert refused.value.code == "version_malformed"


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ('W/"0-12"', True),
        ('"0-12"', True),
        ('W/"0-11", W/"0-12"', True),
        ('W/"0-11"', False),
        ("*", True),
    ],
)
def test_a_page_is_known_when_any_of_the_tags_is_its(header: str | None, known: bool) -> None:  # noqa: FBT001 - a case of the table
    """The comparison of RFC 9110 for If-None-Match is the weak one."""
    assert conditions.is_known(header, 'W/"0-12"') is known


@pytest.mark.parametrize(
    "text", ["x", "0", "0-", "0-1,0-2", "1-5", "0-1;1-2", "-1-5", "0-1e3", "٣-1"]
)
def test_what_is_no_moment_of_this_ledger_is_refused(text: str) -> None:
    """Waiting for a lane that does not exist would never end."""
    with pytest.raises(Problem) as refused:
        conditions.moment(text, where="/query/min_position", lanes=1)
    assert refused.value.code == "malformed"
