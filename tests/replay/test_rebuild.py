"""Views built anew beside those that are read: the same rows, compared and exchanged."""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name
from psycopg2.extensions import make_dsn

from domain.events import DeadlineMet, NoteAdded
from projections import arbitration, queue
from projections.projection import TicketView, View
from projections.queue.rows import TABLES, QueuePage, QueueRow
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import SCHEMA, Busy, NothingToCompare, Rebuild, rebuilding, shadow
from replay.rebuild.sharing import shares
from tests.conftest import Database
from tests.projections.conftest import MakeViews, all_rows
from tests.projections.history import AGENT, History
from tests.projections.tickets import TEXT, consulted, everything, negotiated, opened
from tests.replay.rebuilt import rebuild_of, torn_at

LANES = (1, 4)
THREE = VIEWS[:3]
ONE, TWO = "T0-261122-000001A", "T0-261122-000002B"


def shape(db: Cursor) -> list[Any]:
    """Return every column, index and constraint of the live tables, by name."""
    db.execute(
        "select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'view' "
        "union all select 'column', table_name, column_name, data_type || ' ' || is_nullable || "
        "coalesce(collation_name, '') from information_schema.columns where table_schema = 'view' "
        "union all select 'constraint', c.relname, conname, pg_get_constraintdef(o.oid) "
        "from pg_constraint o join pg_class c on c.oid = conrelid "
        "where connamespace = 'view'::regnamespace order by 1, 2, 3"
    )
    return db.fetchall()


def in_shadow(db: Cursor) -> list[str]:
    """Return the views' tables that stand in the shadow."""
    db.execute("select tablename from pg_tables where schemaname = %s", (SCHEMA,))
    own = {"position", "definition", "set_aside", "build", "build_part"}
    return sorted(name for (name,) in db.fetchall() if name not in own)


# --- building ---------------------------------------------------------------------------------


def test_every_table_of_every_view_is_made_in_the_shadow_alone(
    make_views: MakeViews, database: Database, db: Cursor, lanes: int
) -> None:
    """A name that is not led there would write into what others read: here it is not there."""
    assert make_views
    with rebuild_of(database, everything(lanes)) as work:
        work.build()
    db.execute("select tablename from pg_tables where schemaname = 'view'")
    live = {name for (name,) in db.fetchall()}
    tables = sorted(table.partition(".")[2] for view in VIEWS for table in view.tables)
    assert not live & set(tables)
    assert in_shadow(db) == tables
    for table in tables:
        db.execute(f"select count(*) > 0 from {SCHEMA}.{table}")
        assert db.fetchone() == (True,), f"{table} holds something"


def test_what_ends_the_indexes_of_one_view_ends_those_of_the_others(database: Database) -> None:
    """Nobody waits an hour for the indexes of a rebuild that has failed."""
    statements = {
        "slow": "do $$ begin perform pg_sleep(3600); end $$",
        "broken": "create index on view.broken (nothing)",
        "behind": "create index on view.behind (ticket)",
    }
    views = [
        shadow.Bare(
            TicketView[QueueRow](
                name,
                version=1,
                tables={f"view.{name}": (f"create table view.{name}(ticket text)", statement)},
                page=QueuePage,
            )
        )
        for name, statement in statements.items()
    ]
    with closing(shadow.connect(database.app_dsn)) as connection:
        shadow.make(connection, views, 1, anew=True)
        began = time.monotonic()
        with pytest.raises(psycopg2.errors.UndefinedColumn):
            shadow.add_indexes(lambda: shadow.connect(database.app_dsn), views)
        assert time.monotonic() - began < 60
        with connection, connection.cursor() as db:
            db.execute("select view from view.build where not indexed order by view")
            assert {"broken", "slow"} <= {view for (view,) in db.fetchall()}
        shadow.drop(connection, views)


def test_names_of_views_and_nothing_else_are_led_elsewhere() -> None:
    """Columns are called `view` too, and texts hold dots."""
    assert shadow.shadowed("select p.view from view.position p where p.view = mine.view") == (
        f"select p.view from {SCHEMA}.position p where p.view = mine.view"
    )
    assert shadow.shadowed("create index on view.queue (queue)") == (
        f"create index on {SCHEMA}.queue (queue)"
    )
    for view in VIEWS:
        for table, statements in view.tables.items():
            assert table.startswith("view.")
            assert all(f" {table}" in statement for statement in statements)


@pytest.mark.parametrize("size", [7, 100_000])
@pytest.mark.parametrize("whole", [False, True], ids=["along the lanes", "stream by stream"])
def test_what_is_rebuilt_is_what_is_read(
    make_views: MakeViews, database: Database, lanes: int, size: int, *, whole: bool
) -> None:
    """The release gate: nothing differs, whatever a chapter's or a part's length."""
    history = everything(lanes)
    assert make_views(history).catch_up(30)
    with rebuild_of(database, history, whole=whole, chapter=size, part=size) as work:
        work.build()
        found = work.compare()
    assert found.same, [table for view in found.views for table in view.tables if not table.same]
    assert [view.view for view in found.views] == [view.name for view in VIEWS]
    assert all(table.live_rows for view in found.views for table in view.tables[:-1])
    assert {view.moment for view in found.views} == {
        ",".join(f"{lane}-{history.position(lane)}" for lane in range(lanes))
    }


def test_a_rebuild_goes_no_further_than_what_is_read(
    make_views: MakeViews, database: Database, lanes: int
) -> None:
    """Rows can only be compared at one moment, and the live view's is the one that counts."""
    history = everything(lanes)
    assert make_views(history).catch_up(30)
    reached = {lane: history.position(lane) for lane in range(lanes)}
    consulted(history, ONE)
    with rebuild_of(database, history) as work:
        work.build()
        found = work.compare()
    assert found.same
    assert found.views[0].moment == ",".join(f"{lane}-{at}" for lane, at in reached.items())


@pytest.mark.parametrize("whole", [False, True], ids=["along the lanes", "stream by stream"])
def test_an_interrupted_rebuild_is_gone_on_with(
    make_views: MakeViews, database: Database, lanes: int, *, whole: bool
) -> None:
    """A large platform's rebuild takes long; whoever ends it need not begin anew."""
    history = everything(lanes)
    views = make_views(history)
    assert views.catch_up(30)
    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 3:
            raise KeyboardInterrupt

    first = rebuild_of(database, history, whole=whole, chapter=10, part=10)
    with first as work, pytest.raises(KeyboardInterrupt):
        work.build(watch)
    done, total = seen[-1]
    seen.clear()
    with rebuild_of(database, history, whole=whole, chapter=10, part=10) as work:
        work.build(lambda *told: seen.append(told))
        assert work.compare().same
    assert seen[0][1] == total - done, "what was folded is not folded again"
    assert seen[-1] == (total - done, total - done)


@pytest.mark.lanes(1)
def test_what_other_code_has_built_is_not_gone_on_with(
    make_views: MakeViews, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a view of the code before would hide what the code of now does differently."""
    history = everything(1)
    assert make_views(history).catch_up(30)
    told: list[int] = []
    with rebuild_of(database, history) as work:
        work.build()
    with rebuild_of(database, history) as work:
        work.build(lambda done, _: told.append(done))
        assert not told
        monkeypatch.setattr(shadow, "code_digest", lambda: b"another")
        work.build(lambda done, _: told.append(done))
    assert told


def test_a_live_view_that_was_begun_anew_is_compared_at_its_own_moment(
    make_views: MakeViews, database: Database, lanes: int
) -> None:
    """What is built must not be ahead of what is read."""
    history = everything(lanes)
    views = make_views(history)
    assert views.catch_up(30)
    with rebuild_of(database, history) as work:
        work.build()
        views.drop()
        views.prepare()
        again = make_views(history, page_size=5)
        again.step(0)
        found = work.compare()
    assert found.same
    assert found.views[0].moment.startswith("0-5")


@pytest.mark.lanes(1)
def test_there_is_one_rebuild_at_a_time(make_views: MakeViews, database: Database) -> None:
    """Two would fold every record twice into the same tables."""
    assert make_views
    history = everything(1)
    with (
        rebuild_of(database, history),
        pytest.raises(Busy),
        rebuild_of(database, history),
    ):
        pass


def test_work_is_shared_by_lanes_or_else_by_views() -> None:
    """Whatever the number of processes: every view of every lane is built once."""
    views = [shadow.Bare(view) for view in VIEWS]
    for lanes, count in ((1, 1), (1, 2), (1, 3), (1, 40), (4, 2), (4, 3), (4, 4)):
        targets = {view.name: dict.fromkeys(range(lanes), 7) for view in VIEWS}
        parts = shares(views, targets, count)
        assert len(parts) == min(count, max(len(VIEWS), lanes))
        built = [(name, lane) for _, part in parts for name, at in part.items() for lane in at]
        assert sorted(built) == sorted((view.name, at) for view in VIEWS for at in range(lanes))
        assert all({view.name for view in of_part} == set(part) for of_part, part in parts)


@pytest.mark.lanes(1)
@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize(
    ("whole", "number"),
    [(False, 8), (False, 13), *((True, number) for number in (6, 8, 10, 14, 18))],
)
def test_a_crash_leaves_a_rebuild_that_can_be_gone_on_with(
    make_views: MakeViews, database: Database, db: Cursor, how: str, number: int, *, whole: bool
) -> None:
    """Lost before a commit, or after it without an answer, while it builds or exchanges."""
    history = everything(1)
    assert make_views(history).catch_up(30)
    expected, looks = all_rows(db), shape(db)
    connect = losing(number, how)
    with (
        pytest.raises(psycopg2.OperationalError),
        rebuild_of(
            database, history, whole=whole, views=THREE, connect=connect, chapter=60, part=60
        ) as work,
    ):
        swap_for_ever(work)
    assert (all_rows(db), shape(db)) == (expected, looks), "one whole set is read"
    with rebuild_of(database, history, whole=whole, views=THREE) as work:
        work.build()
        assert work.compare().same
        work.swap()
    assert (all_rows(db), shape(db)) == (expected, looks)


@pytest.mark.lanes(1)
@pytest.mark.parametrize("number", [2, 5, 11])
def test_a_crash_within_a_page_leaves_nothing_of_it(
    make_views: MakeViews, database: Database, db: Cursor, number: int
) -> None:
    """Some views of the page had their rows, others not yet: none of it was ever there."""
    history = everything(1)
    views = make_views(history)
    assert views.catch_up(30)
    expected = all_rows(db)
    views.drop()
    views.prepare()
    before = all_rows(db)
    torn = Views(database.app_dsn, history, page_size=40, connect=torn_at(number))
    with pytest.raises(psycopg2.Error):
        torn.step(0)
    assert all_rows(db) == before
    assert torn.catch_up(30), "the same process goes on with a new connection"
    torn.close()
    assert all_rows(db) == expected


@pytest.mark.lanes(1)
@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("number", [2, 3, 4, 5])
@pytest.mark.parametrize("ended", [False, True], ids=["half built", "built"])
def test_a_crash_while_it_is_begun_anew_leaves_nothing_that_only_seems_done(
    make_views: MakeViews, database: Database, db: Cursor, how: str, number: int, *, ended: bool
) -> None:
    """What is said to be done, of rows and of indexes, must not outlive the tables."""
    history = everything(1)
    assert make_views(history).catch_up(30)
    expected, looks = all_rows(db), shape(db)

    def watch(done: int, total: int) -> None:
        if not ended and done * 2 > total:
            raise KeyboardInterrupt

    with rebuild_of(database, history, views=THREE) as work, suppress(KeyboardInterrupt):
        work.build(watch)
    lost = rebuild_of(database, history, views=THREE, connect=losing(number, how))
    with pytest.raises(psycopg2.OperationalError), lost as work:
        work.build(anew=True)
    with rebuild_of(database, history, views=THREE) as work:
        work.build()
        assert work.compare().same
        work.swap()
    assert (all_rows(db), shape(db)) == (expected, looks)


def losing(number: int, how: str) -> Callable[[str], Connection]:
    """Return what connects to a server that is lost before or after one of the commits."""
    commits = 0

    class Losing(Connection):
        def __exit__(self, kind, error, trace):  # type: ignore[no-untyped-def]  # as the driver's
            nonlocal commits
            commits += kind is None
            lost = kind is None and commits == number
            if lost and how == "before":
                self.close()
                raise psycopg2.OperationalError("lost before the commit")
            super().__exit__(kind, error, trace)
            if lost:
                self.close()
                raise psycopg2.OperationalError("lost after the commit")

    def connect(dsn: str) -> Connection:
        return psycopg2.connect(dsn, connection_factory=Losing, cursor_factory=shadow.ShadowCursor)

    return connect


def swap_for_ever(work: Rebuild) -> None:
    """Exchange the views until something ends it."""
    while True:
        work.swap()


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
