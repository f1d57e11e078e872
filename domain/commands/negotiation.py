"""Intentions of negotiation: offers, answers to them, and the call for help."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.values import Terms


class MakeOffer(TicketCommand, frozen=True, kw_only=True):
    """Propose remedies that would end the matter."""

    terms: tuple[Terms, ...]
    text: str | None = None


class CounterOffer(TicketCommand, frozen=True, kw_only=True):
    """Answer an offer with another one."""

    offer: str
    terms: tuple[Terms, ...]
    text: str | None = None


class AcceptOffer(TicketCommand, frozen=True, kw_only=True):
    """Agree to an offer."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    offer: str


class DeclineOffer(TicketCommand, frozen=True, kw_only=True):
    """Say no to an offer."""

    offer: str
    reason: str | None = None


class WithdrawOffer(TicketCommand, frozen=True, kw_only=True):
    """Take one's own offer back."""

    offer: str


class RequestIntervention(TicketCommand, frozen=True, kw_only=True):
    """Ask the platform to decide."""
