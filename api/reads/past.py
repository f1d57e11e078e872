"""One ticket as it was, for somebody who may see it now; what is seen of it now is beside."""

from typing import Literal
from urllib.parse import urlencode

import msgspec

from api import moments
from api.auth import may_see
from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Position
from api.reads.queues import TicketSummary
from api.reads.tickets import TicketAnswer, judging, sees_item, side_of, told
from api.wiring import Services
from domain import errors
from domain.streams import ticket_lane
from domain.values import Actor
from replay import as_of
from replay.as_of import At


class TicketOccurred(TicketSummary, frozen=True):
    """A ticket by what had occurred by an instant, as views tell it.

    What was decided on it followed from what was on record, so nothing is judged in this order.
    """

    source_state: str | None
    """The state in the system it was imported from."""
    told_by: Literal["views"]
    position: Position
    as_of: AsOf
    progress_board: str
    """The address of its progress board by what had occurred."""


def ticket_answer_at(
    services: Services, actor: Actor, ticket: str, at: At
) -> TicketAnswer | TicketOccurred:
    """Return a ticket as it stood at a moment, of what an actor may see of it now. Blocks."""
    with moments.told():
        found = seen_past(services, actor, ticket, at)
        if at.occurred is not None:
            return ticket_occurred(found.past)
        then = as_of.case(services.ledger, found.past)
    context = judging(services, actor, then, now=found.past.records[-1].at)
    answer = told(then, found.past.moment, (), context)
    return msgspec.structs.replace(
        answer,
        evidence=tuple(one for one in answer.evidence if found.shows(one.item)),
        as_of=told_as_of(at, found.past.verified),
    )


def ticket_occurred(past: as_of.Past) -> TicketOccurred:
    """Return what the queue tells of a ticket by what had occurred; raise NoSuchMoment."""
    row = as_of.queue_row(past.records)
    names = set(TicketSummary.__struct_fields__) - {"version"}
    when = urlencode({"at_occurred": past.at.occurred or ""})
    return TicketOccurred(
        **{name: getattr(row, name) for name in names},
        version=max(past.versions.values(), default=row.version),
        source_state=row.source_state,
        told_by="views",
        position=past.moment,
        as_of=told_as_of(past.at, past.verified),
        progress_board=f"/v1/tickets/{past.ticket}/progress-board?{when}",
    )


class SeenPast(msgspec.Struct, frozen=True):
    """A ticket's past for somebody who may see the ticket now."""

    past: as_of.Past
    visible: frozenset[str]
    """The evidence items the reader may see now; no other is told as it was."""

    def shows(self, item: str) -> bool:
        """Return whether the reader may see an item of evidence."""
        return item in self.visible


def seen_past(services: Services, actor: Actor, ticket: str, at: At) -> SeenPast:
    """Return a ticket's records at a moment; to strangers it is unknown. Blocks."""
    try:
        lane = ticket_lane(ticket)
    except ValueError as error:
        raise errors.UnknownTicket from error
    if lane >= services.ledger.lanes:
        raise errors.UnknownTicket
    now = services.ledger.case(ticket).ticket
    if not may_see(actor, now):
        raise errors.UnknownTicket
    party = side_of(actor)
    past = as_of.past(
        services.ledger,
        ticket,
        at,
        now=services.now(),
        last_before=moments.marks(services),
    )
    return SeenPast(past, frozenset(item for item in now.evidence if sees_item(now, item, party)))
