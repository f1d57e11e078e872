"""A view is a function of the records alone: however it was built, its rows are the same."""

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.views import VIEWS
from tests.projections.conftest import MakeViews, all_rows
from tests.projections.tickets import TEXT, everything

LANES = (1, 4)


def test_a_rebuild_gives_the_same_rows(make_views: MakeViews, db: Cursor, lanes: int) -> None:
    """Views may be dropped at any time, for the record has everything they hold."""
    views = make_views(everything(lanes))
    assert views.catch_up(30)
    before = all_rows(db)
    assert all(before.values()), "every table of every view has rows to compare"

    views.drop()
    assert views.prepare() == [view.name for view in VIEWS]
    assert views.catch_up(30)

    assert all_rows(db) == before


@pytest.mark.lanes(1)
@pytest.mark.parametrize("page_size", [1, 3, 7])
def test_pages_of_any_size_give_the_same_rows(
    make_views: MakeViews, db: Cursor, lanes: int, page_size: int
) -> None:
    """Where a page ends is chance; a row may not depend on it."""
    history = everything(lanes)
    whole = make_views(history, page_size=1000)
    assert whole.catch_up(30)
    before = all_rows(db)

    whole.drop()
    pieces = make_views(history, page_size=page_size)
    assert pieces.catch_up(30)

    assert all_rows(db) == before


def test_a_view_that_is_new_catches_up_beside_those_that_are_level(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Views stand at different positions after one of them was dropped alone."""
    history = everything(lanes)
    assert make_views(history).catch_up(30)
    before = all_rows(db)

    one = make_views(history, views=VIEWS[:1], owner="alone")
    one.drop()
    again = make_views(history)
    assert again.catch_up(30)

    assert all_rows(db) == before


def test_no_view_holds_what_stands_for_a_personal_value(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Not even the commitment: a view names the place, and only the ledger opens it."""
    assert make_views(everything(lanes)).catch_up(30)
    for rows in all_rows(db).values():
        assert not any(TEXT.sd in row for row in rows)
