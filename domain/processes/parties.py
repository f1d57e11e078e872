"""What a ticket's fact means to its customer, merchant and supplier: a note on each one's stream.

Those streams may lie in another lane, so the fact is brought there by a command of its own.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from domain.commands import (
    NoteCustomerTicketClosed,
    NoteCustomerTicketOpened,
    NoteMerchantFindingReversed,
    NoteMerchantFoundResponsible,
    NoteMerchantTicketOpened,
    NoteSupplierFaultFound,
    NoteSupplierFaultReversed,
    PartyCommand,
)
from domain.events import (
    RulingIssued,
    RulingOverturned,
    RulingVaried,
    TicketClosed,
    TicketOpened,
)
from domain.processes.keys import key_of
from domain.record import Record
from domain.ticket.state import Order, Ticket
from domain.values import Reason, Responsible, Share

PROCESS: Final = "parties"
"""Part of every key; a new name would bring every fact a second time."""

FAULTS: Final = frozenset(
    {
        Reason.QUALITY_FAULT,
        Reason.NOT_AS_DESCRIBED,
        Reason.MISSING_PARTS,
        Reason.COUNTERFEIT,
    }
)
"""Reasons for which a merchant held responsible means a fault in the goods as supplied."""


class Case(Protocol):
    """A ticket with its order."""

    @property
    def ticket(self) -> Ticket:
        """Return the ticket."""

    @property
    def order(self) -> Order | None:
        """Return its order, where it is about one."""


def react(record: Record, case: Callable[[str], Case]) -> tuple[tuple[PartyCommand, str], ...]:
    """Return the commands, each with its key, that follow from a fact; none from history.

    `case` finds a ticket by its id; it is asked only for what never changes on a ticket.
    """
    if record.imported:
        return ()
    commands = _commands(record, case)
    return tuple(
        (command, key_of(PROCESS, record.envelope.id, ordinal))
        for ordinal, command in enumerate(commands)
    )


def _commands(record: Record, case: Callable[[str], Case]) -> Iterable[PartyCommand]:
    match record.event:
        case TicketOpened() as opened:
            return _opened(record.subject, opened)
        case TicketClosed() as closed:
            buyer = case(record.subject).ticket.buyer
            note = NoteCustomerTicketClosed(
                party=buyer, ticket=record.subject, outcome=closed.outcome
            )
            return (note,)
        case RulingIssued() as ruled:
            return _found(ruled, case(record.subject))
        case RulingVaried() | RulingOverturned() as ruled:
            return _changed(ruled, case(record.subject))
        case _:
            return ()


def _opened(ticket: str, event: TicketOpened) -> Iterable[PartyCommand]:
    yield NoteCustomerTicketOpened(party=event.buyer, ticket=ticket)
    if event.merchant is not None:
        yield NoteMerchantTicketOpened(party=event.merchant, ticket=ticket)


def _found(
    event: RulingIssued | RulingVaried | RulingOverturned, case: Case
) -> Iterable[PartyCommand]:
    """A merchant found responsible, and the supplier where the goods were at fault."""
    ticket, share_bp = case.ticket, _merchant_share(event.shares)
    if ticket.merchant is None or share_bp == 0:
        return
    yield NoteMerchantFoundResponsible(
        party=ticket.merchant, ticket=ticket.ticket, ruling=event.ruling, share_bp=share_bp
    )
    supplied = _supplied(case)
    if supplied is not None:
        supplier, sku = supplied
        yield NoteSupplierFaultFound(
            party=supplier, ticket=ticket.ticket, ruling=event.ruling, sku=sku
        )


def _changed(event: RulingVaried | RulingOverturned, case: Case) -> Iterable[PartyCommand]:
    """What the merchant bears after the appeal takes the place of what the ruling found.

    Nothing is taken back that was not found, and what stays as it was is not told again.
    """
    ticket, share_bp = case.ticket, _merchant_share(event.shares)
    reviewed = ticket.rulings[ticket.rulings[event.ruling].reviews or ""]
    before_bp = _merchant_share(reviewed.shares)
    if ticket.merchant is None or share_bp == before_bp:
        return
    if before_bp == 0:
        yield from _found(event, case)
        return
    yield NoteMerchantFindingReversed(
        party=ticket.merchant, ticket=ticket.ticket, ruling=event.ruling, share_bp=share_bp
    )
    supplied = _supplied(case)
    if share_bp == 0 and supplied is not None:
        supplier, sku = supplied
        yield NoteSupplierFaultReversed(
            party=supplier, ticket=ticket.ticket, ruling=event.ruling, sku=sku
        )


def _supplied(case: Case) -> tuple[str, str] | None:
    """Return who supplied what the matter is about, where a fault of the goods is theirs."""
    ticket = case.ticket
    if ticket.reason not in FAULTS or case.order is None or ticket.line is None:
        return None
    line = case.order.lines[ticket.line]
    return None if line.supplier is None else (line.supplier, line.sku)


def _merchant_share(shares: Iterable[Share]) -> int:
    return sum(share.share_bp for share in shares if share.party is Responsible.MERCHANT)
