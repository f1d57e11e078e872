"""The parts of a case file, as they are stored and shown; what fills them is elsewhere."""

import msgspec

from domain.values import (
    Awaiting,
    Channel,
    EvidenceKind,
    Instant,
    Kind,
    Money,
    Party,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Share,
    Stage,
    Terms,
)
from projections.arbitration.places import Mark, Place
from projections.arbitration.promise_rows import (
    CaseClock,
    CaseDiagnosis,
    CasePlan,
    CasePriority,
    CaseQueue,
    CaseRequest,
    CaseResolution,
)
from projections.projection import Row


class Claim(msgspec.Struct, omit_defaults=True, gc=False):
    """What the claimant asks, at opening or amended."""

    mark: Mark
    remedy: RemedyKind | None = None
    amount: Money | None = None
    statement: Place | None = None


class Answer(msgspec.Struct, omit_defaults=True, gc=False):
    """What the merchant said to the claim."""

    mark: Mark
    approves: bool
    terms: Terms | None = None
    clause: str | None = None
    reasons: Place | None = None


class Review(msgspec.Struct, omit_defaults=True, gc=False):
    """What the order's state and the book say of a return."""

    mark: Mark
    eligible: bool
    clause: str
    policy: str
    days_since_signing: int | None = None


class Contest(msgspec.Struct, gc=False):
    """A side disputes an item."""

    mark: Mark
    by: Party
    why: Place


class Item(msgspec.Struct, omit_defaults=True, gc=False):
    """One evidence item, where it stands, and who was shown it."""

    mark: Mark
    item: str
    kind: EvidenceKind
    party: Party
    state: str
    sha256: str
    size: int
    media_type: str
    obtained: str
    shown_to: list[Party]
    confidential: bool = False
    late: bool = False
    caption: Place | None = None
    replaces: str | None = None
    sealed: Mark | None = None
    disclosed: list[Mark] = []
    contested: list[Contest] = []


class Call(msgspec.Struct, gc=False):
    """A party was asked for evidence."""

    mark: Mark
    party: Party
    kinds: tuple[EvidenceKind, ...]
    due_at: Instant


class Seal(msgspec.Struct, gc=False):
    """A party's set is final."""

    mark: Mark
    party: Party
    items: tuple[str, ...]
    set_digest: str


class CaseDeadline(msgspec.Struct, omit_defaults=True, gc=False):
    """A deadline that ran on the ticket, and how it ended."""

    mark: Mark
    deadline: str
    due_at: Instant
    awaits: Awaiting
    state: str
    """running, met, missed or moot."""
    ended: Mark | None = None
    extended: bool = False


class CaseOffer(msgspec.Struct, omit_defaults=True, gc=False):
    """A proposal of one side, and how it ended."""

    mark: Mark
    offer: str
    by: Party
    terms: tuple[Terms, ...]
    due_at: Instant
    state: str
    counters: str | None = None
    text: Place | None = None
    ended: Mark | None = None
    reason: Place | None = None


class Intervention(msgspec.Struct, gc=False):
    """A party asked the platform to decide."""

    mark: Mark
    by: Party
    ground: str
    due_at: Instant


class Arbitrator(msgspec.Struct, omit_defaults=True, gc=False):
    """Who was to judge, and whether they stepped aside."""

    mark: Mark
    arbitrator: str
    instance: int
    recused: Mark | None = None
    recused_for: str | None = None


class CaseRuling(msgspec.Struct, omit_defaults=True, gc=False):
    """A decision; after an appeal the first one stays visible."""

    mark: Mark
    ruling: str
    outcome: str
    """issued, upheld, varied or overturned."""
    arbitrator: str
    reasons: Place
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    policy: str
    in_favour_of: Party | None = None
    shares: tuple[Share, ...] = ()
    awards: tuple[Terms, ...] = ()
    appeal: str | None = None


class CaseAppeal(msgspec.Struct, omit_defaults=True, gc=False):
    """The one request for a review."""

    mark: Mark
    appeal: str
    ruling: str
    by: Party
    grounds: Place
    outcome: str | None = None


class Step(msgspec.Struct, gc=False):
    """One step of a remedy."""

    mark: Mark
    topic: str


class CaseRemedy(msgspec.Struct, omit_defaults=True, gc=False):
    """What is, or was, owed, and by what."""

    remedy: str
    terms: Terms
    source: str
    policy: str
    steps: list[Step]
    approved_by: str | None = None


class Rating(msgspec.Struct, omit_defaults=True, gc=False):
    """What the buyer said of how it was."""

    mark: Mark
    result: int
    speed: int
    attitude: int
    text: Place | None = None


class CaseRow(Row, gc=False):
    """The case file of one ticket, save its timeline."""

    stage: Stage
    kind: Kind
    scenario: Scenario
    reason: Reason
    priority: int
    channels: list[Channel]
    buyer: str
    merchant: str | None
    order: str | None
    line: str | None
    opened_at: Instant
    imported: bool
    policy: str
    claims: list[Claim]
    responsible: Responsible = Responsible.UNDETERMINED
    answers: list[Answer] = msgspec.field(default_factory=list)
    review: Review | None = None
    evidence: dict[str, Item] = msgspec.field(default_factory=dict)
    calls: list[Call] = msgspec.field(default_factory=list)
    seals: list[Seal] = msgspec.field(default_factory=list)
    deadlines: dict[str, CaseDeadline] = msgspec.field(default_factory=dict)
    offers: dict[str, CaseOffer] = msgspec.field(default_factory=dict)
    settlement: Mark | None = None
    interventions: list[Intervention] = msgspec.field(default_factory=list)
    arbitrators: list[Arbitrator] = msgspec.field(default_factory=list)
    rulings: list[CaseRuling] = msgspec.field(default_factory=list)
    appeals: list[CaseAppeal] = msgspec.field(default_factory=list)
    remedies: dict[str, CaseRemedy] = msgspec.field(default_factory=dict)
    links: list[str] = msgspec.field(default_factory=list)
    outcome: str | None = None
    source_state: str | None = None
    rating: Rating | None = None
    diagnoses: list[CaseDiagnosis] = msgspec.field(default_factory=list)
    """The machine's and people's, in order; none takes the place of another."""
    priorities: list[CasePriority] = msgspec.field(default_factory=list)
    queues: list[CaseQueue] = msgspec.field(default_factory=list)
    clocks: list[CaseClock] = msgspec.field(default_factory=list)
    plans: list[CasePlan] = msgspec.field(default_factory=list)
    resolutions: list[CaseResolution] = msgspec.field(default_factory=list)
    requests: dict[str, CaseRequest] = msgspec.field(default_factory=dict)
    """To other departments."""
