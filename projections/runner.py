"""Giving pages of records to every view: who writes, in which transaction, and what waits.

A view's rows and its position commit together, so a crash repeats a page and skips none of it.
What a view makes of a record is in the view's own module.
"""

import logging
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from domain.record import Record
from domain.streams import position_text
from projections import positions, quarantine
from projections.folding import facts_of, settle
from projections.positions import Lease, LeaseLost
from projections.projection import Source, View, where
from projections.session import Connect, Session, connect
from projections.views import VIEWS

_LOG: Final = logging.getLogger(__name__)


class Views:
    """All views of one process: folding them when it holds the lease, waiting for them always.

    `prepare` once, then `run` in a thread (or `catch_up` when asked). Several processes may run;
    for each view of a lane one of them writes, and another takes over when it is gone.
    """

    def __init__(
        self,
        dsn: str,
        source: Source,
        *,
        lanes: int = 1,
        views: Sequence[View] = VIEWS,
        page_size: int = 2000,
        poll_s: float = 0.25,
        lease_s: float = 5.0,
        owner: str | None = None,
        connect: Connect = connect,
    ) -> None:
        """Remember the parts; nothing is opened yet. `dsn` may be another database's."""
        self.views = tuple(views)
        self.lanes = lanes
        self._source = source
        self._page_size = page_size
        self._poll_s = poll_s
        self._lease_s = lease_s
        self._owner = owner or secrets.token_hex(8)
        self._writing = Session(dsn, connect)
        self._looking = Session(dsn, connect)
        self._hint = threading.Event()
        self._moved = threading.Condition()
        self._known: dict[tuple[str, int], int] = {}
        self._leases: dict[int, dict[str, Lease]] = {}
        self._aside: dict[int, dict[str, set[str]]] = {}
        self._renewed: dict[int, float] = {}
        self._failures: dict[int, str] = {}
        self._retried: set[int] = set()

    # --- folding ------------------------------------------------------------------------------

    def prepare(self) -> list[str]:
        """Make missing tables, drop views of another version, and return what is built anew."""
        with self._writing.connection() as connection:
            rebuilt = positions.prepare(connection, self.views, self.lanes)
        with self._moved:
            self._known.clear()
        return rebuilt

    def drop(self) -> None:
        """Drop every view; `prepare` and `catch_up` build them again from the records."""
        self.close_leases()
        with self._writing.connection() as connection:
            positions.drop(connection, self.views)

    def hint(self) -> None:
        """Say that something was appended; a lost hint costs no more than one poll."""
        self._hint.set()

    def run(self, stop: threading.Event) -> None:
        """Fold what comes until told to stop; a lost database or source is tried again."""
        try:
            while not stop.is_set():
                self._hint.clear()
                if not sum([self._supervised_step(lane) for lane in range(self.lanes)]):
                    self._hint.wait(self._poll_s)
        finally:
            self.close_leases()

    def _supervised_step(self, lane: int) -> int:
        """Do a step; what fails is told by `failure`, and its page is folded again."""
        try:
            moved = self.step(lane)
            if lane in self._leases and lane not in self._retried:
                self._release(lane)
                self._retried.add(lane)
        except Exception as error:
            # A lane that can not go on must neither end the loop nor hold the other lanes up.
            why = where(error)
            if self._failures.get(lane) != why:
                _LOG.warning("the views of lane %s wait: %s", lane, why)
            self._failures[lane] = why
            self._drop_leases(lane)
            return 0
        self._failures.pop(lane, None)
        return moved

    def stop(self, stop: threading.Event) -> None:
        """End `run` in another thread without waiting for its next poll."""
        stop.set()
        self._hint.set()

    def catch_up(self, timeout: float = 600.0) -> bool:
        """Fold until level with what was recorded when this was called; False when time is up.

        When another process holds a lease, this waits for it.
        """
        heads = {lane: self._source.position(lane) for lane in range(self.lanes)}
        until = time.monotonic() + timeout
        while True:
            moved = sum(self.step(lane) for lane in range(self.lanes))
            if not moved and self._level(heads):
                return True
            if time.monotonic() >= until:
                return False
            if not moved:
                self._hint.wait(0.01)

    def step(self, lane: int) -> int:
        """Fold one page of a lane into the views that are furthest behind; return its length."""
        with self._writing.connection() as connection:
            leases = self._hold(connection, lane)
            if not leases:
                return 0
            behind = min(lease.position for lease in leases.values())
            ours = [view for view in self.views if _at(leases, view, behind)]
            ahead = [one.position for one in leases.values() if one.position > behind]
            limit = min(self._page_size, *(one - behind for one in ahead), self._page_size)
            records = self._source.records(lane, behind, limit)
            if records:
                try:
                    self._advance(connection, lane, ours, records)
                except LeaseLost:
                    self._drop_leases(lane)
                    return 0
            return len(records)

    def release(self) -> list[quarantine.SetAside]:
        """Try everything that was put aside again, and return what still can not be folded.

        Only who holds the leases can; `run` does it once, for a program that was upgraded.
        """
        for lane in range(self.lanes):
            self._release(lane)
        return self.poisoned()

    # --- asking -------------------------------------------------------------------------------

    def poisoned(self, limit: int = 100) -> list[quarantine.SetAside]:
        """Return what is put aside: the poison (with its error) first, then what waits behind."""
        with (
            self._looking.connection() as connection,
            connection,
            connection.cursor() as db,
        ):
            return quarantine.set_aside(db, limit=limit)

    def failure(self) -> str | None:
        """Return why views can not go on at present, or None when all is well."""
        failures = sorted(self._failures.copy().items())
        return "; ".join(f"lane {lane}: {why}" for lane, why in failures) or None

    def lag(self) -> dict[str, int]:
        """Return view → how many records it has not folded, over all lanes."""
        reached = self._look()
        heads = {lane: self._source.position(lane) for lane in range(self.lanes)}
        return {
            view.name: sum(
                max(0, head - reached.get((view.name, lane), 0)) for lane, head in heads.items()
            )
            for view in self.views
        }

    def moment(self, view: str) -> str:
        """Return how far a view is known to have read, one place a lane; asks no database."""
        with self._moved:
            return ",".join(
                position_text(lane, self._known.get((view, lane), 0)) for lane in range(self.lanes)
            )

    def reached(self, view: str, moment: Mapping[int, int]) -> bool:
        """Return whether a view is known to be at a moment (lane → position); never blocks."""
        with self._moved:
            return self._reached(view, moment)

    def wait(self, view: str, moment: Mapping[int, int], timeout: float) -> bool:
        """Return True as soon as a view is at a moment, False when the time is up before.

        Blocks its thread. A view that this process writes is waited for without asking the
        database; another's is asked for, at first at once and then ever more rarely.
        """
        until = time.monotonic() + timeout
        pause = 0.002
        while not self.reached(view, moment):
            if not self._writes(view, moment):
                # A database that is gone has no answer now: that is no reason to give up early.
                with suppress(psycopg2.Error):
                    self._look()
            with self._moved:
                if self._reached(view, moment):
                    return True
                remaining = until - time.monotonic()
                if remaining <= 0:
                    return False
                self._moved.wait(min(pause, remaining))
            pause = min(pause * 2, 0.05)
        return True

    def close(self) -> None:
        """Give the leases back and close the connections."""
        self.close_leases()
        self._writing.close()
        self._looking.close()

    def close_leases(self) -> None:
        """Give the leases back; a database that is gone lets them run out."""
        try:
            with self._writing.connection() as connection:
                for lane, leases in self._leases.items():
                    positions.release(connection, lane, leases.values())
        except psycopg2.Error:
            _LOG.info("leases run out by themselves: the database is gone")
        finally:
            self._forget()

    # --- one page -----------------------------------------------------------------------------

    def _advance(
        self, connection: Connection, lane: int, views: Sequence[View], records: Sequence[Record]
    ) -> None:
        """Fold a page into views that stand at the same position, and commit it whole."""
        leases = self._leases[lane]
        to = records[-1].position
        facts = {view.families: facts_of(records, view.families) for view in views}
        aside: dict[str, set[str]] = {}
        with connection, connection.cursor() as db:
            held = [leases[view.name] for view in views]
            positions.fence(db, lane, held, to=to, lease_s=self._lease_s)
            for view in views:
                known = self._aside[lane].get(view.name, set())
                poison = settle(db, view, lane, facts[view.families], known)
                if poison:
                    quarantine.put_aside(db, view.name, lane, poison)
                    aside[view.name] = known | {record.stream for record, _ in poison}
        self._aside[lane].update(aside)
        self._renewed[lane] = time.monotonic()
        with self._moved:
            for lease in held:
                lease.position = to
                self._known[lease.view, lane] = to
            self._moved.notify_all()

    def _release(self, lane: int) -> None:
        with self._writing.connection() as connection:
            leases = self._hold(connection, lane)
            for view in self.views:
                if view.name in leases:
                    self._retry(connection, lane, view)

    def _retry(self, connection: Connection, lane: int, view: View) -> None:
        """Fold the waiting records of each stream, one transaction a stream."""
        lease = self._leases[lane][view.name]
        with connection, connection.cursor() as db:
            waiting = quarantine.waiting_of(db, view.name, lane)
        for stream, places in waiting.items():
            records = [self._source.records(lane, place - 1, 1)[0] for place in places]
            facts = facts_of(records, view.families)
            with connection, connection.cursor() as db:
                positions.fence(db, lane, [lease], to=None, lease_s=self._lease_s)
                poison = settle(db, view, lane, facts, set())
                quarantine.take_back(db, view.name, lane, places)
                if poison:
                    quarantine.put_aside(db, view.name, lane, poison)
            if not poison:
                self._aside[lane].get(view.name, set()).discard(stream)

    # --- leases and knowledge -----------------------------------------------------------------

    def _hold(self, connection: Connection, lane: int) -> dict[str, Lease]:
        """Return the leases of a lane that are ours, renewed in time, taken where they are free."""
        leases = self._leases.get(lane, {})
        age = time.monotonic() - self._renewed.get(lane, float("-inf"))
        if age < self._lease_s / 3:
            return leases
        if len(leases) == len(self.views):
            try:
                with connection, connection.cursor() as db:
                    positions.fence(db, lane, leases.values(), to=None, lease_s=self._lease_s)
            except LeaseLost:
                leases = {}
        if len(leases) < len(self.views):
            leases = positions.acquire(
                connection, lane, self.views, owner=self._owner, lease_s=self._lease_s
            )
            with connection, connection.cursor() as db:
                self._aside[lane] = quarantine.streams_aside(db, lane)
        with self._moved:
            self._leases[lane] = leases
            for lease in leases.values():
                self._known[lease.view, lane] = lease.position
            self._moved.notify_all()
        # Who holds nothing asks again soon: the other may be gone.
        self._renewed[lane] = time.monotonic() if leases else float("-inf")
        return leases

    def _drop_leases(self, lane: int) -> None:
        with self._moved:
            self._leases.pop(lane, None)
        self._renewed.pop(lane, None)

    def _forget(self) -> None:
        for lane in range(self.lanes):
            self._drop_leases(lane)

    def _writes(self, view: str, moment: Mapping[int, int]) -> bool:
        with self._moved:
            return all(view in self._leases.get(lane, {}) for lane in moment)

    def _reached(self, view: str, moment: Mapping[int, int]) -> bool:
        return all(
            self._known.get((view, lane), 0) >= position for lane, position in moment.items()
        )

    def _look(self) -> dict[tuple[str, int], int]:
        """Return where the views stand in the database, and remember it."""
        with (
            self._looking.connection() as connection,
            connection,
            connection.cursor() as db,
        ):
            found = positions.positions(db, self.views)
        with self._moved:
            for (view, lane), position in found.items():
                # What this process writes it knows better: the answer may be older.
                if view not in self._leases.get(lane, {}):
                    self._known[view, lane] = position
        return found

    def _level(self, heads: Mapping[int, int]) -> bool:
        found = self._look()
        return all(
            found.get((view.name, lane), 0) >= head
            for view in self.views
            for lane, head in heads.items()
        )


def _at(leases: Mapping[str, Lease], view: View, position: int) -> bool:
    return view.name in leases and leases[view.name].position == position
