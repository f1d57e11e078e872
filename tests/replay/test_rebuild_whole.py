"""Views rebuilt stream by stream: each record is folded once, by whoever takes its part."""

import re
from collections import Counter
from collections.abc import Collection
from multiprocessing import get_context
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import NoteAdded
from projections.views import VIEWS
from replay.rebuild import SCHEMA, Overtaken, Rebuild, sharing
from replay.rebuild.parts import Part
from replay.rebuild.shadow import ShadowCursor
from tests.conftest import Database
from tests.projections.conftest import MakeViews, all_rows
from tests.projections.history import AGENT, History
from tests.projections.tickets import TEXT, consulted, everything, negotiated, opened
from tests.replay.rebuilt import ByStream, Page, rebuild_of

LANES = (1, 4)
THREE = VIEWS[:3]
ONE, TWO, THIRD = "T0-261122-000001A", "T0-261122-000002B", "T0-261122-000003C"


class Counting(ByStream):
    """Counts which records were asked for."""

    def __init__(self, history: History) -> None:
        """Count nothing yet."""
        super().__init__(history)
        self.whole: Counter[tuple[int, int]] = Counter()

    def streams(
        self,
        lane: int,
        families: Collection[str],
        first: str,
        before: str | None,
        after: tuple[str, int] | None,
    ) -> Page:
        """Return the next few records, and count them."""
        page = super().streams(lane, families, first, before, after)
        self.whole.update((lane, record.position) for record in page.found)
        return page


def test_each_record_of_their_streams_is_read_once_for_all_views(
    make_views: MakeViews, database: Database, lanes: int
) -> None:
    """Reading and decoding is most of the work of a rebuild."""
    history = everything(lanes)
    assert make_views(history, views=THREE).catch_up(30)
    source = Counting(history)
    with Rebuild(database.app_dsn, source, lanes=lanes, views=THREE, part=25) as work:
        work.build()
        assert work.compare().same
    assert source.whole == Counter(
        (lane, record.position)
        for lane, records in enumerate(history.of_lane)
        for record in records
        if record.stream.startswith("ticket:")
    )


def test_what_is_recorded_meanwhile_is_folded_behind_it(
    make_views: MakeViews, database: Database, lanes: int
) -> None:
    """The parts end where the live views stood when they were settled."""
    history = everything(lanes)
    views = make_views(history)
    assert views.catch_up(30)

    def watch(_done: int, _total: int) -> None:
        number = history.position(0)
        if number < 2_000:
            consulted(history, f"T0-261122-{number:07}")
            assert views.catch_up(30)

    with rebuild_of(database, history) as work:
        work.build(watch)
        assert work.compare().same


@pytest.mark.lanes(1)
def test_some_of_the_views_of_an_interrupted_rebuild_are_gone_on_with(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """Whoever wants one of them first finds what is there of it, and the others wait."""
    history = everything(1)
    assert make_views(history).catch_up(30)

    def interrupt(done: int, total: int) -> None:
        if done * 3 > total:
            raise KeyboardInterrupt

    with rebuild_of(database, history, views=THREE) as work, pytest.raises(KeyboardInterrupt):
        work.build(interrupt)
    with rebuild_of(database, history, views=THREE[1:2]) as work:
        work.build()
        assert work.compare().same
    db.execute(f"select distinct view from {SCHEMA}.build_part order by view")
    assert db.fetchall() == [("arbitration",), ("queue",)]
    with rebuild_of(database, history, views=THREE) as work:
        work.build()
        assert work.compare().same
    db.execute(f"select count(*) from {SCHEMA}.build_part")
    assert db.fetchone() == (0,)


@pytest.mark.lanes(1)
@pytest.mark.parametrize("whole", [False, True])
def test_who_was_overtaken_writes_nothing_more(
    make_views: MakeViews, database: Database, db: Cursor, *, whole: bool
) -> None:
    """A helper outlives a rebuild that was killed; the next one must be safe from it."""
    history = everything(1)
    assert make_views(history).catch_up(30)

    def overtake(_done: int, _total: int) -> None:
        if whole:
            db.execute(f"update {SCHEMA}.build_part set done = true where number = 3")
        else:
            db.execute(f"update {SCHEMA}.position set position = position + 3 where view = 'queue'")

    one = rebuild_of(database, history, views=THREE, whole=whole, chapter=20)
    with one as work, pytest.raises(Overtaken):
        work.build(overtake)
    with rebuild_of(database, history, whole=whole) as work:
        work.build(anew=True)
        assert work.compare().same


@pytest.mark.lanes(1)
def test_texts_of_any_kind_are_added_as_they_are_written(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """References come from elsewhere: tabs, line breaks and backslashes are part of them."""
    history = History()
    odd = "\\N \t\"{},\r\n\\.\n'é\x1f"
    history.ticket(ONE, opened(buyer=odd, merchant=odd, order=odd), by=AGENT)
    negotiated(history, TWO)
    assert make_views(history).catch_up(30)
    before = all_rows(db)
    with rebuild_of(database, history) as work:
        work.build()
        assert work.compare().same
        work.swap()
    assert all_rows(db) == before
    db.execute("select buyer, merchant, order_ref from view.queue where ticket = %s", (ONE,))
    assert db.fetchone() == (odd, odd, odd)


@pytest.mark.lanes(1)
def test_what_the_database_refuses_is_put_aside_and_the_rest_of_the_part_stays(
    make_views: MakeViews, database: Database, db: Cursor
) -> None:
    """One bad text fails a whole part at once; afterwards only its ticket waits."""
    history = History()
    negotiated(history, ONE)
    history.ticket(TWO, opened(order="\x00"), by=AGENT)
    history.ticket(TWO, NoteAdded(text=TEXT), by=AGENT)
    negotiated(history, THIRD)
    views = make_views(history)
    assert views.catch_up(30)
    aside = [(one.view, one.position) for one in views.poisoned()]
    of_queue = ("queue", "queue_occurred", "queue_past")
    assert aside == [(view, position) for position in (12, 13) for view in of_queue]
    with rebuild_of(database, history, part=1_000) as work:
        work.build()
        assert work.compare().same
        work.swap()
    assert [(one.view, one.position) for one in views.poisoned()] == aside
    db.execute("select ticket from view.queue order by ticket")
    assert db.fetchall() == [(ONE,), (THIRD,)]


@pytest.mark.lanes(1)
def test_what_parts_share_is_written_last(make_views: MakeViews, database: Database) -> None:
    """Who is at another part waits from the first counter to the commit, and for nothing else."""
    history = everything(1)
    assert make_views(history).catch_up(30)
    written: list[str] = []

    class Told(ShadowCursor):
        def execute(self, query: Any, vars: Any = None) -> None:
            written.append(query)
            super().execute(query, vars)

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
            written.append(sql)
            super().copy_expert(sql, file, size)

    def connect(dsn: str) -> Connection:
        return psycopg2.connect(dsn, cursor_factory=Told)

    with rebuild_of(database, history, connect=connect) as work:
        work.build()
    shared = {
        table
        for view in VIEWS
        for table, (made, *_) in view.tables.items()
        if view.by_stream and "primary key (lane," in made
    }
    assert {"view.queue_count", "view.queue_bucket", "view.agreement"} < shared
    of_parts = "\0".join(written).split("update view.build_part set done")[1:-1]
    assert len(of_parts) > 3
    for part in of_parts:
        found = [into[1] for into in re.finditer(r"(?:insert into|delete from|copy) (\S+)", part)]
        counted = [table in shared for table in found]
        assert any(counted)
        assert counted == sorted(counted), found


def test_parts_are_taken_by_one_process_each() -> None:
    """Whoever is free takes the next one, and all of them are taken."""
    every = [Part(0, 100, number, 9, "", None, ("queue",)) for number in range(9)]
    taken = get_context("spawn").Value("q", 0)
    one, other = sharing.taking(every, taken), sharing.taking(every, taken)
    found = [next(one), next(other), next(other), next(one), *other]
    assert found == every
    assert list(one) == []


def test_the_weights_of_parts_are_all_records_of_all_views() -> None:
    """Who watches sees the end when it is there."""
    every = [Part(0, 103, number, 7, "", None, ("queue", "clocks")) for number in range(7)]
    assert sum(part.weight for part in every) == 2 * 103
