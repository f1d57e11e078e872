"""Whom to ask after a matter, and when: the worker's list for the one question of each ticket.

A ticket leaves the list when it was asked, or lives again. What is asked is not known here.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import SurveyAsked, SurveyCancelled, SurveyScheduled
from domain.values import Instant
from projections.columns import integers, texts, upsert
from projections.projection import Fact, FactView, View, place

TABLES: Final = {
    "view.survey": (
        """create table view.survey(
          ticket text collate "C" not null primary key,
          lane int not null,
          due_at text collate "C" not null,
          position text not null)""",
        "create index on view.survey (due_at, ticket)",
    ),
}
_UPSERT: Final = upsert(
    "view.survey",
    (("ticket", "text"), ("lane", "int"), ("due_at", "text"), ("position", "text")),
    ["ticket"],
)


class DueSurvey(msgspec.Struct, frozen=True):
    """A question whose instant has come."""

    ticket: str
    due_at: Instant


class SurveysPage:
    """The tickets whose question one page of records speaks of."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._after: dict[str, tuple[Instant, str] | None] = {}

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read nothing: each of these facts says all there is."""

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for ticket, record in facts:
            match record.event:
                case SurveyScheduled(due_at=due_at):
                    self._after[ticket] = (due_at, place(record))
                case SurveyCancelled() | SurveyAsked():
                    self._after[ticket] = None
                case _:
                    pass

    def write(self, db: Cursor) -> None:
        """Write what is due some day and delete what is not any more."""
        gone = sorted(ticket for ticket, waits in self._after.items() if waits is None)
        if gone:
            db.execute("delete from view.survey where ticket = any(%s::text[])", (texts(gone),))
        rows = [(ticket, *waits) for ticket, waits in self._after.items() if waits is not None]
        if rows:
            db.execute(
                _UPSERT,
                (
                    texts(ticket for ticket, _, _ in rows),
                    integers(self.lane for _ in rows),
                    texts(due_at for _, due_at, _ in rows),
                    texts(position for _, _, position in rows),
                ),
            )


VIEW: Final[View] = FactView(
    name="surveys",
    version=1,
    tables=TABLES,
    begin=SurveysPage,
)
"""The view of every question that is still to be asked; its rows belong to a ticket."""


# --- reading ----------------------------------------------------------------------------------


def due(db: Cursor, now: Instant, limit: int) -> list[DueSurvey]:
    """Return up to `limit` questions that are due, the longest overdue first."""
    db.execute(
        "select ticket, due_at from view.survey where due_at <= %s "
        "order by due_at, ticket limit %s",
        (now, limit),
    )
    return [DueSurvey(*row) for row in db.fetchall()]
