"""Files of records: rows come back as they were, and the same rows are the same bytes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from replay.archive.files import BYTES_MAX, ROWS_MAX, Batch, Unreadable, Writer, read_records
from replay.archive.layout import matter_of
from replay.verify.rows import Rows

PART = 3
MANY = 2 * ROWS_MAX + 100


def some(number: int, *, state: bytes = b"{}", text: str = "") -> Batch:
    """Return so many rows, two of each matter."""
    places = range(number)
    rows = Rows(
        positions=[at + 1 for at in places],
        streams=[f"ticket:{text}{at}" for at in places],
        versions=[1] * number,
        topics=["ticket.opened.v1" if at % 3 else "note.added.v1" for at in places],
        commands=[f"{at:032x}" for at in places],
        recorded_at=[at * 1_000 for at in places],
        states=[state] * number,
        leaf_hashes=[at.to_bytes(32) for at in places],
    )
    return Batch(rows, [f"order:{text}{at // 2}" for at in places])


def written(path: Path, batch: Batch, page: int) -> bytes:
    """Return the bytes of a file that rows are written to page by page."""
    writer = Writer(path, PART)
    for begun in range(0, len(batch), page):
        places = range(begun, min(begun + page, len(batch)))
        writer.add(batch.rows, places, [batch.matters[at] for at in places])
    writer.close()
    assert writer.rows == len(batch)
    return path.read_bytes()


def columns(batch: Batch) -> tuple[Rows, list[str]]:
    """Return what two batches are compared by."""
    return batch.rows, batch.matters


@pytest.mark.parametrize("text", ["", "é", "x" * 400], ids=["plain", "not ASCII", "long"])
def test_rows_come_back_as_they_were(tmp_path: Path, text: str) -> None:
    """Also from several row groups, and where there are too many long texts to be numbered."""
    batch = some(MANY, text=text)
    content = written(tmp_path / "part", batch, 4_096)
    assert pq.ParquetFile(pa.BufferReader(content)).num_row_groups == 3
    assert columns(read_records(content, PART)) == columns(batch)
    nothing = written(tmp_path / "empty", Batch.empty(), 1)
    assert columns(read_records(nothing, PART)) == columns(Batch.empty())


@pytest.mark.parametrize(
    "batch",
    [some(MANY), some(300, state=bytes(65_000))],
    ids=["many rows", "long rows"],
)
def test_the_pages_that_rows_came_in_do_not_show_in_the_file(tmp_path: Path, batch: Batch) -> None:
    """An archive that was interrupted, or written by another version, is the same archive."""
    files = {written(tmp_path / f"{page}", batch, page) for page in (1, 997, 4_096, MANY)}
    assert len(files) == 1
    file = pq.ParquetFile(pa.BufferReader(files.pop()))
    groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    full = min(ROWS_MAX, -(-BYTES_MAX // len(batch.rows.states[0])))
    assert groups == [full] * (len(batch) // full) + [len(batch) % full]


def test_rows_of_another_part_and_texts_that_are_none_are_unreadable(tmp_path: Path) -> None:
    """They are told of as damage, not as an error of the program."""
    content = written(tmp_path / "part", some(10), 10)
    with pytest.raises(Unreadable, match="another part than 4"):
        read_records(content, PART + 1)
    table = pq.read_table(pa.BufferReader(content))
    for name in ("stream", "command", "matter"):
        at = table.schema.get_field_index(name)
        values = [one.as_py().encode() for one in table.column(name)]
        broken = pa.array([*values[:-1], b"\xff"], pa.binary()).view(pa.string())
        damaged = table.set_column(at, table.schema.field(name), broken)
        pq.write_table(damaged, tmp_path / name, store_schema=False)
        with pytest.raises(Unreadable, match=r"(?i)utf-?8"):
            read_records((tmp_path / name).read_bytes(), PART)


def test_what_is_recorded_beside_a_ticket_lies_with_its_matter_and_that_of_a_queue_by_itself() -> (
    None
):
    """A matter is archived whole; a queue has none."""
    orders = {"T0-1": "o-1", "T0-2": None}
    for kind in ("ticket", "access", "notice"):
        assert matter_of(f"{kind}:T0-1", orders) == "order:o-1"
        assert matter_of(f"{kind}:T0-2", orders) == "ticket:T0-2"
    assert matter_of("notice:queue:senior", orders) == "notice:queue:senior"
