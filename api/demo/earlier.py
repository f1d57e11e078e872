"""Matters of the days before the demo's day: all of them were ruled on, and are over.

So whoever starts the demo finds rulings to look at and to train on, easy ones and hard ones.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from api.demo.tracks import (
    Matter,
    Track,
    decided,
    intervened,
    paid,
    rejected,
    reviewed,
    ruled,
    ruling,
)


class Earlier(NamedTuple):
    """One matter of the time before."""

    track: str
    """Of a category of the mix, from which what it is about is drawn."""
    ending: str
    """How it went: a name in `ENDINGS`."""


EARLIER: Final = (
    Earlier("ruled", "ruled"),
    Earlier("ruled", "divided"),
    Earlier("rejected", "rejected"),
    Earlier("appealed", "varied"),
    Earlier("ruled", "ruled"),
    Earlier("ruled", "divided"),
    Earlier("appealed", "overturned"),
    Earlier("ruled", "ruled"),
)


def divided(matter: Matter) -> Track:
    """Both sides bear something, and the buyer gets a part of the price."""
    yield from intervened(matter)
    yield from decided(matter, ruling(matter, merchant_bp=6_000))
    yield paid(matter, "R1")


def varied(matter: Matter) -> Track:
    """The buyer appeals a divided ruling, and the other arbitrator divides it otherwise."""
    yield from intervened(matter)
    yield from decided(matter, ruling(matter, merchant_bp=5_000))
    again = ruling(matter, merchant_bp=8_000, paid_bp=5_000)
    yield from reviewed(matter, {"outcome": "varied", **again}, by="buyer")
    yield paid(matter, "R1")
    yield paid(matter, "R2")


def overturned(matter: Matter) -> Track:
    """The buyer appeals against a ruling for the merchant, and wins."""
    yield from intervened(matter)
    yield from decided(matter, ruling(matter, for_buyer=False))
    yield from reviewed(matter, {"outcome": "overturned", **ruling(matter)}, by="buyer")
    yield paid(matter, "R1")


ENDINGS: Final[Mapping[str, Callable[[Matter], Track]]] = {
    track.__name__: track for track in (ruled, rejected, divided, varied, overturned)
}
"""Every way in which they went, by its name."""
