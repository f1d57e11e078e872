"""SQL literals written by hand: whatever goes in comes out again, and nothing else happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import packing
from tests.conftest import Database

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
BEIJING = timezone(timedelta(hours=8))
INSTANTS = st.integers(0, 10**15).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=BEIJING) + timedelta(microseconds=microseconds)
)
ON_ONE_CONNECTION = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def cursor(database: Database) -> Iterator[Cursor]:
    """A cursor to ask the server what it read."""
    connection = psycopg2.connect(database.app_dsn, options="-c timezone=UTC")
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def read_back(cursor: Cursor, literal: str, of: str) -> object:
    """Return what the server makes of a literal."""
    cursor.execute(f"select {literal}::{of}[]")
    (value,) = cursor.fetchone() or (None,)
    return value


@ON_ONE_CONNECTION
@given(st.lists(TEXT | st.sampled_from(['","', "NULL", "\\", "'", '"', "{}", "%s", "%"])))
def test_texts_come_back(cursor: Cursor, values: list[str]) -> None:
    """Quotes, backslashes, commas, per cent signs and the word NULL are only text."""
    assert read_back(cursor, packing.texts(values), "text") == values


@ON_ONE_CONNECTION
@given(st.lists(st.binary()))
def test_byte_strings_come_back(cursor: Cursor, values: list[bytes]) -> None:
    """All 256 of them."""
    back = read_back(cursor, packing.byte_strings(values), "bytea")
    assert isinstance(back, list)
    assert [bytes(value) for value in back] == values


@ON_ONE_CONNECTION
@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_integers_come_back(cursor: Cursor, values: list[int]) -> None:
    """Negative ones too."""
    assert read_back(cursor, packing.integers(values), "int") == values


@ON_ONE_CONNECTION
@given(st.lists(INSTANTS))
def test_instants_come_back(cursor: Cursor, values: list[datetime]) -> None:
    """To the microsecond, from any offset."""
    assert read_back(cursor, packing.instants(values), "timestamptz") == values


def test_an_instant_without_an_offset_is_refused() -> None:
    """The server would take it for its own zone."""
    with pytest.raises(ValueError, match="offset"):
        packing.instants([datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)])


def test_a_zero_character_is_refused() -> None:
    """It would end the statement before its end."""
    with pytest.raises(ValueError, match=r"U\+0000"):
        packing.texts(["a\0b"])
