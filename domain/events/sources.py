"""Facts another system reported of its own tickets; imported history starts nothing of ours."""

from typing import ClassVar

import msgspec

from domain.events.base import TicketEvent
from domain.values import Awaiting, BuyerText, Instant, Stage


class SourceField(msgspec.Struct, frozen=True):
    """A column of the source that took a new value, declared clear by the mapping."""

    name: str
    value: str


class SourceReported(TicketEvent, frozen=True):
    """One row of the source: the ticket stood like this after one update there."""

    TOPIC: ClassVar[str] = "source.reported.v1"

    state: str
    """The source's own word for where the ticket stands."""
    stage: Stage
    """Ours for it, by the mapping."""
    awaiting: Awaiting
    """Whose turn it is there, by the mapping."""
    by: str | None = None
    """Who made this update there, by the source's own reference."""
    fields: tuple[SourceField, ...] | None = None
    """The clear columns whose value differs from the row before."""
    text: BuyerText | None = None
    """The row's personal columns, as one JSON text."""


class TicketRouted(TicketEvent, frozen=True):
    """The ticket lies in a queue of the source."""

    TOPIC: ClassVar[str] = "ticket.routed.v1"

    queue: str


class TicketTransferred(TicketEvent, frozen=True):
    """Another desk of the same level took over."""

    TOPIC: ClassVar[str] = "ticket.transferred.v1"

    count: int
    """How many transfers the ticket has had with this one."""


class TicketReprioritised(TicketEvent, frozen=True):
    """The ticket's priority is another one now."""

    TOPIC: ClassVar[str] = "ticket.reprioritised.v1"

    priority: int


class SourceBreachReported(TicketEvent, frozen=True):
    """The source says it broke its promise; no clock of ours says anything."""

    TOPIC: ClassVar[str] = "source.breach_reported.v1"

    promise: str


class SourceOutcomeReported(TicketEvent, frozen=True):
    """The source says how and when the matter ended, with the event that made it true."""

    TOPIC: ClassVar[str] = "source.outcome_reported.v1"

    fields: tuple[SourceField, ...]
    at: Instant | None = None
