"""Intentions about the question after a matter: asking it, and answering it."""

from domain.commands.base import TicketCommand
from domain.values import Instant


class AskSurvey(TicketCommand, frozen=True, kw_only=True):
    """Say that the instant to ask the buyer has come."""

    due_at: Instant


class GiveNps(TicketCommand, frozen=True, kw_only=True):
    """Say how likely one would recommend the platform, from 0 to 10."""

    score: int
    comment: str | None = None
