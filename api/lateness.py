"""How late the worker fires what is due: counted by day, told as a metric; the worker's own table.

Each instant is on record twice, when it was due and when it was said, so this may be dropped: it
spares whoever watches the platform a reading of the record.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from domain.values import BASIS_POINTS, Instant, later, moment_of
from projections import positions
from projections.columns import integers, texts
from projections.projection import ProcessTables
from projections.session import connect

WRITTEN_EVERY: Final = timedelta(seconds=1)
DAYS_TOLD: Final = 31
STEPS_MS: Final = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 350, 500, 750, 1_000, 1_500, 2_000, 5_000),
    *(10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000),
)
"""Lateness is counted up to each of these; beyond the last one by the day's latest alone."""
_BEYOND: Final = 2**62
_MEDIAN_BP: Final = 5_000
_P99_BP: Final = 9_900
_ADD: Final = (
    "insert into view.lateness as l (day, what, step_ms, fired, late_ms_max) "
    "select * from unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) "
    "on conflict (day, what, step_ms) do update set fired = l.fired + excluded.fired, "
    "late_ms_max = greatest(l.late_ms_max, excluded.late_ms_max)"
)
log = logging.getLogger(__name__)


LATENESS: Final = ProcessTables(
    name="process:lateness",
    version=1,
    tables={
        "view.lateness": (
            """create table view.lateness(
              day text collate "C" not null,
              what text not null,
              step_ms bigint not null,
              fired bigint not null,
              late_ms_max bigint not null,
              primary key (day, what, step_ms))""",
        ),
    },
)
"""What was counted; who fires something counts it, and nobody reads it out of the record again."""


class _Cell(NamedTuple):
    """What is counted together: a kind of instant, on a day, up to a lateness."""

    day: str
    what: str
    step_ms: int


class Lateness:
    """What one worker counts, and writes at most once a second."""

    def __init__(self, dsn: str) -> None:
        """Count for the database of the views; nothing is opened yet."""
        self._dsn = dsn
        self._fired: Counter[_Cell] = Counter()
        self._latest: dict[_Cell, int] = {}
        self._written_at: Instant | None = None
        self._is_there = False

    def add(self, what: str, *, due_at: Instant, fired_at: Instant) -> None:
        """Count one instant that was said."""
        late_ms = max(0, (moment_of(fired_at) - moment_of(due_at)) // timedelta(milliseconds=1))
        step = next((one for one in STEPS_MS if late_ms <= one), _BEYOND)
        cell = _Cell(fired_at[:10], what, step)
        self._fired[cell] += 1
        self._latest[cell] = max(late_ms, self._latest.get(cell, 0))

    def write(self, now: Instant) -> None:
        """Add what was counted to the table, unless that was tried a moment ago. Blocks."""
        rests = self._written_at is not None and now < later(self._written_at, WRITTEN_EVERY)
        if rests or not self._fired:
            return
        self._written_at = now
        try:
            self._add()
        except psycopg2.Error as error:
            # No promise waits for a metric: it is counted on, and written when that is possible.
            self._is_there = False
            log.warning("the lateness is written later: %s", type(error).__name__)
        else:
            self._fired.clear()
            self._latest.clear()

    def _add(self) -> None:
        cells = sorted(self._fired)
        with closing(connect(self._dsn)) as connection:
            if not self._is_there:
                positions.prepare(connection, [LATENESS], 0)
                self._is_there = True
            with connection, connection.cursor() as db:
                db.execute(
                    _ADD,
                    (
                        texts(one.day for one in cells),
                        texts(one.what for one in cells),
                        integers(one.step_ms for one in cells),
                        integers(self._fired[one] for one in cells),
                        integers(self._latest[one] for one in cells),
                    ),
                )


# --- reading ----------------------------------------------------------------------------------


class LatenessOfDay(msgspec.Struct, frozen=True):
    """How late what was due was said on one day, by the day it was said on (UTC)."""

    day: str
    what: str
    """clock, deadline, lease or survey."""
    fired: int
    """How many instants were said."""
    late_ms_p50: int
    """Half of them were no later than this."""
    late_ms_p99: int
    """99 of 100 were no later than this."""
    late_ms_max: int


class LatenessList(msgspec.Struct, frozen=True):
    """The last 31 days on which anything was due, the newest first."""

    items: tuple[LatenessOfDay, ...]


def lateness(connection: Connection) -> LatenessList:
    """Return how late the worker was; nothing where none has fired anything yet. Blocks."""
    with connection.cursor() as db:
        db.execute("select to_regclass('view.lateness') is not null")
        if db.fetchone() != (True,):
            return LatenessList(())
        db.execute(
            "select day, what, step_ms, fired, late_ms_max from view.lateness where day in "
            "(select distinct day from view.lateness order by day desc limit %s) "
            "order by day desc, what, step_ms",
            (DAYS_TOLD,),
        )
        days: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
        for day, what, *counted in db.fetchall():
            days.setdefault((day, what), []).append((counted[0], counted[1], counted[2]))
    return LatenessList(
        tuple(
            LatenessOfDay(
                day=day,
                what=what,
                fired=sum(fired for _, fired, _ in steps),
                late_ms_p50=_up_to(steps, _MEDIAN_BP),
                late_ms_p99=_up_to(steps, _P99_BP),
                late_ms_max=max(latest for _, _, latest in steps),
            )
            for (day, what), steps in days.items()
        )
    )


def _up_to(steps: Iterable[tuple[int, int, int]], share_bp: int) -> int:
    """Return a lateness that a share of the instants does not pass, as far as it was counted."""
    counted = list(steps)
    wanted, seen = sum(fired for _, fired, _ in counted) * share_bp, 0
    for step, fired, latest in counted:
        seen += fired
        if seen * BASIS_POINTS >= wanted:
            return min(step, latest)
    raise AssertionError("all of them are the whole")
