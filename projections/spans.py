"""Spans of positions: from which on something stood, and before which it ended.

A span that is over ends where the next one of its ticket begins. What stood is for the views.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from projections.columns import integers

LASTING: Final = 2**63 - 1
"""The end of a span that lasts: no lane comes to this position."""
MOMENT: Final = "unnest(%s::int[], %s::bigint[]) as m(lane, upto)"
"""A moment, lane by lane: its position."""
HOLDS: Final = "p.lane = m.lane and p.since <= m.upto and p.until > m.upto"
"""Whether a row p is a span that holds the moment."""


class Begun(Protocol):
    """Whatever stands from a position on."""

    @property
    def since(self) -> int:
        """The first position at which it stands."""
        ...


Stood = TypeVar("Stood", bound=Begun)


def moment(places: Mapping[int, int]) -> tuple[str, str]:
    """Return the values of MOMENT: a position of each lane."""
    return integers(places), integers(places.values())


def ended(spans: Sequence[Stood]) -> Iterator[tuple[Stood, int]]:
    """Yield a ticket's spans, in their order, each with where it ends; the last one lasts."""
    ends = [*(span.since for span in spans[1:]), LASTING]
    return zip(spans, ends, strict=True)
