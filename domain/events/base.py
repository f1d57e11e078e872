"""What every event has in common, and the families that say which stream it belongs to."""

from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A fact: past tense, frozen, named for ever by its topic.

    Who, when and under which command stand in the record around it. An optional field has None
    for its default and is absent from the record when it is None.
    """

    TOPIC: ClassVar[str] = ""
    """`noun.verb_in_past.vN`: the name in the ledger; the class may move, the topic may not."""
    FAMILY: ClassVar[str] = ""
    """The kind of stream this fact belongs to."""


class TicketEvent(Event, frozen=True):
    """A fact about one ticket."""

    FAMILY: ClassVar[str] = "ticket"


class OrderEvent(Event, frozen=True):
    """A fact about one order, in the lane of its tickets."""

    FAMILY: ClassVar[str] = "order"


class CustomerEvent(Event, frozen=True):
    """A fact on a customer's own stream, folded from tickets of any lane."""

    FAMILY: ClassVar[str] = "customer"


class MerchantEvent(Event, frozen=True):
    """A fact on a merchant's own stream, folded from tickets of any lane."""

    FAMILY: ClassVar[str] = "merchant"


class SupplierEvent(Event, frozen=True):
    """A fact on a supplier's own stream, folded from tickets of any lane."""

    FAMILY: ClassVar[str] = "supplier"


class AgentEvent(Event, frozen=True):
    """A fact about one agent: where, when and on what the agent works."""

    FAMILY: ClassVar[str] = "agent"


class QueueEvent(Event, frozen=True):
    """A fact about one queue of the book, over all matters in it."""

    FAMILY: ClassVar[str] = "queue"


class PolicyEvent(Event, frozen=True):
    """A fact about which rules are in force."""

    FAMILY: ClassVar[str] = "policy"


class AccessEvent(Event, frozen=True):
    """A look at a ticket's evidence or personal data."""

    FAMILY: ClassVar[str] = "access"


class NoticeEvent(Event, frozen=True):
    """How a notice ended, on a stream beside that of the fact it tells."""

    FAMILY: ClassVar[str] = "notice"


class TrainingEvent(Event, frozen=True):
    """A fact of a trainee's attempt at a past matter, on a stream of its own."""

    FAMILY: ClassVar[str] = "training"


class LedgerEvent(Event, frozen=True):
    """A fact about the ledger itself: its keys, its anchors, what it has forgotten."""

    FAMILY: ClassVar[str] = "ledger"
