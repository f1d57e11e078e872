"""What a ticket is after the facts of negotiation."""

from collections.abc import Mapping
from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    InterventionRequested,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferSuperseded,
    OfferWithdrawn,
    SettlementReached,
)
from domain.ticket.state import Deadline, Offer, OfferState, Stamp, Ticket
from domain.values import Stage

NegotiationEvent = (
    OfferMade
    | OfferCountered
    | OfferAccepted
    | OfferDeclined
    | OfferWithdrawn
    | OfferLapsed
    | OfferSuperseded
    | SettlementReached
    | InterventionRequested
)


def evolve_negotiation(ticket: Ticket, event: NegotiationEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of negotiation."""
    match event:
        case OfferMade():
            return _offered(ticket, event, stamp)
        case OfferCountered():
            answered = _answered(ticket, event.counters, OfferState.COUNTERED, stamp)
            return _offered(answered, event, stamp)
        case OfferAccepted():
            return _answered(ticket, event.offer, OfferState.ACCEPTED, stamp)
        case OfferDeclined():
            answered = _answered(ticket, event.offer, OfferState.DECLINED, stamp)
            return _failed(answered, "offer_declined")
        case OfferWithdrawn():
            return _answered(ticket, event.offer, OfferState.WITHDRAWN, stamp)
        case OfferLapsed():
            answered = _answered(ticket, event.offer, OfferState.LAPSED, stamp)
            return _failed(answered, "offer_lapsed")
        case OfferSuperseded():
            return _answered(ticket, event.offer, OfferState.SUPERSEDED, stamp)
        case SettlementReached():
            return replace(
                ticket, version=stamp.version, stage=Stage.REMEDY, negotiation_failed=None
            )
        case InterventionRequested():
            return replace(
                ticket,
                version=stamp.version,
                stage=Stage.INTERVENTION,
                negotiation_failed=event.ground,
            )
        case _:
            assert_never(event)


def without_open_offers(offers: Mapping[str, Offer]) -> Mapping[str, Offer]:
    """Return the offers with none of them open any more."""
    if all(offer.state is not OfferState.OPEN for offer in offers.values()):
        return offers
    return {
        name: replace(one, state=OfferState.SUPERSEDED) if one.state is OfferState.OPEN else one
        for name, one in offers.items()
    }


def _offered(ticket: Ticket, event: OfferMade | OfferCountered, stamp: Stamp) -> Ticket:
    """One more offer is open, and an offer makes it a negotiation."""
    offer = Offer(by=event.by, terms=event.terms, state=OfferState.OPEN)
    stage = Stage.NEGOTIATION if ticket.stage is Stage.INTAKE else ticket.stage
    return replace(
        ticket,
        version=stamp.version,
        stage=stage,
        offers={**ticket.offers, event.offer: offer},
    )


def _answered(ticket: Ticket, offer: str, state: OfferState, stamp: Stamp) -> Ticket:
    """The offer is open no more, and no deadline of it runs."""
    deadlines: Mapping[str, Deadline] = ticket.deadlines
    if f"offer:{offer}" in deadlines:
        deadlines = {name: one for name, one in deadlines.items() if name != f"offer:{offer}"}
    return replace(
        ticket,
        version=stamp.version,
        offers={**ticket.offers, offer: replace(ticket.offers[offer], state=state)},
        deadlines=deadlines,
    )


def _failed(ticket: Ticket, why: str) -> Ticket:
    """Negotiation has failed when an offer ended so and none is open any more."""
    if any(offer.state is OfferState.OPEN for offer in ticket.offers.values()):
        return ticket
    return replace(ticket, negotiation_failed=ticket.negotiation_failed or why)
