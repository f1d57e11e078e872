"""The bodies of commands: each is its command without what the address already says."""

from typing import Annotated, Final, Literal

from pydantic import Field

from api.models.base import At, Body, Caption, Digest, Name, Reference, Text
from api.models.terms import AttachmentBody, Lax, MoneyBody, ShareBody, TermsBody
from domain.ledger.vault_drafts import CONTENT_BYTES_MAX
from domain.ticket.intake import TAGS_MAX
from domain.values import (
    Channel,
    EvidenceKind,
    Kind,
    Party,
    Reason,
    RefundTo,
    RemedyKind,
    Responsible,
    Scenario,
    Sentiment,
    Urgency,
)

TERMS_MAX: Final = 10
LINES_MAX: Final = 200
ITEMS_MAX: Final = 100
SERVICES_MAX: Final = 20

Side = Literal["buyer", "merchant"]
"""The two parties a case is between."""
ClauseId = Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]
"""A clause of the book of rules."""
TagId = Annotated[str, Field(pattern=r"^[a-z_]{1,40}(\.[a-z_]{1,40}){2}$")]
"""A tag of the book of rules."""
ItemId = Annotated[str, Field(pattern=r"^E[1-9][0-9]{0,5}$")]
"""An evidence item of the ticket."""
Mark = Annotated[int, Field(ge=1, le=5)]
OneOrMoreTerms = Annotated[list[TermsBody], Field(min_length=1, max_length=TERMS_MAX)]
Clauses = Annotated[list[ClauseId], Field(max_length=ITEMS_MAX)]
Items = Annotated[list[ItemId], Field(max_length=ITEMS_MAX)]
Shares = Annotated[tuple[ShareBody, ...], Field(strict=False, max_length=5)]
Awards = Annotated[tuple[TermsBody, ...], Field(strict=False, max_length=TERMS_MAX)]
Tags = Annotated[tuple[TagId, ...], Field(strict=False, max_length=TAGS_MAX)]
Path = Literal["pick_up", "drop_off", "prepaid_label"]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A word for machines and statistics; it stands in the record for ever and is no free text."""


class NothingBody(Body):
    """No more to say: the address is the command."""


class ReturnReviewBody(Body):
    """What is known of the goods."""

    opened: bool | None = None
    """Whether they were opened, where somebody knows."""


class OpeningBody(Body):
    """A matter brought to the platform; an order number is enough."""

    channel: Lax[Channel] = Channel.OPEN_API
    order: Reference | None = None
    line: Reference | None = None
    buyer: Reference | None = None
    """Who the matter is about, when it is not the caller and there is no order."""
    kind: Lax[Kind] | None = None
    scenario: Lax[Scenario] | None = None
    reason: Lax[Reason] = Reason.OTHER
    remedy: Lax[RemedyKind] | None = None
    claim: MoneyBody | None = None
    statement: Text | None = None


class ClaimBody(Body):
    """What is asked for instead."""

    remedy: Lax[RemedyKind]
    claim: MoneyBody | None = None


class DiagnosisBody(Body):
    """What the matter is really about."""

    scenario: Lax[Scenario]
    responsible: Lax[Responsible]
    kind: Lax[Kind]
    tags: Tags | None = None
    """The best first; what is absent, here and below, stands as it is."""
    urgency: Lax[Urgency] | None = None
    sentiment: Lax[Sentiment] | None = None
    upset: bool | None = None
    """Whether the buyer is angry; that they are not is for a supervisor to say."""


class AnswerBody(Body):
    """The platform's answer to the buyer."""

    text: Text
    resolves: bool


class TextBody(Body):
    """A message or a note."""

    text: Text


class ApprovalBody(Body):
    """What the merchant grants."""

    terms: TermsBody


class RefusalBody(Body):
    """Why the merchant refuses."""

    reasons: Text
    clause: ClauseId | None = None


class OfferBody(Body):
    """Remedies that would end the matter."""

    terms: OneOrMoreTerms
    text: Text | None = None


class DeclineBody(Body):
    """Why an offer is declined, when there is something to say."""

    reason: Text | None = None


class EvidenceRequestBody(Body):
    """Who is asked for which evidence."""

    party: Side
    kinds: Annotated[list[Lax[EvidenceKind]], Field(min_length=1, max_length=len(EvidenceKind))]


class EvidenceBody(Body):
    """An item of one's own side, with its content uploaded before."""

    kind: Lax[EvidenceKind]
    attachment: AttachmentBody
    obtained: Code
    """How it was come by: photographed_by_buyer, exported_from_chat ..."""
    confidential: bool = False
    caption: Caption | None = None


class StagedUploadBody(Body):
    """A content that will be uploaded: what it is, and exactly how large."""

    media_type: Annotated[str, Field(min_length=1, max_length=100)]
    size: Annotated[int, Field(ge=1, le=CONTENT_BYTES_MAX)]
    sha256: Digest | None = None
    """When it is known before: other bytes are then refused."""
    name: Name | None = None
    """Of the file; it is looked at, and kept encrypted with a personal content alone."""
    personal: bool = False
    """Whether it shows or tells something of a person: it is then encrypted under their key."""


class DisclosureBody(Body):
    """Who is shown the item."""

    to: Side


class ContestBody(Body):
    """Why the item is disputed."""

    why: Text


class GatheringBody(Body):
    """An item the platform, an inspection or a carrier puts on the record."""

    kind: Lax[EvidenceKind]
    attachment: AttachmentBody
    obtained: Code
    shown_to: Annotated[tuple[Side, ...], Field(strict=False, max_length=2)] = ("buyer", "merchant")


class ArbitratorBody(Body):
    """Who arbitrates this round."""

    arbitrator: Reference


class RecusalBody(Body):
    """Why the arbitrator steps aside."""

    reason: Literal["knows_party", "handled_before", "interest", "other"]


class RulingBody(Body):
    """Who is responsible, what must be done, why, and on which evidence."""

    in_favour_of: Lax[Party]
    shares: Annotated[list[ShareBody], Field(min_length=1, max_length=5)]
    awards: Awards
    reasons: Text
    clauses: Clauses
    relied_on: Items


class AppealBody(Body):
    """Why the ruling should be reviewed."""

    grounds: Text


class AppealDecisionBody(Body):
    """The outcome of the review; shares and awards are read unless the ruling is upheld."""

    outcome: Literal["upheld", "varied", "overturned"]
    reasons: Text
    clauses: Clauses
    relied_on: Items
    in_favour_of: Lax[Party] | None = None
    shares: Shares = ()
    awards: Awards = ()


class RemedyBody(Body):
    """What the platform grants out of goodwill."""

    terms: TermsBody


class PaymentReferenceBody(Body):
    """The payment system's own reference."""

    reference: Reference


class FailureBody(Body):
    """The payment system's code for why a refund failed."""

    reason: Code


class ReturnAuthorisationBody(Body):
    """How the goods travel back."""

    path: Path
    label: Reference | None = None


class ShipmentBody(Body):
    """With whom and under which number goods travel."""

    carrier: Reference
    tracking: Reference


class FindingBody(Body):
    """What was found and done."""

    finding: Code


class InspectionBody(Body):
    """What the returned goods turned out to be."""

    passed: bool
    finding: Code


class RepairBookingBody(Body):
    """The workshop and its own order number."""

    repair_order: Reference
    provider: Reference


class CouponBody(Body):
    """The coupon's own reference."""

    coupon: Reference


class CancellationBody(Body):
    """Why the remedy is no longer owed."""

    why: Code


class ReopeningBody(Body):
    """Why the matter comes back."""

    reason: Text | None = None


class SatisfactionBody(Body):
    """How it was, each mark from 1 to 5."""

    result: Mark
    speed: Mark
    attitude: Mark
    text: Text | None = None


class NpsBody(Body):
    """How likely one would recommend the platform: 0 not at all, 10 certainly."""

    score: Annotated[int, Field(ge=0, le=10)]
    comment: Text | None = None


class OrderLineBody(Body):
    """One line of an order as it was bought; `paid` is for the whole line."""

    line: Reference
    sku: Reference
    title: Name
    category: Reference
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    paid: MoneyBody
    supplier: Reference | None = None


class OrderBody(Body):
    """An order with its lines, prices and promises."""

    order: Reference
    buyer: Reference
    merchant: Reference
    lines: Annotated[list[OrderLineBody], Field(min_length=1, max_length=LINES_MAX)]
    placed_at: At
    ship_by: At | None = None
    deliver_by: At | None = None
    live_session: Reference | None = None
    services: Annotated[list[Code], Field(max_length=SERVICES_MAX)] | None = None
    """Marks in the book's words: cross_border, quality_insurance, flash_exchange ..."""


class LiveSessionEndBody(Body):
    """When the live session was over."""

    ended_at: At


class BrowsingBody(Body):
    """A page the buyer looked at."""

    page: Code
    browsed_at: At
    line: Reference | None = None


class OrderShipmentBody(Body):
    """Goods that left the merchant."""

    carrier: Reference
    tracking: Reference
    shipped_at: At
    lines: Annotated[list[Reference], Field(min_length=1, max_length=LINES_MAX)] | None = None


class SignatureBody(Body):
    """A parcel that was signed for."""

    tracking: Reference
    signed_at: At


class CertificateBody(Body):
    """An inspection or production record, with its content uploaded before."""

    kind: Literal["batch_report", "key_step_certificate", "inspection_report", "sensor_log"]
    attachment: AttachmentBody
    issuer: Reference
    """Who vouches for it."""
    reference: Reference
    """Its number with the issuer."""
    issued_at: At
    lines: Annotated[list[Reference], Field(min_length=1, max_length=LINES_MAX)] | None = None


class PaymentBody(Body):
    """The buyer's payment, settled."""

    amount: MoneyBody
    reference: Reference
    settled_at: At
    paid_by: Lax[RefundTo] | None = None
    """Where the money came from, and a refund goes back to; a card where nothing is said."""
