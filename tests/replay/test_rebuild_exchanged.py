"""Views built anew are compared with those that are read, and exchanged with them."""

import threading
from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name
from psycopg2.extensions import make_dsn

from domain.events import DeadlineMet, NoteAdded
from projections import arbitration, queue
from projections.projection import TicketView, View
from projections.queue.rows import TABLES, QueuePage, QueueRow
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import Busy, NothingToCompare, Rebuild, rebuilding
from tests.conftest import Database
from tests.projections.conftest import MakeViews, all_rows
from tests.projections.history import AGENT, History
from tests.projections.tickets import TEXT, consulted, everything, negotiated, opened
from tests.replay.rebuilt import in_shadow, rebuild_of, shape

LANES = (1, 4)
THREE = VIEWS[:3]
ONE, TWO = "T0-261122-000001A", "T0-261122-000002B"


# --- comparing --------------------------------------------------------------------------------


@pytest.mark.lanes(1)
def test_rows_that_differ_are_named_and_counted(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """What is not as the record says is found both ways, with the columns it is in."""
    history = everything(1, rounds=3)
    assert make_views(history).catch_up(30)
    db.execute(
        "update view.queue set stage = 'elsewhere', priority = 9 "
        "where ticket in (select ticket from view.queue order by ticket limit 3) returning ticket"
    )
    changed = [ticket for (ticket,) in db.fetchall()]
    db.execute("delete from view.progress_board")
    gone = db.rowcount
    db.execute("insert into view.queue_count values (0, 'stage', 'nowhere', 1, 1)")
    with rebuild_of(database, history) as work:
        work.build()
        found = work.compare(examples=5)
    tables = {table.table: table for view in found.views for table in view.tables}
    assert not found.same
    assert [view.view for view in found.views if not view.same] == ["queue", "progress_board"]
    assert tables["queue"].differing == len(changed) > 0
    assert {(*one.key,) for one in tables["queue"].examples} <= {(one,) for one in changed}
    assert {(*one.columns,) for one in tables["queue"].examples} == {("priority", "stage")}
    board = tables["progress_board"]
    assert (board.missing, board.live_rows, board.rebuilt_rows) == (gone, 0, gone)
    assert len(board.examples) == 5, "examples have a limit, numbers have none"
    count = tables["queue_count"]
    assert (count.extra, count.examples[0].kind) == (1, "extra")
    assert count.examples[0].key == ["0", "stage", "nowhere"]


@pytest.mark.lanes(1)
def test_a_changed_view_is_compared_by_the_columns_both_have(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """The release gate meets a live view of the version before; which must stay as it is."""
    history = everything(1)
    assert make_views(history).catch_up(30)
    before = all_rows(db)
    with rebuild_of(database, history, views=(changed_queue(),)) as work:
        work.build()
        found = work.compare()
    (view,) = found.views
    assert (view.live_version, view.version) == (queue.VIEW.version, 99)
    assert not view.same
    of_queue, *others = view.tables
    assert (of_queue.only_live, of_queue.only_rebuilt) == (("kind",), ("remark",))
    assert (of_queue.missing, of_queue.extra, of_queue.differing) == (0, 0, 0)
    assert all(table.same for table in others)
    assert all_rows(db) == before


@pytest.mark.lanes(1)
def test_a_column_of_another_type_is_a_difference_and_its_values_are_compared(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """The release gate says so; it neither fails nor takes a number for a wider one."""
    history = everything(1)
    assert make_views(history, views=VIEWS[:1]).catch_up(30)
    db.execute(
        "alter table view.queue alter lane type bigint, alter version type text using "
        'version::text, alter kind type text collate "C", alter ticket type varchar'
    )
    db.execute(
        "update view.queue set version = '99' where ticket = (select min(ticket) from view.queue)"
    )
    with rebuild_of(database, history, views=VIEWS[:1]) as work:
        work.build()
        (view,) = work.compare().views
    of_queue = view.tables[0]
    assert not view.same
    assert of_queue.retyped == ("ticket", "lane", "kind", "version")
    assert (of_queue.missing, of_queue.extra, of_queue.differing) == (0, 0, 1)
    assert of_queue.examples[0].columns == ["version"]


@pytest.mark.lanes(1)
def test_a_view_that_read_beyond_the_record_is_told_and_does_not_stay_so(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """A record restored from an older copy ends before; what comes then would be passed over."""
    history = everything(1)
    assert make_views(history, views=VIEWS[:1]).catch_up(30)
    db.execute("update view.position set position = position + 3 where view = 'queue'")
    with rebuild_of(database, history, views=VIEWS[:1]) as work:
        work.build()
        (view,) = work.compare().views
        assert not view.same
        assert all(table.same for table in view.tables)
        assert view.beyond == (f"0-{history.position(0) + 3}",)
        work.swap()
    db.execute("select position from view.position where view = 'queue'")
    assert db.fetchall() == [(history.position(0),)]
    with rebuild_of(database, history, views=VIEWS[:1]) as work:
        assert work.compare().same


def changed_queue() -> View:
    """Return the queue as a later version might have it: one column is gone, another is new."""

    class Page(QueuePage):
        def write(self, db: Cursor) -> None:
            db.execute("alter table view.queue add column if not exists kind text")
            super().write(db)
            db.execute("alter table view.queue drop column kind")

        add = write

    made, *indexes = TABLES["view.queue"]
    made = made.replace("kind text not null", "remark text")
    tables = {**TABLES, "view.queue": (made, *indexes)}
    later: TicketView[QueueRow] = TicketView("queue", version=99, tables=tables, page=Page)
    later.openings, later.handlers = queue.VIEW.openings, queue.VIEW.handlers
    return later


@pytest.mark.lanes(1)
def test_a_view_that_nobody_has_built_yet_is_told_as_new(
    make_views: MakeViews, database: Database
) -> None:
    """A release may bring a view: that is no difference, but alone there is nothing to compare."""
    history = everything(1)
    assert make_views(history, views=VIEWS[:1]).catch_up(30)
    with rebuild_of(database, history, views=VIEWS[:2]) as work:
        work.build()
        known, new = work.compare().views
    assert (known.same, known.live_version) == (True, VIEWS[0].version)
    assert (new.same, new.live_version) == (True, None)
    with rebuild_of(database, history, views=VIEWS[1:2]) as work:
        work.build()
        with pytest.raises(NothingToCompare):
            work.compare()


@pytest.mark.lanes(1)
def test_what_was_put_aside_is_compared_too(make_views: MakeViews, database: Database) -> None:
    """A live view that could not fold a fact, which the program of now can, is another view."""
    history = History()
    negotiated(history, ONE)
    history.ticket(TWO, opened(), by=AGENT)
    history.ticket(TWO, DeadlineMet(deadline="never given"), by=AGENT)
    history.ticket(TWO, NoteAdded(text=TEXT), by=AGENT)
    views = make_views(history)
    assert views.catch_up(30)
    assert [one.version for one in views.poisoned()] == [2, 3]
    with rebuild_of(database, history) as work:
        work.build()
        assert work.compare().same, "the same poison is put aside"
        with pytest.MonkeyPatch.context() as patched:
            patched.setitem(arbitration.VIEW.handlers, DeadlineMet, lambda row, record, event: None)
            work.build(anew=True)
            found = work.compare()
            wrong = {t.table: t for view in found.views for t in view.tables if not t.same}
            assert set(wrong) == {"arbitration", "arbitration_timeline", "set_aside"}
            assert wrong["set_aside"].extra == 2
            work.swap()
    assert views.poisoned() == []


# --- exchanging -------------------------------------------------------------------------------


def test_an_exchange_leaves_what_prepare_would_have_made(
    make_views: MakeViews, database: Database, db: Cursor, lanes: int
) -> None:
    """Rows, columns, indexes and constraints, each by its name; and nothing in the shadow."""
    history = everything(lanes)
    views = make_views(history)
    assert views.catch_up(30)
    rows, looks = all_rows(db), shape(db)
    db.execute("delete from view.queue")
    with rebuild_of(database, history) as work:
        work.swap()
    assert all_rows(db) == rows
    assert shape(db) == looks
    assert in_shadow(db) == []
    assert make_views(history).prepare() == [], "the program finds its own versions"
    consulted(history, ONE)
    assert views.catch_up(30), "who wrote the old tables goes on with the new ones"
    with rebuild_of(database, history) as work:
        work.build()
        assert work.compare().same


def test_views_that_are_not_there_are_exchanged_too(
    make_views: MakeViews, database: Database, db: Cursor, lanes: int
) -> None:
    """Deleting all read models loses nothing."""
    history = everything(lanes)
    views = make_views(history)
    assert views.catch_up(30)
    rows, looks = all_rows(db), shape(db)
    views.drop()
    with rebuild_of(database, history) as work:
        work.swap()
    assert (all_rows(db), shape(db)) == (rows, looks)


@pytest.mark.lanes(1)
def test_an_exchange_brings_another_version_and_locks_out_the_old_one(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """A process of the version before must not touch the new tables."""
    history = everything(1)
    old = make_views(history, page_size=10)
    old.step(0)
    newer: TicketView[QueueRow] = TicketView("queue", version=99, tables=TABLES, page=QueuePage)
    newer.openings, newer.handlers = queue.VIEW.openings, queue.VIEW.handlers
    with rebuild_of(database, history, views=(newer,)) as work:
        work.swap()
    assert old.step(0) == 0, "its page is thrown away"
    assert old.step(0) > 0, "its other views go on"
    db.execute("select position from view.position where view = 'queue'")
    assert db.fetchall() == [(10,)]
    changed = make_views(history, views=(newer,))
    assert changed.catch_up(30)


def test_commands_readers_and_writers_go_on_while_views_are_exchanged(
    make_views: MakeViews, database: Database, db: Cursor, lanes: int
) -> None:
    """Nobody sees a table missing, a count without its rows, or a moment that goes back."""
    history = everything(lanes)
    views = make_views(history, poll_s=0.01, page_size=50)
    stop = threading.Event()
    failures: list[BaseException] = []

    def recording() -> None:
        for number in range(100, 10_000):
            if stop.is_set():
                return
            consulted(history, f"T0-261122-{number:07}")
            views.hint()
            # Nobody folds what was recorded just before the end.
            while not (stop.is_set() or views.wait("queue", {0: history.position(0)}, 0.2)):
                pass

    def reading() -> None:
        with closing(psycopg2.connect(database.app_dsn)) as connection:
            connection.autocommit = True
            seen = 0
            with connection.cursor() as cursor:
                while not stop.is_set():
                    cursor.execute(
                        "select (select count(*) from view.queue), (select sum(everything) "
                        "from view.queue_count where facet = 'tickets'), "
                        "(select position from view.position where view = 'queue' and lane = 0)"
                    )
                    rows, counted, position = cursor.fetchone() or (0, 0, 0)
                    assert rows == counted
                    assert position >= seen
                    seen = position

    def kept(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)

        return run

    works = (lambda: views.run(stop), recording, reading, reading)
    threads = [threading.Thread(target=kept(work)) for work in works]
    assert views.catch_up(30)
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            with rebuild_of(database, history, chapter=100, part=200) as work:
                work.build()
                assert work.compare().same
                work.swap()
            begun = history.position(0)
            assert views.wait("queue", {0: begun}, timeout=30), "the live views go on behind it"
    finally:
        stop.set()
        views.stop(stop)
        for thread in threads:
            thread.join(60)
    assert not failures
    assert views.failure() is None
    assert views.catch_up(30)
    with rebuild_of(database, history) as work:
        work.build()
        assert work.compare().same


@pytest.mark.lanes(1)
def test_an_exchange_does_not_wait_for_ever(
    make_views: MakeViews, database: Database, db: Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who reads without an end keeps the old tables; nothing is half exchanged."""
    history = everything(1)
    assert make_views(history).catch_up(30)
    monkeypatch.setattr(rebuilding, "TRIES_S", 0.0)
    with psycopg2.connect(database.app_dsn) as reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from view.queue")
        with rebuild_of(database, history) as work, pytest.raises(Busy):
            work.swap()
    reader.close()
    with rebuild_of(database, history) as work:
        work.swap()
        work.build()
        assert work.compare().same


def test_views_in_a_database_of_their_own_are_rebuilt_there(database: Database) -> None:
    """There nobody has made a schema for the shadow."""
    name = f"{database.name}_views"
    connection = psycopg2.connect(database.superuser_dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {name} owner ticketledger_app")
    try:
        history = everything(1)
        dsn = make_dsn(database.app_dsn, dbname=name)
        with Rebuild(dsn, history, lanes=1, views=VIEWS) as work:
            work.swap()
        views = Views(dsn, history)
        assert views.prepare() == []
        assert views.catch_up(30)
        views.close()
        with Rebuild(dsn, history, lanes=1, views=VIEWS) as work:
            work.build()
            assert work.compare().same
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"drop database {name} with (force)")
        connection.close()
