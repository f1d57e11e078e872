"""Bodies: bounded, and JSON of exactly one meaning."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import Problem
from api.strict_json import DEPTH_MAX, parse

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_has_one_meaning_is_read_as_that(value: Any) -> None:
    """Strictness refuses the ambiguous and nothing else."""
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b'{"a": 1, "a": 2}', "json_duplicate_key", id="a key that stands twice"),
        pytest.param(b'{"a": {"b": 1, "b": 1}}', "json_duplicate_key", id="also further down"),
        pytest.param(b'{"a": NaN}', "json_not_a_number", id="NaN"),
        pytest.param(b'{"a": -Infinity}', "json_not_a_number", id="Infinity"),
        pytest.param(b'{"a": "\\ud800"}', "json_surrogate", id="half a character"),
        pytest.param(b'{"\\uDFFF": 1}', "json_surrogate", id="half a character in a key"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', "json_invalid", id="a byte order mark"),
        pytest.param(b'{"a": "\xff"}', "json_encoding", id="bytes that are no UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), "json_encoding", id="UTF-16"),
        pytest.param(b'{"a": 1', "json_invalid", id="an object that does not end"),
        pytest.param(b"", "json_invalid", id="nothing"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "json_invalid", id="5,000 digits"),
        pytest.param(b"[" * 100_000, "json_invalid", id="brackets without end"),
        pytest.param(
            b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), "json_depth", id="nested too deep"
        ),
    ],
)
def test_what_has_no_meaning_or_two_is_refused(content: bytes, code: str) -> None:
    """Two readers of one body must not see two different commands."""
    with pytest.raises(Problem) as refused:
        parse(content)
    (place,) = refused.value.facts["errors"]  # type: ignore[misc, attr-defined]
    assert (refused.value.code, place["code"]) == ("malformed", code)


def test_the_deepest_body_that_is_read_is_as_deep_as_the_limit() -> None:
    """The edge between allowed and not."""
    assert parse(b"[" * (DEPTH_MAX - 1) + b"]" * (DEPTH_MAX - 1)) is not None


def test_a_whole_character_beyond_the_basic_plane_is_text() -> None:
    """Rare Chinese characters and emoji are what people write."""
    assert parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
    assert parse('{"a": "𠮷"}'.encode()) == {"a": "𠮷"}
