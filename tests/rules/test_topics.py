"""Topics are frozen: what was written once is read for ever."""

from typing import ClassVar

import pytest

from domain.events import EVENTS
from domain.events.base import TicketEvent
from tests.rules.topics import changed, digest, locked, shapes


def test_no_topic_changes_its_shape() -> None:
    """A stored event is hashed: a new shape is a new version of the topic with an upcast."""
    assert changed(locked(), shapes()) == []


def test_every_topic_is_frozen() -> None:
    """`python -m tests.rules.topics` adds a new one; it is then frozen like the others."""
    assert sorted(set(EVENTS) - set(locked())) == []


class Before(TicketEvent, frozen=True):
    """A shape."""

    TOPIC: ClassVar[str] = "tests.frozen.v1"

    amount: int
    reason: str | None = None


class Renamed(TicketEvent, frozen=True):
    """The same with another name for a field."""

    TOPIC: ClassVar[str] = "tests.frozen.v1"

    sum: int
    reason: str | None = None


class Retyped(TicketEvent, frozen=True):
    """The same with another type of a field."""

    TOPIC: ClassVar[str] = "tests.frozen.v1"

    amount: str
    reason: str | None = None


class Widened(TicketEvent, frozen=True):
    """The same with one field more."""

    TOPIC: ClassVar[str] = "tests.frozen.v1"

    amount: int
    reason: str | None = None
    note: str | None = None


@pytest.mark.parametrize("other", [Renamed, Retyped, Widened])
def test_a_changed_shape_is_noticed(other: type[TicketEvent]) -> None:
    """A lock that does not see a change would be worse than none."""
    frozen = {"tests.frozen.v1": digest(Before)}
    assert changed(frozen, {"tests.frozen.v1": digest(Before)}) == []
    assert changed(frozen, {"tests.frozen.v1": digest(other)}) == ["tests.frozen.v1"]
    assert changed(frozen, {}) == ["tests.frozen.v1"]
