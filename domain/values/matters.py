"""What a matter is told by: its kind, cause, stage, and what would put it right."""

from enum import StrEnum


class Kind(StrEnum):
    """How heavy a matter is, in rising weight."""

    CONSULTATION = "consultation"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"


class Urgency(StrEnum):
    """How pressing a text says its matter is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Sentiment(StrEnum):
    """What feeling a text carries."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class RefundTo(StrEnum):
    """Where a refund goes (SL-17)."""

    BALANCE = "balance"
    """The buyer's balance with the platform."""
    CARD = "card"


class PlanLevel(StrEnum):
    """How far a plan goes."""

    FRAMEWORK = "framework"
    PLAN = "plan"
    EXECUTABLE = "executable"


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
    THIRD_PARTY = "third_party"
    """An inspector, a maker's network: somebody whose answer nothing can be done without."""
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


class NoticeFailure(StrEnum):
    """Why a notice will not go out any more."""

    NO_ADDRESS = "no_address"
    """Nobody knows where the person is reached by this channel."""
    NO_ROUTE = "no_route"
    """The installation has no way to that place."""
    ERASED = "erased"
    """What was to go with it is forgotten, or kept from view."""
    REFUSED = "refused"
    """The channel does not take it and never will."""
    GAVE_UP = "gave_up"
    """It was tried as often as the book says."""
    MOOT = "moot"
    """What it tells was over before it went, or was tried again: sent, it would mislead."""


class Arm(StrEnum):
    """On which side of a pilot a ticket is: under the book that is tried, or beside it."""

    PILOTED = "piloted"
    CONTROL = "control"
