"""One ticket as of a moment: its records that count, with their chain checked, and its state."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain import errors
from domain.ledger.folding import FOLDS
from domain.ledger.recorder import StoredRow
from domain.ledger.requests import Case
from domain.record import Record, read_record
from domain.streams import order_stream, ticket_lane, ticket_stream
from domain.ticket.evolve import evolve
from domain.ticket.state import Order, Stamp, Ticket
from domain.values import Instant
from replay.as_of.moments import At, LastBefore, NoSuchMoment, Recorded, Upto, begin, recorded_by
from replay.as_of.occurred import by_occurrence, is_in_order
from replay.as_of.reading import LOOK, Stream
from replay.verify.one import rows_of
from replay.verify.report import Finding
from replay.verify.span import Lane, check_stream


class Past(msgspec.Struct, frozen=True):
    """What was on record of a ticket, or had occurred, at a moment."""

    ticket: str
    at: At
    upto: Upto
    records: tuple[Record, ...]
    """In the order in which they are folded, numbered without gaps."""
    versions: Mapping[int, int]
    """Number → version on record, where the order is not the record's; else empty."""
    verified: bool | Finding
    """True when the chain of its records up to there was found whole, else what is wrong."""

    @property
    def moment(self) -> str:
        """Return the position the ticket is told of."""
        return self.upto.moment


def past(
    ledger: Recorded, ticket: str, at: At, *, now: Instant, last_before: LastBefore | None
) -> Past:
    """Return a ticket's records that count at a moment.

    Raises UnknownTicket, and NoSuchMoment where there is nothing of it to be seen.
    """
    upto, stored = _counting(ledger, ticket, at, now, last_before)
    lane = stored[0].lane
    found = check_stream(Lane(lane, ledger.origins[lane]), stored[0].stream, rows_of(stored))
    records = [_record(row) for row in stored]
    versions: dict[int, int] = {}
    if upto.occurred is not None:
        by_position = {record.position: record.version for record in records}
        records = by_occurrence(records, upto.occurred)
        if not records:
            raise NoSuchMoment("not_yet_opened")
        if len(records) < len(stored) or not is_in_order(records):
            versions = {record.version: by_position[record.position] for record in records}
    verified = min(found.findings, key=lambda one: one.version or 0) if found.findings else True
    return Past(ticket, at, upto, tuple(records), versions, verified)


def case(ledger: Recorded, found: Past) -> Case:
    """Return a ticket's state with its order's, as they were; raise NoSuchMoment."""
    state = ticket_state(found)
    lane, position = next(iter(found.upto.places.items()))
    order: Any = None
    if state.order:
        stream = Stream(ledger.record, lane, order_stream(state.order))
        for row in stream.upto(position)[1]:
            record = _record(row)
            order = FOLDS["order"](order, record.event, _stamp(record))
    known: Order | None = order
    return Case(ticket=state, order=known, leaf_hash=found.records[-1].leaf_hash)


def ticket_state(found: Past) -> Ticket:
    """Return the state that the records add up to, by the judgement's own fold.

    Raises NoSuchMoment for what had occurred: judgement knows the order of the record alone.
    """
    if found.upto.occurred is not None:
        raise NoSuchMoment("not_by_occurred")
    state: Ticket | None = None
    for record in found.records:
        state = evolve(state, record.event, _stamp(record))
    assert state is not None, "a ticket has at least one record"
    return state


def _counting(
    ledger: Recorded, ticket: str, at: At, now: Instant, last_before: LastBefore | None
) -> tuple[Upto, list[StoredRow]]:
    """Return up to where a moment goes, and the ticket's rows up to there, of which there are some.

    Raises UnknownTicket before all else, then NoSuchMoment.
    """
    try:
        stream = Stream(ledger.record, ticket_lane(ticket), ticket_stream(ticket))
    except ValueError as error:
        raise errors.UnknownTicket from error
    try:
        upto, rows = _rows(stream, at, now, last_before)
    except NoSuchMoment as error:
        if not stream.upto(limit=1)[1]:
            raise errors.UnknownTicket from error
        raise
    if rows:
        return upto, rows
    if stream.upto(limit=1)[1]:
        raise NoSuchMoment("not_yet_opened")
    raise errors.UnknownTicket


def _rows(
    stream: Stream, at: At, now: Instant, last_before: LastBefore | None
) -> tuple[Upto, list[StoredRow]]:
    """Return up to where a moment goes in a lane, and a stream's rows up to there."""
    lane = stream.lane
    if at.version is not None:
        _, rows = stream.upto(limit=at.version)
        if len(rows) < at.version:
            raise NoSuchMoment("version_unknown")
        return Upto({lane: rows[-1].position}), rows
    if at.position is not None:
        if lane not in at.position:
            raise NoSuchMoment("lane_missing")
        place = at.position[lane]
        head, rows = stream.upto(place)
        if place > head:
            raise NoSuchMoment("position_unknown")
        return Upto({lane: place}), rows
    asked = at.time or at.occurred
    assert asked is not None, "a moment is one of four"
    if asked > now:
        raise NoSuchMoment("instant_ahead")
    if at.occurred is not None:
        head, rows = stream.upto()
        return Upto({lane: head}, asked), rows
    place, rows = _rows_by(stream, asked, last_before)
    if not place:
        raise NoSuchMoment("before_the_beginning")
    return Upto({lane: place}), rows


def _rows_by(
    stream: Stream, asked: Instant, last_before: LastBefore | None
) -> tuple[int, list[StoredRow]]:
    """Return how far a lane had come by an instant, and a stream's rows up to there."""
    place, rows = stream.by(asked, begin(stream.lane, asked, last_before))
    if place.reached is not None:
        return place.reached, rows
    # The view of instants is far behind.
    reached = recorded_by(stream.record, stream.lane, asked, place.after + LOOK)
    return reached, stream.upto(reached)[1]


def _record(row: StoredRow) -> Record:
    return read_record(row.lane, row.position, row.state, row.leaf_hash)


def _stamp(record: Record) -> Stamp:
    return Stamp(record.subject, record.version, record.at, record.actor, record.imported)
