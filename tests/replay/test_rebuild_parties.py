"""Hypothesis plays the parties while views are folded, lost, dropped and rebuilt."""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any, ClassVar

import psycopg2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from domain.record import Record
from projections.runner import Views
from projections.views import VIEWS
from replay.rebuild import Rebuild
from tests.conftest import Database
from tests.projections.conftest import all_rows
from tests.replay.lived import Recorded
from tests.replay.rebuilt import ByStream, torn_at
from tests.simulation.test_parties import PromisedParties


class Played:
    """What was recorded so far, as a source of views."""

    def __init__(self, play: Recorded) -> None:
        """Read from a play."""
        self._play = play

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return records of the one lane there is."""
        assert lane == 0
        return self._play.records[after : after + limit]

    def position(self, lane: int) -> int:
        """Return the newest position."""
        assert lane == 0
        return len(self._play.records)


class ViewedParties(PromisedParties):
    """The parties, and a process with views that is ended and begun again now and then."""

    PLAY = Recorded
    dsn: ClassVar[str]

    def begin_views(self, page_size: int = 2000) -> Views:
        """Begin a process: its predecessor is gone without a word."""
        assert isinstance(self.play, Recorded)
        # The first one finds what the run before has left, which is of other records.
        first = not hasattr(self, "views")
        self.views = Views(self.dsn, Played(self.play), page_size=page_size)
        if first:
            self.views.drop()
        self.views.prepare()
        return self.views

    def rebuild(self, size: int = 1000, *, whole: bool = True) -> Rebuild:
        """A rebuild over what was recorded so far."""
        assert isinstance(self.play, Recorded)
        played = Played(self.play)
        source = ByStream(played) if whole else played
        return Rebuild(self.dsn, source, lanes=1, views=VIEWS, chapter=size, part=size)

    def rows(self) -> dict[str, list[Any]]:
        """Return every row of every view."""
        with (
            closing(psycopg2.connect(self.dsn, options="-c timezone=UTC")) as connection,
            connection.cursor() as db,
        ):
            return all_rows(db)

    @rule(size=st.integers(min_value=1, max_value=40), steps=st.integers(min_value=1, max_value=3))
    def views_are_folded(self, size: int, steps: int) -> None:
        """A process folds some pages and crashes with its leases in its hands."""
        views = self.begin_views(size)
        for _ in range(steps):
            views.step(0)
        abandon(views, self.dsn)

    @rule(size=st.integers(min_value=1, max_value=40), number=st.integers(1, 40))
    def views_are_torn(self, size: int, number: int) -> None:
        """A process is lost between two statements of a page: none of it was ever there."""
        abandon(self.begin_views(size), self.dsn)
        assert isinstance(self.play, Recorded)
        torn = Views(self.dsn, Played(self.play), page_size=size, connect=torn_at(number))
        with suppress(psycopg2.Error):
            torn.step(0)
        abandon(torn, self.dsn)

    @rule(size=st.integers(min_value=1, max_value=60), whole=st.booleans(), ends=st.booleans())
    def views_are_rebuilt(self, size: int, *, whole: bool, ends: bool) -> None:
        """Beside the live ones, which may be anywhere; sometimes only half of it is done."""
        self.begin_views()
        with self.rebuild(size, whole=whole) as work:
            work.build(anew=True)
            if ends:
                work.swap()

    def teardown(self) -> None:
        """However they came about: the live views are what a rebuild makes of the record.

        So they are after all of them were dropped and nothing but the record was left.
        """
        if hasattr(self, "play"):
            views = self.begin_views()
            assert views.catch_up(60)
            assert not views.poisoned()
            with self.rebuild() as work:
                work.build(anew=True)
                found = work.compare()
                live = self.rows()
                views.drop()
                work.swap()
            assert found.same, [t for view in found.views for t in view.tables if not t.same]
            assert self.rows() == live != {}
            assert views.prepare() == [], "all views stand again"
            views.close()
        super().teardown()


def abandon(views: Views, dsn: str) -> None:
    """Lose a process: its leases run out, as they do by themselves after a while."""
    views.close()
    with psycopg2.connect(dsn) as connection, connection.cursor() as db:
        db.execute("update view.position set owner = 'gone', lease_until = '-infinity'")
    connection.close()


def test_views_are_what_the_record_says_whatever_happened(
    make_database: Callable[[int], Database],
) -> None:
    """Parties, crashes and rebuilds in any order."""
    database = make_database(1)

    class OnThisDatabase(ViewedParties):
        dsn = database.app_dsn

    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=7,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
