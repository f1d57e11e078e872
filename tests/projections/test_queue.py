"""The queue: who must act next, in order, with counters that agree and pages of equal cost."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import DeadlineExtended, DeadlineMet, DeadlineMissed, TicketAssigned
from domain.ledger import planned
from domain.values import Awaiting, Stage
from projections import queue, statistics
from projections.queue.reading import page_statement
from tests.projections.conftest import MakeViews
from tests.projections.history import AGENT, BUYER, History, at
from tests.projections.tickets import (
    BOOK,
    COURSES,
    consulted,
    everything,
    given,
    imported,
    opened,
    reopened,
    ruled,
    weighed,
)

LANES = (1, 4)
TICKET = "T0-261122-000001A"


def row_of(db: Cursor, ticket: str = TICKET) -> queue.QueueRow:
    """Return a ticket's row, which must be there."""
    _, row = queue.row(db, ticket)
    assert row is not None
    return row


@pytest.mark.lanes(1)
def test_the_earliest_deadline_says_whose_turn_it_is(make_views: MakeViews, db: Cursor) -> None:
    """Rank is by what is due first for somebody; a window that only passes is nobody's turn."""
    history = History()
    views = make_views(history)
    history.ticket(
        TICKET,
        opened(),
        given("closing", 10, Awaiting.NOBODY),
        given("merchant_review", 300, Awaiting.MERCHANT),
        given("acceptance", 30, Awaiting.AGENT),
        by=BUYER,
    )
    assert views.catch_up(30)
    row = row_of(db)
    assert (row.awaiting, row.due_at, row.queue) == (Awaiting.AGENT, at(30), "general")
    assert row.caused_by == queue.rows.Causes(
        stage="0-1", priority="0-1", turn="0-4", due="0-4", opened="0-1"
    )

    history.ticket(TICKET, DeadlineMet(deadline="acceptance"), by=AGENT)
    assert views.catch_up(30)
    row = row_of(db)
    assert (row.awaiting, row.due_at) == (Awaiting.MERCHANT, at(300))
    assert row.caused_by.turn == "0-3"


@pytest.mark.lanes(1)
def test_an_overdue_ticket_keeps_its_place_at_the_top(make_views: MakeViews, db: Cursor) -> None:
    """What was missed is owed still: it stays due when it was due, until it is done."""
    history = History()
    views = make_views(history)
    history.ticket(TICKET, opened(), given("acceptance", 30, Awaiting.AGENT), by=BUYER)
    history.ticket(TICKET, DeadlineMissed(deadline="acceptance", due_at=at(30)))
    assert views.catch_up(30)
    row = row_of(db)
    assert (row.awaiting, row.due_at) == (Awaiting.AGENT, at(30))
    assert row.deadlines["acceptance"].missed

    extended = DeadlineExtended(deadline="acceptance", due_at=at(90), policy=BOOK)
    history.ticket(TICKET, extended, TicketAssigned(agent="a-1"), by=AGENT)
    assert views.catch_up(30)
    row = row_of(db)
    assert (row.due_at, row.assignee, row.caused_by.turn) == (at(90), "a-1", "0-4")
    assert row.caused_by.assignment == "0-5"
    assert not row.deadlines["acceptance"].missed


@pytest.mark.lanes(1)
def test_each_desk_has_its_own_tickets(make_views: MakeViews, db: Cursor) -> None:
    """Arbitration has what is in intervention or on appeal; the source's queue is kept as it is."""
    history = History()
    views = make_views(history)
    weighed(history, TICKET)
    ruled(history, "T0-261122-000002B")
    imported(history, "T0-261122-000003C")
    reopened(history, "T0-261122-000004D")
    assert views.catch_up(30)

    row = row_of(db)
    assert (row.stage, row.queue, row.awaiting) == (
        Stage.INTERVENTION,
        "arbitration",
        Awaiting.ARBITRATOR,
    )
    row = row_of(db, "T0-261122-000002B")
    assert (row.resolved, row.open, row.appeal, row.queue) == ("remedied", False, False, "general")
    row = row_of(db, "T0-261122-000003C")
    assert (row.imported, row.queue, row.source_state) == (True, "Group 24", "Active")
    assert (row.awaiting, row.due_at, row.open) == (Awaiting.AGENT, None, True)
    assert row.reports == {"Active": 2, "Resolved": 1}
    row = row_of(db, "T0-261122-000004D")
    assert (row.stage, row.resolved, row.awaiting) == (Stage.INTAKE, None, Awaiting.AGENT)


def test_pages_hang_together_without_gap_or_overlap(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """Page after page gives what one long list would, in the queue's order, over all lanes."""
    assert make_views(everything(lanes, rounds=4)).catch_up(60)
    filters = queue.Filters(open=None)
    seen = []
    after = None
    while True:
        found = queue.page(db, filters, after, 7)
        rows = json.loads(found.json())
        seen += rows
        assert len(rows) <= 7
        assert found.moment
        after = found.next
        if after is None:
            break
    assert len(seen) == 4 * len(COURSES) * lanes
    keys = [(row["priority"], row["due_at"] or "infinity", row["ticket"]) for row in seen]
    assert keys == sorted(keys)
    assert len({row["ticket"] for row in seen}) == len(seen)


FILTERS = {
    "queue": "arbitration",
    "stage": "intake",
    "awaiting": "agent",
    "assignee": "a-1",
    "merchant": "m-1",
    "buyer": "b-2",
    "order": "o-1",
    "kind": "dispute",
    "priority": 4,
    "source_state": "Active",
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_gives_what_it_names_and_nothing_else(
    make_views: MakeViews, db: Cursor, lanes: int, name: str
) -> None:
    """Each filter agrees with looking at every row."""
    assert make_views(everything(lanes)).catch_up(30)
    everyone = json.loads(queue.page(db, queue.Filters(open=None), None, 200).json())
    wanted = [row["ticket"] for row in everyone if row[name] == FILTERS[name]]
    filters = queue.Filters(**{"open": None, name: FILTERS[name]})
    found = json.loads(queue.page(db, filters, None, 200).json())
    assert [row["ticket"] for row in found] == wanted
    assert wanted
    assert len(wanted) < len(everyone) or name == "kind"


def test_a_page_has_a_limit(db: Cursor) -> None:
    """Every list has a limit, and no caller can ask for all there is."""
    for limit in (0, 201):
        with pytest.raises(ValueError, match="1 to 200"):
            queue.page(db, queue.Filters(), None, limit)


def test_counters_agree_with_the_rows(make_views: MakeViews, db: Cursor, lanes: int) -> None:
    """A badge is a sum kept up by differences; it must be what counting would give."""
    history = everything(lanes, rounds=3)
    assert make_views(history, page_size=13).catch_up(60)
    rows = json.loads(queue.page(db, queue.Filters(open=None), None, 200).json())
    opens = json.loads(queue.page(db, queue.Filters(), None, 200).json())
    counts = queue.counts(db)
    assert counts.everything["tickets"] == {"": len(rows)}
    assert counts.open["tickets"] == {"": len(opens)}
    for facet in queue.FACETS:
        for of, counted in ((rows, counts.everything), (opens, counts.open)):
            expected = Counter(str(row[facet]) for row in of if row[facet] is not None)
            assert counted[facet] == dict(expected), facet

    numbers = statistics.numbers(db)
    assert numbers.events == sum(history.position(lane) for lane in range(lanes))
    assert (numbers.tickets, numbers.open) == (len(rows), len(opens))
    assert numbers.by_source_state == {"Active": 3 * lanes}
    assert numbers.reports_by_source_state == {"Active": 6 * lanes, "Resolved": 3 * lanes}


def test_an_empty_queue_has_a_moment_and_zero_of_everything(
    make_views: MakeViews, db: Cursor, lanes: int
) -> None:
    """A new ledger is not an error."""
    make_views(History(lanes))
    moment = ",".join(f"{lane}-0" for lane in range(lanes))
    found = queue.page(db, queue.Filters(), None, 50)
    assert (found.moment, found.json(), found.next) == (moment, b"[]", None)
    assert queue.row(db, TICKET) == (moment, None)
    numbers = statistics.numbers(db)
    assert (numbers.tickets, numbers.events, numbers.by_stage) == (0, 0, {})
    assert msgspec.json.encode(numbers)


@pytest.mark.lanes(1)
def test_every_page_is_read_from_an_index_that_holds_the_order(
    make_views: MakeViews, db: Cursor
) -> None:
    """A page deep in the queue costs what the first one costs: no sort, no step over rows."""
    make_views(History())
    fill(db, 20_000)
    every = queue.Key(priority=3, due_at="2027-01-05T00:00:00Z", ticket="T0-x")
    for filters in (
        queue.Filters(),
        queue.Filters(awaiting="agent"),
        queue.Filters(queue="general"),
        queue.Filters(assignee="a-3", open=None),
        queue.Filters(merchant="m-3", open=None),
        queue.Filters(buyer="b-3", open=None),
        queue.Filters(order="o-3", open=None),
        queue.Filters(stage="intake", open=None),
    ):
        for after in (None, every):
            statement, values = page_statement(filters, after, 50)
            planned.execute(db, statement, values)
            plan = plan_of(db, values)
            page = plan[plan.index("Limit") :]
            assert "Index Scan using queue_" in page, plan
            assert "Sort" not in page, plan
            assert "Filter" not in page, plan


def plan_of(db: Cursor, values: list[Any]) -> str:
    """Return the plan that the connection keeps for what it ran last."""
    db.execute("select name from pg_prepared_statements order by prepare_time desc limit 1")
    (name,) = db.fetchone() or ("",)
    db.execute(f"explain execute {name}({', '.join(['%s'] * len(values))})", values)
    return "\n".join(line for (line,) in db.fetchall())


def fill(db: Cursor, number: int) -> None:
    """Put that many rows into the queue, of every desk, party and due time."""
    db.execute(
        "insert into view.queue select 'T0-' || n, 0, n %% 10 <> 0, 1 + n %% 4, "
        "timestamptz '2027-01-01' + make_interval(mins => n), "
        "(array['intake', 'negotiation', 'remedy'])[1 + n %% 3], "
        "(array['agent', 'buyer', 'merchant', 'nobody'])[1 + n %% 4], "
        "(array['general', 'arbitration', 'refunds'])[1 + n %% 3], 'dispute', 'a-' || n %% 40, "
        "'b-' || n %% 50, 'm-' || n %% 60, 'o-' || n %% 10, null, 1, n, '{}' "
        "from generate_series(1, %s) n",
        (number,),
    )
    db.execute("analyze view.queue")


@pytest.mark.lanes(1)
def test_a_closed_ticket_waits_for_nobody(make_views: MakeViews, db: Cursor) -> None:
    """What is over does not stand in anybody's queue."""
    history = History()
    consulted(history, TICKET)
    assert make_views(history).catch_up(30)
    row = row_of(db)
    assert (row.stage, row.awaiting, row.due_at, row.deadlines) == (
        Stage.CLOSED,
        Awaiting.NOBODY,
        None,
        {},
    )
    assert json.loads(queue.page(db, queue.Filters(), None, 50).json()) == []
