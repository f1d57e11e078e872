"""The view of the promises that run: what stands in it, and what is due."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections import clocks
from tests.projections.conftest import MakeViews
from tests.projections.history import History, at
from tests.projections.tickets import promised

TICKET, OTHER = "T0-261122-000001A", "T0-261122-000002B"


def test_what_runs_rests_or_is_broken_stands_in_the_view(make_views: MakeViews, db: Cursor) -> None:
    """And what was kept or is moot does not: nobody owes it any more."""
    history = History()
    promised(history, TICKET)
    assert make_views(history).catch_up(30)
    found = clocks.of_ticket(db, TICKET)
    assert found.moment == f"0-{history.position(0)}"
    assert {
        one.clock: (one.due_at, one.next_at, one.paused, one.breached) for one in found.clocks
    } == {
        "measured": (at(3), None, False, False),
        "moved": (at(20), at(10), False, False),
        "resting": (at(30), None, True, False),
        "broken": (at(30), at(90), False, True),
        "resumed": (at(50), at(35), False, False),
    }
    assert {one.clock: one.escalated_to for one in found.clocks}["broken"] == "supervisor"


def test_what_is_due_is_listed_from_its_instant_on_the_longest_overdue_first(
    make_views: MakeViews, db: Cursor
) -> None:
    """What rests or is only measured is never due."""
    history = History()
    for ticket in (OTHER, TICKET):
        promised(history, ticket)
    assert make_views(history).catch_up(30)
    assert clocks.next_due(db) == at(10)
    assert clocks.due(db, at(9), 10) == []
    assert [(one.ticket, one.clock) for one in clocks.due(db, at(35), 10)] == [
        (TICKET, "moved"),
        (OTHER, "moved"),
        (TICKET, "resumed"),
        (OTHER, "resumed"),
    ]
    assert len(clocks.due(db, at(90), 5)) == 5
