"""The queue by what had occurred: as every ticket folded from its records in that order."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import Final, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import FactReported, TicketReprioritised
from domain.milestones import Milestone
from domain.record import Record, Source
from domain.streams import ticket_id
from domain.values import Instant
from projections import queue_occurred
from projections.queue import FACETS, Counts, Filters, QueueList, QueueRow, Rank
from projections.queue.rows import count_row
from projections.spans import LASTING
from replay import as_of
from replay.as_of import Asked, NoSuchMoment, Upto, Walk
from replay.as_of.occurred import by_occurrence
from replay.as_of.queues import order_of
from tests.conftest import Database
from tests.projections.conftest import MakeViews, gone_afterwards
from tests.projections.history import History, at
from tests.projections.test_queue_past import FILTERS, interleaved, streams
from tests.projections.tickets import everything, opened
from tests.replay.rebuilt import rebuild_of

LANES = (1, 4)
EVER: Final = Instant("9999-01-01T00:00:00.000000Z")
MINUTES: Final = st.integers(-200, 400)


def eventful(lanes: int) -> History:
    """Return a history of everything, in which facts are reported that the queue does not know."""
    history = everything(lanes)
    for ticket in sorted({record.subject for record in tickets_of(history)}):
        for minutes in (9_000, -90):
            fact = FactReported(fact=Milestone.ON_SITE, occurred_at=at(minutes))
            history.ticket(ticket, fact)
    return history


def tickets_of(history: History) -> Iterator[Record]:
    """Yield the records of tickets."""
    for record in chain(*history.of_lane):
        if record.stream.startswith("ticket:"):
            yield record


WHOLE = {lanes: eventful(lanes) for lanes in LANES}


def elsewhere(record: Record, when: Instant, *, imported: bool = True) -> Record:
    """Return a record that another system told, and when it says that it occurred."""
    source = Source(system="desk", ref="1", imported=imported, occurred_at=when)
    return structs.replace(record, envelope=structs.replace(record.envelope, source=source))


def as_recorded(records: Sequence[Record], _chance: random.Random) -> list[Record]:
    """Facts of our own."""
    return list(records)


def in_order(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """History in its order, of long before or until lately, much of it at the same instants."""
    begin = chance.randint(-200, 300)
    minutes = sorted(chance.randint(begin, begin + 90) for _ in records)
    return [elsewhere(*pair) for pair in zip(records, map(at, minutes), strict=True)]


def at_once(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """All of it at one instant: only the last of it ever stood."""
    when = at(chance.randint(-200, 300))
    return [elsewhere(record, when) for record in records]


def late(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """Facts of our own, of which a source says of some that they occurred at another time."""
    return [
        elsewhere(record, at(chance.randint(-200, 400)), imported=chance.random() < 0.5)
        if chance.random() < 0.1
        else record
        for record in records
    ]


def disordered(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """History in no order at all."""
    return [elsewhere(record, at(chance.randint(-200, 300))) for record in records]


COURSES: Final = (as_recorded, in_order, at_once, late, disordered)


def retold(whole: History, chance: random.Random) -> History:
    """Return a history of whose tickets each occurred in another course."""
    found = interleaved(whole, chance)
    by_stream = sorted(tickets_of(found), key=lambda one: (one.stream, one.version))
    for stream, group in groupby(by_stream, key=lambda one: one.stream):
        del stream
        records = list(group)
        told = chance.choice(COURSES)(records, chance)
        if not can_be_folded(told):
            told = in_order(records, chance)
        for record in told:
            found.of_lane[record.lane][record.position - 1] = record
    return found


def can_be_folded(records: Sequence[Record]) -> bool:
    """Return whether the queue can be folded at every instant: some facts need others before."""
    try:
        for instant in {record.occurred_at for record in records}:
            if true := by_occurrence(records, instant):
                as_of.queue_row(true)
    except NoSuchMoment:
        return False
    return True


class Reference(NamedTuple):
    """Every ticket folded by itself: slow, and by the definition."""

    rows: Sequence[QueueRow]
    upto: Upto

    def pages(self, filters: Filters) -> list[str]:
        """Return the tickets that fit, in the queue's order."""
        page = as_of.page_of(self.rows, self.upto, Asked(filters), len(self.rows) + 1)
        return list(page.items)

    def counted(self) -> dict[tuple[str, str, bool], int]:
        """Return how many stand where, by facet, value, and whether they are open."""
        found: dict[tuple[str, str, bool], int] = {}
        for row in self.rows:
            count_row(found, structs.replace(row, reports={}), 1)
        return found

    def rank(self, row: QueueRow, is_beside: Callable[[QueueRow], bool]) -> Rank:
        """Return the place of a row among open ones."""
        keys = sorted(order_of(one) for one in self.rows if one.open and is_beside(one))
        return Rank(keys.index(order_of(row)) + 1, len(keys))


def reference(history: History, upto: Upto) -> Reference:
    """Return every row by what had occurred, of what was recorded up to places."""
    assert upto.occurred is not None
    of_ticket: dict[str, list[Record]] = {}
    for record in tickets_of(history):
        if record.position <= upto.places[record.lane]:
            of_ticket.setdefault(record.subject, []).append(record)
    true = (by_occurrence(records, upto.occurred) for records in of_ticket.values())
    return Reference([as_of.queue_row(records) for records in true if records], upto)


class Story(NamedTuple):
    """What happened when, and how the view read it."""

    chance: random.Random
    page_size: int


STORIES: Final = st.builds(Story, st.randoms(use_true_random=False), st.integers(5, 60))


class Question(NamedTuple):
    """What is asked: an instant, how much of the record is known, which rows, how many at once."""

    minutes: int
    shares: Sequence[float]
    filters: Sequence[Filters]
    limit: int


QUESTIONS: Final = st.lists(
    st.builds(
        Question,
        MINUTES,
        st.one_of(
            st.just((1.0,) * max(LANES)),
            st.tuples(*[st.floats(0, 1)] * max(LANES)),
        ),
        st.lists(st.sampled_from(FILTERS), min_size=1, max_size=4, unique=True),
        st.integers(2, 9),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=12,
    # An example takes a view's making: what fails is told as it was found.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=STORIES, questions=QUESTIONS)
def test_the_queue_by_what_had_occurred_is_each_ticket_folded_in_that_order(
    make_views: MakeViews,
    db: Cursor,
    lanes: int,
    story: Story,
    questions: Sequence[Question],
) -> None:
    """Whatever came late, early, at once or from elsewhere, and whatever is known of it by then."""
    history = retold(WHOLE[lanes], story.chance)
    views = make_views(history, views=(queue_occurred.VIEW,), page_size=story.page_size)
    with gone_afterwards(views):
        assert views.catch_up(30)
        assert views.poisoned() == []
        for question in questions:
            places = {
                lane: round(history.position(lane) * share)
                for lane, share in zip(range(lanes), question.shares, strict=False)
            }
            slow = reference(history, Upto(places, at(question.minutes)))
            for filters in question.filters:
                compare(db, history, slow, filters, question.limit)
                compare_walks(db, history, slow, filters, question.limit)
            compare_counts(as_of.counts(db, streams(history), slow.upto), slow)
            compare_ranks(db, history, slow)


def compare(db: Cursor, history: History, slow: Reference, filters: Filters, limit: int) -> None:
    """Compare all pages with the rows that were folded one by one."""
    found: list[str] = []
    asked = Asked(filters)
    while True:
        page = as_of.page(db, streams(history), slow.upto, asked, limit)
        found += page.items
        if page.next is None:
            break
        assert len(page.items) == limit
        asked = Asked(filters, page.next)
    assert found == slow.pages(filters), (filters, slow.upto)


def compare_walks(
    db: Cursor, history: History, slow: Reference, filters: Filters, size: int
) -> None:
    """Compare walks of several lengths with the rows that were folded one by one."""
    wanted = slow.pages(filters)
    for limit in (1, size, 2 * size + 1, len(wanted) + 1):
        walk = Walk(streams(history), slow.upto, Asked(filters), limit)
        found, more = walked(db, walk, size)
        assert found == wanted[:limit], (filters, slow.upto)
        assert more is (len(wanted) > limit)


def walked(db: Cursor, walk: Walk, size: int) -> tuple[list[str], bool]:
    """Return the rows of a walk from where it stands, and whether more would follow."""
    found: list[str] = []
    more = False
    while walk.left:
        page = walk.page(db, size)
        assert len(page.items) <= size
        found += page.items
        more = page.next is not None
    return found, more


def compare_counts(found: Counts, slow: Reference) -> None:
    """Compare the counts with those of the rows that were folded one by one."""
    counted = slow.counted()
    for facet in ("tickets", *FACETS):
        everything_else: Counter[str] = Counter()
        still_open: Counter[str] = Counter()
        for (of_facet, value, is_open), number in counted.items():
            if of_facet == facet:
                everything_else[value] += number
                still_open[value] += number if is_open else 0
        assert found.everything[facet] == everything_else
        assert found.open[facet] == +still_open


def compare_ranks(db: Cursor, history: History, slow: Reference) -> None:
    """Compare where each ticket ranks with where it stands among all rows."""
    for row in slow.rows[:5]:
        found = as_of.standing(db, streams(history), slow.upto, row)
        if not row.open:
            assert (found.in_queue, found.overall) == (None, None)
            continue
        desk = row.queue
        assert found.in_queue == slow.rank(row, lambda one, desk=desk: one.queue == desk)
        assert found.overall == slow.rank(row, lambda _one: True)


def test_a_rebuild_makes_the_same_spans_and_leaves_the_same_tickets_without_any(
    make_views: MakeViews, database: Database, db: Cursor, lanes: int
) -> None:
    """Folded page by page as facts come, or whole stream by whole stream."""
    history = retold(WHOLE[lanes], random.Random(7))
    assert make_views(history, views=(queue_occurred.VIEW,), page_size=9).catch_up(30)
    db.execute(
        "select count(*) filter (where disordered), count(*) from view.queue_occurred_ticket"
    )
    without, tickets = db.fetchone() or (0, 0)
    assert 0 < without < tickets
    with rebuild_of(database, history, views=(queue_occurred.VIEW,), part=25) as work:
        work.build()
        assert work.compare().same


def backward(history: History, numbers: range) -> list[str]:
    """Open tickets of which a first fact was recorded second; return the tickets."""
    tickets = [ticket_id(0, "261122", number) for number in numbers]
    for ticket in tickets:
        history.ticket(ticket, opened(priority=3))
        history.ticket(ticket, TicketReprioritised(priority=2))
    of_tickets = [one for one in history.of_lane[0] if one.subject in tickets]
    for record in of_tickets:
        history.of_lane[0][record.position - 1] = elsewhere(record, at(-record.version))
    return tickets


@pytest.mark.lanes(1)
def test_a_walk_folds_what_lies_aside_once_however_many_pages_it_has(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Else each page of a long list takes as long as the whole of it."""
    history = History(lanes)
    aside = backward(history, range(1, 8))
    assert make_views(history, views=(queue_occurred.VIEW,)).catch_up(30)
    slow = reference(history, Upto({0: history.position(0)}, EVER))
    read: Counter[str] = Counter()

    def counting(lane: int, names: Sequence[str]) -> Iterable[Record]:
        read.update(names)
        return streams(history)(lane, names)

    walk = Walk(counting, slow.upto, Asked(Filters()), 100)
    found, more = walked(db, walk, 2)
    assert (found, more) == (slow.pages(Filters()), False)
    assert read == {f"ticket:{ticket}": 1 for ticket in aside}


@pytest.mark.lanes(1)
def test_a_ticket_that_comes_to_lie_aside_during_a_walk_is_still_on_its_page(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """The views go on while somebody reads; what was asked about does not change."""
    history = History(lanes)
    backward(history, range(1, 4))
    late = [ticket_id(0, "261122", number) for number in range(4, 8)]
    for ticket in late:
        history.ticket(ticket, opened(priority=3))
    views = make_views(history, views=(queue_occurred.VIEW,))
    assert views.catch_up(30)
    slow = reference(history, Upto({0: history.position(0)}, EVER))
    walk = Walk(streams(history), slow.upto, Asked(Filters()), 6)
    first = walk.page(db, 2)
    for ticket in late[1:]:
        record = history.ticket(ticket, TicketReprioritised(priority=1))[-1]
        history.of_lane[0][record.position - 1] = elsewhere(record, at(-500))
    assert views.catch_up(30)
    db.execute("select count(*) from view.queue_occurred_ticket where disordered")
    assert db.fetchone() == (6,)
    found, more = walked(db, walk, 2)
    assert (first.items + tuple(found), more) == (tuple(slow.pages(Filters())[:6]), True)


@pytest.mark.lanes(1)
def test_what_is_recorded_later_pushes_nobody_off_a_page(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """However many tickets stand before it by now, the first one of then is on the first page."""
    history = History(lanes)
    first, *others = (ticket_id(0, "261122", number) for number in range(1, 6))
    history.ticket(first, opened(priority=2))
    for ticket in others:
        history.ticket(ticket, opened(priority=3))
    then = Upto({0: history.position(0)}, EVER)
    for ticket in others:
        history.ticket(ticket, TicketReprioritised(priority=1))
    assert make_views(history, views=(queue_occurred.VIEW,)).catch_up(30)
    slow = reference(history, then)
    compare(db, history, slow, Filters(), 1)
    assert [row.ticket for row in sorted(slow.rows, key=order_of)] == [first, *others]
    now = Upto({0: history.position(0)}, EVER)
    compare(db, history, reference(history, now), Filters(), 1)


@pytest.mark.lanes(1)
def test_facts_that_mean_nothing_to_the_queue_may_come_in_any_order(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Else a late word about a parcel would have its ticket folded for every answer."""
    history = interleaved(WHOLE[lanes], random.Random(1))
    for record in list(tickets_of(history)):
        counts = record.version == 1 or type(record.event) in queue_occurred.VIEW.handlers
        told = elsewhere(record, at(61 + record.version if counts else 62))
        if isinstance(record.event, FactReported):
            told = record
        history.of_lane[record.lane][record.position - 1] = told
    assert make_views(history, views=(queue_occurred.VIEW,), page_size=5).catch_up(30)
    db.execute(
        "select count(*) filter (where disordered), count(*) from view.queue_occurred_ticket"
    )
    without, tickets = db.fetchone() or (0, 0)
    assert (without, tickets > 0) == (0, True)


@pytest.mark.lanes(1)
def test_spans_of_a_ticket_follow_one_another_without_gap_or_overlap(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Else it would stand in two places at an instant, or in none."""
    history = retold(WHOLE[lanes], random.Random(3))
    assert make_views(history, views=(queue_occurred.VIEW,), page_size=7).catch_up(30)
    db.execute(
        "select since, until, lead(since) over (partition by ticket order by since) "
        "from view.queue_occurred"
    )
    spans = db.fetchall()
    assert len(spans) > len(WHOLE[lanes].of_lane)
    for since, until, following in spans:
        assert since < until == (LASTING if following is None else following)


@pytest.mark.lanes(1)
def test_more_tickets_in_no_order_than_somebody_would_wait_for_are_not_folded(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Only those count: of tickets in order there may be any number, and of one party few."""
    history = interleaved(WHOLE[lanes], random.Random(1))
    streams_of = sorted({record.stream for record in tickets_of(history)})
    for record in list(tickets_of(history)):
        if record.stream in streams_of[:2]:
            told = elsewhere(record, at(-record.version))
            history.of_lane[record.lane][record.position - 1] = told
    assert make_views(history, views=(queue_occurred.VIEW,)).catch_up(30)
    upto = Upto({0: history.position(0)}, EVER)

    def page(filters: Filters, aside_max: int) -> QueueList:
        return as_of.page(db, streams(history), upto, Asked(filters), 200, aside_max=aside_max)

    everything_there = page(Filters(open=None), 2)
    assert len(everything_there.items) == len(streams_of)
    assert as_of.counts(db, streams(history), upto, aside_max=2).everything["tickets"] == {
        "": len(streams_of)
    }
    for asked in (
        lambda: page(Filters(open=None), 1),
        lambda: as_of.counts(db, streams(history), upto, aside_max=1),
    ):
        with pytest.raises(NoSuchMoment) as refused:
            asked()
        assert refused.value.code == "too_many_tickets"
    assert page(Filters(open=None, buyer="nobody"), 0).items == ()
