"""Live tickets to write to: each of a buyer, about an order line; opened by ordinary commands."""

from dataclasses import dataclass
from typing import Final

from domain.commands import OpenTicket, PlaceOrder, SendMessage
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Request
from domain.values import (
    Actor,
    ActorKind,
    Channel,
    Instant,
    Money,
    OrderLine,
    Reason,
    RemedyKind,
)

TEXT: Final = "The second box arrived torn and one of the four glasses in it is broken. " * 3
"""What a buyer writes; with it a record of a message is about as long as a payload elsewhere."""
_ORDERS: Final = Actor(ActorKind.ORDERS, "benchmark-orders")
_PLACED_AT: Final = Instant("2024-11-11T08:00:00.000000Z")


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket and the buyer who may write to it."""

    ticket: str
    buyer: Actor

    def message(self, key: str | None = None) -> Request:
        """Return the buyer's message as a request."""
        command = SendMessage(ticket=self.ticket, text=TEXT)
        return Request(command=command, actor=self.buyer, key=key)


def open_tickets(ledger: TicketLedger, count: int, *, run: str) -> list[Opened]:
    """Return freshly opened tickets, each about an order of its own; `run` makes them unique."""
    paid = Money(19_900, "CNY")
    buyers = [Actor(ActorKind.BUYER, f"buyer-{run}-{number}") for number in range(count)]
    placed = [
        ledger.submit(
            Request(
                command=PlaceOrder(
                    order=f"order-{buyer.ref}",
                    buyer=buyer.ref,
                    merchant="merchant-1",
                    lines=(OrderLine("L1", "sku-1", "Glasses", "kitchen", 4, paid),),
                    placed_at=_PLACED_AT,
                ),
                actor=_ORDERS,
                key=f"order-{buyer.ref}",
            )
        )
        for buyer in buyers
    ]
    for order in placed:
        order.result()
    opening = [
        ledger.submit(
            Request(
                command=OpenTicket(
                    channel=Channel.APP,
                    order=f"order-{buyer.ref}",
                    reason=Reason.DAMAGED,
                    remedy=RemedyKind.REFUND,
                    claim=paid,
                    statement=TEXT,
                ),
                actor=buyer,
                key=f"open-{buyer.ref}",
            )
        )
        for buyer in buyers
    ]
    return [
        Opened(future.result().stream.partition(":")[2], buyer)
        for future, buyer in zip(opening, buyers, strict=True)
    ]
