"""The case file of one ticket: the arbitration view with the personal values opened."""

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.outcomes import Moment
from api.reads.personal import ErasedNote, erased_notes, opened, ticket_records, withheld_places
from api.wiring import Services
from domain import errors
from domain.values import Actor
from projections import arbitration
from projections.arbitration import CaseFile, CaseRow, TimelineEntry
from replay import verify
from replay.verify.report import Finding


class OpenedText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A personal value at its place in the ticket's stream."""

    version: int
    field: str
    text: str | None
    """None when it was erased or is kept from view."""
    erased: ErasedNote | None = None
    """Who erased it, why and when."""
    withheld: bool = False
    """Whether it is only kept for proceedings: its erasure was asked for and has to wait."""


class CaseAnswer(msgspec.Struct, frozen=True):
    """A ticket laid out for judgement; where the case names a place, its text is in `texts`."""

    position: Moment
    case: CaseRow
    timeline: tuple[TimelineEntry, ...]
    texts: tuple[OpenedText, ...]
    verified: bool | Finding
    """True when its evidence was found whole just now, else the first thing that is wrong."""


def case_answer(services: Services, actor: Actor, ticket: str) -> CaseAnswer:
    """Return a ticket's case file with its texts opened, after the look is on record. Blocks."""
    found = services.read_now(lambda connection: _case_file(connection, ticket))
    everything = ticket_records(services, ticket)
    records = [record for record in everything if record.version <= found.case.version]
    erased = erased_notes(everything, staff=True)
    withheld = withheld_places(services, actor, ticket)
    texts = opened(services, actor, ticket, records, what="case_file", withheld=withheld)
    return CaseAnswer(
        position=found.moment,
        case=found.case,
        timeline=found.timeline,
        texts=tuple(
            OpenedText(
                version,
                field,
                text,
                erased.get((version, field)),
                withheld=(version, field) in withheld,
            )
            for (version, field), text in sorted(texts.items())
        ),
        verified=verify.ticket(services.ledger, ticket) or True,
    )


def _case_file(connection: Connection, ticket: str) -> CaseFile:
    with connection.cursor() as db:
        found = arbitration.case_file(db, ticket)
    if found is None:
        raise errors.UnknownTicket
    return found
