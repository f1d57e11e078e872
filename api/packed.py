"""Positions of all lanes as few characters, for addresses and cursors of ledgers with many lanes.

Lanes fill evenly, so a place is told by how far it is from the middle one: mostly a byte or two.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from domain.streams import LANES_MAX, parse_moment

PLAIN_CHARACTERS_MAX: Final = 160
"""A moment of up to so many characters stands in an address as it is: people read it."""
PREFIX: Final = "p"
PACKED: Final = r"p[A-Za-z0-9_-]{2,}"
"""What a packed moment looks like in an address."""
_POSITION_MAX: Final = 10**18 - 1
_BYTES_OF_NUMBER_MAX: Final = 9


def pack(places: Sequence[int]) -> bytes:
    """Return the position of every lane, from the first on, as few bytes."""
    if not places:
        return b""
    middle = sorted(places)[len(places) // 2]
    apart = (place - middle for place in places)
    folded = (2 * one if one >= 0 else -2 * one - 1 for one in apart)
    return b"".join(_written(number) for number in (len(places), middle, *folded))


def unpack(content: bytes) -> tuple[int, ...]:
    """Return the positions that were packed; raise ValueError for what `pack` never wrote."""
    if not content:
        return ()
    numbers = list(_read(content))
    if len(numbers) < 3 or numbers[0] != len(numbers) - 2 or numbers[0] > LANES_MAX:
        raise ValueError("this is no packed moment")
    middle = numbers[1]
    places = tuple(
        middle + (number // 2 if number % 2 == 0 else -(number + 1) // 2) for number in numbers[2:]
    )
    if any(not 0 <= place <= _POSITION_MAX for place in places) or pack(places) != content:
        raise ValueError("this is no packed moment")
    return places


def in_address(moment: str) -> str:
    """Return a moment of every lane as it stands in an address: as it is, or packed when long."""
    if len(moment) <= PLAIN_CHARACTERS_MAX:
        return moment
    places = parse_moment(moment)
    content = pack([places[lane] for lane in range(len(places))])
    return PREFIX + base64.urlsafe_b64encode(content).decode().rstrip("=")


def from_address(text: str) -> Mapping[int, int]:
    """Return lane → position of a moment in an address, packed or not; raise ValueError."""
    if not text.startswith(PREFIX):
        return parse_moment(text)
    packed = text.removeprefix(PREFIX)
    padded = packed + "=" * (-len(packed) % 4)
    places = unpack(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not places:
        raise ValueError("this is no packed moment")
    return dict(enumerate(places))


def _written(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first (LEB128)."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _read(content: bytes) -> Iterator[int]:
    number, shift = 0, 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number, shift = 0, 0
        elif shift >= 7 * _BYTES_OF_NUMBER_MAX:
            raise ValueError("this is no packed moment")
    if shift:
        raise ValueError("this is no packed moment")
