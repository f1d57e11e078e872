"""Rows of other systems: listed by ticket, counted by state, as of any moment and any instant."""

from collections import Counter

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Instant
from projections import blocks, queue, reports
from projections.reports import Bound, Filters, Key, Report
from tests.projections.conftest import MakeViews
from tests.projections.history import History
from tests.projections.tickets import imported

TICKETS = ("T0-261122-000001A", "T0-261122-000002B", "T0-261122-000003C")


def listed(db: Cursor, state: str | None, bound: Bound | None = None) -> list[Report]:
    """Return every row, page by page."""
    found: list[Report] = []
    after: Key | None = None
    while True:
        page = reports.page(db, Filters(state), bound, after, 2)
        assert len(page.reports) <= 2
        found += page.reports
        after = page.next
        if after is None:
            return found


@pytest.fixture(params=[1, 4, 16_384])
def told(
    make_views: MakeViews, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> History:
    """Three imported tickets, folded in small pages and counted in blocks of several sizes."""
    monkeypatch.setattr(blocks, "POSITIONS", request.param)
    history = History()
    views = make_views(history, page_size=3)
    for ticket in TICKETS:
        imported(history, ticket)
    assert views.catch_up(30)
    return history


@pytest.mark.lanes(1)
def test_as_many_rows_are_listed_as_the_queue_counts(told: History, db: Cursor) -> None:
    """CO-03: the number opens its list, through all pages and in one order."""
    counted = queue.counts(db).everything["reports"]
    assert counted == {"Active": 6, "Resolved": 3}
    for state, number in counted.items():
        rows = listed(db, state)
        assert len(rows) == number
        assert {row.state for row in rows} == {state}
        assert rows == sorted(rows, key=lambda row: (row.ticket, row.version))
    assert len(listed(db, None)) == sum(counted.values())
    assert listed(db, "Unheard of") == []


@pytest.mark.lanes(1)
def test_rows_count_up_to_a_position_and_as_far_as_they_had_occurred(
    told: History, db: Cursor
) -> None:
    """What came later is neither listed nor counted, wherever a block ends."""
    rows = listed(db, None)
    for position in range(len(told.of_lane[0]) + 1):
        bound = Bound({0: position})
        then = [row for row in rows if row.position <= position]
        assert listed(db, None, bound) == then
        assert reports.counts(db, bound) == Counter(row.state for row in then)
    for at in {row.occurred_at for row in rows}:
        bound = Bound({0: len(told.of_lane[0])}, at)
        then = [row for row in rows if row.occurred_at <= at]
        assert listed(db, None, bound) == then
        assert sum(reports.counts(db, bound).values()) == len(then)
    before = Bound({0: len(told.of_lane[0])}, Instant("1999-01-01T00:00:00.000000Z"))
    assert reports.counts(db, before) == {}


@pytest.mark.lanes(1)
def test_whether_anything_had_occurred_is_looked_up_not_searched_for(
    told: History, db: Cursor
) -> None:
    """Of an instant before everything the answer would else be read off every row there is."""
    first = min(row.occurred_at for row in listed(db, None))
    long_before = Instant("1999-01-01T00:00:00.000000Z")
    assert reports.has_occurred(db, first)
    assert not reports.has_occurred(db, long_before)
    db.execute("set enable_seqscan = off")
    db.execute(
        "explain select exists(select from view.report where occurred_at <= %s)", (long_before,)
    )
    plan = "\n".join(line for (line,) in db.fetchall())
    assert "Index Cond: (occurred_at <=" in plan


def test_a_page_has_a_size(db: Cursor) -> None:
    """Nobody asks for everything at once."""
    for limit in (0, 201):
        with pytest.raises(ValueError, match="page"):
            reports.page(db, Filters(), None, None, limit)
