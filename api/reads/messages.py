"""What was written on a ticket: to whom it is shown and whether it can still be read."""

from collections.abc import Mapping, Set
from typing import Final

import msgspec

from api.auth import may_see
from api.models.outcomes import Position
from api.reads.personal import ErasedNote, erased_notes, opened, ticket_records, withheld_places
from api.reads.tickets import side_of
from api.wiring import Services
from domain import errors
from domain.events import (
    AnswerGiven,
    AppealFiled,
    Event,
    MerchantRefused,
    MessageSent,
    NoteAdded,
    OfferCountered,
    OfferDeclined,
    OfferMade,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    TicketOpened,
    TicketReopened,
)
from domain.record import Record
from domain.streams import position_text, ticket_lane
from domain.values import Actor, Commitment, Instant, Party

TEXTS: Final[Mapping[type[Event], tuple[str, str]]] = {
    TicketOpened: ("statement", "statement"),
    MessageSent: ("message", "text"),
    AnswerGiven: ("answer", "text"),
    NoteAdded: ("note", "text"),
    MerchantRefused: ("refusal", "reasons"),
    OfferMade: ("offer", "text"),
    OfferCountered: ("offer", "text"),
    OfferDeclined: ("decline", "reason"),
    RulingIssued: ("ruling", "reasons"),
    AppealFiled: ("appeal", "grounds"),
    RulingUpheld: ("ruling", "reasons"),
    RulingVaried: ("ruling", "reasons"),
    RulingOverturned: ("ruling", "reasons"),
    TicketReopened: ("reopening", "reason"),
}
"""Fact → what is said in it, and the field that holds the words."""


class MessageItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text that was written on the ticket."""

    kind: str
    """statement, message, answer, refusal, offer, decline, ruling, appeal, reopening, or note.

    Notes are for staff.
    """
    version: int
    position: Position
    at: Instant
    by: Party
    actor: str | None
    """Who wrote it, for staff; None for the parties."""
    text: str | None
    """None when it was erased or is kept from view."""
    erased: ErasedNote | None = None
    """Who erased it, why and when."""
    withheld: bool = False
    """Whether it is only kept for proceedings: its erasure was asked for and has to wait."""


class MessageList(msgspec.Struct, frozen=True):
    """What was written on the ticket, in order."""

    items: tuple[MessageItem, ...]
    position: Position


def messages(services: Services, actor: Actor, ticket: str) -> MessageList:
    """Return what was written on a ticket, as far as an actor may read it. Blocks."""
    if not may_see(actor, services.ledger.case(ticket).ticket):
        raise errors.UnknownTicket
    lane = ticket_lane(ticket)
    # Read first: what is read afterwards includes everything up to here.
    position = position_text(lane, services.ledger.position(lane))
    party = side_of(actor)
    records = ticket_records(services, ticket)
    told = [record for record in records if _is_told(record, party)]
    withheld = withheld_places(services, actor, ticket)
    texts = opened(services, actor, ticket, told, what="personal", withheld=withheld)
    erased = erased_notes(records, staff=party is None)
    return MessageList(
        items=tuple(_item(record, texts, erased, withheld, party) for record in told),
        position=position,
    )


def _is_told(record: Record, party: Party | None) -> bool:
    event = record.event
    if type(event) not in TEXTS or (party is not None and isinstance(event, NoteAdded)):
        return False
    return isinstance(getattr(event, TEXTS[type(event)][1]), Commitment)


def _item(
    record: Record,
    texts: Mapping[tuple[int, str], str | None],
    erased: Mapping[tuple[int, str], ErasedNote],
    withheld: Set[tuple[int, str]],
    party: Party | None,
) -> MessageItem:
    kind, field = TEXTS[type(record.event)]
    return MessageItem(
        kind=kind,
        version=record.version,
        position=position_text(record.lane, record.position),
        at=record.at,
        by=record.actor.party,
        actor=f"{record.actor.kind}:{record.actor.ref}" if party is None else None,
        text=texts[record.version, field],
        erased=erased.get((record.version, field)),
        withheld=(record.version, field) in withheld,
    )
