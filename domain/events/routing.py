"""Facts about where a matter is worked on: queues, the choice of an agent, other departments."""

from typing import ClassVar, Final

from domain.events.base import TicketEvent
from domain.values import AuthorText, Candidate, Instant

CAME_BACK: Final = "came_back:"
"""Before a clock: the buyer's word after a machine's answer brought a matter to people."""
CHOSEN: Final = ("clock:", "moved:", CAME_BACK)
"""What a queue's reasons begin with where no class led there."""


class TicketQueued(TicketEvent, frozen=True):
    """The matter waits in a queue of the book."""

    TOPIC: ClassVar[str] = "ticket.queued.v1"

    queue: str
    why: tuple[str, ...]
    """What put it there: classes of the matter, or the clock whose breach did ("clock:"), a person
    ("moved:"), or the buyer's word after a machine's answer ("came_back:").
    """
    policy: str


class AgentChosen(TicketEvent, frozen=True):
    """One of several agents was chosen for the matter; the assignment follows."""

    TOPIC: ClassVar[str] = "assignment.chosen.v1"

    agent: str
    candidates: tuple[Candidate, ...]
    lease_until: Instant
    """Silent until then, the agent loses the matter to others."""
    policy: str
    considered: int | None = None
    """How many were looked at; the best of them are on record."""
    staff_at: str | None = None
    """The moment of the record up to which it was read who was there and what they could do."""


class AssignmentLapsed(TicketEvent, frozen=True):
    """An agent stayed silent until the lease was over."""

    TOPIC: ClassVar[str] = "assignment.lapsed.v1"

    agent: str
    due_at: Instant


class AssignmentReturned(TicketEvent, frozen=True):
    """An agent carried more than the book's limit, and this matter was among the last to come."""

    TOPIC: ClassVar[str] = "assignment.returned.v1"

    agent: str
    open: int
    """Live matters the agent carried."""
    limit: int
    policy: str


class AgentNoted(TicketEvent, frozen=True):
    """What who works on the matter is able to do; ground of which promises their work keeps."""

    TOPIC: ClassVar[str] = "ticket.agent_noted.v1"

    agent: str
    skills: tuple[str, ...]
    """Of those that the book's promises ask for, the ones on record."""
    policy: str


class DepartmentAsked(TicketEvent, frozen=True):
    """Another department is asked for a plan; its owner is told (RO-04)."""

    TOPIC: ClassVar[str] = "department.asked.v1"

    request: str
    department: str
    question: AuthorText
    policy: str


class DepartmentPlanned(TicketEvent, frozen=True):
    """A department's owner answered with a plan."""

    TOPIC: ClassVar[str] = "department.planned.v1"

    request: str
    plan: AuthorText
