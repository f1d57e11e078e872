"""What is noted on the streams of customers, merchants and suppliers; tickets are judged elsewhere.

Each fact was judged on its ticket before a process brought it here; it is written once because its
command's id is derived from the event that caused it.
"""

from typing import assert_never

from domain.commands import (
    NoteCustomerTicketClosed,
    NoteCustomerTicketOpened,
    NoteMerchantFindingReversed,
    NoteMerchantFoundResponsible,
    NoteMerchantTicketOpened,
    NoteSupplierFaultFound,
    NoteSupplierFaultReversed,
)
from domain.events import (
    CustomerTicketClosed,
    CustomerTicketOpened,
    Event,
    MerchantFindingReversed,
    MerchantFoundResponsible,
    MerchantTicketOpened,
    SupplierFaultFound,
    SupplierFaultReversed,
)

AnyPartyCommand = (
    NoteCustomerTicketOpened
    | NoteCustomerTicketClosed
    | NoteMerchantTicketOpened
    | NoteMerchantFoundResponsible
    | NoteMerchantFindingReversed
    | NoteSupplierFaultFound
    | NoteSupplierFaultReversed
)


def party_stream(command: AnyPartyCommand) -> str:
    """Return the stream a fact belongs to."""
    match command:
        case NoteCustomerTicketOpened() | NoteCustomerTicketClosed():
            return f"customer:{command.party}"
        case (
            NoteMerchantTicketOpened()
            | NoteMerchantFoundResponsible()
            | NoteMerchantFindingReversed()
        ):
            return f"merchant:{command.party}"
        case NoteSupplierFaultFound() | NoteSupplierFaultReversed():
            return f"supplier:{command.party}"
        case _:
            assert_never(command)


def decide_party(command: AnyPartyCommand) -> tuple[Event, ...]:
    """Return the fact that a process brings."""
    return (_fact(command),)


def _fact(command: AnyPartyCommand) -> Event:
    match command:
        case NoteCustomerTicketOpened():
            return CustomerTicketOpened(ticket=command.ticket)
        case NoteCustomerTicketClosed():
            return CustomerTicketClosed(ticket=command.ticket, outcome=command.outcome)
        case NoteMerchantTicketOpened():
            return MerchantTicketOpened(ticket=command.ticket)
        case NoteMerchantFoundResponsible():
            return MerchantFoundResponsible(
                ticket=command.ticket, ruling=command.ruling, share_bp=command.share_bp
            )
        case NoteMerchantFindingReversed():
            return MerchantFindingReversed(
                ticket=command.ticket, ruling=command.ruling, share_bp=command.share_bp
            )
        case NoteSupplierFaultFound() | NoteSupplierFaultReversed():
            found = isinstance(command, NoteSupplierFaultFound)
            fact = SupplierFaultFound if found else SupplierFaultReversed
            return fact(ticket=command.ticket, ruling=command.ruling, sku=command.sku)
        case _:
            assert_never(command)
