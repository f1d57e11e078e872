"""From samples to ratios and verdicts; nothing here measures or prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import median


class Standing(StrEnum):
    """Where a ratio stands between its bar and its aim."""

    AIM = "aim reached"
    PASS = "pass"
    BELOW = "below"
    SHOWN = "shown"
    """There is no bar for it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio has to reach, and what we would like it to reach."""

    bar: float | None = None
    aim: float | None = None
    at_most: bool = False
    """True where less is better: a time against another time."""

    def standing(self, ratio: float) -> Standing:
        """Return where this ratio stands."""
        if self.bar is None:
            return Standing.SHOWN
        if self.aim is not None and self._reached(ratio, self.aim):
            return Standing.AIM
        return Standing.PASS if self._reached(ratio, self.bar) else Standing.BELOW

    def _reached(self, ratio: float, mark: float) -> bool:
        return ratio <= mark if self.at_most else ratio >= mark


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, against what, and what came of it."""

    name: str
    what: str
    reference: str
    unit: str
    samples: tuple[float, ...]
    """Of what is judged, one per round."""
    reference_samples: tuple[float, ...]
    """Of the reference, one per round; the same rounds."""
    target: Target
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return the median of the rounds' ratios."""
        return paired_ratio(self.samples, self.reference_samples)

    @property
    def standing(self) -> Standing:
        """Return where the ratio stands."""
        return self.target.standing(self.ratio)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A comparison that could not be made here, and why."""

    name: str
    reason: str


def paired_ratio(samples: Sequence[float], reference: Sequence[float]) -> float:
    """Return the median of the ratios of the rounds.

    Both sides of a ratio come from one round, so a machine that slows down between rounds
    slows both and leaves the ratio alone.
    """
    if not samples or len(samples) != len(reference):
        raise ValueError("every round has one sample of each side")
    if any(value <= 0 for value in reference):
        raise ValueError("a reference that did nothing compares with nothing")
    return median(ours / theirs for ours, theirs in zip(samples, reference, strict=True))


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least this share of the samples does not exceed."""
    if not samples or not 0 < share <= 1:
        raise ValueError("a percentile needs samples and a share above 0 and up to 1")
    return sorted(samples)[ceil(share * len(samples)) - 1]


def turns(names: Sequence[str], rounds: int) -> list[list[str]]:
    """Return the order of each round: everybody starts in turn, so nobody always goes last."""
    return [
        [*names[first:], *names[:first]] for first in (turn % len(names) for turn in range(rounds))
    ]
