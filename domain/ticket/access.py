"""Looks at evidence and personal data: once per person, matter and quarter of an hour on record."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, assert_never

from domain import errors
from domain.commands import RecordDamage, RecordExport, RecordLook
from domain.events import ContentDamaged, Event, EvidenceExported, EvidenceViewed
from domain.ticket.context import Context
from domain.ticket.state import Stamp
from domain.values import Actor, ActorKind, Instant, Recipient, later

Looks = Mapping[tuple[str, str], Instant]
"""(who, what) → until when further looks are part of the recorded one."""

ONE_LOOK: Final = timedelta(minutes=15)
"""Looks of one person at one matter within this time count as one (TR-01)."""


OWN_BUNDLE: Final = {
    ActorKind.BUYER: Recipient.BUYER,
    ActorKind.MERCHANT: Recipient.MERCHANT,
}
"""Who takes evidence with them for themselves alone."""
EXPORTERS: Final = (
    ActorKind.SUPERVISOR,
    ActorKind.ARBITRATOR,
    ActorKind.AUDITOR,
    ActorKind.SYSTEM,
)
"""Who may have a bundle made for anybody."""


def record_access(
    command: RecordLook | RecordDamage | RecordExport, looks: Looks | None, context: Context
) -> tuple[Event, ...]:
    """Return a look, the damage it met, or an export; nothing for part of a look on record."""
    match command:
        case RecordDamage():
            return (ContentDamaged(sha256=command.sha256, found=command.found),)
        case RecordLook():
            until = (looks or {}).get((_person(context.actor), command.what))
            if until is not None and context.now < until:
                return ()
            return (EvidenceViewed(what=command.what, until=later(context.now, ONE_LOOK)),)
        case RecordExport():
            kind = context.actor.kind
            if kind not in EXPORTERS and OWN_BUNDLE.get(kind) is not command.recipient:
                raise errors.NotYourRole
            return (
                EvidenceExported(
                    upto_version=command.upto_version,
                    head=command.head,
                    recipient=command.recipient,
                    purpose=command.purpose,
                ),
            )
        case _:
            assert_never(command)


def evolve_looks(looks: Looks | None, event: Event, stamp: Stamp) -> Looks:
    """Return the looks that still count after one more fact."""
    running = {key: until for key, until in (looks or {}).items() if until > stamp.at}
    match event:
        case EvidenceViewed():
            return {**running, (_person(stamp.actor), event.what): event.until}
        case ContentDamaged() | EvidenceExported():
            return running
        case _:
            raise AssertionError("an access stream holds looks, the damage they met, and exports")


def _person(actor: Actor) -> str:
    """Return who looks; a buyer and a member of staff may bear the same reference."""
    return f"{actor.kind}:{actor.ref}"
