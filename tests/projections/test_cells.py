"""The binary form of COPY carries every value there is, unchanged."""

from datetime import UTC, datetime

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import instant
from projections.cells import add, encoded, integer, moment, text, truth

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
ODD = st.sampled_from(["", "\\N", "\\.", "\\", "\t", "\n", "\r\n", "NULL", "\x1f"])
NUMBERS = st.integers(-(2**31), 2**31 - 1)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside
COLUMNS = ["number", "is_so", "said", "told", "at"]
TABLE = (
    "create temporary table if not exists added "
    "(number int, is_so boolean, said text, told text, at timestamptz)"
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(NUMBERS, st.booleans(), st.none() | TEXT | ODD, TEXT | ODD, st.none() | MOMENTS),
        max_size=20,
    )
)
def test_added_rows_come_back_as_they_were(
    db: Cursor, rows: list[tuple[int, bool, str | None, str, datetime | None]]
) -> None:
    """Of every type, and no row of them is another one when there are none or many."""
    db.execute(TABLE)
    db.execute("truncate added")
    add(
        db,
        "added",
        COLUMNS,
        [
            (
                integer(number),
                truth(is_so),
                text(said),
                encoded(told.encode()),
                moment(None if at is None else instant(at)),
            )
            for number, is_so, said, told, at in rows
        ],
    )
    db.execute("select number, is_so, said, told, nullif(at, 'infinity') from added")
    assert db.fetchall() == rows


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1])
def test_a_number_that_does_not_fit_is_refused_as_any_bad_value(number: int) -> None:
    """Who folds puts the fact aside, as it does when the server refuses one."""
    with pytest.raises(ValueError, match="does not fit"):
        integer(number)


def test_a_text_the_server_can_not_hold_is_refused_by_it(db: Cursor) -> None:
    """It is the server that knows which texts it can hold."""
    db.execute(TABLE)
    with pytest.raises(psycopg2.DataError):
        add(db, "added", ["said"], [(text("a\x00b"),)])
