"""What is kept of a person on a ticket and what was forgotten, for those who answer for it."""

from collections.abc import Mapping

import msgspec

from api.wiring import Services
from domain.ledger.erasure import Eraser, TicketErasure
from domain.ticket.state import Restriction


class LegalHolds(msgspec.Struct, frozen=True):
    """What stands against an erasure on a ticket, and what was erased there."""

    ticket: str
    version: int
    holds: tuple[str, ...]
    """The proceedings that need the ticket."""
    restrictions: Mapping[str, Restriction]
    """By subject: an erasure that has to wait."""
    erased: Mapping[str, tuple[int, ...]]
    """By subject: the versions that erased what was before them."""


class ErasurePreview(msgspec.Struct, frozen=True):
    """What an erasure would come to."""

    subject: str
    tickets: tuple[TicketErasure, ...]


def eraser_of(services: Services) -> Eraser:
    """Return who carries out erasures in this process."""
    return Eraser(services.ledger, services.dsns.eraser, services.now)


def legal_holds(services: Services, ticket: str) -> LegalHolds:
    """Return what keeps personal data on a ticket. Blocks."""
    found = services.ledger.case(ticket).ticket
    return LegalHolds(
        ticket=found.ticket,
        version=found.version,
        holds=found.legal_holds,
        restrictions=found.restrictions,
        erased=found.forgotten,
    )


def preview(services: Services, subject: str) -> ErasurePreview:
    """Return what erasing a subject would come to. Blocks."""
    return ErasurePreview(subject, eraser_of(services).preview(subject))
