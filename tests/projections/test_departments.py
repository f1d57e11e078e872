"""Requests to other departments: who owes what since when, as the facts say."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import TicketClosed
from projections import departments
from projections.departments import Filters
from tests.projections.conftest import MakeViews
from tests.projections.history import AGENT, History, at
from tests.projections.tickets import advised

TICKET = "T0-261122-000001A"


def listed(db: Cursor, department: str, state: str | None = None) -> list[departments.Asked]:
    """Return the requests to a department."""
    filters = Filters(department=department, state=state)
    return list(departments.page(db, filters, None, 10).requests)


def test_a_request_is_planned_late_or_moot_with_its_matter(
    make_views: MakeViews, db: Cursor
) -> None:
    """RO-04: each department answers for itself, and its owner sees what is owed."""
    history = History()
    views = make_views(history, page_size=3)
    advised(history, TICKET)
    assert views.catch_up(30)
    (legal,) = listed(db, "legal")
    assert (legal.state, legal.breached, legal.escalated_to) == ("planned", True, "director")
    assert (legal.clock, legal.due_at) == ("department_plan:D1", at(120))
    (finance,) = listed(db, "finance")
    assert (finance.state, finance.breached, finance.planned) == ("moot", False, None)
    assert departments.counts(db).requests == {"finance": {"moot": 1}, "legal": {"planned": 1}}


def test_a_page_of_requests_goes_on_behind_the_one_before(
    make_views: MakeViews, db: Cursor
) -> None:
    """The longest waiting first, none twice and none left out."""
    history = History()
    views = make_views(history)
    tickets = [f"T0-261122-00000{number}A" for number in range(1, 6)]
    for ticket in tickets:
        advised(history, ticket)
    assert views.catch_up(30)
    filters, after, found = Filters(department="legal"), None, []
    while True:
        page = departments.page(db, filters, after, 2)
        found += [one.ticket for one in page.requests]
        after = page.next
        if after is None:
            break
    assert found == tickets
    assert listed(db, "legal", "open") == []


def test_what_ends_a_matter_without_requests_changes_nothing(
    make_views: MakeViews, db: Cursor
) -> None:
    """Most tickets ask nobody."""
    history = History()
    views = make_views(history)
    advised(history, TICKET)
    assert views.catch_up(30)
    before = departments.counts(db).requests
    history.ticket(TICKET, TicketClosed(outcome="remedied"), by=AGENT)
    assert views.catch_up(30)
    assert departments.counts(db).requests == before
