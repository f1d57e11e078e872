"""What is due when: each deadline is listed until it is met, missed or moot."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import (
    DeadlineExtended,
    DeadlineMet,
    DeadlineMissed,
    Event,
    TicketClosed,
    TicketReopened,
)
from domain.values import Awaiting
from projections import deadlines
from tests.projections.conftest import MakeViews
from tests.projections.history import SYSTEM, History, at
from tests.projections.tickets import BOOK, given, opened

TICKET, OTHER = "T0-261122-000001A", "T0-261122-000002B"


def names(db: Cursor, minutes: int = 10**6, limit: int = 100) -> list[str]:
    """Return the names of what is due some minutes after the start."""
    return [one.deadline for one in deadlines.due(db, at(minutes), limit).due]


def test_what_is_due_comes_longest_overdue_first(make_views: MakeViews, db: Cursor) -> None:
    """The worker takes a few at a time; the oldest must not wait behind the newest."""
    history = History()
    history.ticket(TICKET, opened(), given("ruling", 300, Awaiting.ARBITRATOR))
    history.ticket(OTHER, opened(), given("acceptance", 30, Awaiting.AGENT))
    views = make_views(history)
    assert views.catch_up(30)
    assert names(db, 29) == []
    assert names(db, 30) == ["acceptance"]
    assert names(db, 300) == ["acceptance", "ruling"]
    assert names(db, 300, limit=1) == ["acceptance"]
    assert deadlines.next_due(db) == at(30)
    found = deadlines.due(db, at(300), 100)
    assert found.moment == "0-4"
    assert (found.due[0].ticket, found.due[0].position) == (OTHER, "0-4")


def test_a_deadline_leaves_the_list_once(make_views: MakeViews, db: Cursor) -> None:
    """Met, missed, moot: whatever ends it, it never fires again; extended, it does later."""
    history = History()
    views = make_views(history)

    def after(*events: Event) -> list[str]:
        history.ticket(TICKET, *events)
        assert views.catch_up(30)
        return names(db)

    assert after(opened(), given("acceptance", 30, Awaiting.AGENT)) == ["acceptance"]
    assert after(DeadlineMissed(deadline="acceptance", due_at=at(30))) == []
    extended = DeadlineExtended(deadline="acceptance", due_at=at(60), policy=BOOK)
    assert after(extended) == ["acceptance"]
    assert names(db, 59) == []
    assert after(DeadlineMet(deadline="acceptance")) == []
    assert after(given("appeal", 90, Awaiting.NOBODY)) == ["appeal"]
    assert after(TicketClosed(outcome="answered")) == []
    assert after(
        TicketReopened(round=2, policy=BOOK), given("acceptance", 200, Awaiting.AGENT)
    ) == ["acceptance"]


def test_imported_history_starts_no_clock(make_views: MakeViews, db: Cursor) -> None:
    """What another system promised is not ours to keep."""
    history = History()
    history.add(
        f"ticket:{TICKET}",
        opened(),
        given("acceptance", 30, Awaiting.AGENT),
        by=SYSTEM,
        imported=True,
    )
    assert make_views(history).catch_up(30)
    assert names(db) == []
    assert deadlines.next_due(db) is None


def test_an_empty_list_still_says_its_moment(make_views: MakeViews, db: Cursor) -> None:
    """A worker must be able to tell nothing due from nothing read."""
    make_views(History())
    assert deadlines.due(db, at(0), 10) == deadlines.DueList("0-0", ())
