"""Views fold for themselves, and must say the same as the fold that judges."""

import json

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ticket.evolve import fold
from domain.ticket.state import Stamp, Ticket
from projections import arbitration, deadlines, queue
from projections.progress_board import Audience, board
from projections.queue.handlers import PROMISE
from tests.projections.conftest import MakeViews
from tests.projections.decided import COURSES, Told
from tests.projections.history import History
from tests.projections.tickets import MEASURED, everything

LANES = (1,)


def judged(history: History) -> dict[str, Ticket]:
    """Return every ticket of a history as the judgement folds it."""
    facts: dict[str, list[tuple[object, Stamp]]] = {}
    for record in history.of_lane[0]:
        if record.stream.startswith("ticket:"):
            stamp = Stamp(
                subject=record.subject,
                version=record.version,
                at=record.at,
                actor=record.actor,
                imported=record.imported,
            )
            facts.setdefault(record.subject, []).append((record.event, stamp))
    return {ticket: fold(of_ticket) for ticket, of_ticket in facts.items()}


@pytest.fixture(params=["by hand", *COURSES])
def history(request: pytest.FixtureRequest, make_views: MakeViews) -> History:
    """Tickets of every course told by hand, or one that was judged, folded into every view."""
    if request.param == "by hand":
        history = everything(1)
    else:
        history = History()
        COURSES[request.param](Told(history))
    views = make_views(history, page_size=11)
    assert views.catch_up(30)
    assert views.poisoned() == []
    return history


def test_the_queue_stands_where_the_judgement_stands(history: History, db: Cursor) -> None:
    """An agent must not be shown another stage, deadline or outcome than the rules see."""
    for name, ticket in judged(history).items():
        _, row = queue.row(db, name)
        assert row is not None
        assert row.stage is ticket.stage
        assert row.version == ticket.version
        assert (row.kind, row.scenario, row.priority) == (
            ticket.kind,
            ticket.scenario,
            ticket.priority,
        )
        assert (row.assignee, row.resolved) == (ticket.assignee, ticket.resolved)
        queued = row.routed or row.source_queue
        assert (row.source_state, queued) == (ticket.source_state, ticket.queue)
        assert row.appeal == (ticket.appeal is not None and not ticket.appeal.decided)
        assert {
            deadline: (running.due_at, running.awaits, running.missed)
            for deadline, running in row.deadlines.items()
            if not deadline.startswith(PROMISE)
        } == {
            deadline: (running.due_at, running.awaits, running.missed)
            for deadline, running in ticket.deadlines.items()
        }
        assert {
            promise: (running.due_at, running.paused, running.missed)
            for promise, running in row.deadlines.items()
            if promise.startswith(PROMISE)
        } == {
            PROMISE + clock: (running.due_at, running.paused, running.breached)
            for clock, running in ticket.clocks.items()
            if clock != MEASURED
        }


def test_the_worker_is_told_of_every_deadline_that_runs(history: History, db: Cursor) -> None:
    """A deadline that is not listed would never pass; one too many would be refused for ever."""
    listed = {
        (due.ticket, due.deadline, due.due_at)
        for due in deadlines.due(db, "9999-01-01T00:00:00.000000Z", 1000).due
    }
    assert listed == {
        (name, deadline, running.due_at)
        for name, ticket in judged(history).items()
        for deadline, running in ticket.deadlines.items()
        if not running.missed
    }


def test_the_case_file_and_the_board_show_evidence_as_the_rules_see_it(
    history: History, db: Cursor
) -> None:
    """A ruling is refused when it cites what the other side was not shown: both read the same."""
    for name, ticket in judged(history).items():
        file = arbitration.case_file(db, name)
        shown = board(db, name, Audience.STAFF)
        assert file is not None
        assert shown is not None
        assert file.case.stage is shown.stage is ticket.stage
        expected = {
            item: (one.party, one.state, one.confidential, sorted(one.shown_to))
            for item, one in ticket.evidence.items()
        }
        assert {
            item: (one.party, one.state, one.confidential, one.shown_to)
            for item, one in file.case.evidence.items()
        } == expected
        assert {
            one.item: (one.party, one.state, one.confidential, one.shown_to)
            for one in shown.evidence
        } == expected
        assert {offer: one.state for offer, one in file.case.offers.items()} == {
            offer: one.state for offer, one in ticket.offers.items()
        }
        assert file.case.responsible is ticket.responsible
        assert (
            set(file.case.remedies)
            == set(ticket.remedies)
            == {one.remedy for one in shown.remedies}
        )
        assert json.dumps(sorted(file.case.links)) == json.dumps(sorted(ticket.links))
