"""When what a record tells of happened: the fact's own word, else its source's, else the record's.

Journeys and exports go by it. When something was recorded is the record's own matter.
"""

from domain.events import (
    LiveSessionEnded,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    PageBrowsed,
    PaymentSettled,
)
from domain.record import Record
from domain.values import Instant


def happened_at(record: Record) -> Instant:
    """Return when what a record tells of happened, as the fact itself says where it does."""
    match record.event:
        case (
            OrderPlaced(placed_at=at)
            | LiveSessionEnded(ended_at=at)
            | PageBrowsed(browsed_at=at)
            | OrderShipped(shipped_at=at)
            | OrderSigned(signed_at=at)
            | PaymentSettled(settled_at=at)
        ):
            return at
        case _:
            return record.occurred_at
