"""What deciding needs to know of a ticket, its order and who works on it, folded from facts.

Nothing here is for display; views fold their own rows from the same records.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from domain.events import CompensationPaid, Event, RefundSettled
from domain.policies.contacts import Answering
from domain.ticket.clock import Clock
from domain.values import (
    Actor,
    ActorKind,
    Attachment,
    Awaiting,
    Channel,
    ErasureGround,
    EvidenceKind,
    Examination,
    Instant,
    Kind,
    Money,
    OrderLine,
    Party,
    Reason,
    RefundTo,
    RemedyKind,
    Responsible,
    Scenario,
    Sentiment,
    Share,
    Stage,
    Standing,
    Terms,
    Tier,
    Urgency,
)


class Stamp(msgspec.Struct, frozen=True):
    """What `evolve` may know of the record around an event."""

    subject: str
    """The id the stream is about: of ticket:T0-… it is T0-…."""
    version: int
    at: Instant
    actor: Actor
    imported: bool


class Deadline(msgspec.Struct, frozen=True):
    """One deadline that runs on the ticket."""

    due_at: Instant
    awaits: Awaiting
    missed: bool = False
    """Its instant passed and what it asks for is still owed; it fires once."""


class SurveyState(msgspec.Struct, frozen=True):
    """The question after the matter: when it is due, whether it was asked and answered."""

    due_at: Instant
    asked: bool = False
    given: bool = False


class WrittenResolution(msgspec.Struct, frozen=True):
    """How a complaint is to be resolved, when a supervisor has signed it."""

    by: str
    compensation: Terms


class DepartmentRequest(msgspec.Struct, frozen=True):
    """What another department was asked on the ticket."""

    department: str
    round: int
    """In which it was asked; what nobody answered in an earlier one is moot."""
    planned: bool = False


class OfferState(StrEnum):
    """How an offer ended, or that it has not."""

    OPEN = "open"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    SUPERSEDED = "superseded"
    """The matter was settled, decided or ended otherwise while the offer was open."""


class Offer(msgspec.Struct, frozen=True):
    """A proposal of one side."""

    by: Party
    terms: tuple[Terms, ...]
    state: OfferState


class EvidenceState(StrEnum):
    """Where an evidence item stands."""

    STAGED = "staged"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    ON_RECORD = "on_record"
    """Sealed, supplemented or gathered: it can be relied on where both sides were shown it."""


class Evidence(msgspec.Struct, frozen=True):
    """One evidence item."""

    kind: EvidenceKind
    party: Party
    attachment: Attachment
    state: EvidenceState
    confidential: bool
    shown_to: frozenset[Party]
    personal: bool = False
    """Whether the attachment is encrypted, and what it is stands in a commitment."""
    erased: bool = False
    """Whether its content was personal and is forgotten."""


class Ruling(msgspec.Struct, frozen=True):
    """One decision of the matter; after an appeal the later one stands."""

    ruling: str
    by: str
    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    reviews: str | None = None
    """The ruling it took the place of, when it decides an appeal."""


class Appeal(msgspec.Struct, frozen=True):
    """The one review of a round's ruling."""

    appeal: str
    by: Party
    decided: bool


class RemedyStep(StrEnum):
    """How far a remedy has come; each kind of remedy walks its own path through these."""

    ORDERED = "ordered"
    INITIATED = "initiated"
    FAILED = "failed"
    AUTHORISED = "authorised"
    SHIPPED_BACK = "shipped_back"
    RECEIVED_BACK = "received_back"
    INSPECTED = "inspected"
    SHIPPED = "shipped"
    BOOKED = "booked"
    IN_WORKSHOP = "in_workshop"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Remedy(msgspec.Struct, frozen=True):
    """One remedy that is, or was, owed."""

    terms: Terms
    source: str
    step: RemedyStep
    told: bool = False
    """Whether the payment system was ever told to pay it: then its money may arrive."""
    reported: Mapping[str, Event] = {}
    """By topic: the facts of it as they were last said; the same again is a repetition."""

    @property
    def reference(self) -> str | None:
        """Return the payment system's reference of its settlement, once there is one."""
        for one in self.reported.values():
            if isinstance(one, RefundSettled | CompensationPaid):
                return one.reference
        return None

    @property
    def over(self) -> bool:
        """Return whether nothing more happens with it."""
        return self.step in {RemedyStep.COMPLETED, RemedyStep.CANCELLED}


class Restriction(msgspec.Struct, frozen=True):
    """An erasure that has to wait."""

    erasure: int
    ground: ErasureGround
    standing: Standing
    until: Instant | None
    version: int
    """Of the fact that says so; what is personal before it is kept from view."""


class Ticket(msgspec.Struct, frozen=True):
    """One after-sales matter, folded from the facts of its stream."""

    ticket: str
    version: int
    stage: Stage
    kind: Kind
    scenario: Scenario
    reason: Reason
    responsible: Responsible
    priority: int
    buyer: str
    merchant: str | None
    order: str | None
    line: str | None
    remedy: RemedyKind | None
    claim: Money | None
    channels: frozenset[Channel]
    policy: str
    opened_at: Instant
    imported: bool
    holds: tuple[str, ...] = ()
    """Names reserved while the ticket lives; the ledger derives what to take and free from it."""
    round: int = 1
    accepted: bool = False
    refused: bool = False
    """Whether the merchant refused the claim."""
    negotiation_failed: str | None = None
    """Why negotiation is over without a settlement (the ground of an intervention), or None."""
    resolved: str | None = None
    """The outcome when the matter is resolved or closed, else None."""
    resolved_at: Instant | None = None
    """When it was resolved or closed; reopening windows run from here."""
    assignee: str | None = None
    handlers: frozenset[str] = frozenset()
    """Every member of staff who acted on the ticket, as "kind:ref"; none of them may judge it."""
    links: tuple[str, ...] = ()
    deadlines: Mapping[str, Deadline] = {}
    offers: Mapping[str, Offer] = {}
    evidence: Mapping[str, Evidence] = {}
    sealed: frozenset[Party] = frozenset()
    evidence_missed: frozenset[Party] = frozenset()
    """Parties whose evidence deadline passed; what they add now is late."""
    arbitrator: str | None = None
    recused: frozenset[str] = frozenset()
    ruling: Ruling | None = None
    """The one that stands in this round."""
    rulings: Mapping[str, Ruling] = {}
    """Every ruling of every round, in the order they were made."""
    judged: frozenset[str] = frozenset()
    """Arbitrators who decided an instance, or were to judge in an earlier round."""
    appeal: Appeal | None = None
    """The one review of this round's ruling."""
    appeals: int = 0
    """How many were filed, in all rounds."""
    appeal_window_open: bool = False
    remedies: Mapping[str, Remedy] = {}
    rated: bool = False
    source_state: str | None = None
    source_fields: Mapping[str, str] = {}
    """The source's clear and outcome columns as last recorded; a later row tells what is new."""
    source_breaches: frozenset[str] = frozenset()
    transfers: int = 0
    reopened: int = 0
    queue: str | None = None
    routed: str | None = None
    """The queue its classes brought it to; a breach or a person may have chosen another since."""
    milestones: Mapping[str, Instant] = {}
    """What happened in this round, by milestone, each with its latest instant."""
    done: Mapping[str, Instant] = {}
    """What people did in this round, by milestone and skill ("plan@senior") or assignment."""
    able: Mapping[str, tuple[str, ...]] = {}
    """By member of staff: the skills promises ask for that were on record of them."""
    withdrawn: Mapping[str, Instant] = {}
    """Milestones of this round that a person took back, and when."""
    clocks: Mapping[str, Clock] = {}
    """The promises that run."""
    clocks_ended: Mapping[str, Instant] = {}
    """Promises of this round that were kept, broken or cancelled, and when."""
    waits_on: Awaiting | None = None
    """Who must act before anything can be done, where the desk said so."""
    tier: Tier = Tier.ORDINARY
    spend: Money | None = None
    bought: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    """What the words about the matter opened; what says nothing of it closes nothing."""
    reread: bool = False
    """Whether a person read the words otherwise than the machine."""
    tags_corrected: bool = False
    """Whether a person named the tags."""
    urgency: Urgency = Urgency.LOW
    sentiment: Sentiment = Sentiment.NEUTRAL
    points: int = 0
    """What the priority rests on, summed."""
    corrected: bool = False
    """Whether a person's diagnosis stands in the place of the machine's."""
    answered: frozenset[Answering] = frozenset()
    """In which ways the buyer was answered since they last spoke."""
    fruitless: int = 0
    """Contacts after which the buyer came back unsatisfied, all rounds together."""
    departments: Mapping[str, DepartmentRequest] = {}
    lease_until: Instant | None = None
    """Until when a chosen agent may stay silent."""
    silent: frozenset[str] = frozenset()
    """Agents of this round who stayed silent until their lease was over."""
    let_go: frozenset[str] = frozenset()
    """Agents who were on the matter and are not any more, since it last came to a queue."""
    resolution: WrittenResolution | None = None
    """What an agent wrote and a supervisor has to sign."""
    payouts: Mapping[str, Money] = {}
    """What breaches cost, by clock; owed, whoever pays it."""
    survey: SurveyState | None = None
    """The question how likely the buyer would recommend us, from the resolution on."""
    legal_holds: tuple[str, ...] = ()
    """Proceedings for which nothing on the ticket may be erased."""
    restrictions: Mapping[str, Restriction] = {}
    """By subject: an erasure that was asked for and has to wait."""
    forgotten: Mapping[str, tuple[int, ...]] = {}
    """By subject: the versions that erased what was personal before them."""


class Grant(msgspec.Struct, frozen=True):
    """What one remedy of one ticket took of an order line."""

    line: str
    amount: Money
    refund: bool
    """Whether it counts against the refund cap; else against the payout cap."""
    paid: bool = False


class Certificate(msgspec.Struct, frozen=True):
    """An inspection or production record that came with an order."""

    kind: EvidenceKind
    attachment: Attachment
    issued_at: Instant
    lines: tuple[str, ...] | None
    """None when it is about the whole order."""
    posted_by: ActorKind


class Order(msgspec.Struct, frozen=True):
    """An order as after-sales needs it, folded from the facts of its stream."""

    order: str
    version: int
    buyer: str
    merchant: str
    lines: Mapping[str, OrderLine]
    placed_at: Instant
    ship_by: Instant | None = None
    deliver_by: Instant | None = None
    shipped_at: Instant | None = None
    live_session: str | None = None
    live_session_ended_at: Instant | None = None
    services: tuple[str, ...] = ()
    """Marks of the order in the book's words: cross_border, quality_insurance …"""
    paid_by: RefundTo = RefundTo.CARD
    """Where the buyer's money came from, and goes back to."""
    signed_at: Instant | None = None
    """When the last parcel was signed for."""
    tracking: tuple[str, ...] = ()
    signatures: Mapping[str, Instant] = {}
    """By tracking number: when the parcel was signed for."""
    browsed: frozenset[str] = frozenset()
    """Looks at pages that are on record, as "<page>/<line>/<instant>"."""
    settled: Money | None = None
    payments: Mapping[str, Money] = {}
    """By the payment system's reference."""
    certificates: Mapping[str, Certificate] = {}
    """By "<issuer>/<reference>"."""
    overdue: Mapping[str, str] = {}
    """By promise of the rulebook: the ticket on which a share of the order is owed."""
    grants: Mapping[str, Grant] = {}
    """By "<ticket>/<remedy>": what is taken of the caps and not released."""


class Agent(msgspec.Struct, frozen=True):
    """Somebody who works on matters for the platform."""

    desk: str
    skills: tuple[str, ...]
    certificates: Mapping[Examination, Instant] = {}
    """Until when each counts."""
    on_shift: bool = False
    good_bp: int | None = None
    """Which share of the agent's answers was found good; None before it was reported."""
