"""Facts that processes bring to the streams of customers, merchants and suppliers."""

from domain.commands.base import Command


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


class NoteSupplierFaultReversed(PartyCommand, frozen=True, kw_only=True):
    """Put a fault that an appeal did not find on its supplier's stream."""

    ruling: str
    sku: str
