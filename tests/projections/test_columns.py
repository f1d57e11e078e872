"""Array literals carry every text there is, unchanged."""

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.columns import booleans, documents, integers, split, texts

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.none() | TEXT | st.sampled_from(["", "NULL", "null", "{}", '"', "\\", "'", ",", " "])
    )
)
def test_any_text_comes_back_as_it_was(db: Cursor, values: list[str | None]) -> None:
    """Quotes, braces, backslashes and the word NULL are texts like any other."""
    db.execute("select %s::text[]", (texts(values),))
    assert db.fetchall() == [(values,)]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(TEXT, TEXT), min_size=1))
def test_json_texts_come_back_as_they_were(db: Cursor, values: list[dict[str, str]]) -> None:
    """JSON writes control characters as escapes, so one of them can stand between documents."""
    sent = [msgspec.json.encode(value).decode() for value in values]
    db.execute(f"select {split()}", (documents(sent),))
    assert db.fetchall() == [(sent,)]


def test_numbers_and_truth_come_back_as_they_were(db: Cursor) -> None:
    """The other kinds of column."""
    db.execute(
        "select %s::bigint[], %s::boolean[]", (integers([1, -2, 2**40]), booleans([True, False]))
    )
    assert db.fetchall() == [([1, -2, 2**40], [True, False])]
