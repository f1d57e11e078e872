"""The queue's past: a page as of any moment is the page of a view that was stopped there."""

import random
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import TicketOpened
from domain.record import Record
from domain.values import Instant
from projections import queue, queue_past
from projections.queue import Counts, Filters
from projections.queue_past.rows import node_of
from projections.spans import LASTING
from replay import as_of
from replay.as_of import Asked, Upto
from tests.projections.conftest import MakeViews, gone_afterwards
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


WHOLE = {lanes: everything(lanes) for lanes in LANES}


class Growing(History):
    """A history of which so much is there as the test says."""

    def __init__(self, whole: History) -> None:
        """Begin with nothing of it."""
        super().__init__(whole.lanes)
        self.whole = whole
        self.places = dict.fromkeys(range(whole.lanes), 0)

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` records of a lane behind a position, as far as they are there."""
        return self.whole.records(lane, after, min(limit, max(0, self.places[lane] - after)))

    def position(self, lane: int) -> int:
        """Return the lane's newest position."""
        return self.places[lane]

    def go_on(self, shares: Sequence[float]) -> None:
        """Let more be there: of each lane a share of what it has left."""
        for lane, share in zip(self.places, shares, strict=False):
            self.places[lane] += round((self.whole.position(lane) - self.places[lane]) * share)


class Stop(NamedTuple):
    """A moment, and what is asked of the queue there."""

    shares: Sequence[float]
    """How far each lane goes on, of what it has left."""
    filters: Sequence[Filters]
    limit: int


class Course(NamedTuple):
    """An order of everything, and where it is looked at."""

    order: random.Random
    page_size: int
    stops: Sequence[Stop]


def streams(history: History) -> as_of.Streams:
    """Return how streams of a history are read."""

    def read(lane: int, names: Sequence[str]) -> list[Record]:
        found = [one for one in history.of_lane[lane] if one.stream in set(names)]
        return sorted(found, key=lambda one: (one.stream, one.version))

    return read


def interleaved(whole: History, order: random.Random) -> History:
    """Return a history in which the facts of the same streams fell in another order."""
    found = History(whole.lanes)
    for lane, records in enumerate(whole.of_lane):
        turns = [record.stream for record in records]
        order.shuffle(turns)
        left = {stream: iter([r for r in records if r.stream == stream]) for stream in turns}
        found.of_lane[lane] = [
            structs.replace(next(left[stream]), position=position)
            for position, stream in enumerate(turns, 1)
        ]
    return found


END = Stop([1.0] * max(LANES), [Filters(open=None)], 50)
STOPS = st.builds(
    Stop,
    st.lists(st.floats(0, 1), min_size=max(LANES), max_size=max(LANES)),
    st.lists(st.sampled_from(FILTERS), min_size=1, max_size=3, unique=True),
    st.integers(2, 9),
)
COURSES = st.builds(
    Course,
    st.randoms(use_true_random=False),
    st.integers(5, 60),
    st.lists(STOPS, max_size=6).map(lambda stops: [*stops, END]),
)


@settings(
    max_examples=10,
    # An example takes a view's making: what fails is told as it was found.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(course=COURSES)
def test_a_page_as_of_any_moment_is_the_page_of_a_view_that_stopped_there(
    make_views: MakeViews, db: Cursor, lanes: int, course: Course
) -> None:
    """Whoever asks what stood in the queue then gets what was shown then, row for row.

    Whatever order the facts of different tickets fell in, wherever the view is stopped, and
    however its pages were cut.
    """
    whole = interleaved(WHOLE[lanes], course.order)
    growing = Growing(whole)
    past = make_views(whole, views=(queue_past.VIEW,), page_size=course.page_size)
    live = make_views(growing, views=(queue.VIEW,), owner="live")
    with gone_afterwards(past, live):
        assert past.catch_up(30)
        for stop in course.stops:
            growing.go_on(stop.shares)
            assert live.catch_up(30)
            upto = Upto(dict(growing.places))
            compared = sum(compare(db, whole, upto, one, stop.limit) for one in stop.filters)
            compare_counts(as_of.counts(db, streams(whole), upto), queue.counts(db))
        assert compared == sum(isinstance(one.event, TicketOpened) for one in chain(*whole.of_lane))


def compare(db: Cursor, whole: History, upto: Upto, filters: Filters, limit: int) -> int:
    """Compare all pages as of a moment with those of the view that stands there; count the rows."""
    compared, after = 0, None
    while True:
        shown = queue.page(db, filters, after, limit)
        found = as_of.page(db, streams(whole), upto, Asked(filters, after), limit)
        assert (found.items, found.next) == (shown.items, shown.next), (filters, upto)
        compared += len(shown.items)
        after = shown.next
        if after is None:
            return compared


def compare_counts(found: Counts, stood: Counts) -> None:
    """Compare the counts of tickets as of a moment with those of the view that stands there."""
    for facet in ("tickets", *queue.FACETS):
        assert found.open[facet] == stood.open[facet]
        assert found.everything[facet] == stood.everything[facet]


@pytest.mark.lanes(1)
def test_every_span_lies_where_a_position_within_it_looks(lanes: int) -> None:
    """A span filed elsewhere would be a ticket that was never there."""
    del lanes
    for since in range(1, 70):
        for until in range(since + 1, 70):
            level, node = node_of(since, until)
            assert all(position >> level == node for position in range(since, until))
    assert node_of(5, LASTING) == (-1, 0)
