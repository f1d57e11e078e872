"""How streams are named and which lane each lies in; pure, and the same for ever."""

import hashlib
from typing import Final

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that reads as a digit."""
LANES_MAX: Final = 1_024
"""No ledger has more lanes."""
PLACE_CHARACTERS_MAX: Final = 25
"""The longest place in a moment: a lane of 5 digits, a position of 18, a dash and a comma."""


def lane_of(reference: str, lanes: int) -> int:
    """Return the lane of an opaque reference: SHA-256 of it modulo the number of lanes."""
    return int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8]) % lanes


def ticket_lane(ticket: str) -> int:
    """Return the lane that is written into a ticket id ("T3-261122-7ZK4M2Q" lies in lane 3).

    Raises ValueError for a text that is no ticket id.
    """
    head, dash, rest = ticket.partition("-")
    if not (dash and rest and head.startswith("T") and head[1:].isascii() and head[1:].isdigit()):
        raise ValueError("a ticket id looks like T0-261122-7ZK4M2Q")
    return int(head[1:])


def stream_lane(stream: str, lanes: int) -> int:
    """Return the lane a stream lies in.

    A ticket's and its access stream's lane is written into the ticket id; every other stream's
    lane follows from its own id, so an order lies in its tickets' lane.
    """
    kind, _, reference = stream.partition(":")
    if kind in {"ticket", "access"}:
        return ticket_lane(reference)
    return lane_of(reference, lanes)


def ticket_stream(ticket: str) -> str:
    """Return the name of a ticket's stream."""
    return f"ticket:{ticket}"


def order_stream(order: str) -> str:
    """Return the name of an order's stream."""
    return f"order:{order}"


def customer_stream(customer: str) -> str:
    """Return the name of a customer's stream."""
    return f"customer:{customer}"


def notice_stream(about: str) -> str:
    """Return the name of the stream that says how the notices about a stream ended.

    Of a ticket's it is `notice:` and the ticket's id, of a queue's `notice:queue:` and its name.
    """
    return f"notice:{about.removeprefix('ticket:')}"


def ticket_id(lane: int, day: str, drawn: int) -> str:
    """Return a new ticket id of a lane for a day ("261122") from a random number of 30 bits.

    Six characters carry the number; the last is their check character, so a mistyped id is
    recognised before anything is looked up.
    """
    letters = "".join(CROCKFORD[(drawn >> shift) & 31] for shift in range(25, -1, -5))
    return f"T{lane}-{day}-{letters}{_check(day + letters)}"


def imported_ticket_id(lane: int, source: str, case: str) -> str:
    """Return the ticket id of a case of another system: the same for ever, so imports repeat."""
    digest = hashlib.sha256(f"{source}\x1f{case}".encode()).digest()
    number = int.from_bytes(digest[:7])
    letters = "".join(CROCKFORD[(number >> shift) & 31] for shift in range(45, -1, -5))
    return f"T{lane}-{source}-{letters}"


def position_text(lane: int, position: int) -> str:
    """Return a position as the world outside the ledger writes it ("0-12345")."""
    return f"{lane}-{position}"


def parse_moment(text: str) -> dict[int, int]:
    """Return lane → position of a moment ("0-12345" or "0-12,3-7").

    Raises ValueError when the text is no moment or names a lane twice.
    """
    moment: dict[int, int] = {}
    for place in text.split(","):
        lane, dash, position = place.partition("-")
        digits = lane.isascii() and lane.isdigit() and position.isascii() and position.isdigit()
        if not (dash and digits and len(lane) <= 5 and len(position) <= 18):
            raise ValueError("a moment is one or more of lane-position, like 0-12345,1-678")
        if int(lane) in moment:
            raise ValueError("a moment names each lane once")
        moment[int(lane)] = int(position)
    return moment


def _check(text: str) -> str:
    """Return the check character: positions weigh differently, so swaps are caught too."""
    total = sum((place + 1) * ord(letter) for place, letter in enumerate(text))
    return CROCKFORD[total % 31]
