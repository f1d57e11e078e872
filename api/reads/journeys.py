"""The journey of a ticket or an order: whole for staff, without the house's inside for a side."""

from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api import moments
from api.auth import may_see
from api.models.outcomes import Position
from api.reads.orders import order_records
from api.reads.personal import ticket_records
from api.reads.promises import is_public
from api.reads.queues import summaries
from api.reads.telling import told_to
from api.reads.tickets import side_of
from api.wiring import Services
from domain import errors
from domain.events import (
    CertificatePosted,
    LiveSessionEnded,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    PageBrowsed,
    PaymentSettled,
)
from domain.record import Record
from domain.streams import order_stream, position_text, stream_lane, ticket_lane
from domain.values import Actor, ActorKind, Party
from projections import queue
from projections.projection import PAGE_SIZE_MAX
from projections.queue import Filters
from replay.journey import STAFF, Audience, Journey, OrderJourney, order_journey, ticket_journey

TICKETS_MAX: Final = 50
"""So many tickets of an order are laid out at once: those that were opened first."""
_LOOKED_AT_MAX: Final = 2_000
"""So many are looked at for these."""


class JourneyAnswer(msgspec.Struct, frozen=True):
    """The whole path of a ticket, as far as its reader may know it."""

    position: Position
    journey: Journey


class OrderJourneyAnswer(msgspec.Struct, frozen=True):
    """The whole path of an order and its tickets, as far as its reader may know it."""

    position: Position
    journey: OrderJourney
    more: bool
    """Whether the order has more tickets than are laid out here."""


def journey_answer(services: Services, actor: Actor, ticket: str) -> JourneyAnswer:
    """Return a ticket's journey; to strangers it is unknown. Blocks."""
    try:
        lane = ticket_lane(ticket)
    except ValueError as error:
        raise errors.UnknownTicket from error
    if lane >= services.ledger.lanes or not may_see(actor, services.ledger.ticket(ticket)):
        raise errors.UnknownTicket
    # Read first: what is read afterwards includes everything up to here.
    position = position_text(lane, services.ledger.position(lane))
    with moments.told():
        found = journey_of(services, ticket, audience_of(services, actor))
    return JourneyAnswer(position, found)


def order_journey_answer(services: Services, actor: Actor, order: str) -> OrderJourneyAnswer:
    """Return an order's journey with its tickets; to strangers it is unknown. Blocks."""
    lane = stream_lane(order_stream(order), services.ledger.lanes)
    position = position_text(lane, services.ledger.position(lane))
    known = services.ledger.order(order)
    own = {ActorKind.BUYER: known.buyer, ActorKind.MERCHANT: known.merchant}
    if own.get(actor.kind, actor.ref) != actor.ref:
        raise errors.UnknownOrder
    with moments.told():
        found, more = journey_of_order(services, order, audience_of(services, actor))
    return OrderJourneyAnswer(position, found, more)


def journey_of(services: Services, ticket: str, audience: Audience = STAFF) -> Journey:
    """Return a ticket's journey as an audience is told it. Blocks."""
    known = services.ledger.ticket(ticket)
    return ticket_journey(
        ticket_records(services, ticket),
        () if known.order is None else order_records(services, known.order),
        books=services.ledger.book_named,
        now=services.now(),
        audience=audience,
    )


def journey_of_order(
    services: Services, order: str, audience: Audience = STAFF
) -> tuple[OrderJourney, bool]:
    """Return an order's journey as an audience is told it, and whether tickets are left. Blocks."""
    services.ledger.order(order)
    tickets, more = services.read_now(lambda connection: _tickets(connection, order))
    found = order_journey(
        order_records(services, order),
        {ticket: ticket_records(services, ticket) for ticket in tickets},
        books=services.ledger.book_named,
        now=services.now(),
        audience=audience,
    )
    return found, more


def audience_of(services: Services, actor: Actor) -> Audience:
    """Return what an actor may know of a journey."""
    side = side_of(actor)
    if side is None:
        return STAFF
    named = services.ledger.book_named
    return Audience(
        knows=lambda record: _knows(record, side),
        shows=lambda policy, clock: is_public(clock, named(policy)),
        inside=False,
    )


def _knows(record: Record, side: Party) -> bool:
    """Return whether a side may know of a record: of its order, what the order's page tells."""
    if record.event.FAMILY != "order":
        return told_to(record, side)
    if isinstance(record.event, PageBrowsed):
        return side is Party.BUYER
    return isinstance(record.event, _TOLD_OF_ORDER)


def _tickets(connection: Connection, order: str) -> tuple[list[str], bool]:
    """Return the tickets of an order that were opened first, and whether there are more."""
    of_order = Filters(open=None, order=order)
    with connection.cursor() as db:
        page = queue.page(db, of_order, None, PAGE_SIZE_MAX)
        found = [*summaries(page)]
        while page.next is not None and len(found) < _LOOKED_AT_MAX:
            page = queue.page(db, of_order, page.next, PAGE_SIZE_MAX)
            found += summaries(page)
    found.sort(key=lambda row: (row.opened_at, row.ticket))
    first = [row.ticket for row in found[:TICKETS_MAX]]
    return first, page.next is not None or len(found) > TICKETS_MAX


_TOLD_OF_ORDER: Final = (
    *(OrderPlaced, OrderShipped, OrderSigned, PaymentSettled),
    *(LiveSessionEnded, CertificatePosted),
)
