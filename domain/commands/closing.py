"""Intentions at the end of a matter: close, reopen, rate; and the passing of deadlines."""

from domain.commands.base import TicketCommand
from domain.values import Instant


class CloseTicket(TicketCommand, frozen=True, kw_only=True):
    """End the matter: the buyer withdraws, or staff close what is resolved."""


class ReopenTicket(TicketCommand, frozen=True, kw_only=True):
    """Bring a resolved or closed matter back within the book's window."""

    reason: str | None = None


class GiveSatisfaction(TicketCommand, frozen=True, kw_only=True):
    """Say how it was, each mark from 1 to 5."""

    result: int
    speed: int
    attitude: int
    text: str | None = None


class PassDeadline(TicketCommand, frozen=True, kw_only=True):
    """Say, as the platform, that a deadline's instant has passed; harmless when it was met."""

    deadline: str
    due_at: Instant
