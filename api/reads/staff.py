"""The streams of agents among whom choices were made, for whoever works these out again."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from api.wiring import Services
from domain.events import AgentMoved, AgentRegistered
from domain.record import Record
from domain.streams import stream_lane
from domain.values import Instant
from projections import agents
from replay.as_of import streams_of
from replay.explain import AgentRecords

RECORDS_MAX: Final = 50_000
"""Longer than this all these streams together are not read for one answer."""


def staff_records(services: Services, named: frozenset[str], until: Instant) -> AgentRecords | None:
    """Return the records, up to an instant, of agents and of who is at a desk they were at.

    None where their streams are longer than is read for one answer. Blocks.
    """
    found = _records(services, named, until, RECORDS_MAX)
    if found is None:
        return None
    desks = {desk for records in found.values() for desk in _desks(records)}
    staff = services.read_now(lambda connection: agents.everybody(connection.cursor()))
    there = {one.row.agent for one in staff.agents if one.row.desk in desks}
    left = RECORDS_MAX - sum(map(len, found.values()))
    others = _records(services, there - named, until, left)
    return None if others is None else {**found, **others}


def _records(
    services: Services, names: Iterable[str], until: Instant, records_max: int
) -> dict[str, list[Record]] | None:
    """Return what was on record of agents by an instant; None where their streams are too long."""
    ledger = services.ledger
    lanes = defaultdict[int, list[str]](list)
    for stream in sorted(f"agent:{name}" for name in names):
        lanes[stream_lane(stream, ledger.lanes)].append(stream)
    heads = (ledger.record.heads(lane, streams) for lane, streams in lanes.items())
    if sum(link.version for lane in heads for link in lane.values()) > records_max:
        return None
    found = defaultdict[str, list[Record]](list)
    read = streams_of(ledger)
    for lane, streams in lanes.items():
        for record in read(lane, streams):
            if record.at <= until:
                found[record.subject].append(record)
    return found


def _desks(records: Iterable[Record]) -> Iterable[str]:
    for record in records:
        match record.event:
            case AgentRegistered(desk=desk) | AgentMoved(to_desk=desk):
                yield desk
            case _:
                pass
