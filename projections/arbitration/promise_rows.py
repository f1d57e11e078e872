"""The parts of a case file that tell of promises, judgements and plans, as stored and shown."""

import msgspec

from domain.events import PriorityInput
from domain.values import (
    Awaiting,
    Instant,
    Kind,
    Money,
    PlanLevel,
    Responsible,
    Scenario,
    Sentiment,
    Terms,
    Urgency,
)
from projections.arbitration.places import Mark, Place


class CaseClock(msgspec.Struct, omit_defaults=True, gc=False):
    """A promise that ran on the ticket, and how it ended."""

    mark: Mark
    clock: str
    row: str
    policy: str
    since: Instant
    target_s: int
    due_at: Instant
    awaits: Awaiting
    state: str
    """running, paused, breached, kept, broken or cancelled."""
    turns: list[Mark] = []
    """Each rest, each running on, each move to another book."""
    breached: Mark | None = None
    escalated_to: list[str] = []
    owed: Money | None = None
    ended: Mark | None = None
    ended_by: str | None = None
    elapsed_s: int | None = None


class CaseDiagnosis(msgspec.Struct, omit_defaults=True, gc=False):
    """What a machine or a person judged the matter to be."""

    mark: Mark
    by: str
    """machine or person."""
    responsible: Responsible
    scenario: Scenario
    kind: Kind
    policy: str
    tags: tuple[str, ...] = ()
    urgency: Urgency | None = None
    sentiment: Sentiment | None = None
    upset: bool | None = None
    """Whether the buyer is angry, where this says so or takes it back."""
    confidence_bp: int | None = None
    words: Place | None = None
    """The words of the book it rests on."""
    flows: tuple[str, ...] = ()


class CasePriority(msgspec.Struct, gc=False):
    """How urgent the matter was found to be, and what it rests on."""

    mark: Mark
    priority: int
    points: int
    inputs: tuple[PriorityInput, ...]
    policy: str


class CasePlan(msgspec.Struct, gc=False):
    """How the desk said the matter will be resolved."""

    mark: Mark
    level: PlanLevel
    text: Place


class CaseResolution(msgspec.Struct, omit_defaults=True, gc=False):
    """A written resolution, and who stands for it beside its author."""

    mark: Mark
    text: Place
    improvement: Place
    compensation: Terms
    signed: Mark | None = None


class CaseRequest(msgspec.Struct, omit_defaults=True, gc=False):
    """What another department was asked, and its plan."""

    mark: Mark
    request: str
    department: str
    question: Place
    planned: Mark | None = None
    plan: Place | None = None


class CaseQueue(msgspec.Struct, gc=False):
    """A queue the matter was brought to."""

    mark: Mark
    queue: str
    why: tuple[str, ...]
