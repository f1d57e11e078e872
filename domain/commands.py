"""Every intention: what somebody asks the ledger to do, in the order a ticket lives.

A command holds what the caller says and nothing the ledger decides: no ids, no times, no actor.
"""

from typing import ClassVar

import msgspec

from domain.values import (
    Attachment,
    Awaiting,
    Channel,
    EvidenceKind,
    Instant,
    Kind,
    Money,
    OrderLine,
    Party,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Sha256,
    Share,
    Stage,
    Terms,
)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something somebody wants to happen; it may be refused."""

    NEEDS_VERSION: ClassVar[bool] = False
    """Acting on an unseen state would be wrong: the caller names the version it saw."""
    MOVES_MONEY: ClassVar[bool] = False
    """A repetition would cost money: the caller brings an idempotency key."""


class TicketCommand(Command, frozen=True, kw_only=True):
    """A command about a ticket that exists."""

    ticket: str


class OrderCommand(Command, frozen=True, kw_only=True):
    """A fact another system posts about an order."""

    order: str


# --- intake -----------------------------------------------------------------------------------


class OpenTicket(Command, frozen=True, kw_only=True):
    """Bring a matter to the platform; an order number is enough (IN-02)."""

    channel: Channel
    order: str | None = None
    line: str | None = None
    buyer: str | None = None
    """Who the matter is about, when it is not the caller and there is no order."""
    kind: Kind | None = None
    scenario: Scenario | None = None
    reason: Reason = Reason.OTHER
    remedy: RemedyKind | None = None
    claim: Money | None = None
    statement: str | None = None


class AcceptTicket(TicketCommand, frozen=True, kw_only=True):
    """Take a new matter up."""


class TakeAssignment(TicketCommand, frozen=True, kw_only=True):
    """Work on the ticket, and be the only one who does (RO-05)."""


class ReleaseAssignment(TicketCommand, frozen=True, kw_only=True):
    """Stop working on the ticket."""


class AmendClaim(TicketCommand, frozen=True, kw_only=True):
    """Ask for something else."""

    remedy: RemedyKind
    claim: Money | None = None


class CorrectDiagnosis(TicketCommand, frozen=True, kw_only=True):
    """Say what the matter is really about."""

    scenario: Scenario
    responsible: Responsible
    kind: Kind


class GiveAnswer(TicketCommand, frozen=True, kw_only=True):
    """Answer the buyer for the platform."""

    text: str
    resolves: bool


class SendMessage(TicketCommand, frozen=True, kw_only=True):
    """Write to the others on the ticket."""

    text: str


class AddNote(TicketCommand, frozen=True, kw_only=True):
    """Leave a note among staff."""

    text: str


class ReviewReturn(TicketCommand, frozen=True, kw_only=True):
    """Let the book say whether the goods may go back."""


class ApproveClaim(TicketCommand, frozen=True, kw_only=True):
    """Grant, as the merchant, what is claimed or better."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    terms: Terms


class RefuseClaim(TicketCommand, frozen=True, kw_only=True):
    """Refuse the claim as the merchant, with reasons."""

    reasons: str
    clause: str | None = None


# --- negotiation ------------------------------------------------------------------------------


class MakeOffer(TicketCommand, frozen=True, kw_only=True):
    """Propose remedies that would end the matter."""

    terms: tuple[Terms, ...]
    text: str | None = None


class CounterOffer(TicketCommand, frozen=True, kw_only=True):
    """Answer an offer with another one."""

    offer: str
    terms: tuple[Terms, ...]
    text: str | None = None


class AcceptOffer(TicketCommand, frozen=True, kw_only=True):
    """Agree to an offer."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    offer: str


class DeclineOffer(TicketCommand, frozen=True, kw_only=True):
    """Say no to an offer."""

    offer: str
    reason: str | None = None


class WithdrawOffer(TicketCommand, frozen=True, kw_only=True):
    """Take one's own offer back."""

    offer: str


class RequestIntervention(TicketCommand, frozen=True, kw_only=True):
    """Ask the platform to decide."""


# --- evidence ---------------------------------------------------------------------------------


class RequestEvidence(TicketCommand, frozen=True, kw_only=True):
    """Ask a party for evidence by the book's deadline."""

    party: Party
    kinds: tuple[EvidenceKind, ...]


class StageEvidence(TicketCommand, frozen=True, kw_only=True):
    """Lay an item ready for one's own side; after sealing it is a supplement."""

    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    confidential: bool = False
    caption: str | None = None


class ReplaceEvidence(TicketCommand, frozen=True, kw_only=True):
    """Put a better item in the place of a staged one."""

    item: str
    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    confidential: bool = False
    caption: str | None = None


class WithdrawEvidence(TicketCommand, frozen=True, kw_only=True):
    """Take a staged item back."""

    item: str


class SealEvidence(TicketCommand, frozen=True, kw_only=True):
    """Make one's own set final and show it to the other side."""


class DiscloseEvidence(TicketCommand, frozen=True, kw_only=True):
    """Show an item to a side that has not seen it."""

    item: str
    to: Party


class ContestEvidence(TicketCommand, frozen=True, kw_only=True):
    """Dispute an item of the other side or of the platform."""

    item: str
    why: str


class GatherEvidence(TicketCommand, frozen=True, kw_only=True):
    """Put something on the record for the platform, or as an inspection or carrier system."""

    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    shown_to: tuple[Party, ...] = (Party.BUYER, Party.MERCHANT)


# --- arbitration ------------------------------------------------------------------------------


class AssignArbitrator(TicketCommand, frozen=True, kw_only=True):
    """Name the arbitrator of this round."""

    arbitrator: str


class RecuseArbitrator(TicketCommand, frozen=True, kw_only=True):
    """Step aside as the arbitrator."""

    reason: str
    """A code of the book: knows_party, handled_before, interest, other."""


class IssueRuling(TicketCommand, frozen=True, kw_only=True):
    """Decide who is responsible and what must be done."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    reasons: str
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]


class FileAppeal(TicketCommand, frozen=True, kw_only=True):
    """Ask once for a review by another arbitrator."""

    grounds: str


class DecideAppeal(TicketCommand, frozen=True, kw_only=True):
    """Uphold, vary or overturn the ruling."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    outcome: str
    """upheld, varied or overturned; shares and awards are read for the latter two."""
    reasons: str
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    in_favour_of: Party | None = None
    shares: tuple[Share, ...] = ()
    awards: tuple[Terms, ...] = ()


# --- remedies ---------------------------------------------------------------------------------


class GrantRemedy(TicketCommand, frozen=True, kw_only=True):
    """Grant a remedy for the platform, out of goodwill, within the book's authority."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    terms: Terms


class RemedyCommand(TicketCommand, frozen=True, kw_only=True):
    """One step of one remedy."""

    remedy: str


class InitiateRefund(RemedyCommand, frozen=True, kw_only=True):
    """Tell the payment system to pay the price back."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True


class SettleRefund(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that the refund arrived."""

    reference: str


class FailRefund(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that the refund failed."""

    reason: str


class AuthoriseReturn(RemedyCommand, frozen=True, kw_only=True):
    """Let the buyer send the goods, by pick_up, drop_off or prepaid_label."""

    path: str
    label: str | None = None


class ShipReturn(RemedyCommand, frozen=True, kw_only=True):
    """Send the goods back."""

    carrier: str
    tracking: str


class ReceiveReturn(RemedyCommand, frozen=True, kw_only=True):
    """Take the returned goods in."""


class InspectReturn(RemedyCommand, frozen=True, kw_only=True):
    """Say what the returned goods turned out to be."""

    passed: bool
    finding: str


class ShipReplacement(RemedyCommand, frozen=True, kw_only=True):
    """Send the replacement of an exchange."""

    carrier: str
    tracking: str


class DeliverReplacement(RemedyCommand, frozen=True, kw_only=True):
    """Report that the replacement arrived."""


class BookRepair(RemedyCommand, frozen=True, kw_only=True):
    """Give the repair a workshop and an order of its own."""

    repair_order: str
    provider: str


class ReceiveRepair(RemedyCommand, frozen=True, kw_only=True):
    """Report that the device reached the workshop."""


class CompleteRepair(RemedyCommand, frozen=True, kw_only=True):
    """Report that the device works again."""

    finding: str


class ShipReshipment(RemedyCommand, frozen=True, kw_only=True):
    """Send what was missing."""

    carrier: str
    tracking: str


class DeliverReshipment(RemedyCommand, frozen=True, kw_only=True):
    """Report that what was missing arrived."""


class IssueCoupon(RemedyCommand, frozen=True, kw_only=True):
    """Hand the coupon out."""

    MOVES_MONEY: ClassVar[bool] = True

    coupon: str


class PayCompensation(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that a compensation was paid."""

    reference: str


class CancelRemedy(RemedyCommand, frozen=True, kw_only=True):
    """Take a remedy off that is no longer owed, before money moved."""

    why: str


# --- the end ----------------------------------------------------------------------------------


class CloseTicket(TicketCommand, frozen=True, kw_only=True):
    """End the matter: the buyer withdraws, or staff close what is resolved."""


class ReopenTicket(TicketCommand, frozen=True, kw_only=True):
    """Bring a resolved or closed matter back within the book's window."""

    reason: str | None = None


class GiveSatisfaction(TicketCommand, frozen=True, kw_only=True):
    """Say how it was, each mark from 1 to 5."""

    result: int
    speed: int
    attitude: int
    text: str | None = None


class PassDeadline(TicketCommand, frozen=True, kw_only=True):
    """Say, as the platform, that a deadline's instant has passed; harmless when it was met."""

    deadline: str
    due_at: Instant


# --- facts of other systems about an order ----------------------------------------------------


class PlaceOrder(OrderCommand, frozen=True, kw_only=True):
    """Report an order with its lines, prices and promises."""

    buyer: str
    merchant: str
    lines: tuple[OrderLine, ...]
    placed_at: Instant
    ship_by: Instant | None = None
    deliver_by: Instant | None = None
    live_session: str | None = None


class ShipOrder(OrderCommand, frozen=True, kw_only=True):
    """Report that goods left the merchant."""

    carrier: str
    tracking: str
    shipped_at: Instant
    lines: tuple[str, ...] | None = None


class SignOrder(OrderCommand, frozen=True, kw_only=True):
    """Report that the goods were signed for."""

    tracking: str
    signed_at: Instant


class SettlePayment(OrderCommand, frozen=True, kw_only=True):
    """Report that the buyer's payment is settled."""

    amount: Money
    reference: str
    settled_at: Instant


# --- facts of another lane, brought by processes ----------------------------------------------


class PartyCommand(Command, frozen=True, kw_only=True):
    """A fact of a ticket, brought to the stream of somebody it concerns."""

    party: str
    ticket: str


class NoteCustomerTicketOpened(PartyCommand, frozen=True, kw_only=True):
    """Put an opened ticket on its customer's stream."""


class NoteCustomerTicketClosed(PartyCommand, frozen=True, kw_only=True):
    """Put a closed ticket on its customer's stream."""

    outcome: str


class NoteMerchantTicketOpened(PartyCommand, frozen=True, kw_only=True):
    """Put an opened ticket on its merchant's stream."""


class NoteMerchantFoundResponsible(PartyCommand, frozen=True, kw_only=True):
    """Put a finding on its merchant's stream."""

    ruling: str
    share_bp: int


class NoteMerchantFindingReversed(PartyCommand, frozen=True, kw_only=True):
    """Put a reversal on its merchant's stream."""

    ruling: str
    share_bp: int


class NoteSupplierFaultFound(PartyCommand, frozen=True, kw_only=True):
    """Put a fault on its supplier's stream."""

    ruling: str
    sku: str


# --- looks ------------------------------------------------------------------------------------


class RecordLook(Command, frozen=True, kw_only=True):
    """Put on record that the caller looks at a ticket's evidence or personal data."""

    ticket: str
    what: str


# --- policy and history -----------------------------------------------------------------------


class AdoptBook(Command, frozen=True, kw_only=True):
    """Put a book of rules in force; its bytes are kept by digest."""

    version: str
    digest: Sha256
    in_force_from: Instant


class ImportRow(Command, frozen=True, kw_only=True):
    """Take one row of another system's history in, as the mapping reads it.

    It says what the row alone says, never how it differs from another row: so a row that comes
    again, in whatever order, is the same command. What is new in it is for the judgement to find.
    """

    ticket: str
    buyer: str
    channel: Channel
    kind: Kind
    scenario: Scenario
    reason: Reason
    priority: int
    state: str
    stage: Stage
    awaiting: Awaiting
    """Whose turn it is while the source has the ticket in this state."""
    resolved: bool
    """The source counts the matter as resolved in this state (a closed one is resolved too)."""
    occurred_at: Instant
    opened_at: Instant | None = None
    """When the source says the ticket was opened; its first row may be later."""
    by: str | None = None
    """Who made this update there, by the source's own reference."""
    fields: tuple[tuple[str, str], ...] = ()
    """All clear columns of the row; "" where the source has no value."""
    text: str | None = None
    """Personal columns as one JSON text; the ledger seals it."""
    queue: str | None = None
    agent: str | None = None
    transfers: int | None = None
    reopened: int | None = None
    breached: str | None = None
    """The promise the source counts as broken by now."""
    outcome: tuple[tuple[str, str], ...] = ()
    """Columns that hold the later outcome on every row, given with rows for which they are true."""
    outcome_at: Instant | None = None
