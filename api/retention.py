"""Erasures that only had to wait: taken up once a day, by whichever worker comes first.

What may be erased is judged in `domain.ticket.privacy`; a second worker that did the same would
find nothing left to record.
"""

import logging
import os
import socket
from datetime import timedelta
from secrets import token_hex
from typing import Final

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.reads.privacy import eraser_of
from api.wiring import Services
from domain import errors
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.values import Instant, later, moment_of

EVERY: Final = timedelta(days=1)
BATCH: Final = 20
"""Tickets a round, so that deadlines wait for no long list."""
TURN: Final = "process:retention"
"""The name under which it is kept when a worker last took its turn, beside positions of views."""
log = logging.getLogger(__name__)


class Retention:
    """One worker's share of it; a test takes the rounds itself."""

    def __init__(self, parts: Services) -> None:
        """Work with the given parts."""
        self._parts = parts
        self._name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._not_before: Instant | None = None
        self._waiting: list[str] = []

    def step(self) -> bool:
        """Carry out a batch of what is due, if it is this worker's turn; return whether to go on.

        A worker that ends before its list does leaves the rest to the next day's turn.
        """
        if not self._waiting and not self._takes_turn():
            return False
        eraser = eraser_of(self._parts)
        for ticket in self._waiting[:BATCH]:
            try:
                if eraser.carry_out_due_on(ticket):
                    log.info("what only had to wait on %s is erased", ticket)
            except errors.Refusal as refusal:
                log.warning("what is due on %s is not erased today: %s", ticket, refusal.code)
            except (DatabaseUnavailable, AppendUnknown):
                raise  # the same tickets again, once the database is back
            except Exception:
                # One broken matter holds up no other.
                log.exception("what is due on %s could not be judged", ticket)
        del self._waiting[:BATCH]
        return bool(self._waiting)

    def _takes_turn(self) -> bool:
        """Return whether a day is over and nobody else took the turn; then the list is read."""
        now = self._parts.now()
        if self._not_before is not None and now < self._not_before:
            return False
        today = int(moment_of(now).timestamp())
        before, _ = self._turn()
        due = today - before >= EVERY.total_seconds()
        if due:
            self._parts.write_view(
                "update view.position set position = %s, owner = %s"
                " where lane = 0 and view = %s and position = %s",
                (today, self._name, TURN, before),
            )
            before, owner = self._turn()
            due = owner == self._name
        self._not_before = later(now, EVERY - timedelta(seconds=max(0, today - before)))
        if due:
            self._waiting = eraser_of(self._parts).waiting()
        return bool(self._waiting)

    def _turn(self) -> tuple[int, str | None]:
        """Return when the last turn was taken, and by whom."""
        rows = self._parts.read_now(_read)
        if not rows:
            self._parts.write_view(
                "insert into view.position (lane, view) values (0, %s) on conflict do nothing",
                (TURN,),
            )
            rows = self._parts.read_now(_read)
        return rows[0]


def _read(db: Connection) -> list[tuple[int, str | None]]:
    with db.cursor() as cursor:
        cursor.execute(
            "select position, owner from view.position where lane = 0 and view = %s", (TURN,)
        )
        return [(int(at), owner) for at, owner in cursor.fetchall()]
