"""Intentions to report what happened outside, and what the desk says and waits for."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.milestones import Milestone
from domain.values import Awaiting, Instant, PlanLevel, Terms


class ReportFact(TicketCommand, frozen=True, kw_only=True):
    """Report something that happened outside."""

    fact: Milestone
    occurred_at: Instant
    reference: str | None = None


class GivePlan(TicketCommand, frozen=True, kw_only=True):
    """Say how the matter will be resolved."""

    level: PlanLevel
    text: str


class AnswerAutomatically(TicketCommand, frozen=True, kw_only=True):
    """Answer the buyer as a machine."""

    text: str
    effective: bool


class BeginWait(TicketCommand, frozen=True, kw_only=True):
    """Say that nothing can be done before somebody else acts."""

    on: Awaiting
    why: str


class EndWait(TicketCommand, frozen=True, kw_only=True):
    """Say that whom the matter waited for acted."""


class WriteResolution(TicketCommand, frozen=True, kw_only=True):
    """Write how a complaint is resolved, with compensation and improvement (SL-16)."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    text: str
    improvement: str
    compensation: Terms


class SignResolution(TicketCommand, frozen=True, kw_only=True):
    """Stand, as a supervisor, for the written resolution; its compensation is owed then."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True
