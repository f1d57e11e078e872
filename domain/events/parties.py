"""Facts on the streams of customers, merchants and suppliers, brought there by processes."""

from typing import ClassVar

from domain.events.base import CustomerEvent, MerchantEvent, PolicyEvent, SupplierEvent
from domain.values import Instant, Money, Sha256, Tier


class CustomerTicketOpened(CustomerEvent, frozen=True):
    """The customer brought a matter to the platform."""

    TOPIC: ClassVar[str] = "customer.ticket_opened.v1"

    ticket: str


class CustomerTicketClosed(CustomerEvent, frozen=True):
    """A matter of the customer is over."""

    TOPIC: ClassVar[str] = "customer.ticket_closed.v1"

    ticket: str
    outcome: str


class CustomerValued(CustomerEvent, frozen=True):
    """Another system says what the customer is to the platform; tickets opened later know it."""

    TOPIC: ClassVar[str] = "customer.valued.v1"

    tier: Tier
    as_of: Instant
    """Of several reports the one with the latest instant counts; an earlier one is only kept."""
    spend: Money | None = None
    """In the year before."""
    bought: tuple[str, ...] | None = None
    """The categories of earlier orders."""


class MerchantTicketOpened(MerchantEvent, frozen=True):
    """A matter about an order of the merchant was brought to the platform."""

    TOPIC: ClassVar[str] = "merchant.ticket_opened.v1"

    ticket: str


class MerchantFoundResponsible(MerchantEvent, frozen=True):
    """A ruling holds the merchant responsible, wholly or in part."""

    TOPIC: ClassVar[str] = "merchant.found_responsible.v1"

    ticket: str
    ruling: str
    share_bp: int


class MerchantFindingReversed(MerchantEvent, frozen=True):
    """An appeal took a finding back, or replaced it by another share."""

    TOPIC: ClassVar[str] = "merchant.finding_reversed.v1"

    ticket: str
    ruling: str
    share_bp: int
    """What the merchant bears after the appeal."""


class SupplierFaultFound(SupplierEvent, frozen=True):
    """A ruling found a fault in goods of the supplier."""

    TOPIC: ClassVar[str] = "supplier.fault_found.v1"

    ticket: str
    ruling: str
    sku: str


class SupplierFaultReversed(SupplierEvent, frozen=True):
    """An appeal found no fault where a ruling had found one."""

    TOPIC: ClassVar[str] = "supplier.fault_reversed.v1"

    ticket: str
    ruling: str
    """The appeal's decision."""
    sku: str


class PolicyAdopted(PolicyEvent, frozen=True):
    """A book of rules is in force from an instant on; its bytes are kept by digest."""

    TOPIC: ClassVar[str] = "policy.adopted.v1"

    version: str
    digest: Sha256
    in_force_from: Instant
