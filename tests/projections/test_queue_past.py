"""The queue's past: a page as of any moment is the page of a view that was stopped there."""

import random
from collections.abc import Sequence

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from domain.values import Instant
from projections import queue, queue_past
from projections.queue import Filters
from projections.queue_past.rows import LASTING, node_of
from replay import as_of
from replay.as_of import Asked, Upto
from tests.projections.conftest import MakeViews
from tests.projections.history import History
from tests.projections.tickets import everything

LANES = (1, 4)
FILTERS = (
    Filters(),
    Filters(open=None),
    Filters(open=False),
    Filters(open=None, queue="general"),
    Filters(open=None, stage="intake"),
    Filters(open=None, awaiting="agent"),
    Filters(open=None, priority=3),
    Filters(open=None, kind="complaint"),
    Filters(open=None, assignee="a-1"),
    Filters(open=None, merchant="m-1"),
    Filters(open=None, buyer="b-1", stage="closed"),
    Filters(open=None, source_state="Active"),
    Filters(due_before=Instant("2026-11-24T00:00:00.000000Z")),
)


class Growing(History):
    """A history of which so much is there as the test says."""

    def __init__(self, whole: History) -> None:
        """Begin with nothing of it."""
        super().__init__(whole.lanes)
        self.whole = whole
        self.places = dict.fromkeys(range(whole.lanes), 0)

    def grow(self, chance: random.Random) -> bool:
        """Record something more in one of the lanes; False when all is there."""
        left = [lane for lane, at in self.places.items() if at < self.whole.position(lane)]
        if not left:
            return False
        lane = chance.choice(left)
        step = chance.randint(1, 3)
        self.places[lane] = min(self.places[lane] + step, self.whole.position(lane))
        return True

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` records of a lane behind a position, as far as they are there."""
        return self.whole.records(lane, after, min(limit, max(0, self.places[lane] - after)))

    def position(self, lane: int) -> int:
        """Return the lane's newest position."""
        return self.places[lane]


def streams(history: History) -> as_of.Streams:
    """Return how streams of a history are read."""

    def read(lane: int, names: Sequence[str]) -> list[Record]:
        found = [one for one in history.of_lane[lane] if one.stream in set(names)]
        return sorted(found, key=lambda one: (one.stream, one.version))

    return read


def test_a_page_as_of_any_moment_is_the_page_of_a_view_that_stopped_there(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Whoever asks what stood in the queue then gets what was shown then, row for row."""
    whole = everything(lanes)
    assert make_views(whole, views=(queue_past.VIEW,), page_size=7).catch_up(30)
    growing = Growing(whole)
    live = make_views(growing, views=(queue.VIEW,), owner="live")
    chance = random.Random(lanes)
    compared = 0
    while growing.grow(chance):
        assert live.catch_up(30)
        upto = Upto(dict(growing.places))
        for filters in (FILTERS[0], *chance.sample(FILTERS, 3)):
            after = None
            while True:
                shown = queue.page(db, filters, after, 3)
                found = as_of.page(db, streams(whole), upto, Asked(filters, after), 3)
                assert (found.items, found.next) == (shown.items, shown.next), (filters, upto)
                compared += len(shown.items)
                after = shown.next
                if after is None:
                    break
        counted, stood = as_of.counts(db, upto), queue.counts(db)
        for facet in ("tickets", *queue.FACETS):
            assert counted.open[facet] == stood.open[facet]
            assert counted.everything[facet] == stood.everything[facet]
    assert compared > 500


@pytest.mark.lanes(1)
def test_every_span_lies_where_a_position_within_it_looks(lanes: int) -> None:
    """A span filed elsewhere would be a ticket that was never there."""
    del lanes
    for since in range(1, 70):
        for until in range(since + 1, 70):
            level, node = node_of(since, until)
            assert all(position >> level == node for position in range(since, until))
    assert node_of(5, LASTING) == (-1, 0)
