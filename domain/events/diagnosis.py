"""Facts about what a matter is: the machine's judgement, who the customer is, how urgent it is."""

from typing import ClassVar

import msgspec

from domain.events.base import TicketEvent
from domain.values import BuyerText, Kind, Money, Responsible, Scenario, Sentiment, Tier, Urgency


class DiagnosisMade(TicketEvent, frozen=True):
    """A machine judged a text of the buyer's; a person's correction stands beside it."""

    TOPIC: ClassVar[str] = "diagnosis.made.v1"

    tags: tuple[str, ...]
    """The best first."""
    responsible: Responsible
    scenario: Scenario
    kind: Kind
    urgency: Urgency
    sentiment: Sentiment
    upset: bool
    """Whether the words show anger, or displeasure piled up: more than that something is wrong."""
    confidence_bp: int
    flows: tuple[str, ...]
    """What the words open: the logistics claim, self-service for an invoice."""
    satisfied: bool
    """Whether the buyer says that all is well."""
    method: str
    policy: str
    words: BuyerText | None = None
    """The book's own words that were found, one a line: each may tell what the buyer wrote of."""


class ReadingCorrected(TicketEvent, frozen=True):
    """A person corrected what the words were taken to say; what is absent stands as it was."""

    TOPIC: ClassVar[str] = "diagnosis.reading_corrected.v1"

    policy: str
    tags: tuple[str, ...] | None = None
    """The best first."""
    urgency: Urgency | None = None
    sentiment: Sentiment | None = None
    upset: bool | None = None
    """False takes back that the buyer was angry; what was owed for it by then stays owed."""


class CustomerNoted(TicketEvent, frozen=True):
    """Who the buyer was to the platform when the matter came in; ground of what follows."""

    TOPIC: ClassVar[str] = "ticket.customer_noted.v1"

    tier: Tier
    spend: Money | None = None
    """In the year before."""
    bought: tuple[str, ...] | None = None
    """The categories of earlier orders."""


class PriorityInput(msgspec.Struct, frozen=True, gc=False):
    """One thing a priority rests on, and what it weighs."""

    name: str
    value: str
    points: int


class TicketPrioritised(TicketEvent, frozen=True):
    """How urgent the matter is, and why."""

    TOPIC: ClassVar[str] = "ticket.prioritised.v1"

    priority: int
    """1 is the most urgent, 4 the least."""
    points: int
    inputs: tuple[PriorityInput, ...]
    policy: str


class ContactFruitless(TicketEvent, frozen=True):
    """The buyer was answered and came back unsatisfied."""

    TOPIC: ClassVar[str] = "contact.fruitless.v1"

    contact: int
    """The how manyeth of the matter, all rounds together."""
    exhausted: bool
    """Whether the book's limit is reached."""
    policy: str


class AnswerDiffered(TicketEvent, frozen=True):
    """An answer of the platform says something else than the book."""

    TOPIC: ClassVar[str] = "answer.differed.v1"

    topic: str
    said: str
    """The figure that was said, with its unit; never the sentence."""
    book: str
    policy: str
