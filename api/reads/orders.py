"""An order as after-sales knows it: what was bought, and what was taken of its caps."""

from typing import Final

import msgspec

from api.models.outcomes import Position
from api.reads.personal import RECORDS_MAX
from api.wiring import Services
from domain import errors
from domain.record import Record
from domain.streams import order_stream, position_text, stream_lane
from domain.ticket.state import Certificate
from domain.values import (
    Actor,
    ActorKind,
    Attachment,
    EvidenceKind,
    Instant,
    Money,
    OrderLine,
    RefundTo,
)

_PAGE: Final = 1_000


class GrantItem(msgspec.Struct, frozen=True):
    """What one remedy took of an order line."""

    ticket: str
    remedy: str
    line: str
    amount: Money
    refund: bool
    """Whether it counts against the refund cap; else against the payout cap."""
    paid: bool


class CertificateItem(msgspec.Struct, frozen=True):
    """An inspection or production record that came with the order."""

    issuer: str
    reference: str
    kind: EvidenceKind
    attachment: Attachment
    issued_at: Instant
    lines: tuple[str, ...] | None
    """None when it is about the whole order."""
    posted_by: ActorKind


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order as it stands on record."""

    order: str
    version: int
    position: Position
    buyer: str
    merchant: str
    lines: tuple[OrderLine, ...]
    placed_at: Instant
    ship_by: Instant | None
    deliver_by: Instant | None
    live_session: str | None
    live_session_ended_at: Instant | None
    services: tuple[str, ...]
    """Marks of the order in the book's words."""
    shipped_at: Instant | None
    signed_at: Instant | None
    tracking: tuple[str, ...]
    settled: Money | None
    paid_by: RefundTo
    """Where the money came from, and a refund goes back to."""
    certificates: tuple[CertificateItem, ...]
    grants: tuple[GrantItem, ...]


def order_answer(services: Services, actor: Actor, order: str) -> OrderAnswer:
    """Return an order to those it concerns; to strangers it is unknown. Blocks."""
    lane = stream_lane(order_stream(order), services.ledger.lanes)
    position = position_text(lane, services.ledger.position(lane))
    known = services.ledger.order(order)
    own = {ActorKind.BUYER: known.buyer, ActorKind.MERCHANT: known.merchant}
    if own.get(actor.kind, actor.ref) != actor.ref:
        raise errors.UnknownOrder
    return OrderAnswer(
        order=known.order,
        version=known.version,
        position=position,
        buyer=known.buyer,
        merchant=known.merchant,
        lines=tuple(known.lines.values()),
        placed_at=known.placed_at,
        ship_by=known.ship_by,
        deliver_by=known.deliver_by,
        live_session=known.live_session,
        live_session_ended_at=known.live_session_ended_at,
        services=known.services,
        shipped_at=known.shipped_at,
        signed_at=known.signed_at,
        tracking=tuple(known.tracking),
        settled=known.settled,
        paid_by=known.paid_by,
        certificates=tuple(_certificate(*one) for one in known.certificates.items()),
        grants=tuple(
            GrantItem(*key.rpartition("/")[::2], one.line, one.amount, one.refund, one.paid)
            for key, one in known.grants.items()
        ),
    )


def order_records(services: Services, order: str) -> list[Record]:
    """Return an order's records from the first one on. Blocks."""
    stream = order_stream(order)
    records: list[Record] = []
    while len(records) < RECORDS_MAX:
        page = services.ledger.stream(stream, len(records), _PAGE)
        records += page
        if len(page) < _PAGE:
            break
    return records


def _certificate(name: str, one: Certificate) -> CertificateItem:
    issuer, _, reference = name.partition("/")
    return CertificateItem(
        issuer=issuer,
        reference=reference,
        kind=one.kind,
        attachment=one.attachment,
        issued_at=one.issued_at,
        lines=one.lines,
        posted_by=one.posted_by,
    )
