"""Intentions about where a matter is worked on."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.values import Candidate, Instant


class QueueTicket(TicketCommand, frozen=True, kw_only=True):
    """Bring a ticket to another queue."""

    queue: str
    why: str


# Digests name the ground as the one that stood there first: keys used before stand for the same.
class ChooseAgent(TicketCommand, frozen=True, kw_only=True, rename={"staff_at": "lease_until"}):
    """Give a ticket to the best of the candidates, as whoever asks saw them."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("candidates", "staff_at")

    candidates: tuple[Candidate, ...]
    staff_at: str | None = None
    """Up to where the record was read that says who is there and what they can do."""


class LapseAssignment(TicketCommand, frozen=True, kw_only=True):
    """Take a ticket from an agent who stayed silent."""

    due_at: Instant


class ReturnAssignment(TicketCommand, frozen=True, kw_only=True):
    """Take a ticket from an agent who carries too much, or may not work on it any more."""

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
