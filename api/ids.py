"""Where time and chance enter the program: the wall clock, event ids, ticket numbers."""

import time
from datetime import UTC, datetime
from typing import Final

from domain.ledger.entropy import random_bytes
from domain.streams import ticket_id
from domain.values import Instant, instant

_DRAWN: Final = ~(0xF << 76 | 0x3 << 62)
_VERSION_7: Final = 0x7 << 76 | 0x2 << 62
"""What every id of this kind says of itself; the rest is time and chance."""


def wall_clock() -> Instant:
    """Return the instant it is now."""
    return instant(datetime.now(UTC))


def new_id() -> str:
    """Return a fresh UUID version 7 (RFC 9562): milliseconds since 1970, then randomness."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(random_bytes(10))
    digits = f"{number & _DRAWN | _VERSION_7:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def draw_ticket(lane: int, now: Instant) -> str:
    """Return a fresh ticket id of a lane for the day of an instant, in UTC."""
    return ticket_id(lane, now[2:4] + now[5:7] + now[8:10], int.from_bytes(random_bytes(4)) >> 2)
