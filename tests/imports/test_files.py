"""Reading a source's file: what it may look like, and what is told of one that does not."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from api.imports.files import FileError, Row, open_source
from api.imports.mapping import Mapping
from tests.imports.conftest import COLUMNS, SMALL, row

JSON_ROW = '{"case":"c1","seq":1,"time":"2026-01-05T10:00:00Z","state":"new","in_time":true}'


@pytest.fixture
def mapping(small_mapping: Callable[..., Mapping]) -> Mapping:
    """The small help desk's."""
    return small_mapping()


def rows_of(path: Path, mapping: Mapping) -> list[Row]:
    """All rows of a file."""
    with open_source(path, mapping) as source:
        return list(source.rows())


def written(path: Path, content: str | bytes) -> Path:
    """The path, with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def why(row: Row) -> str | None:
    """The code with which a row is bad."""
    return row.bad.code if row.bad else None


def test_plain_and_packed_files_are_read_alike(tmp_path: Path, mapping: Mapping) -> None:
    """The content tells, not the name."""
    content = f"{COLUMNS}\n{row()}\n".encode()
    plain = rows_of(written(tmp_path / "a.csv", content), mapping)
    packed = rows_of(written(tmp_path / "b.csv", gzip.compress(content)), mapping)

    assert plain == packed
    assert plain[0].values["topic"] == "printer"


def test_quoted_cells_byte_order_marks_and_empty_lines_are_ordinary(
    tmp_path: Path, mapping: Mapping
) -> None:
    """Spreadsheets write them."""
    quoted = row(topic='"a ""big"", red\nprinter"')
    path = written(tmp_path / "a.csv", f"\ufeff{COLUMNS}\r\n{quoted}\r\n\r\n{row(seq=2)}\r\n")

    rows = rows_of(path, mapping)

    assert [one.number for one in rows] == [1, 2]
    assert rows[0].values["topic"] == 'a "big", red\nprinter'


def test_another_delimiter_is_the_mappings_to_say(
    tmp_path: Path, small_mapping: Callable[[str], Mapping]
) -> None:
    """Half of Europe separates by semicolons."""
    mapping = small_mapping(SMALL.replace("[row]", '[file]\ndelimiter = ";"\n[row]', 1))
    path = written(tmp_path / "a.csv", f"{COLUMNS}\n{row()}".replace(",", ";"))

    assert rows_of(path, mapping)[0].values["case"] == "c1"


def test_a_column_nobody_declared_is_an_error_naming_it(tmp_path: Path, mapping: Mapping) -> None:
    """Nothing enters the record, or is left out of it, unnoticed."""
    path = written(tmp_path / "a.csv", f"{COLUMNS},diagnosis\n{row()},flu\n")

    with pytest.raises(FileError, match="diagnosis") as caught:
        rows_of(path, mapping)
    assert "flu" not in str(caught.value)


def test_a_missing_column_is_an_error_naming_it_but_a_dropped_one_may_miss(
    tmp_path: Path, mapping: Mapping
) -> None:
    """What is not kept need not be there."""
    without_noise = COLUMNS.removesuffix(",noise")
    path = written(tmp_path / "a.csv", f"{without_noise}\n{row().rsplit(',', 1)[0]}\n")
    assert rows_of(path, mapping)[0].bad is None

    written(path, COLUMNS.replace("state,", "") + "\n")
    with pytest.raises(FileError, match="state"):
        rows_of(path, mapping)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param(f"{COLUMNS},case\n", "twice", id="a column twice"),
        pytest.param('"case\n', "not CSV", id="an open quote"),
    ],
)
def test_a_file_that_is_none_is_told_so(
    content: str, told: str, tmp_path: Path, mapping: Mapping
) -> None:
    """The sentence says what is wrong with the whole file."""
    with pytest.raises(FileError, match=told):
        rows_of(written(tmp_path / "a.csv", content), mapping)


def test_a_missing_file_is_told_so(tmp_path: Path, mapping: Mapping) -> None:
    """No traceback for a mistyped name."""
    with pytest.raises(FileError, match="can not be read"):
        rows_of(tmp_path / "nowhere.csv", mapping)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(b"c1,1", "ragged", id="too few cells"),
        pytest.param(row().encode() + b",more", "ragged", id="too many cells"),
        pytest.param(row(topic="@").encode().replace(b"@", b"\xff"), "not_utf8", id="no UTF-8"),
        pytest.param(row(topic="@").encode().replace(b"@", b"\0"), "nul", id="U+0000"),
        pytest.param(row(topic="x" * 20_001).encode(), "too_long", id="too long"),
        pytest.param(row(topic="x" * 140_000).encode(), "not_csv", id="far too long"),
        pytest.param(row(topic='"a"b').encode(), "not_csv", id="a quote inside"),
    ],
)
def test_a_row_that_can_not_be_read_is_bad_and_the_next_one_is_not(
    line: bytes, code: str, tmp_path: Path, mapping: Mapping
) -> None:
    """One broken line costs one line."""
    content = b"\n".join((COLUMNS.encode(), line, row(seq=2).encode(), b""))

    rows = rows_of(written(tmp_path / "a.csv", content), mapping)

    assert [(one.number, why(one)) for one in rows] == [(1, code), (2, None)]


def test_json_lines_are_read_by_their_keys(tmp_path: Path, mapping: Mapping) -> None:
    """Numbers and truth values are texts as they stand in the file; a missing key is no value."""
    path = written(tmp_path / "a.jsonl", f'{JSON_ROW}\n\n{{"case":"c2","seq":1e3,"topic":null}}\n')

    first, second = rows_of(path, mapping)

    assert (first.values["seq"], first.values["in_time"], first.values["topic"]) == (
        "1",
        "true",
        "",
    )
    assert (second.number, second.values["seq"], second.values["topic"]) == (2, "1e3", "")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param("{", "not_json", id="cut off"),
        pytest.param("[1]", "not_json", id="no object"),
        pytest.param('{"case":{"a":1}}', "not_json", id="nested"),
        pytest.param('{"case":"a","case":"b"}', "not_json", id="a key twice"),
        pytest.param('{"case":NaN}', "not_json", id="NaN"),
        pytest.param('{"case":"\\ud800"}', "not_utf8", id="half a character"),
        pytest.param('{"case":"\\u0000"}', "nul", id="U+0000"),
        pytest.param('{"colour":"red"}', "undeclared", id="an undeclared key"),
        pytest.param("[" * 100_000, "not_json", id="deep"),
    ],
)
def test_a_json_line_that_can_not_be_read_is_bad_and_the_next_one_is_not(
    line: str, code: str, tmp_path: Path, mapping: Mapping
) -> None:
    """Whatever another program writes, the others are read."""
    path = written(tmp_path / "a.jsonl", f"{JSON_ROW}\n{line}\n{JSON_ROW}\n")

    assert [why(one) for one in rows_of(path, mapping)] == [None, code, None]


def test_a_first_json_line_with_undeclared_keys_is_an_error_naming_them(
    tmp_path: Path, mapping: Mapping
) -> None:
    """The mapping is not for this file."""
    path = written(tmp_path / "a.ndjson", '{"case":"c1","colour":"red"}\n')

    with pytest.raises(FileError, match="colour"):
        rows_of(path, mapping)


def test_how_far_a_file_is_read_is_known(tmp_path: Path, mapping: Mapping) -> None:
    """The progress bar needs no second look at the file."""
    lines = "\n".join(row(seq=number, topic=f"{number:x}") for number in range(20_000))
    path = written(tmp_path / "a.csv.gz", gzip.compress(f"{COLUMNS}\n{lines}\n".encode()))

    with open_source(path, mapping) as source:
        shares = [source.share_read for one in source.rows() if one.number % 1_000 == 0]

    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[-1] == 1.0
