"""Intentions about pilots: a book is tried on new tickets, or is no longer."""

from domain.commands.base import Command
from domain.values import BASIS_POINTS, Instant


class AnnouncePilot(Command, frozen=True, kw_only=True):
    """Try an adopted book on new tickets for a while, on all of them or on a share."""

    pilot: str
    policy: str
    begins_at: Instant
    ends_at: Instant
    why: str
    category: str | None = None
    share_bp: int = BASIS_POINTS


class EndPilot(Command, frozen=True, kw_only=True):
    """End a pilot before its time."""

    pilot: str
    why: str
