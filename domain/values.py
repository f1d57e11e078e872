"""The small immutable values every other module speaks in; no rule and no I/O lives here."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final, NewType

import msgspec

Instant = NewType("Instant", str)
"""An instant as its one spelling, 27 characters of UTC ("2026-11-22T03:04:05.123456Z").

Texts of this form compare as the instants do, so they are kept as text from the record to the page.
"""

Sha256 = NewType("Sha256", str)
"""A SHA-256 digest as 64 lowercase hexadecimal digits."""

BASIS_POINTS: Final = 10_000
"""The whole: shares and confidence are integers in basis points, never floats."""


def instant(at: datetime) -> Instant:
    """Return the one spelling of an aware datetime; a naive one is a programming error."""
    assert at.tzinfo is not None, "an instant has a zone"
    return Instant(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


@lru_cache(maxsize=1_024)
def moment_of(at: Instant) -> datetime:
    """Return the datetime, in UTC, that an instant spells."""
    return datetime.fromisoformat(at)


def later(at: Instant, within: timedelta) -> Instant:
    """Return the instant that lies `within` after `at`, around the clock."""
    return instant(moment_of(at) + within)


def years_later(at: Instant, years: int) -> Instant:
    """Return the same moment of the calendar so many years on; 29 February goes on to 1 March."""
    moment = moment_of(at)
    try:
        return instant(moment.replace(year=moment.year + years))
    except ValueError:
        return instant(moment.replace(year=moment.year + years, month=3, day=1))


class Kind(StrEnum):
    """How heavy a matter is, in rising weight."""

    CONSULTATION = "consultation"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"


class Scenario(StrEnum):
    """Where the matter arose: the second axis of a diagnosis."""

    PRODUCT = "product"
    SERVICE = "service"
    EXPERIENCE = "experience"


class Reason(StrEnum):
    """Why the claimant asks."""

    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    QUALITY_FAULT = "quality_fault"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    MISSING_PARTS = "missing_parts"
    COUNTERFEIT = "counterfeit"
    LATE = "late"
    CHANGED_MIND = "changed_mind"
    INVOICE = "invoice"
    INSTALLATION = "installation"
    PROMISE_NOT_KEPT = "promise_not_kept"
    OTHER = "other"


class Channel(StrEnum):
    """Through which door a matter came in (IN-01)."""

    APP = "app"
    MINI_PROGRAM = "mini_program"
    WEB_ORDER_PAGE = "web_order_page"
    LOGISTICS_PAGE = "logistics_page"
    CHAT = "chat"
    SMS = "sms"
    SOCIAL_MEDIA = "social_media"
    LIVE_ROOM = "live_room"
    PHONE = "phone"
    EMAIL = "email"
    OPEN_API = "open_api"
    IMPORT = "import"


class Stage(StrEnum):
    """How far a ticket has come; only ever forwards, save a recorded reopening."""

    INTAKE = "intake"
    NEGOTIATION = "negotiation"
    INTERVENTION = "intervention"
    REMEDY = "remedy"
    CLOSED = "closed"


class Party(StrEnum):
    """Whose interest a person or machine speaks for."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    CARRIER = "carrier"
    PLATFORM = "platform"
    SUPPLIER = "supplier"


class Responsible(StrEnum):
    """Who is held responsible; a diagnosis may leave it open, a ruling may not."""

    MERCHANT = "merchant"
    LOGISTICS = "logistics"
    PLATFORM = "platform"
    BUYER = "buyer"
    UNDETERMINED = "undetermined"


class Awaiting(StrEnum):
    """Whose turn it is."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    AGENT = "agent"
    ARBITRATOR = "arbitrator"
    CARRIER = "carrier"
    PAYMENT = "payment"
    NOBODY = "nobody"


class RemedyKind(StrEnum):
    """What puts a matter right; each is a sub-flow with steps of its own."""

    REFUND = "refund"
    RETURN = "return"
    """The goods go back and the price comes back when they have arrived."""
    EXCHANGE = "exchange"
    REPAIR = "repair"
    RESHIPMENT = "reshipment"
    COMPENSATION = "compensation"
    COUPON = "coupon"


class EvidenceKind(StrEnum):
    """What an evidence item is."""

    ORDER_SNAPSHOT = "order_snapshot"
    LOGISTICS_PROOF = "logistics_proof"
    CHAT_RECORD = "chat_record"
    INSPECTION_REPORT = "inspection_report"
    REPAIR_RECORD = "repair_record"
    REPAIR_VIDEO = "repair_video"
    DELIVERY_SIGNATURE = "delivery_signature"
    SENSOR_LOG = "sensor_log"
    BATCH_REPORT = "batch_report"
    KEY_STEP_CERTIFICATE = "key_step_certificate"
    """That a step of production was taken as it should be; anchored by who keeps its records."""
    PHOTO = "photo"
    VIDEO = "video"
    STATEMENT = "statement"


class ActorKind(StrEnum):
    """The role an actor acts in; the party is derived from it."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ARBITRATOR = "arbitrator"
    AUDITOR = "auditor"
    ADMIN = "admin"
    ORDERS = "orders"
    CARRIER = "carrier"
    PAYMENT = "payment"
    INSPECTOR = "inspector"
    CHAIN = "chain"
    """A service that keeps others' production and inspection records (TR-03)."""
    SYSTEM = "system"


STAFF: Final = frozenset({ActorKind.AGENT, ActorKind.SUPERVISOR, ActorKind.ARBITRATOR})
"""People who work for the platform on tickets."""

MACHINES: Final = frozenset(
    {
        ActorKind.ORDERS,
        ActorKind.CARRIER,
        ActorKind.PAYMENT,
        ActorKind.INSPECTOR,
        ActorKind.CHAIN,
    }
)
"""Systems of others that post facts under an identity of their own."""


class Actor(msgspec.Struct, frozen=True, gc=False):
    """The person or machine on whose authority a command runs."""

    kind: ActorKind
    ref: str
    """A pseudonymous reference, never a name."""

    @property
    def party(self) -> Party:
        """Return the party this actor speaks for."""
        return _PARTIES.get(self.kind, Party.PLATFORM)


_PARTIES: Final = {
    ActorKind.BUYER: Party.BUYER,
    ActorKind.MERCHANT: Party.MERCHANT,
    ActorKind.CARRIER: Party.CARRIER,
}

SYSTEM: Final = Actor(kind=ActorKind.SYSTEM, ref="platform")
"""The platform acting of its own accord: deadlines, processes, the notary."""


class Money(msgspec.Struct, frozen=True, gc=False):
    """An exact amount: integer minor units and an ISO 4217 currency."""

    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Return the sum; two currencies have none, which is a programming error."""
        assert self.currency == other.currency, "amounts of one currency are added"
        return Money(amount_minor=self.amount_minor + other.amount_minor, currency=self.currency)


CURRENCIES: Final = frozenset(
    [
        "AED",
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CNY",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "JPY",
        "KRW",
        "MOP",
        "MXN",
        "MYR",
        "NOK",
        "NZD",
        "PHP",
        "PLN",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "USD",
        "VND",
        "ZAR",
    ]
)
"""The ISO 4217 currencies the platform trades in."""


class Confidential:
    """A personal value in an event: open (`Personal`) until the ledger seals it (`Commitment`)."""

    __slots__ = ()


class Personal(Confidential):
    """A personal value as `decide` returns it; it can not be written to a record in this form."""

    __slots__ = ("subject", "value")

    def __init__(self, value: str, *, subject: str) -> None:
        """Keep a text and whose it is ("buyer:<ref>", "merchant:<ref>", "ticket:<id>" ...)."""
        self.value = value
        self.subject = subject

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same text of the same subject."""
        return (
            isinstance(other, Personal)
            and other.value == self.value
            and other.subject == self.subject
        )

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash((self.subject, self.value))

    def __repr__(self) -> str:
        """Return a text that tells whose value this is, never the value: it may reach a log."""
        return f"Personal(subject={self.subject!r})"


class Commitment(Confidential):
    """What a record holds of a personal value: the digest of its salted disclosure (RFC 9901)."""

    __slots__ = ("sd",)

    def __init__(self, sd: str) -> None:
        """Keep the 43 characters of the digest."""
        self.sd = sd

    def __eq__(self, other: object) -> bool:
        """Return whether the other commits to the same disclosure."""
        return isinstance(other, Commitment) and other.sd == self.sd

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash(self.sd)

    def __repr__(self) -> str:
        """Return the commitment as it stands in the record."""
        return f"Commitment({self.sd!r})"


class KeyPurpose(StrEnum):
    """What the ledger signs with a key."""

    LOG = "log"
    """Checkpoints."""
    RECEIPT = "receipt"
    """That a command is on record, before a checkpoint covers it."""


class Recipient(StrEnum):
    """For whom a bundle of evidence is made; what is in it follows from that."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    ARBITRATOR = "arbitrator"
    COURT = "court"


class ExportPurpose(StrEnum):
    """What a bundle of evidence is for."""

    OWN_COPY = "own_copy"
    ARBITRATION = "arbitration"
    LITIGATION = "litigation"
    AUDIT = "audit"


class ErasureGround(StrEnum):
    """Why a person is to be forgotten (PIPL article 47, GDPR article 17)."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"


class HoldGround(StrEnum):
    """Which proceedings need what is on a ticket."""

    LITIGATION = "litigation"
    REGULATOR = "regulator"
    INVESTIGATION = "investigation"


class Pointed(msgspec.Struct, frozen=True, gc=False):
    """Where a personal value stands in a stream: the version, and the field's path there."""

    version: int
    pointer: str


class Standing(StrEnum):
    """What stands against an erasure."""

    OPEN = "open"
    """The matter is not over."""
    RETENTION = "retention"
    """The law wants it kept for a time."""
    LEGAL_HOLD = "legal_hold"


class FreezeGround(StrEnum):
    """Why nothing is signed any more."""

    COMPROMISED = "compromised"
    """Somebody else may hold the key."""
    LOST = "lost"
    RETIRED = "retired"


class Of(StrEnum):
    """Whose personal data a field holds; declared beside the field in its event class."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    AUTHOR = "author"
    TICKET = "ticket"


BuyerText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.BUYER})]
"""Free text about or by the buyer."""
MerchantText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.MERCHANT})]
"""Free text by the merchant."""
AuthorText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.AUTHOR})]
"""Free text by whoever acts."""
TicketText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.TICKET})]
"""Free text that may speak of everybody on the ticket: it is erased with the ticket's key."""


class OrderLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of an order as it was bought."""

    line: str
    sku: str
    title: str
    category: str
    quantity: int
    paid: Money
    """What was paid for the whole line; refunds never exceed it."""
    supplier: str | None = None


class Terms(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One remedy as it is proposed, approved or awarded."""

    kind: RemedyKind
    line: str | None = None
    amount: Money | None = None
    """For refund, return, compensation and coupon; the others move no money."""


class Share(msgspec.Struct, frozen=True, gc=False):
    """How much of the responsibility one party bears."""

    party: Responsible
    share_bp: int


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """Where the content of an evidence item lies: the vault, under its own digest."""

    sha256: Sha256
    size: int
    media_type: str
