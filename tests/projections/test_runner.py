"""Rows and position commit together, one process writes at a time, and poison stops nothing."""

import threading
from collections.abc import Callable

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name
from psycopg2.extensions import make_dsn

from domain.events import DeadlineMet, NoteAdded, TicketAssigned
from domain.record import Record
from projections import (
    agents,
    arbitration,
    clocks,
    deadlines,
    departments,
    diagnosis,
    instants,
    progress_board,
    queue,
    queue_occurred,
    queue_past,
    reports,
    surveys,
    training,
)
from projections.projection import TicketView
from projections.queue.rows import TABLES, QueuePage, QueueRow
from projections.runner import Views
from projections.views import VIEWS
from tests.conftest import Database
from tests.projections.conftest import MakeViews, all_rows
from tests.projections.history import AGENT, History
from tests.projections.tickets import TEXT, consulted, everything, negotiated, opened

ONE, TWO = "T0-261122-000001A", "T0-261122-000002B"


class Crashing(Connection):
    """A connection that is lost at the commit that `crash` chooses, before or after it."""

    crash: Callable[[], str | None]

    def __exit__(self, kind, error, trace):  # type: ignore[no-untyped-def]  # as the driver's
        """End the transaction, unless it is the one that is to go wrong."""
        how = self.crash() if kind is None else None
        if how == "before":
            self.close()
            raise psycopg2.OperationalError("lost before the commit")
        super().__exit__(kind, error, trace)
        if how == "after":
            self.close()
            raise psycopg2.OperationalError("lost after the commit")


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_a_crash_leaves_rows_and_position_together(
    make_views: MakeViews, db: Cursor, how: str, number: int
) -> None:
    """Lost before the commit, or after it without an answer: no page is skipped or doubled."""
    history = everything(1)
    views = make_views(history, page_size=10)
    assert views.catch_up(30)
    expected = all_rows(db)
    views.drop()
    views.prepare()

    commits = -1000

    def crash() -> str | None:
        nonlocal commits
        commits += 1
        return how if commits == number else None

    def connect(dsn: str) -> Connection:
        connection = psycopg2.connect(dsn, connection_factory=Crashing)
        connection.crash = crash
        return connection

    broken = make_views(history, page_size=10, connect=connect)
    commits = 0
    with pytest.raises(psycopg2.OperationalError):
        broken.catch_up(30)
    assert broken.catch_up(30), "the same process goes on with a new connection"

    assert all_rows(db) == expected


def test_two_runners_at_once_write_every_page_once(make_views: MakeViews, db: Cursor) -> None:
    """One holds the lease and the other waits; together they build what one alone builds."""
    history = everything(1, rounds=5)
    alone = make_views(history)
    assert alone.catch_up(30)
    expected = all_rows(db)
    alone.drop()

    runners = [make_views(history, page_size=5, lease_s=0.05) for _ in range(2)]
    threads = [threading.Thread(target=runner.catch_up, args=(60,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert all_rows(db) == expected


def test_who_lost_the_lease_can_not_write(make_views: MakeViews, db: Cursor) -> None:
    """A process that slept through its lease wakes up behind a newer epoch."""
    history = everything(1)
    sleeper = make_views(history, page_size=10)
    sleeper.step(0)
    db.execute("update view.position set lease_until = '-infinity'")
    heir = make_views(history)
    assert heir.catch_up(30)
    expected = all_rows(db)

    assert sleeper.step(0) == 0, "its page is thrown away"

    assert all_rows(db) == expected


def test_a_lease_that_is_held_is_waited_for(make_views: MakeViews) -> None:
    """Two writers of one view would fold every page twice."""
    history = everything(1)
    holder = make_views(history, page_size=10)
    assert holder.step(0) == 10
    other = make_views(history)
    assert other.step(0) == 0
    holder.close()
    assert other.step(0) > 0, "a lease that is given back is free at once"


def test_a_changed_view_is_built_anew_and_its_old_writer_is_locked_out(
    make_views: MakeViews, db: Cursor
) -> None:
    """A view is never migrated; a process of the version before must not touch the new tables."""
    history = everything(1)
    old = make_views(history, page_size=10)
    old.step(0)
    newer: TicketView[QueueRow] = TicketView("queue", version=99, tables=TABLES, page=QueuePage)
    newer.openings, newer.handlers = queue.VIEW.openings, queue.VIEW.handlers
    changed = make_views(history, views=(newer,))

    db.execute("select position from view.position where view = 'queue'")
    assert db.fetchall() == [(0,)]
    assert old.step(0) == 0
    assert old.step(0) > 0, "its other views go on"
    assert changed.catch_up(30)
    db.execute("select version from view.definition where view = 'queue'")
    assert db.fetchall() == [(99,)]
    assert queue.row(db, ONE)[0] == f"0-{history.position(0)}"


# --- waiting ----------------------------------------------------------------------------------


def test_waiting_ends_when_the_view_is_there(make_views: MakeViews) -> None:
    """A reader who just wrote waits for its own write, in the process that folds."""
    history = History()
    views = make_views(history, poll_s=30)
    stop = threading.Event()
    thread = threading.Thread(target=views.run, args=(stop,))
    thread.start()
    try:
        for number in range(20):
            consulted(history, f"T0-261122-{number:07}")
            views.hint()
            assert views.wait("queue", {0: history.position(0)}, timeout=20)
    finally:
        views.stop(stop)
        thread.join(20)
    assert not thread.is_alive()


def test_another_process_waits_by_asking_the_database(make_views: MakeViews) -> None:
    """Who does not fold still answers reads, and must know when its view is there."""
    history = everything(1)
    folding, reading = make_views(history), make_views(history)
    moment = {0: history.position(0)}
    assert not reading.wait("queue", moment, timeout=0.01)
    thread = threading.Thread(target=folding.catch_up)
    thread.start()
    assert reading.wait("queue", moment, timeout=30)
    thread.join(30)
    assert reading.reached("queue", moment)
    assert reading.moment("queue") == f"0-{history.position(0)}"


def test_waiting_for_what_never_comes_ends_in_time(make_views: MakeViews) -> None:
    """Every wait has a timeout; the caller answers 503."""
    views = make_views(everything(1))
    assert views.catch_up(30)
    assert not views.wait("queue", {0: 10**9}, timeout=0.02)
    assert not views.wait("queue", {0: 1, 7: 1}, timeout=0.02), "there is no lane 7"


def test_the_loop_outlives_a_lost_connection(make_views: MakeViews, database: Database) -> None:
    """The database may be restarted under a running process."""
    history = everything(1)
    views = make_views(history, poll_s=0.01)
    stop = threading.Event()
    thread = threading.Thread(target=views.run, args=(stop,))
    thread.start()
    try:
        assert views.wait("queue", {0: history.position(0)}, timeout=30)
        end_sessions(database)
        consulted(history, TWO)
        views.hint()
        assert views.wait("queue", {0: history.position(0)}, timeout=30)
    finally:
        views.stop(stop)
        thread.join(30)
    assert not thread.is_alive()


def end_sessions(database: Database) -> None:
    """End every session of the application, as a restart of the server does."""
    connection = psycopg2.connect(database.superuser_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where usename = 'ticketledger_app' and datname = current_database() "
            "and application_name <> 'watching'"
        )
    connection.close()


# --- poison -----------------------------------------------------------------------------------


def poison() -> History:
    """A history in which one ticket has a fact that no view of evidence can fold."""
    history = History()
    negotiated(history, ONE)
    history.ticket(TWO, opened(), by=AGENT)
    history.ticket(TWO, DeadlineMet(deadline="never given"), by=AGENT)
    history.ticket(TWO, NoteAdded(text=TEXT), by=AGENT)
    history.ticket(ONE, TicketAssigned(agent="a-1"), by=AGENT)
    return history


@pytest.mark.parametrize("page_size", [1, 1000])
def test_poison_is_put_aside_and_everything_else_goes_on(
    make_views: MakeViews, db: Cursor, page_size: int
) -> None:
    """One bad fact must not stop the desk; its ticket waits behind it, in that view only."""
    history = poison()
    views = make_views(history, page_size=page_size)
    assert views.catch_up(30)

    aside = views.poisoned()
    assert [(one.view, one.version, one.error is None) for one in aside] == [
        ("arbitration", 2, False),
        ("arbitration", 3, True),
    ]
    assert aside[0].stream == f"ticket:{TWO}"
    assert aside[0].error is not None
    assert aside[0].error.startswith("KeyError in projections.arbitration.")
    assert "never given" not in aside[0].error, "an error may not carry the record's data"
    _, row = queue.row(db, TWO)
    assert row is not None
    assert row.version == 3
    _, row = queue.row(db, ONE)
    assert row is not None
    assert row.assignee == "a-1"
    held = arbitration.case_file(db, TWO)
    assert held is not None
    assert (held.case.version, len(held.timeline)) == (1, 1)


@pytest.mark.parametrize("page_size", [1, 1000])
def test_poison_waits_for_later_pages_too_and_is_released_after_an_upgrade(
    make_views: MakeViews,
    db: Cursor,
    page_size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The facts behind the poison are kept in order and folded when the program can."""
    history = poison()
    views = make_views(history, page_size=page_size)
    assert views.catch_up(30)
    history.ticket(TWO, NoteAdded(text=TEXT), by=AGENT)
    views.close()
    later = make_views(history, page_size=page_size)
    assert later.catch_up(30)
    assert [one.version for one in later.poisoned()] == [2, 3, 4]

    assert [one.version for one in later.release()] == [2, 3, 4], "nothing has changed yet"
    monkeypatch.setitem(arbitration.VIEW.handlers, DeadlineMet, lambda row, record, event: None)
    assert later.release() == []
    released = all_rows(db)
    history.ticket(TWO, NoteAdded(text=TEXT), by=AGENT)
    assert later.catch_up(30)
    file = arbitration.case_file(db, TWO)
    assert file is not None
    assert [entry.version for entry in file.timeline] == [1, 2, 3, 4, 5]
    assert later.poisoned() == []
    assert all_rows(db) != released


def test_a_program_that_was_upgraded_folds_what_waits(
    make_views: MakeViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to remember to release what a newer version can read."""
    history = poison()
    older = make_views(history)
    assert older.catch_up(30)
    assert older.poisoned()
    older.close()
    monkeypatch.setitem(arbitration.VIEW.handlers, DeadlineMet, lambda row, record, event: None)
    newer = make_views(history, poll_s=0.01)
    stop = threading.Event()
    thread = threading.Thread(target=newer.run, args=(stop,))
    thread.start()
    try:
        for number in range(100, 110):
            consulted(history, f"T0-261122-{number:07}")
            newer.hint()
            assert newer.wait("queue", {0: history.position(0)}, timeout=30)
        assert newer.poisoned() == []
    finally:
        newer.stop(stop)
        thread.join(30)


def test_a_value_the_database_refuses_is_poison_too(make_views: MakeViews, db: Cursor) -> None:
    """A page is written with one statement, yet one bad value must not hold up its neighbours."""
    history = poison()
    history.ticket("T0-261122-000003C", opened(priority=2**40), by=AGENT)
    history.ticket("T0-261122-000003C", NoteAdded(text=TEXT), by=AGENT)
    consulted(history, "T0-261122-000004D")
    views = make_views(history, views=(queue.VIEW,))
    assert views.catch_up(30)
    aside = views.poisoned()
    assert [(one.stream, one.version, one.error is None) for one in aside] == [
        ("ticket:T0-261122-000003C", 1, False),
        ("ticket:T0-261122-000003C", 2, True),
    ]
    assert queue.counts(db).everything["tickets"] == {"": 3}


def test_a_lane_that_can_not_be_read_does_not_stop_the_loop(make_views: MakeViews) -> None:
    """A record of a newer program can not be read by an older one; it says so and tries again."""
    history = everything(1)

    class Newer(History):
        """A source whose records are not readable yet."""

        readable = False

        def records(self, lane: int, after: int, limit: int) -> list[Record]:
            """Return the records once they are readable."""
            if not self.readable:
                raise KeyError("a topic of tomorrow")
            return list(history.records(lane, after, limit))

    source = Newer()
    views = make_views(source, poll_s=0.01)
    stop = threading.Event()
    thread = threading.Thread(target=views.run, args=(stop,))
    thread.start()
    try:
        assert not views.wait("queue", {0: 1}, timeout=0.05)
        while (failure := views.failure()) is None:
            assert not views.wait("queue", {0: 1}, timeout=0.01)
        assert failure.startswith("lane 0: KeyError in ")
        assert "tomorrow" not in failure
        source.readable = True
        assert views.wait("queue", {0: history.position(0)}, timeout=30)
    finally:
        views.stop(stop)
        thread.join(30)
    assert views.failure() is None


def test_views_may_live_in_a_database_of_their_own(database: Database) -> None:
    """There nothing but the views is made."""
    name = f"{database.name}_views"
    connection = psycopg2.connect(database.superuser_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {name} owner ticketledger_app")
    try:
        history = everything(1)
        dsn = make_dsn(database.app_dsn, dbname=name)
        views = Views(dsn, history)
        assert views.prepare() == [view.name for view in VIEWS]
        assert views.catch_up(30)
        views.close()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"drop database {name} with (force)")
        connection.close()


def test_the_views_of_the_program_have_names_of_their_own() -> None:
    """Positions are kept by name."""
    names = [view.name for view in VIEWS]
    assert len(set(names)) == len(names)
    parts = (
        *(queue, progress_board, arbitration, deadlines, clocks),
        *(departments, diagnosis, reports, surveys, agents),
        *(queue_past, queue_occurred, instants, training),
    )
    assert {part.VIEW for part in parts} == set(VIEWS)
