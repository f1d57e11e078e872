"""Looks at evidence and personal data: once per person, matter and quarter of an hour on record."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from domain.commands import RecordLook
from domain.events import Event, EvidenceViewed
from domain.ticket.state import Context, Stamp
from domain.values import Instant, later

Looks = Mapping[tuple[str, str], Instant]
"""(who, what) → until when further looks are part of the recorded one."""

ONE_LOOK: Final = timedelta(minutes=15)
"""Looks of one person at one matter within this time count as one (TR-01)."""


def record_look(
    command: RecordLook, looks: Looks | None, context: Context
) -> tuple[EvidenceViewed, ...]:
    """Return the look as a fact, or nothing when it is part of one that is on record."""
    until = (looks or {}).get((context.actor.ref, command.what))
    if until is not None and context.now < until:
        return ()
    return (EvidenceViewed(what=command.what, until=later(context.now, ONE_LOOK)),)


def evolve_looks(looks: Looks | None, event: Event, stamp: Stamp) -> Looks:
    """Return the looks that still count after one more."""
    assert isinstance(event, EvidenceViewed), "an access stream holds looks"
    running = {key: until for key, until in (looks or {}).items() if until > stamp.at}
    return {**running, (stamp.actor.ref, event.what): event.until}
