"""Matters that are in the classes asked for, and in as little else as the classes allow.

What a book leads to is proved on them. Classes ask for things and never for their absence, so
what holds of a matter in few classes is not undone by what else there may be about one.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from domain.milestones import Milestone
from domain.policies.matters import Condition, Matter, MatterClass
from domain.values import (
    Channel,
    Kind,
    Reason,
    Responsible,
    Scenario,
    Sentiment,
    Stage,
    Tier,
    Urgency,
)

PLAIN: Final[Mapping[str, Any]] = {
    "stage": Stage.INTAKE,
    "kind": Kind.CONSULTATION,
    "scenario": Scenario.PRODUCT,
    "responsible": Responsible.UNDETERMINED,
    "reason": Reason.OTHER,
    "tier": Tier.ORDINARY,
    "urgency": Urgency.LOW,
    "sentiment": Sentiment.NEUTRAL,
    "channels": frozenset({Channel.APP}),
}
"""A matter of which nothing is special."""
_ABOVE: Final = {"spend_minor": "spend_above_minor", "amount_minor": "amount_above_minor"}
"""Field of a matter → the condition that asks for more."""


def matters_in(
    names: Sequence[str],
    classes: Sequence[MatterClass],
    *,
    milestones: Sequence[Milestone] = (),
    also: Condition | None = None,
) -> Iterator[Matter]:
    """Yield matters that are in all of some classes: one for each way in and each value named."""
    named = {one.name: one for one in classes}
    for ways in product(*(_ways(named[name], named) for name in names)):
        together = [condition for way in ways for condition in way]
        yield from _matters([*together, *([also] if also else [])], frozenset(milestones))


def _ways(one: MatterClass, named: Mapping[str, MatterClass]) -> Iterator[tuple[Condition, ...]]:
    """Yield what holds together of a matter in a class, its earlier classes told as well."""
    for condition in one.any:
        if not condition.within:
            yield (condition,)
        for name in condition.within:
            yield from ((condition, *way) for way in _ways(named[name], named))


def _matters(conditions: Sequence[Condition], milestones: frozenset[Milestone]) -> Iterator[Matter]:
    """Yield the matters of which conditions hold together; none where they contradict."""
    single: dict[str, frozenset[object]] = {}
    several: list[tuple[str, frozenset[object]]] = []
    for condition in conditions:
        for name, wanted in condition.one_of:
            single[name] = single.get(name, wanted) & wanted
        several += condition.some_of
    above = {
        field: 1 + max(figures)
        for field, asked in _ABOVE.items()
        if (figures := [f for one in conditions if (f := getattr(one, asked)) is not None])
    }
    values = [sorted(wanted, key=str) for wanted in single.values()]
    for chosen in product(*values):
        for picked in product(*(sorted(wanted, key=str) for _, wanted in several)):
            found: dict[str, frozenset[object]] = {"milestones": milestones}
            for (name, _), value in zip(several, picked, strict=True):
                found[name] = found.get(name, frozenset()) | {value}
            fields = {**PLAIN, **above, **dict(zip(single, chosen, strict=True)), **found}
            yield Matter(**fields)
