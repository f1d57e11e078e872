"""The case file of one ticket: the arbitration view with the personal values opened."""

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.outcomes import Moment
from api.reads.personal import opened, ticket_records
from api.wiring import Services
from domain import errors
from domain.values import Actor
from projections import arbitration
from projections.arbitration import CaseFile, CaseRow, TimelineEntry


class OpenedText(msgspec.Struct, frozen=True):
    """A personal value at its place in the ticket's stream."""

    version: int
    field: str
    text: str | None
    """None when it was erased."""


class CaseAnswer(msgspec.Struct, frozen=True):
    """A ticket laid out for judgement; where the case names a place, its text is in `texts`."""

    position: Moment
    case: CaseRow
    timeline: tuple[TimelineEntry, ...]
    texts: tuple[OpenedText, ...]


def case_answer(services: Services, actor: Actor, ticket: str) -> CaseAnswer:
    """Return a ticket's case file with its texts opened, after the look is on record. Blocks."""
    found = services.read_now(lambda connection: _case_file(connection, ticket))
    records = [
        record
        for record in ticket_records(services, ticket)
        if record.version <= found.case.version
    ]
    texts = opened(services, actor, ticket, records, what="case_file")
    return CaseAnswer(
        position=found.moment,
        case=found.case,
        timeline=found.timeline,
        texts=tuple(
            OpenedText(version, field, text) for (version, field), text in sorted(texts.items())
        ),
    )


def _case_file(connection: Connection, ticket: str) -> CaseFile:
    with connection.cursor() as db:
        found = arbitration.case_file(db, ticket)
    if found is None:
        raise errors.UnknownTicket
    return found
