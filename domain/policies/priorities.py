"""Priority: what the customer, the urgency, the effect and the difficulty of a matter weigh."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from pydantic import Field

from domain.policies.table import Source, Table, twice

PRIORITIES: Final = (1, 2, 3, 4)


class Weight(Table):
    """What being in a class adds to a matter's points."""

    of: str
    """The class."""
    subject: str = Field(pattern=r"^(value|urgency|effect|difficulty|weight)$")
    """Which of the inputs it stands for; the heaviest of a subject counts."""
    points: int = Field(gt=0, le=1_000)
    source: Source


class Level(Table):
    """From how many points a matter has a priority."""

    priority: int = Field(ge=1, le=4)
    points: int = Field(ge=0)
    source: Source


def heaviest(classes: Iterable[str], weights: Sequence[Weight]) -> dict[str, Weight]:
    """Return the weight that counts of every subject, for a matter in these classes."""
    found: dict[str, Weight] = {}
    names = frozenset(classes)
    for weight in weights:
        known = found.get(weight.subject)
        if weight.of in names and (known is None or weight.points > known.points):
            found[weight.subject] = weight
    return found


def priority_of(points: int, levels: Sequence[Level]) -> int:
    """Return the most urgent priority whose points are reached."""
    return min(level.priority for level in levels if points >= level.points)


def problems(
    weights: Sequence[Weight], levels: Sequence[Level], *, classes: frozenset[str]
) -> list[str]:
    """Return what is wrong with the two tables: unknown classes, priorities without points."""
    found = [
        f"weight {one.of} names a class that is not in the book"
        for one in weights
        if one.of not in classes
    ]
    found += [f"weight {name} stands twice" for name in twice([one.of for one in weights])]
    if not weights and not levels:
        return found
    by_priority = sorted(levels, key=lambda level: level.priority)
    numbers = [level.priority for level in by_priority]
    found += [f"level {one} is missing" for one in PRIORITIES if one not in numbers]
    found += [f"level {one} stands twice" for one in PRIORITIES if numbers.count(one) > 1]
    found += [
        f"level {above.priority} asks for no more points than level {below.priority}, less urgent"
        for above, below in pairwise(by_priority)
        if above.priority != below.priority and above.points <= below.points
    ]
    found += [
        f"level {level.priority} asks for points, and some matter would have no priority"
        for level in by_priority[-1:]
        if level.points != 0
    ]
    return found
