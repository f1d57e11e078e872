"""What was written on a ticket: to whom it is shown and whether it can still be read."""

from collections.abc import Mapping, Sequence, Set
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
    BotAnswered,
    DepartmentAsked,
    DepartmentPlanned,
    Event,
    MerchantRefused,
    MessageSent,
    NoteAdded,
    OfferCountered,
    OfferDeclined,
    OfferMade,
    PlanGiven,
    ResolutionSigned,
    ResolutionWritten,
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

TEXTS: Final[Mapping[type[Event], tuple[tuple[str, str], ...]]] = {
    TicketOpened: (("statement", "statement"),),
    MessageSent: (("message", "text"),),
    AnswerGiven: (("answer", "text"),),
    NoteAdded: (("note", "text"),),
    MerchantRefused: (("refusal", "reasons"),),
    OfferMade: (("offer", "text"),),
    OfferCountered: (("offer", "text"),),
    OfferDeclined: (("decline", "reason"),),
    RulingIssued: (("ruling", "reasons"),),
    AppealFiled: (("appeal", "grounds"),),
    RulingUpheld: (("ruling", "reasons"),),
    RulingVaried: (("ruling", "reasons"),),
    RulingOverturned: (("ruling", "reasons"),),
    TicketReopened: (("reopening", "reason"),),
    PlanGiven: (("plan", "text"),),
    BotAnswered: (("automatic_answer", "text"),),
    ResolutionWritten: (("resolution", "text"), ("improvement", "improvement")),
    DepartmentAsked: (("question", "question"),),
    DepartmentPlanned: (("department_plan", "plan"),),
}
"""Fact → what is said in it, and the fields that hold the words."""
_AMONG_STAFF: Final = (NoteAdded, DepartmentAsked, DepartmentPlanned)


class MessageItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text that was written on the ticket."""

    kind: str
    """statement, message, answer, automatic_answer, plan, refusal, offer, decline, ruling, appeal,
    resolution, improvement, reopening; or, for staff, note, question, department_plan.
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
    told = [record for record in records if fields_told(record, records, party)]
    withheld = withheld_places(services, actor, ticket)
    texts = opened(services, actor, ticket, told, what="personal", withheld=withheld)
    erased = erased_notes(records, staff=party is None)
    return MessageList(
        items=tuple(
            _item(record, said, texts, erased, withheld, party)
            for record in told
            for said in fields_told(record, records, party)
        ),
        position=position,
    )


def fields_told(
    record: Record, records: Sequence[Record], party: Party | None
) -> tuple[tuple[str, str], ...]:
    """Return which words of a ticket's record a side, or staff (None), may read: kind and field.

    A written resolution is a draft among staff until a supervisor has signed it.
    """
    event = record.event
    if party is not None and (
        isinstance(event, _AMONG_STAFF)
        or (isinstance(event, ResolutionWritten) and not _is_signed(record, records))
    ):
        return ()
    return tuple(
        (kind, field)
        for kind, field in TEXTS.get(type(event), ())
        if isinstance(getattr(event, field), Commitment)
    )


def _is_signed(written: Record, records: Sequence[Record]) -> bool:
    following = (
        record.event
        for record in records
        if record.version > written.version
        and isinstance(record.event, ResolutionWritten | ResolutionSigned)
    )
    return isinstance(next(following, None), ResolutionSigned)


def _item(  # noqa: PLR0917 - what an item is told from
    record: Record,
    said: tuple[str, str],
    texts: Mapping[tuple[int, str], str | None],
    erased: Mapping[tuple[int, str], ErasedNote],
    withheld: Set[tuple[int, str]],
    party: Party | None,
) -> MessageItem:
    kind, field = said
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
