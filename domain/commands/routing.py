"""Intentions about where a matter is worked on."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.values import Candidate, Instant


class QueueTicket(TicketCommand, frozen=True, kw_only=True):
    """Bring a ticket to another queue."""

    queue: str
    why: str


class ChooseAgent(TicketCommand, frozen=True, kw_only=True):
    """Give a ticket to the best of the candidates, as whoever asks saw them."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("candidates", "lease_until")

    candidates: tuple[Candidate, ...]
    lease_until: Instant


class LapseAssignment(TicketCommand, frozen=True, kw_only=True):
    """Take a ticket from an agent who stayed silent."""

    due_at: Instant


class ReturnAssignment(TicketCommand, frozen=True, kw_only=True):
    """Take a ticket from an agent who carries more than the book's limit."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("open",)

    agent: str
    open: int
    """Live matters of the agent, as whoever asks saw them."""


class AskDepartments(TicketCommand, frozen=True, kw_only=True):
    """Ask other departments for a plan, each with a clock of its own (RO-04)."""

    departments: tuple[str, ...]
    question: str


class AnswerForDepartment(TicketCommand, frozen=True, kw_only=True):
    """Give a department's plan."""

    request: str
    plan: str
