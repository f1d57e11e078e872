"""Why a ticket stands where it stands, and why something on it is as it is, with the events."""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api import moments
from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment, Position
from api.reads.counts import TICKETS_MAX, book_of
from api.reads.links import When
from api.reads.orders import order_records
from api.reads.past import seen_past
from api.reads.personal import opened, ticket_records, withheld_places
from api.reads.policies import policy_records
from api.reads.promises import QueueItem, queue_told
from api.reads.staff import staff_records
from api.wiring import Services
from domain import errors
from domain.events import TicketMovedToBook, TicketOpened
from domain.policies.book import Book
from domain.record import Record
from domain.streams import parse_moment, position_text, ticket_lane
from domain.ticket.diagnosing import JUDGED
from domain.values import Actor, ActorKind, Commitment
from projections import queue
from projections.queue import QueueRow, Rank
from replay import as_of
from replay.as_of import At, NoSuchMoment, Past, Upto
from replay.explain import Decision, EventRef, What, explain, recomputed, ref


class KeyPart(msgspec.Struct, frozen=True):
    """One part of the key that queues are sorted by, the first part weighing most."""

    name: str
    value: str
    why: str
    events: tuple[EventRef, ...]
    """The facts it comes from."""


class PositionLinks(msgspec.Struct, frozen=True):
    """The lists of the tickets among which one stands."""

    total: str
    overall: "OverallLinks"


class OverallLinks(msgspec.Struct, frozen=True):
    """The lists of the tickets of all queues."""

    total: str


class QueuePosition(msgspec.Struct, frozen=True):
    """Where a ticket stands in its queue, and why there."""

    ticket: str
    position: Moment
    open: bool
    """Whether it waits at all; what is resolved or closed has no rank."""
    queue: str
    book_queue: QueueItem | None
    """What the book calls it; None for a queue that is not the book's."""
    rank: int | None
    """1 is next."""
    total: int | None
    """How many wait in the queue."""
    overall: Rank | None
    """The same over all queues."""
    links: PositionLinks
    """The lists behind the totals, in whose order the ranks are."""
    sort_key: tuple[KeyPart, ...]
    caused_by: tuple[EventRef, ...]
    """What brought it to this queue."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class Explanation(msgspec.Struct, frozen=True):
    """Decisions on a ticket: inputs, book, steps, result, and each worked out again."""

    ticket: str
    what: What
    position: Position
    version: int
    recomputed: bool
    """Whether all that can be worked out again came out as it stands on record."""
    decisions: tuple[Decision, ...]
    """In the order of the record; the last about something is the one that stands."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def queue_position(services: Services, ticket: str) -> QueuePosition:
    """Return a ticket's place in its queue, as far as the view has read. Blocks."""
    _lane(services, ticket)
    found = services.read_now(lambda connection: _standing(connection, ticket))
    if found.row is None:
        raise errors.UnknownTicket
    book = services.ledger.book_for(services.now(), services.ledger.ticket(ticket).policy)
    return _position(services, found, found.row, When(found.moment, None), book)


def queue_position_at(services: Services, at: At, upto: Upto, ticket: str) -> QueuePosition:
    """Return the same as it was at a moment; raise NoSuchMoment. Blocks."""
    _lane(services, ticket)
    counted = At(position=upto.places) if at.occurred is None else at
    last_before = moments.marks(services)
    found = as_of.past(
        services.ledger, ticket, counted, now=services.now(), last_before=last_before
    )
    row = as_of.queue_row(found.records)

    def query(connection: Connection) -> queue.Standing:
        with connection.cursor() as db:
            streams = as_of.streams_of(services.ledger)
            return as_of.standing(db, streams, upto, row, aside_max=TICKETS_MAX)

    standing = services.read_now(query)
    book = services.ledger.book_named(_policy(found.records)) or book_of(services, at, upto)
    return _position(services, standing, row, When(standing.moment, at), book)


def _policy(records: Sequence[Record]) -> str:
    """Return the book by which a ticket was judged after the last of its records."""
    return next(
        one.event.policy
        for one in reversed(records)
        if isinstance(one.event, TicketOpened | TicketMovedToBook)
    )


def _position(
    services: Services, found: queue.Standing, row: QueueRow, when: When, book: Book
) -> QueuePosition:
    lane = ticket_lane(row.ticket)
    causes = row.caused_by
    return QueuePosition(
        ticket=row.ticket,
        position=found.moment,
        open=row.open,
        queue=row.queue,
        book_queue=queue_told(row.queue, book),
        rank=None if found.in_queue is None else found.in_queue.rank,
        total=None if found.in_queue is None else found.in_queue.total,
        overall=found.overall,
        links=PositionLinks(
            total=when.href("/v1/queue", queue=row.queue),
            overall=OverallLinks(total=when.href("/v1/queue")),
        ),
        sort_key=(
            KeyPart(
                "priority",
                str(row.priority),
                "1 is the most urgent",
                _events(services, lane, causes.priority),
            ),
            KeyPart(
                "due_at",
                row.due_at or "infinity",
                _why_due(row),
                _events(services, lane, causes.due or causes.turn or row.position),
            ),
            KeyPart(
                "ticket",
                row.ticket,
                "of equals, one order that never changes",
                _events(services, lane, causes.opened),
            ),
        ),
        caused_by=_events(services, lane, causes.queue or causes.stage),
        as_of=None if when.at is None else told_as_of(when.at),
    )


def explanation(
    services: Services, actor: Actor, ticket: str, what: What, at: At | None = None
) -> Explanation:
    """Return why something on a ticket is as it is, or was at a moment by what was recorded.

    Texts are opened after the look is on record. Blocks.
    """
    lane = _lane(services, ticket)
    # Read first: what is read afterwards includes everything up to here.
    upto, told = services.ledger.position(lane), None
    known = services.ledger.ticket(ticket)
    if at is None:
        records = whole = ticket_records(services, ticket)
        # What was read newer than the position counts too, and the order as far as that.
        counting = max(upto, whole[-1].position)
    else:
        with moments.told():
            past = _past(services, actor, ticket, at)
        records, upto = list(past.records), past.upto.places[lane]
        counting, told = upto, told_as_of(at, past.verified)
        newer = ticket_records(services, ticket)
        whole = [*records, *(record for record in newer if record.position > upto)]
    order = () if known.order is None else order_records(services, known.order)
    with moments.told():
        decisions = explain(
            what,
            whole,
            order,
            books=services.ledger.book_named,
            texts=_texts(services, actor, ticket, records) if what is What.DIAGNOSIS else {},
            staff=partial(staff_records, services),
            policies=policy_records(services) if what is What.BOOK else None,
            upto=counting,
        )
    return Explanation(
        ticket=ticket,
        what=what,
        position=position_text(lane, upto),
        version=records[-1].version,
        recomputed=recomputed(decisions),
        decisions=decisions,
        as_of=told,
    )


def _past(services: Services, actor: Actor, ticket: str, at: At) -> Past:
    """Return a ticket's records at a moment; decisions rest on the order of the record alone."""
    if at.occurred is not None:
        raise NoSuchMoment("not_by_occurred")
    return seen_past(services, actor, ticket, at).past


def _lane(services: Services, ticket: str) -> int:
    lane = ticket_lane(ticket)
    if lane >= services.ledger.lanes:
        raise errors.UnknownTicket
    return lane


def _standing(connection: Connection, ticket: str) -> queue.Standing:
    with connection.cursor() as db:
        return queue.standing(db, ticket)


def _why_due(row: QueueRow) -> str:
    """Return which deadline or promise is the soonest that somebody is waited for."""
    if row.due_at is None:
        return "nobody is waited for"
    first = next(
        name
        for name, one in sorted(row.deadlines.items())
        if (one.due_at, one.caused_by) == (row.due_at, row.caused_by.due)
    )
    return f"{first}, the strictest of {len(row.deadlines)}; it is the turn of {row.awaiting}"


def _events(services: Services, lane: int, position: str | None) -> tuple[EventRef, ...]:
    """Return the fact at a position."""
    if position is None:
        return ()
    place = parse_moment(position)[lane]
    return tuple(ref(one) for one in services.ledger.records(lane, place - 1, 1))


def _texts(
    services: Services, actor: Actor, ticket: str, records: list[Record]
) -> Mapping[tuple[int, str], str | None]:
    """Return the texts a machine judged and the words it found, as far as an actor may read."""
    if actor.kind is ActorKind.ADMIN:
        return {}
    spoken = [
        record
        for record in records
        if any(
            isinstance(getattr(record.event, name, None), Commitment)
            for name in ("words", *JUDGED.get(type(record.event), ()))
        )
    ]
    withheld = withheld_places(services, actor, ticket)
    return opened(services, actor, ticket, spoken, what="personal", withheld=withheld)
