"""How long somebody has for what, and whose turn it is meanwhile; what follows is not here."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from pydantic import Field, model_validator

from domain.policies.table import Duration, Source, Table, twice
from domain.values import Awaiting

DeadlineName = Literal[
    "acceptance",
    "answer",
    "merchant_review",
    "negotiation",
    "offer",
    "intervention",
    "assignment",
    "evidence",
    "ruling",
    "appeal",
    "appeal_ruling",
    "closing",
    "reopening",
    "refund",
    "return",
    "return_inspection",
    "exchange",
    "repair",
    "reshipment",
    "compensation",
    "coupon",
]
DEADLINES: Final[frozenset[str]] = frozenset(DeadlineName.__args__)  # type: ignore[attr-defined]  # Literal keeps its members there


class DeadlineRule(Table):
    """How long somebody has, and whose turn it is meanwhile."""

    name: DeadlineName
    within: Duration | None = Field(default=None, gt=timedelta(0))
    """None where it has the time of a promise."""
    clock: str | None = None
    """The promise whose time it has, so that one row of the rulebook has one figure."""
    awaits: Awaiting
    source: Source

    @model_validator(mode="after")
    def _has_one_time(self) -> "DeadlineRule":
        if (self.within is None) == (self.clock is None):
            raise ValueError("a deadline has a time of its own or that of a clock, and not both")
        return self


def timed(rule: DeadlineRule, clocks: Mapping[str, timedelta]) -> timedelta:
    """Return how long a deadline gives: its own time, or that of its promise."""
    if rule.within is not None:
        return rule.within
    assert rule.clock is not None, "the table's validator asks for one of the two"
    return clocks[rule.clock]


def problems(rules: Sequence[DeadlineRule], clocks: Mapping[str, timedelta]) -> list[str]:
    """Return what is wrong with deadlines: missing, twice, or with the time of nothing."""
    names = [rule.name for rule in rules]
    return [
        *(f"deadline {name} is missing" for name in sorted(DEADLINES - set(names))),
        *(f"deadline {name} stands twice" for name in twice(names)),
        *(
            f"deadline {rule.name} has the time of the clock {rule.clock}, which is not in the book"
            for rule in rules
            if rule.clock is not None and rule.clock not in clocks
        ),
    ]


def cut_short(rules: Sequence[DeadlineRule], clocks: Mapping[str, timedelta]) -> list[str]:
    """Return the right to appeal, where matters would close before it is over (AR-06).

    A claim that a ruling rejects is resolved at once, so both times begin with the ruling.
    """
    within = {rule.name: timed(rule, clocks) for rule in rules}
    if within["closing"] >= within["appeal"]:
        return []
    return ["deadline closing is shorter than appeal: what is rejected would close before"]
