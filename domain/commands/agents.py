"""Intentions about the platform's agents, and the platform's own look at how full a queue is."""

from typing import ClassVar

from domain.commands.base import Command
from domain.values import Examination, Instant


class AgentCommand(Command, frozen=True, kw_only=True):
    """A command about one agent."""

    agent: str


class RegisterAgent(AgentCommand, frozen=True, kw_only=True):
    """Have an agent work at a desk, or say what a known one is able to do now."""

    desk: str
    skills: tuple[str, ...]


class GrantCertificate(AgentCommand, frozen=True, kw_only=True):
    """Say that an agent passed an examination, and until when that counts."""

    certificate: Examination
    expires_at: Instant


class WithdrawCertificate(AgentCommand, frozen=True, kw_only=True):
    """Take a certificate from an agent."""

    certificate: Examination
    why: str


class StartShift(AgentCommand, frozen=True, kw_only=True):
    """Say that an agent is there and takes matters."""


class EndShift(AgentCommand, frozen=True, kw_only=True):
    """Say that an agent takes no more matters."""


class MoveAgent(AgentCommand, frozen=True, kw_only=True):
    """Have an agent work at another desk, and say why (RO-07)."""

    desk: str
    why: str


class RateAgent(AgentCommand, frozen=True, kw_only=True):
    """Report which share of an agent's answers was found good."""

    good_bp: int


class WatchQueue(Command, frozen=True, kw_only=True):
    """Look whether a queue holds more than its agents carry, by the figures of a view."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("open", "capacity", "waiting_since")

    queue: str
    open: int
    """Matters in it; a count that stops above the limit is enough."""
    capacity: int
    waiting_since: Instant | None
