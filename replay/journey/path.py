"""The whole path of a ticket, or of an order with all its tickets, laid out for an audience."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.events import JourneyLaidOut, OrderPlaced
from domain.policies.calendar import Calendar
from domain.record import Record
from domain.ticket.state import Ticket
from domain.values import Instant
from replay.explain.history import Moment, moments
from replay.explain.telling import Books, EventRef
from replay.happened import happened_at
from replay.journey.audience import STAFF, Audience
from replay.journey.ball import NOTHING_DUE, Holder, Turn, of_order, of_ticket
from replay.journey.steps import Passed, steps
from replay.journey.usable import Usable, usable
from replay.journey.waits import Total, Wait, longest, passes, totals, waits, wall_us


class Journey(msgspec.Struct, frozen=True):
    """The path of one ticket, from the first look at the goods to its end or to now."""

    ticket: str
    since: Instant
    until: Instant
    """Its last fact that is told; now, while somebody is waited for on a live ticket."""
    span_us: int
    """From since to until: what the waits come to."""
    over: bool
    """Whether nobody is waited for any more."""
    imported: bool
    calendar: str | None
    """By which open hours are measured; None where the ticket's book names none."""
    low_rating: EventRef | None
    """The fact that a low rating laid it out by itself."""
    longest: tuple[Wait, ...]
    totals: tuple[Total, ...]
    waits: tuple[Wait, ...]
    """End to end, in order."""
    steps: tuple[Passed, ...]
    usable: tuple[Usable, ...]
    """What time each side had before each of its deadlines."""


class OrderJourney(msgspec.Struct, frozen=True):
    """The path of an order until its first ticket, and of each of its tickets from its opening."""

    order: str
    since: Instant
    until: Instant
    """The opening of its first ticket; without one, when it was received, or now."""
    span_us: int
    longest: tuple[Wait, ...]
    totals: tuple[Total, ...]
    waits: tuple[Wait, ...]
    steps: tuple[Passed, ...]
    tickets: tuple[Journey, ...]


def ticket_journey(
    ticket: Sequence[Record],
    order: Sequence[Record],
    *,
    books: Books,
    now: Instant,
    audience: Audience = STAFF,
) -> Journey:
    """Return the path of a ticket with what came before it on its order."""
    life = tuple(moments(ticket, order))
    known = [record for record in order if audience.knows(record)]
    own = list(of_ticket(life))
    turns = [turn for turn in of_order(known) if turn.at < own[0].at] + own
    return _journey(ticket, known, life, turns, books=books, now=now, audience=audience)


def order_journey(
    order: Sequence[Record],
    tickets: Mapping[str, Sequence[Record]],
    *,
    books: Books,
    now: Instant,
    audience: Audience = STAFF,
) -> OrderJourney:
    """Return the path of an order and of all its tickets, in the order of their openings."""
    known = [record for record in order if audience.knows(record)]
    paths: list[Journey] = []
    calendar: Calendar | None = None
    for records in tickets.values():
        life = tuple(moments(records, order))
        calendar = _calendar(life[-1].after, books) or calendar
        turns = list(of_ticket(life))
        paths.append(_journey(records, [], life, turns, books=books, now=now, audience=audience))
    paths.sort(key=lambda one: (one.since, one.ticket))
    placed = next(record for record in order if isinstance(record.event, OrderPlaced))
    turns = of_order(known)
    if paths:
        until = paths[0].since
        turns = [turn for turn in turns if turn.at < until]
    else:
        last = max(happened_at(record) for record in known)
        until = last if turns[-1].ball.who is Holder.NOBODY else max(now, last)
    since = turns[0].at if turns else until
    found = waits(turns, until, calendar, audience)
    return OrderJourney(
        order=placed.subject,
        since=since,
        until=until,
        span_us=wall_us(since, until),
        longest=longest(found),
        totals=totals(found),
        waits=found,
        steps=steps(known, audience),
        tickets=tuple(paths),
    )


def _journey(
    ticket: Sequence[Record],
    order: Sequence[Record],
    life: Sequence[Moment],
    turns: Sequence[Turn],
    *,
    books: Books,
    now: Instant,
    audience: Audience,
) -> Journey:
    """Return the path whose ball passed as these turns say."""
    state, imported = life[-1].after, life[0].record.imported
    calendar = _calendar(state, books)
    last_ball = turns[-1].ball
    over = last_ball.who is Holder.NOBODY and last_ball.what != NOTHING_DUE
    passed = steps((*order, *ticket), audience)
    # What the house does of its own after the end is not told, and so when it does is not.
    told = turns if audience.inside else passes(turns, audience)
    last = max((told[-1].at, *(one.at for one in passed)))
    until = last if over or imported else max(now, last)
    since = turns[0].at
    found = waits(turns, until, calendar, audience)
    low = [record for record in ticket if isinstance(record.event, JourneyLaidOut)]
    return Journey(
        ticket=state.ticket,
        since=since,
        until=until,
        span_us=wall_us(since, until),
        over=over,
        imported=imported,
        calendar=None if calendar is None else f"{calendar.name} {calendar.version}",
        low_rating=audience.ref(low[-1]) if low else None,
        longest=longest(found),
        totals=totals(found),
        waits=found,
        steps=passed,
        usable=usable(life, books, until, calendar, audience),
    )


def _calendar(ticket: Ticket, books: Books) -> Calendar | None:
    """Return the calendar by which the ticket's book measures waits."""
    book = books(ticket.policy)
    if book is None or book.low_rating is None:
        return None
    return book.calendar_of(book.low_rating.calendar)
