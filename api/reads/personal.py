"""Opening personal values for a reader: the look goes on record first, then the values are read."""

from collections.abc import Sequence, Set
from typing import Final

import msgspec

from api.wiring import Services
from domain.events import PersonalDataErased
from domain.ledger.sealing import subject_of
from domain.record import Record
from domain.streams import ticket_lane, ticket_stream
from domain.values import Actor, ActorKind, ErasureGround, Instant, Stage

_ANSWERABLE: Final = frozenset(
    {ActorKind.SUPERVISOR, ActorKind.ARBITRATOR, ActorKind.AUDITOR, ActorKind.ADMIN}
)
_PAGE: Final = 1_000
RECORDS_MAX: Final = 20_000
"""No ticket has more records than this opened at once."""

Texts = dict[tuple[int, str], str | None]
"""(version, field) → the clear text, None when it was erased or is kept from view."""


class ErasedNote(msgspec.Struct, frozen=True):
    """What is told in place of an erased text."""

    by: str
    """Who erased it; parties are told the role alone."""
    ground: ErasureGround
    at: Instant
    erasure: int
    """The number of the request."""


def erased_notes(records: Sequence[Record], *, staff: bool) -> dict[tuple[int, str], ErasedNote]:
    """Return by (version, field) what was erased on a ticket, by its records."""
    notes: dict[tuple[int, str], ErasedNote] = {}
    for record in records:
        event = record.event
        if isinstance(event, PersonalDataErased):
            by = f"{record.actor.kind}:{record.actor.ref}" if staff else record.actor.kind.value
            note = ErasedNote(by, event.ground, record.at, event.erasure)
            for place in event.places:
                notes[place.version, place.pointer.removeprefix("/data/")] = note
    return notes


def ticket_records(services: Services, ticket: str) -> list[Record]:
    """Return a ticket's records from the first one on. Blocks."""
    stream = ticket_stream(ticket)
    records: list[Record] = []
    while len(records) < RECORDS_MAX:
        page = services.ledger.stream(stream, len(records), _PAGE)
        records += page
        if len(page) < _PAGE:
            break
    return records


def withheld_places(services: Services, actor: Actor, ticket: str) -> frozenset[tuple[int, str]]:
    """Return by (version, field) what is kept from an actor's view. Blocks.

    What an erasure was asked for and could not be carried out on is for those who answer for it,
    for proceedings, and for the person; while the matter runs, it is such a proceeding.
    """
    found = services.ledger.case(ticket).ticket
    waiting = {
        subject: one
        for subject, one in found.restrictions.items()
        if subject != f"{actor.kind}:{actor.ref}"
    }
    if not waiting or found.stage is not Stage.CLOSED or actor.kind in _ANSWERABLE:
        return frozenset()
    stream = ticket_stream(ticket)
    sealed = services.ledger.record.disclosures(ticket_lane(ticket), stream)
    return frozenset(
        (one.version, one.pointer.removeprefix("/data/"))
        for one in sealed
        if (restriction := waiting.get(subject_of(one.subject))) is not None
        and one.version < restriction.version
    )


def opened(
    services: Services,
    actor: Actor,
    ticket: str,
    records: Sequence[Record],
    *,
    what: str,
    withheld: Set[tuple[int, str]] = frozenset(),
) -> Texts:
    """Return the personal values of records of a ticket, after the look is on record. Blocks."""
    services.ledger.look(actor, ticket, what)
    values = services.ledger.open_values(records)
    return {
        (version, field): None if (version, field) in withheld else text
        for (_, version, field), text in values.items()
    }
