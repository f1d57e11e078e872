"""A ticket's place in its queue: counted by buckets, and always the place the pages show."""

import msgspec
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Awaiting
from projections import queue
from projections.queue import Filters
from tests.projections.conftest import MakeViews
from tests.projections.history import BUYER
from tests.projections.tickets import everything, given, opened


def pages(db: Cursor, filters: Filters) -> list[str]:
    """Return the tickets of all pages, in their order."""
    found, after = [], None
    while True:
        page = queue.page(db, filters, after, 7)
        found += [str(msgspec.json.decode(item)["ticket"]) for item in page.items]
        after = page.next
        if after is None:
            return found


@pytest.mark.lanes(1, 3)
def test_the_rank_is_the_place_on_the_pages(make_views: MakeViews, db: Cursor, lanes: int) -> None:
    """PR-03: whoever is third is the third row, in the queue and in all queues together."""
    history = everything(lanes, rounds=3)
    for number in range(40):
        ticket = f"T0-261122-{number:07d}"
        # Some are due in one hour, some in others, some never; equals are told by their ids.
        due = () if number % 5 == 0 else (given("acceptance", 20 * (number % 11), Awaiting.AGENT),)
        history.ticket(ticket, opened(priority=1 + number % 3), *due, by=BUYER)
    views = make_views(history, page_size=13)
    assert views.catch_up(30)
    everybody = pages(db, Filters())
    for place, ticket in enumerate(everybody, start=1):
        found = queue.standing(db, ticket)
        assert found.row is not None
        assert found.overall == queue.Rank(place, len(everybody))
        here = pages(db, Filters(queue=found.row.queue))
        assert found.in_queue == queue.Rank(here.index(ticket) + 1, len(here))


def test_what_is_over_has_no_rank_and_what_nobody_knows_no_row(
    make_views: MakeViews, db: Cursor
) -> None:
    """A resolved ticket waits for nobody's attention."""
    history = everything(1)
    views = make_views(history)
    assert views.catch_up(30)
    over = pages(db, Filters(open=False))[0]
    found = queue.standing(db, over)
    assert found.row is not None
    assert (found.in_queue, found.overall) == (None, None)
    assert queue.standing(db, "T0-261122-9999999").row is None


def test_buckets_that_empty_are_no_rows(make_views: MakeViews, db: Cursor) -> None:
    """A rebuild would not make them, so they are not left behind."""
    views = make_views(everything(1, rounds=2), page_size=5)
    assert views.catch_up(30)
    db.execute("select count(*), coalesce(sum(open), 0) from view.queue_bucket where open <> 0")
    assert db.fetchone() != (0, 0)
    db.execute("select count(*) from view.queue_bucket where open = 0")
    assert db.fetchone() == (0,)
    db.execute("select sum(open)::bigint from view.queue_bucket")
    (counted,) = db.fetchone() or (0,)
    assert counted == len(pages(db, Filters()))
