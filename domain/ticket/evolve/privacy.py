"""What a ticket is after facts about what is kept and what is forgotten."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    LegalHoldPlaced,
    LegalHoldReleased,
    PersonalDataErased,
    PersonalDataRestricted,
)
from domain.ticket.state import Restriction, Stamp, Ticket

PrivacyEvent = LegalHoldPlaced | LegalHoldReleased | PersonalDataErased | PersonalDataRestricted


def evolve_privacy(ticket: Ticket, event: PrivacyEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact about what is kept of a person."""
    version = stamp.version
    match event:
        case LegalHoldPlaced():
            return replace(ticket, version=version, legal_holds=(*ticket.legal_holds, event.hold))
        case LegalHoldReleased():
            left = tuple(hold for hold in ticket.legal_holds if hold != event.hold)
            return replace(ticket, version=version, legal_holds=left)
        case PersonalDataErased():
            erased = (*ticket.forgotten.get(event.subject, ()), version)
            others = {
                subject: one
                for subject, one in ticket.restrictions.items()
                if subject != event.subject
            }
            gone = {
                one.item: replace(ticket.evidence[one.item], erased=True)
                for one in event.contents or ()
            }
            return replace(
                ticket,
                version=version,
                evidence={**ticket.evidence, **gone},
                forgotten={**ticket.forgotten, event.subject: erased},
                restrictions=others,
            )
        case PersonalDataRestricted():
            one = Restriction(
                erasure=event.erasure,
                ground=event.ground,
                standing=event.standing,
                until=event.until,
                version=version,
            )
            return replace(
                ticket,
                version=version,
                restrictions={**ticket.restrictions, event.subject: one},
            )
        case _:
            assert_never(event)
