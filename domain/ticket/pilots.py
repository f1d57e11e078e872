"""What a pilot is, when and for which tickets it runs, and what a ticket draws in it."""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from domain.values import BASIS_POINTS, Arm, Instant

PILOTS_STREAM: Final = "policy:pilots"


class Pilot(msgspec.Struct, frozen=True):
    """A book that is tried on new tickets for a while."""

    pilot: str
    policy: str
    begins_at: Instant
    ends_at: Instant
    """The first instant at which no ticket is drawn any more."""
    share_bp: int
    why: str
    category: str | None = None
    ended: bool = False
    """Whether it was ended before its time."""

    def runs_at(self, now: Instant) -> bool:
        """Return whether tickets opened at an instant are drawn."""
        return self.begins_at <= now < self.ends_at

    def takes(self, category: str | None) -> bool:
        """Return whether a ticket about goods of a category is drawn."""
        return self.category in {None, category}

    def meets(self, other: "Pilot") -> bool:
        """Return whether a ticket could be drawn in both."""
        together = max(self.begins_at, other.begins_at) < min(self.ends_at, other.ends_at)
        return together and (
            self.category is None or other.category is None or self.category == other.category
        )


def pilot_of(pilots: Iterable[Pilot], now: Instant, category: str | None) -> Pilot | None:
    """Return the pilot a ticket about goods of a category is opened in; there is one at most."""
    return next((one for one in pilots if one.runs_at(now) and one.takes(category)), None)


def drawn_bp(pilot: str, ticket: str) -> int:
    """Return what a ticket draws in a pilot: the same for ever, for everybody, without chance."""
    digest = hashlib.sha256(f"{pilot}\x1f{ticket}".encode()).digest()
    return int.from_bytes(digest[:8]) % BASIS_POINTS


def arm_of(pilot: Pilot, drawn: int) -> Arm:
    """Return the arm of a ticket that drew a number."""
    return Arm.PILOTED if drawn < pilot.share_bp else Arm.CONTROL
