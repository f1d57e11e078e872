"""Pilots as they are shown: which there are, and their arms side by side."""

from enum import StrEnum
from typing import Final

import msgspec

from api.moments import last_before
from api.problems import Problem
from api.wiring import Services
from domain import errors
from domain.ticket.pilots import Pilot
from domain.values import Instant
from replay.pilots import Comparison, TooManyTickets, compare

TICKETS_MAX: Final = 1_000
"""So many tickets are compared in one request; the command line has no such bound."""


class PilotState(StrEnum):
    """How far a pilot has come."""

    ANNOUNCED = "announced"
    RUNNING = "running"
    OVER = "over"


class PilotItem(msgspec.Struct, frozen=True):
    """A pilot that was announced."""

    pilot: str
    policy: str
    category: str | None
    """None where it is for all tickets."""
    share_bp: int
    begins_at: Instant
    ends_at: Instant
    why: str
    state: PilotState
    ended_early: bool


class PilotList(msgspec.Struct, frozen=True):
    """Every pilot, in the order of their announcement."""

    items: tuple[PilotItem, ...]


def pilot_list(services: Services) -> PilotList:
    """Return every pilot. Blocks."""
    now = services.now()
    return PilotList(tuple(_item(one, now) for one in services.ledger.pilots()))


def pilot_item(services: Services, pilot: str) -> PilotItem:
    """Return a pilot; raise UnknownPilot. Blocks."""
    return _item(known_pilot(services, pilot), services.now())


def compared(services: Services, pilot: str) -> Comparison:
    """Return a pilot's arms side by side; raise UnknownPilot or too_many_tickets. Blocks."""
    try:
        return compare(
            services.ledger,
            known_pilot(services, pilot),
            last_before=last_before(services),
            tickets_max=TICKETS_MAX,
        )
    except TooManyTickets:
        raise Problem("too_many_tickets") from None


def known_pilot(services: Services, pilot: str) -> Pilot:
    """Return a pilot that was announced; raise UnknownPilot."""
    found = next((one for one in services.ledger.pilots() if one.pilot == pilot), None)
    if found is None:
        raise errors.UnknownPilot
    return found


def _item(one: Pilot, now: Instant) -> PilotItem:
    state = PilotState.RUNNING if one.runs_at(now) else PilotState.OVER
    if now < min(one.begins_at, one.ends_at):
        state = PilotState.ANNOUNCED
    return PilotItem(
        pilot=one.pilot,
        policy=one.policy,
        category=one.category,
        share_bp=one.share_bp,
        begins_at=one.begins_at,
        ends_at=one.ends_at,
        why=one.why,
        state=state,
        ended_early=one.ended,
    )
