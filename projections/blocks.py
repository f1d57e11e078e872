"""Blocks of positions: what came in each is added up, so what stood at a moment is a short sum.

All blocks that end before the moment are added, and of the one that holds it what lies up to it.
Which rows those are is for the views.
"""

from collections.abc import Mapping
from typing import Final

from projections.columns import integers

POSITIONS: Final = 16_384
"""So many make a block: as few blocks are added as rows of one are counted."""
MOMENT: Final = (
    "unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[]) as m(lane, block, first, upto)"
)
"""A moment, lane by lane: the block that holds it, the block's first position, and its own."""


def block_of(position: int) -> int:
    """Return the number of the block that holds a position."""
    return position // POSITIONS


def moment(places: Mapping[int, int]) -> tuple[str, str, str, str]:
    """Return the values of MOMENT: a position of each lane."""
    blocks = [block_of(upto) for upto in places.values()]
    return (
        integers(places),
        integers(blocks),
        integers(block * POSITIONS for block in blocks),
        integers(places.values()),
    )
