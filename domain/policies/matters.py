"""Classes of matters: the words in which the book says to whom a promise or a route applies.

A class is a list of alternatives, an alternative a list of conditions that all hold. Later classes
may be made of earlier ones, so the rest of the book names classes and never tests a field itself.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec
from pydantic import Field

from domain.milestones import Milestone
from domain.policies.table import Source, Table, twice
from domain.values import (
    Awaiting,
    Channel,
    Kind,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Sentiment,
    Stage,
    Tier,
    Urgency,
)


class Matter(msgspec.Struct, frozen=True):
    """What classes are told by: the ticket, its order and its buyer, as they are now."""

    stage: Stage
    kind: Kind
    scenario: Scenario
    responsible: Responsible
    reason: Reason
    tier: Tier
    urgency: Urgency
    sentiment: Sentiment
    channels: frozenset[Channel]
    tags: tuple[str, ...] = ()
    category: str | None = None
    bought: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    remedy: RemedyKind | None = None
    spend_minor: int = 0
    amount_minor: int = 0
    """What is claimed, else what was paid for the line."""
    currency: str | None = None
    live_session: bool = False
    merchant: bool = False
    """Whether a merchant is a party."""
    milestones: frozenset[Milestone] = frozenset()
    awaits: frozenset[Awaiting] = frozenset()
    """Whose turn it is, by the deadlines that run."""


Asked = tuple[tuple[str, frozenset[object]], ...]
"""Fields of a matter with what is accepted; a condition asks for few of all there are."""
_SINGLE: Final = (
    *("stage", "kind", "scenario", "responsible", "reason", "tier", "urgency", "sentiment"),
    *("category", "remedy"),
)
_SEVERAL: Final = {
    "channel": "channels",
    "bought": "bought",
    "service": "services",
    "tag": "tags",
    "milestone": "milestones",
    "awaits": "awaits",
}
"""Field of a condition → field of a matter."""


class Condition(Table):
    """What must hold together; an empty field asks for nothing."""

    stage: tuple[Stage, ...] = ()
    kind: tuple[Kind, ...] = ()
    scenario: tuple[Scenario, ...] = ()
    responsible: tuple[Responsible, ...] = ()
    reason: tuple[Reason, ...] = ()
    tier: tuple[Tier, ...] = ()
    urgency: tuple[Urgency, ...] = ()
    sentiment: tuple[Sentiment, ...] = ()
    channel: tuple[Channel, ...] = ()
    category: tuple[str, ...] = ()
    bought: tuple[str, ...] = ()
    """Categories of which the buyer bought one before."""
    service: tuple[str, ...] = ()
    """Marks of the order of which it bears one: cross_border, quality_insurance …"""
    remedy: tuple[RemedyKind, ...] = ()
    tag: tuple[str, ...] = ()
    """Tags of which the matter bears one."""
    milestone: tuple[Milestone, ...] = ()
    """Occurrences of which one was seen."""
    awaits: tuple[Awaiting, ...] = ()
    """Of whom one is waited for."""
    within: tuple[str, ...] = ()
    """Earlier classes of which it is in one."""
    spend_above_minor: int | None = Field(default=None, ge=0)
    amount_above_minor: int | None = Field(default=None, ge=0)
    live_session: bool | None = None
    merchant: bool | None = None

    def holds(self, matter: Matter, earlier: frozenset[str]) -> bool:
        """Return whether a matter that is in some earlier classes meets every condition."""
        return (
            all(getattr(matter, name) in wanted for name, wanted in self.one_of)
            and all(not wanted.isdisjoint(getattr(matter, name)) for name, wanted in self.some_of)
            and (not self.within or not earlier.isdisjoint(self.within))
            and (self.spend_above_minor is None or matter.spend_minor > self.spend_above_minor)
            and (self.amount_above_minor is None or matter.amount_minor > self.amount_above_minor)
        )

    @cached_property
    def one_of(self) -> Asked:
        """Return the fields of a matter that hold one thing, with what it may be."""
        asked = tuple(
            (name, frozenset(wanted)) for name in _SINGLE if (wanted := getattr(self, name))
        )
        flags = ((name, getattr(self, name)) for name in ("live_session", "merchant"))
        return (*asked, *((name, frozenset({flag})) for name, flag in flags if flag is not None))

    @cached_property
    def some_of(self) -> Asked:
        """Return the fields of a matter that hold several things, with those it has one of."""
        return tuple(
            (name, frozenset(wanted))
            for field, name in _SEVERAL.items()
            if (wanted := getattr(self, field))
        )


class MatterClass(Table):
    """A name for matters that are treated alike."""

    name: str = Field(pattern=r"^[a-z_]+$")
    any: tuple[Condition, ...] = Field(min_length=1)
    source: Source


def classes_of(matter: Matter, classes: Sequence[MatterClass]) -> frozenset[str]:
    """Return the names of the classes a matter is in."""
    found: frozenset[str] = frozenset()
    for one in classes:
        if any(condition.holds(matter, found) for condition in one.any):
            found |= {one.name}
    return found


def problems(classes: Sequence[MatterClass], *, tags: frozenset[str]) -> list[str]:
    """Return what is wrong with a list of classes: names twice, classes and tags unknown."""
    earlier: set[str] = set()
    found = [f"matter {name} stands twice" for name in twice([one.name for one in classes])]
    for one in classes:
        for condition in one.any:
            found += [
                f"matter {one.name} is made of {other}, which does not stand before it"
                for other in condition.within
                if other not in earlier
            ]
            found += [
                f"matter {one.name} names the unknown tag {tag}"
                for tag in condition.tag
                if tag not in tags
            ]
            if condition == Condition():
                found.append(f"matter {one.name} has an alternative that asks for nothing")
        earlier.add(one.name)
    return found
