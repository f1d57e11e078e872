"""The case file of one ticket: the arbitration view with the personal values opened."""

from collections.abc import Collection

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api import moments
from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment
from api.reads.past import seen_past
from api.reads.personal import ErasedNote, erased_notes, opened, ticket_records, withheld_places
from api.wiring import Services
from domain import errors
from domain.values import Actor
from projections import arbitration
from projections.arbitration import CaseFile, CaseRow, TimelineEntry
from replay import as_of, verify
from replay.as_of import At
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
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def case_answer(services: Services, actor: Actor, ticket: str) -> CaseAnswer:
    """Return a ticket's case file with its texts opened, after the look is on record. Blocks."""
    found = services.read_now(lambda connection: _case_file(connection, ticket))
    return _answer(services, actor, found, range(1, found.case.version + 1))


def case_answer_at(services: Services, actor: Actor, ticket: str, at: At) -> CaseAnswer:
    """Return a ticket's case file as it stood at a moment, its texts opened as now. Blocks."""
    with moments.told():
        past = seen_past(services, actor, ticket, at).past
        found = as_of.case_file(past.records, past.moment, past.versions)
    versions = past.versions.values() or [record.version for record in past.records]
    answer = _answer(services, actor, found, versions)
    return msgspec.structs.replace(answer, as_of=told_as_of(at, past.verified))


def _answer(
    services: Services, actor: Actor, found: CaseFile, versions: Collection[int]
) -> CaseAnswer:
    """Return a case file with the texts of these versions opened."""
    ticket = found.case.ticket
    everything = ticket_records(services, ticket)
    records = [record for record in everything if record.version in versions]
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
