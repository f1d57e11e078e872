"""Refusals of what is asked of something nobody knows, or that is not the asker's to see."""

from domain.errors.base import Refusal


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"


class UnknownTicket(NotFound):
    """No ticket of this id is known."""

    code = "unknown_ticket"


class UnknownOrder(NotFound):
    """No order of this id is known."""

    code = "unknown_order"


class UnknownEvidence(NotFound):
    """The ticket has no such evidence item."""

    code = "unknown_evidence"


class UnknownOffer(NotFound):
    """The ticket has no such offer."""

    code = "unknown_offer"


class UnknownRemedy(NotFound):
    """The ticket has no such remedy."""

    code = "unknown_remedy"


class UnknownErasure(NotFound):
    """No erasure of this number was requested."""

    code = "unknown_erasure"


class UnknownRequest(NotFound):
    """The ticket has no such request to a department."""

    code = "unknown_request"


class UnknownPilot(NotFound):
    """No pilot of this name was announced."""

    code = "unknown_pilot"


class UnknownScenario(NotFound):
    """No training scenario of this name can be drawn from history."""

    code = "unknown_scenario"


class UnknownAttempt(NotFound):
    """No attempt of this name is yours."""

    code = "unknown_attempt"


class UnknownAgent(NotFound):
    """No agent of this reference is registered."""

    code = "unknown_agent"
