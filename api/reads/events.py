"""Records as they leave: the envelope with position and leaf hash, and never a personal value."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from api.models.outcomes import EventItem, Moment, Position
from api.wiring import Services
from domain import errors
from domain.ledger.anchors import Bracket, Stamped, bracket
from domain.record import Record
from domain.streams import position_text, ticket_lane, ticket_stream

_ENCODER: Final = msgspec.json.Encoder()


class EventList(msgspec.Struct, frozen=True):
    """A ticket's records in order."""

    items: tuple[EventItem, ...]
    next_after: int | None
    """The version to go on after, or None when this is the end."""
    position: Position


class Feed(msgspec.Struct, frozen=True):
    """Records in the order of their lanes."""

    items: tuple[EventItem, ...]
    after: Moment
    """Where to go on: everything up to here has been given."""
    position: Moment
    """How far the record had come."""


def shown(record: Record) -> dict[str, Any]:
    """Return a record as callers see it; its data leave as the bytes they are stored as."""
    envelope = record.envelope
    item = {
        "stream": envelope.stream,
        "version": envelope.version,
        "topic": envelope.topic,
        "position": position_text(record.lane, record.position),
        "leaf_hash": record.leaf_hash,
        "id": envelope.id,
        "at": envelope.at,
        "actor": envelope.actor,
        "cause": envelope.cause,
        "data": envelope.data,
    }
    return item if envelope.source is None else {**item, "source": envelope.source}


def ticket_events(services: Services, ticket: str, after: int, limit: int) -> dict[str, Any]:
    """Return a ticket's records behind a version, as `EventList` has it. Blocks."""
    lane = ticket_lane(ticket)
    if lane >= services.ledger.lanes:
        raise errors.UnknownTicket
    position = position_text(lane, services.ledger.position(lane))
    services.ledger.case(ticket)
    records = services.ledger.stream(ticket_stream(ticket), after, limit + 1)
    stamps = services.stamps.stamps(lane)
    return {
        "items": [
            {**shown(record), "bracket": _bracket(record, stamps)} for record in records[:limit]
        ],
        "next_after": records[limit - 1].version if len(records) > limit else None,
        "position": position,
    }


def feed_page(
    services: Services, after: Mapping[int, int], limit: int
) -> tuple[list[tuple[Record, str]], str]:
    """Return records behind a moment, each with the moment it leads to, and the lanes' heads.

    Lanes are merged by recorded time; inside a lane the order is that of its positions. Blocks.
    """
    heads = {lane: services.ledger.position(lane) for lane in range(services.ledger.lanes)}
    at = {lane: after.get(lane, 0) for lane in heads}
    pages = {
        lane: services.ledger.records(lane, at[lane], limit)
        for lane, head in heads.items()
        if head > at[lane]
    }
    found: list[tuple[Record, str]] = []
    for record in _merged(pages.values()):
        if len(found) == limit:
            break
        at[record.lane] = record.position
        found.append((record, moment_text(at)))
    return found, moment_text({lane: max(head, at[lane]) for lane, head in heads.items()})


def moment_text(at: Mapping[int, int]) -> str:
    """Return a moment as callers write it."""
    return ",".join(position_text(lane, position) for lane, position in sorted(at.items()))


def encode(record: Record) -> bytes:
    """Return a record as JSON text in one line."""
    return _ENCODER.encode(shown(record))


def _bracket(record: Record, stamps: Sequence[Stamped]) -> Bracket:
    """Return between which instants a record was made, by clocks that are not ours."""
    after = record.envelope.after
    return bracket(stamps, position=record.position, after=after.size if after else 0)


def _merged(pages: Iterable[Sequence[Record]]) -> Iterable[Record]:
    """Return the records of all lanes, always the earliest of the lanes' next ones."""
    waiting = [list(reversed(page)) for page in pages if page]
    while waiting:
        first = min(waiting, key=lambda page: (page[-1].at, page[-1].lane))
        yield first.pop()
        if not first:
            waiting.remove(first)
