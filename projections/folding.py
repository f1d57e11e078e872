"""One page of records folded into one view, with what the view can not fold put aside.

Which page, and in which transaction, is for `projections.runner`.
"""

import logging
from collections.abc import Iterable, Sequence, Set
from typing import Final

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from projections.projection import OF_TICKETS, Fact, Poisoned, View, where

_LOG: Final = logging.getLogger(__name__)


def facts_of(records: Sequence[Record], families: Set[str] = OF_TICKETS) -> list[Fact]:
    """Return the records of streams of these families, each with what its stream is about."""
    found: list[Fact] = []
    stream = subject = ""
    wanted = False
    for record in records:
        # Often the one before is of the same stream.
        if record.envelope.stream != stream:
            stream = record.envelope.stream
            family, _, subject = stream.partition(":")
            wanted = family in families
        if wanted:
            found.append((subject, record))
    return found


def settle(
    db: Cursor, view: View, lane: int, facts: Sequence[Fact], waiting: Set[str]
) -> list[tuple[Record, str | None]]:
    """Fold facts into a view and write its rows; return what has to be put aside, in order.

    `waiting` are streams that wait already. A record put aside has the reason, or None when it
    only waits behind another one of its stream.
    """
    aside = _Aside(view.name, waiting)
    _settle(db, view, lane, facts, aside)
    if aside.empty:
        return []
    return [
        (record, aside.errors.get(record.position)) for _, record in facts if aside.holds(record)
    ]


class _Aside:
    """From which position on each stream waits, and why."""

    def __init__(self, view: str, waiting: Set[str]) -> None:
        self.errors: dict[int, str] = {}
        self._view = view
        self._since = dict.fromkeys(waiting, 0)

    @property
    def empty(self) -> bool:
        """Return whether nothing waits."""
        return not self._since

    def holds(self, record: Record) -> bool:
        """Return whether a record is put aside."""
        return record.position >= self._since.get(record.envelope.stream, record.position + 1)

    def put(self, record: Record, why: str) -> None:
        """Put a record aside, and with it what comes behind it."""
        self._since[record.envelope.stream] = record.position
        self.errors[record.position] = why
        _LOG.error("%s puts aside %s: %s", self._view, record.envelope.stream, why)

    def clear(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Return the facts that are not put aside."""
        return facts if self.empty else [fact for fact in facts if not self.holds(fact[1])]


def _settle(db: Cursor, view: View, lane: int, facts: Sequence[Fact], aside: _Aside) -> None:
    """Fold again without the poison until the rest is written.

    Every attempt starts from the rows in the database: those in memory may hold half of what a
    poison event meant.
    """
    while clear := aside.clear(facts):
        db.execute("savepoint page")
        try:
            page = view.page(lane)
            page.load(db, clear)
            page.fold(clear)
            page.write(db)
        except Poisoned as poison:
            aside.put(poison.record, str(poison))
        except (psycopg2.DataError, ValueError) as error:
            # The database refuses a value and does not say whose: the page is tried in pieces.
            db.execute("rollback to savepoint page")
            if len(clear) == 1:
                aside.put(clear[0][1], where(error))
                return
            for piece in _pieces(clear):
                _settle(db, view, lane, piece, aside)
            return
        else:
            return


def _pieces(facts: Sequence[Fact]) -> Iterable[Sequence[Fact]]:
    """Return the facts stream by stream; those of one stream one by one."""
    of_stream: dict[str, list[Fact]] = {}
    for fact in facts:
        of_stream.setdefault(fact[1].envelope.stream, []).append(fact)
    return of_stream.values() if len(of_stream) > 1 else [[fact] for fact in facts]
