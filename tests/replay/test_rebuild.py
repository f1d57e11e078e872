"""Views built anew beside those that are read: the same rows, whatever ends it before."""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.projection import TicketView
from projections.queue.rows import QueuePage, QueueRow
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import SCHEMA, Busy, Rebuild, shadow
from replay.rebuild.sharing import shares
from tests.conftest import Database
from tests.projections.conftest import MakeViews, all_rows
from tests.projections.tickets import consulted, everything
from tests.replay.rebuilt import in_shadow, rebuild_of, shape, torn_at

LANES = (1, 4)
THREE = VIEWS[:3]
WAIT_S = 60
ONE, TWO = "T0-261122-000001A", "T0-261122-000002B"


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
    """Nobody waits for the indexes of a rebuild that has failed, begun or about to begin."""
    cancelled = threading.Event()

    def connect() -> Connection:
        return psycopg2.connect(
            database.app_dsn, connection_factory=Told, cursor_factory=shadow.ShadowCursor
        )

    class Told(Connection):
        def cancel(self) -> None:
            super().cancel()
            cancelled.set()

    class Late(shadow.Bare):
        """Its first statement comes when the first cancel has passed by."""

        @property
        def indexes(self) -> list[str]:
            assert cancelled.wait(WAIT_S)
            return super().indexes

    def view(name: str, statement: str) -> TicketView[QueueRow]:
        tables = {f"view.{name}": (f"create table view.{name}(ticket text)", statement)}
        return TicketView(name, version=1, tables=tables, page=QueuePage)

    views = [
        Late(view("late", f"do $$ begin perform pg_sleep({2 * WAIT_S}); end $$")),
        shadow.Bare(view("broken", "create index on view.broken (nothing)")),
        shadow.Bare(view("behind", "create index on view.behind (ticket)")),
    ]
    with closing(shadow.connect(database.app_dsn)) as connection:
        shadow.make(connection, views, 1, anew=True)
        try:
            began = time.monotonic()
            with pytest.raises(psycopg2.errors.UndefinedColumn):
                shadow.add_indexes(connect, views)
            assert cancelled.is_set()
            assert time.monotonic() - began < WAIT_S
            with connection, connection.cursor() as db:
                db.execute("select view from view.build where not indexed order by view")
                assert {"broken", "late"} <= {view for (view,) in db.fetchall()}
        finally:
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
