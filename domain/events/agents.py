"""Facts about the platform's agents, and about queues that hold more than their agents carry."""

from typing import ClassVar

from domain.events.base import AgentEvent, QueueEvent
from domain.values import Examination, Instant


class AgentRegistered(AgentEvent, frozen=True):
    """An agent works at a desk from now on."""

    TOPIC: ClassVar[str] = "agent.registered.v1"

    desk: str
    skills: tuple[str, ...]
    policy: str


class AgentRetrained(AgentEvent, frozen=True):
    """The agent is able to do other things than before."""

    TOPIC: ClassVar[str] = "agent.retrained.v1"

    skills: tuple[str, ...]


class AgentCertified(AgentEvent, frozen=True):
    """The agent passed an examination, for a time."""

    TOPIC: ClassVar[str] = "agent.certified.v1"

    certificate: Examination
    expires_at: Instant
    """The first instant at which it is worth nothing."""


class AgentCertificateWithdrawn(AgentEvent, frozen=True):
    """A certificate of the agent is worth nothing any more."""

    TOPIC: ClassVar[str] = "agent.certificate_withdrawn.v1"

    certificate: Examination
    why: str


class AgentShiftStarted(AgentEvent, frozen=True):
    """The agent is there and takes matters."""

    TOPIC: ClassVar[str] = "agent.shift_started.v1"


class AgentShiftEnded(AgentEvent, frozen=True):
    """The agent takes no more matters; what is assigned stays."""

    TOPIC: ClassVar[str] = "agent.shift_ended.v1"


class AgentMoved(AgentEvent, frozen=True):
    """The agent works at another desk (RO-07)."""

    TOPIC: ClassVar[str] = "agent.moved.v1"

    from_desk: str
    to_desk: str
    why: str
    policy: str


class AgentRated(AgentEvent, frozen=True):
    """Which share of the agent's answers was found good, as it was last counted."""

    TOPIC: ClassVar[str] = "agent.rated.v1"

    good_bp: int


class QueueOverflowed(QueueEvent, frozen=True):
    """A queue holds more than its agents carry, or keeps somebody waiting too long (RO-03)."""

    TOPIC: ClassVar[str] = "queue.overflowed.v1"

    open: int
    """Matters in the queue, in work or not, as far as it was counted: one above the limit is
    enough."""
    capacity: int
    """What its agents who are there may carry."""
    to: str
    """The queue that takes what comes from now on."""
    policy: str
    waiting_since: Instant | None = None
    """Of the matter nobody works on that waits the longest."""


class QueueEased(QueueEvent, frozen=True):
    """The queue is carried again; what comes from now on stays in it."""

    TOPIC: ClassVar[str] = "queue.eased.v1"

    open: int
    capacity: int
    policy: str
    waiting_since: Instant | None = None
