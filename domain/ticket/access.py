"""Looks at evidence and personal data: once per person, matter and quarter of an hour on record."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, assert_never

from domain.commands import RecordDamage, RecordLook
from domain.events import ContentDamaged, Event, EvidenceViewed
from domain.ticket.state import Context, Stamp
from domain.values import Actor, Instant, later

Looks = Mapping[tuple[str, str], Instant]
"""(who, what) → until when further looks are part of the recorded one."""

ONE_LOOK: Final = timedelta(minutes=15)
"""Looks of one person at one matter within this time count as one (TR-01)."""


def record_access(
    command: RecordLook | RecordDamage, looks: Looks | None, context: Context
) -> tuple[Event, ...]:
    """Return a look, or the damage it met, as a fact; nothing for part of a look on record."""
    match command:
        case RecordDamage():
            return (ContentDamaged(sha256=command.sha256, found=command.found),)
        case RecordLook():
            until = (looks or {}).get((_person(context.actor), command.what))
            if until is not None and context.now < until:
                return ()
            return (EvidenceViewed(what=command.what, until=later(context.now, ONE_LOOK)),)
        case _:
            assert_never(command)


def evolve_looks(looks: Looks | None, event: Event, stamp: Stamp) -> Looks:
    """Return the looks that still count after one more fact."""
    running = {key: until for key, until in (looks or {}).items() if until > stamp.at}
    match event:
        case EvidenceViewed():
            return {**running, (_person(stamp.actor), event.what): event.until}
        case ContentDamaged():
            return running
        case _:
            raise AssertionError("an access stream holds looks and the damage they met")


def _person(actor: Actor) -> str:
    """Return who looks; a buyer and a member of staff may bear the same reference."""
    return f"{actor.kind}:{actor.ref}"
