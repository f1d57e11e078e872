"""What a customer is to the platform, as an opening finds it on record."""

from api.wiring import Services
from domain import errors
from domain.values import Actor, ActorKind, Customer


def standing_of(
    services: Services, actor: Actor, buyer: str | None, order: str | None
) -> Customer | None:
    """Return what is on record of the buyer of a matter that somebody brings. Blocks.

    Whether the buyer and the order may be named at all is judged with the opening.
    """
    if actor.kind is ActorKind.BUYER:
        buyer = actor.ref
    if buyer is None and order is not None:
        try:
            buyer = services.ledger.order(order).buyer
        except errors.UnknownOrder:
            return None
    return None if buyer is None else services.ledger.customer(buyer)
