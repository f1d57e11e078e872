"""Whom to ask: a ticket waits from its resolution until it was asked, or lives again."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import SurveyAsked, SurveyCancelled, SurveyScheduled
from projections import surveys
from tests.projections.conftest import MakeViews
from tests.projections.history import History, at
from tests.projections.tickets import BOOK, opened

FIRST, SECOND, THIRD = (f"T0-261122-00000{number}A" for number in range(1, 4))


def test_who_is_due_is_found_and_who_was_asked_or_came_back_is_not(
    make_views: MakeViews, db: Cursor
) -> None:
    """The longest overdue first, whatever pages the facts came in."""
    history = History()
    views = make_views(history, page_size=2)
    for ticket, due in ((FIRST, 30), (SECOND, 20), (THIRD, 10)):
        history.ticket(ticket, opened(), SurveyScheduled(due_at=at(due), policy=BOOK))
    assert views.catch_up(30)
    assert [one.ticket for one in surveys.due(db, at(9), 10)] == []
    assert [one.ticket for one in surveys.due(db, at(10), 10)] == [THIRD]
    assert [one.ticket for one in surveys.due(db, at(30), 10)] == [THIRD, SECOND, FIRST]
    assert [one.ticket for one in surveys.due(db, at(30), 2)] == [THIRD, SECOND]
    history.ticket(THIRD, SurveyAsked(due_at=at(10), policy=BOOK))
    history.ticket(SECOND, SurveyCancelled(why="reopened"))
    history.ticket(
        FIRST, SurveyCancelled(why="reopened"), SurveyScheduled(due_at=at(40), policy=BOOK)
    )
    assert views.catch_up(30)
    assert [(one.ticket, one.due_at) for one in surveys.due(db, at(90), 10)] == [(FIRST, at(40))]
