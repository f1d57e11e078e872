"""Which stage a ticket is in after a fact, and which deadlines end when they are missed.

Pure, and the same for every view. It follows the judgement's own fold in `domain.ticket.evolve`,
which a test holds it to; views keep no whole ticket, so they do not run that fold.
"""

from collections.abc import Mapping
from typing import Final

from domain.events import (
    Event,
    InterventionRequested,
    MerchantApproved,
    MerchantRefused,
    OfferCountered,
    OfferMade,
    RulingIssued,
    SettlementReached,
    SourceReported,
    TicketClosed,
    TicketReopened,
)
from domain.values import Stage

STAGE_AFTER: Final[Mapping[type[Event], Stage]] = {
    MerchantApproved: Stage.REMEDY,
    MerchantRefused: Stage.NEGOTIATION,
    SettlementReached: Stage.REMEDY,
    InterventionRequested: Stage.INTERVENTION,
    RulingIssued: Stage.REMEDY,
    TicketClosed: Stage.CLOSED,
    TicketReopened: Stage.INTAKE,
}
"""The stage a fact moves its ticket to, whatever it was before."""

_OFFERS: Final = frozenset({OfferMade, OfferCountered})
_WINDOWS: Final = frozenset({"negotiation", "evidence", "appeal"})


def stage_after(stage: Stage, event: Event) -> Stage:
    """Return the stage of a ticket after a fact."""
    if isinstance(event, SourceReported):
        return event.stage
    if type(event) in _OFFERS:
        # An offer makes a matter a negotiation; one made later is part of something else.
        return Stage.NEGOTIATION if stage is Stage.INTAKE else stage
    return STAGE_AFTER.get(type(event), stage)


def is_window(deadline: str) -> bool:
    """Return whether a missed deadline is over; else what it asked for is owed still."""
    return deadline.partition(":")[0] in _WINDOWS
