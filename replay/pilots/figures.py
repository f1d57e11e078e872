"""What a comparison of a pilot's two arms says; how it is counted is not here."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from domain.values import Arm, Instant


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one arm in a day."""

    opened: int = 0
    kept: int = 0
    """Promises that were kept."""
    broken: int = 0
    owed_minor: Mapping[str, int] = {}
    """By currency: what breaches cost."""


class Otherwise(msgspec.Struct, frozen=True, order=True):
    """What would be otherwise on the tickets of an arm under the book of the other one."""

    arm: Arm
    kind: str
    subject: str
    row: str
    """The promise in the rulebook, where it is of one."""
    change: str
    count: int = 0


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a pilot, or after it."""

    day: int
    """From 1."""
    begins_at: Instant
    piloted: Figures
    control: Figures
    otherwise: tuple[Otherwise, ...] = ()


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets of an arm that were lived again under the book of the other one."""

    arm: Arm
    under: str
    tickets: int
    changed: int = 0
    owed_minor_before: Mapping[str, int] = {}
    owed_minor_after: Mapping[str, int] = {}
    uncovered: tuple[str, ...] = ()
    """Tables that this book has no rows of: then nothing was tried."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A pilot's two arms side by side."""

    pilot: str
    policy: str
    until: Instant
    """The last record that counts."""
    position: str
    """Up to where the record counts, in every lane."""
    piloted: int
    control: int
    days: tuple[Day, ...]
    tried: tuple[Tried, ...]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a comparison."""

    figure: str
    """`tickets`, `opened`, `kept`, `broken`, `otherwise`, `tried` or `changed`."""
    arm: Arm
    day: int = 0
    """From 1; 0 for a number that is of no day."""
    kind: str = ""
    """With what follows of a number that says what would be otherwise."""
    subject: str = ""
    row: str = ""
    change: str = ""
    under: str = ""
    """The book that was tried."""


class Compared(NamedTuple):
    """A comparison, and of each of its numbers the tickets that are counted, as often as they are.

    Sums of money are no numbers of tickets.
    """

    comparison: Comparison
    behind: Mapping[Figure, Sequence[str]]
