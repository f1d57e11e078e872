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
from replay.as_of.moments import At, LastBefore, NoSuchMoment, Recorded, Upto, resolve_in_lane
from replay.as_of.occurred import by_occurrence, is_in_order
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


def past(ledger: Recorded, ticket: str, at: At, *, now: Instant, last_before: LastBefore) -> Past:
    """Return a ticket's records that count at a moment.

    Raises UnknownTicket, and NoSuchMoment where there is nothing of it to be seen.
    """
    lane, stored = _stream(ledger, ticket)
    if at.version is not None:
        if at.version > len(stored):
            raise NoSuchMoment("version_unknown")
        stored = stored[: at.version]
        upto = Upto({lane: stored[-1].position})
    else:
        upto = resolve_in_lane(ledger, lane, at, now, last_before)
        stored = [row for row in stored if row.position <= upto.places[lane]]
    if not stored:
        raise NoSuchMoment("not_yet_opened")
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
        stream = order_stream(state.order)
        for row in ledger.record.read_streams(lane, [stream]):
            if row.position <= position:
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


def _stream(ledger: Recorded, ticket: str) -> tuple[int, list[StoredRow]]:
    try:
        lane = ticket_lane(ticket)
    except ValueError as error:
        raise errors.UnknownTicket from error
    stored = ledger.record.read_streams(lane, [ticket_stream(ticket)])
    if lane >= ledger.lanes or not stored:
        raise errors.UnknownTicket
    return lane, stored


def _record(row: StoredRow) -> Record:
    return read_record(row.lane, row.position, row.state, row.leaf_hash)


def _stamp(record: Record) -> Stamp:
    return Stamp(record.subject, record.version, record.at, record.actor, record.imported)
