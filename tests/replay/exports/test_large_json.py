"""A large JSON object is read element by element: the same elements, and never the whole."""

import json
import re
import tracemalloc
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.exports import large_json
from replay.exports.checked import UnreadableExport
from replay.exports.checking import check
from replay.exports.large_json import LargeObject, MalformedJson

LISTS = ("events", "objects")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


class Slow(StringIO):
    """A file that gives a few characters at a time."""

    def read(self, _size: int | None = -1, /) -> str:
        """Return the next three characters."""
        return super().read(3)


def read(text: str) -> list[tuple[str, object]]:
    """Return the elements of a text that comes in small pieces."""
    return [(name, json.loads(one)) for name, one in LargeObject(Slow(text), LISTS).elements()]


@given(
    events=st.lists(VALUES, max_size=4),
    objects=st.lists(VALUES, max_size=4),
    other=VALUES,
    indent=st.none() | st.integers(0, 2),
)
def test_wherever_a_piece_ends_the_elements_are_the_same(
    events: list[object], objects: list[object], other: object, indent: int | None
) -> None:
    """A number, a text or an escape that is cut in two is one all the same."""
    whole = {"events": events, "version": other, "objects": objects}
    expected = [
        *(("events", one) for one in events),
        ("version", other),
        *(("objects", one) for one in objects),
    ]
    assert read(json.dumps(whole, indent=indent)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"events"}',
        '{"events": 1}',
        '{"events": [1,]}',
        '{"events": [1 2]}',
        '{"events": [1], }',
        '{"events": [1]',
        '{"events": [NaN]}',
        '{"events": [1]} {}',
        '{"events": [], "events": []}',
        '{"events": ["cut]}',
        "{1: 2}",
        '{"other": ' + "[" * 100_000,
    ],
)
def test_what_is_no_such_object_is_refused(text: str) -> None:
    """Also what a lenient reader would take: a list twice, or something behind the end."""
    with pytest.raises(MalformedJson):
        list(LargeObject(StringIO(text), LISTS).elements())


@pytest.mark.parametrize(
    "fault",
    [
        *('{"id": bad}', '{"id" 1}', '{"id": 1 2}', "{1: 2}", "[nul, 1]", "[-Infinite]"),
        *('["\\u12x4"]', '["a\tb"]', '["\\ud83d\\x"]'),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 19, 20, 1_000])
def test_a_fault_is_told_where_it_is_in_the_file_and_ends_the_reading(
    fault: str, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who mends a log of many megabytes looks there, and need not wait for its end."""
    monkeypatch.setattr(large_json, "CHUNK", 100)
    head = '{"events": [' + '{"n":1}, ' * before
    file = StringIO(head + fault + ', {"n":1}' * 10_000 + "]}")
    with pytest.raises(json.JSONDecodeError) as whole:
        json.loads(file.getvalue())
    told = re.escape(f"{whole.value.msg} (char {whole.value.pos})")
    with pytest.raises(MalformedJson, match=f"^{told}$"):
        list(LargeObject(file, LISTS).elements())
    assert file.tell() < len(head) + 500


def test_a_text_that_never_ends_is_told_where_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the end of the file shows that it has none."""
    monkeypatch.setattr(large_json, "CHUNK", 100)
    head = '{"events": [' + "1, " * 1_000
    with pytest.raises(MalformedJson, match=rf"Unterminated string.* \(char {len(head)}\)$"):
        list(LargeObject(StringIO(head + '"' + "cut " * 1_000), LISTS).elements())


def test_an_element_without_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or who sends one could fill the memory."""
    monkeypatch.setattr(large_json, "CHUNK", 100)
    monkeypatch.setattr(large_json, "ELEMENT_MAX", 1_000)
    text = '{"events": ["' + "x" * 1_000_000 + '"]}'
    file = StringIO(text)
    with pytest.raises(MalformedJson, match="1,000 characters"):
        list(LargeObject(file, LISTS).elements())
    assert file.tell() < 10_000


def test_a_log_is_checked_with_less_memory_than_it_has_bytes(tmp_path: Path) -> None:
    """Of a log in JSON the ids are held, and what is judged just then."""
    path = tmp_path / "log.json"
    value = json.dumps([{"name": "note", "value": "x" * 20_000}])
    with path.open("w") as log:
        log.write(
            '{"eventTypes": [{"name": "e", "attributes": [{"name": "note", "type": "string"}]}]'
        )
        log.write(', "objectTypes": [{"name": "o", "attributes": []}], "events": [')
        for number in range(1_000):
            log.write(
                f'{"," if number else ""}{{"id": "{number}", "type": "e", "attributes": {value},'
                ' "time": "2026-11-22T00:00:00Z",'
                ' "relationships": [{"objectId": "thing", "qualifier": "of"}]}'
            )
        log.write('], "objects": [{"id": "thing", "type": "o"}]}')
    tracemalloc.start()
    try:
        checked = check(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (checked.events, checked.things, checked.findings) == (1_000, 1, [])
    assert path.stat().st_size > 20_000_000
    assert most < 10_000_000


def test_a_log_without_one_of_its_lists_is_none(tmp_path: Path) -> None:
    """Empty and missing are two things."""
    whole: dict[str, list[object]] = {
        name: [] for name in ("eventTypes", "objectTypes", "events", "objects")
    }
    path = tmp_path / "log.json"
    path.write_text(json.dumps(whole))
    assert check(path).clean
    for name in whole:
        path.write_text(json.dumps({key: one for key, one in whole.items() if key != name}))
        with pytest.raises(UnreadableExport, match=name):
            check(path)
