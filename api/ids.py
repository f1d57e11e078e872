"""Where time and chance enter the program: the wall clock, event ids, ticket numbers."""

import time
from datetime import UTC, datetime
from uuid import UUID

from domain.ledger.entropy import random_bytes
from domain.streams import ticket_id
from domain.values import Instant, instant


def wall_clock() -> Instant:
    """Return the instant it is now."""
    return instant(datetime.now(UTC))


def new_id() -> str:
    """Return a fresh UUID version 7 (RFC 9562): milliseconds since 1970, then randomness."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(random_bytes(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=number))


def draw_ticket(lane: int, now: Instant) -> str:
    """Return a fresh ticket id of a lane for the day of an instant, in UTC."""
    return ticket_id(lane, now[2:4] + now[5:7] + now[8:10], int.from_bytes(random_bytes(4)) >> 2)
