"""What is promised on a ticket, where it waits and what it was judged to be, as its reader may see.

Everything is told from the record as it is folded, with the names of the ticket's own book.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from domain.events import PriorityInput
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.ticket.clock import Clock
from domain.ticket.clocks.running import rule_of
from domain.ticket.context import Context
from domain.ticket.prioritising import prioritised
from domain.ticket.state import Ticket
from domain.values import Awaiting, Instant, Party, Sentiment, Tier, Urgency


class ClockState(StrEnum):
    """How a promise stands."""

    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"


class ClockDetail(msgspec.Struct, frozen=True):
    """What only staff are told of a promise."""

    clock: str
    row: str
    """The promise in the rulebook."""
    since: Instant
    target_s: int
    calendar: str
    awaits: Awaiting
    warned_bp: tuple[int, ...]
    rung: int
    """How far up its ladder it was brought."""


class ClockItem(msgspec.Struct, frozen=True):
    """A promise that runs on the ticket, or was broken and is still owed."""

    zh: str
    en: str
    due_at: Instant
    state: ClockState
    detail: ClockDetail | None
    """None for the parties."""


class QueueItem(msgspec.Struct, frozen=True):
    """A queue of the book."""

    queue: str
    zh: str
    en: str
    desk: str


class TagItem(msgspec.Struct, frozen=True):
    """A tag of the book."""

    tag: str
    zh: str
    en: str


class DiagnosisItem(msgspec.Struct, frozen=True):
    """What the matter was judged to be; `explain` tells why."""

    tags: tuple[TagItem, ...]
    urgency: Urgency
    sentiment: Sentiment
    corrected: bool
    """Whether a person's judgement stands beside the machine's."""


class PriorityItem(msgspec.Struct, frozen=True):
    """What the priority rests on; `explain` tells why."""

    points: int
    tier: Tier
    inputs: tuple[PriorityInput, ...]
    """Empty where the matter has changed since its priority was found."""


def clocks_told(ticket: Ticket, book: Book, party: Party | None) -> tuple[ClockItem, ...]:
    """Return the promises on a ticket: all for staff, for a party those that concern it."""
    shown = _shown(ticket, book, party)
    return tuple(_clock(name, clock, rule, party) for name, clock, rule in shown)


def is_public(clock: str, book: Book | None) -> bool:
    """Return whether a ticket's own book tells parties of a promise; what it does not know, no."""
    rule = None if book is None else rule_of(clock, book)
    return rule is not None and rule.public


def queue_told(name: str | None, book: Book) -> QueueItem | None:
    """Return a queue by its name, with what the book calls it."""
    found = next((one for one in book.queue if one.name == name), None)
    return None if found is None else QueueItem(found.name, found.zh, found.en, found.desk)


def diagnosis_told(ticket: Ticket, book: Book) -> DiagnosisItem:
    """Return what a matter was judged to be."""
    tags = {one.id: one for one in book.tag}
    known = [tags[one] for one in ticket.tags if one in tags]
    return DiagnosisItem(
        tags=tuple(TagItem(one.id, one.zh, one.en) for one in known),
        urgency=ticket.urgency,
        sentiment=ticket.sentiment,
        corrected=ticket.corrected or ticket.reread,
    )


def priority_told(ticket: Ticket, context: Context) -> PriorityItem:
    """Return what a priority rests on."""
    inputs: tuple[PriorityInput, ...] = ()
    if context.book.level and not ticket.imported:
        found = prioritised(ticket, context)
        if (found.priority, found.points) == (ticket.priority, ticket.points):
            inputs = found.inputs
    return PriorityItem(ticket.points, ticket.tier, inputs)


def _shown(
    ticket: Ticket, book: Book, party: Party | None
) -> Iterable[tuple[str, Clock, ClockRule]]:
    for name, clock in sorted(ticket.clocks.items(), key=lambda one: (one[1].due_at, one[0])):
        rule = rule_of(name, book)
        if rule is not None and (party is None or rule.public):
            yield name, clock, rule


def _clock(name: str, clock: Clock, rule: ClockRule, party: Party | None) -> ClockItem:
    state = ClockState.RUNNING
    if clock.breached:
        state = ClockState.BREACHED
    elif clock.paused:
        state = ClockState.PAUSED
    detail = ClockDetail(
        clock=name,
        row=rule.row,
        since=clock.since,
        target_s=clock.target_s,
        calendar=clock.calendar,
        awaits=rule.awaits,
        warned_bp=clock.warned,
        rung=clock.rung,
    )
    return ClockItem(rule.zh, rule.en, clock.due_at, state, detail if party is None else None)
