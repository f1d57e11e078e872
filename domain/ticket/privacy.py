"""What may be forgotten on a ticket and what must be kept: holds, retention, erasure.

That keys and disclosures are destroyed afterwards is `domain.ledger.erasure`'s to do.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import errors
from domain.commands import (
    ErasePersonalData,
    FinishErasure,
    PlaceLegalHold,
    ReleaseLegalHold,
    RequestErasure,
    SweepContents,
)
from domain.events import (
    ContentsSwept,
    ErasedContent,
    ErasureCarriedOut,
    ErasureRequested,
    Event,
    LegalHoldPlaced,
    LegalHoldReleased,
    PersonalDataErased,
    PersonalDataRestricted,
)
from domain.policies.book import Book
from domain.ticket.context import Context
from domain.ticket.files import side_of_file
from domain.ticket.guards import guards, require_role
from domain.ticket.state import Ticket
from domain.values import Actor, ActorKind, ErasureGround, Instant, Party, Stage, Standing

PRIVACY_STREAM: Final = "ledger:privacy"
HOLDS_MAX: Final = 20
"""How many proceedings may need one ticket at once."""
PLACES_MAX: Final = 400
"""How many places one fact names, so that it stays a record of ordinary size."""
ERASERS: Final = (ActorKind.ADMIN, ActorKind.SYSTEM)
AnyPrivacyCommand = RequestErasure | FinishErasure | SweepContents


class Requested(msgspec.Struct, frozen=True):
    """An erasure that was asked for and is not carried out yet."""

    subject: str
    ground: ErasureGround
    actor: Actor


@guards(PlaceLegalHold)
def may_place_legal_hold(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Supervisors and administrators keep what proceedings need, on imported history too."""
    require_role(context, ActorKind.SUPERVISOR, ActorKind.ADMIN)
    if len(ticket.legal_holds) >= HOLDS_MAX:
        raise errors.LimitReached


def place_legal_hold(
    command: PlaceLegalHold, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Keep what is personal on a ticket; a hold that is there already is no new one."""
    if command.hold in ticket.legal_holds:
        require_role(context, ActorKind.SUPERVISOR, ActorKind.ADMIN)
        return ()
    may_place_legal_hold(ticket, None, context)
    return (LegalHoldPlaced(hold=command.hold, ground=command.ground),)


@guards(ReleaseLegalHold)
def may_release_legal_hold(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Who may place a hold may release one that is there."""
    require_role(context, ActorKind.SUPERVISOR, ActorKind.ADMIN)
    if not ticket.legal_holds:
        raise errors.WrongState("The ticket is under no legal hold.")


def release_legal_hold(
    command: ReleaseLegalHold, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Let go of one hold; the others stand."""
    may_release_legal_hold(ticket, None, context)
    if command.hold not in ticket.legal_holds:
        raise errors.WrongState("The ticket is under another legal hold.")
    return (LegalHoldReleased(hold=command.hold),)


@guards(ErasePersonalData)
def may_erase_personal_data(_ticket: Ticket, _target: str | None, context: Context) -> None:
    """Only an administrator has a person forgotten; the platform carries it out."""
    require_role(context, *ERASERS)


def erase_personal_data(
    command: ErasePersonalData, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Forget a subject on a ticket, or put on record until when what stands against it."""
    may_erase_personal_data(ticket, None, context)
    contents = contents_of(ticket, command.subject)
    if not command.places and not contents:
        return ()
    against = stands_against(ticket, context.book, context.now)
    if against is None:
        return tuple(
            PersonalDataErased(
                erasure=command.erasure,
                subject=command.subject,
                ground=command.ground,
                places=command.places[first : first + PLACES_MAX],
                contents=(contents or None) if first == 0 else None,
            )
            for first in range(0, max(len(command.places), 1), PLACES_MAX)
        )
    before = ticket.restrictions.get(command.subject)
    known = None if before is None else (before.erasure, before.standing, before.until)
    if known == (command.erasure, *against):
        return ()
    standing, until = against
    return (
        PersonalDataRestricted(
            erasure=command.erasure,
            subject=command.subject,
            ground=command.ground,
            standing=standing,
            until=until,
            policy=context.book.version if until is not None else None,
        ),
    )


def contents_of(ticket: Ticket, subject: str) -> tuple[ErasedContent, ...]:
    """Return what is in evidence of a subject on a ticket and is not forgotten."""
    sides = {f"buyer:{ticket.buyer}": Party.BUYER, f"merchant:{ticket.merchant}": Party.MERCHANT}
    side = sides.get(subject)
    return tuple(
        ErasedContent(name, one.attachment.sha256)
        for name, one in ticket.evidence.items()
        if side_of_file(one) is side and not one.erased
    )


def stands_against(
    ticket: Ticket, book: Book, now: Instant
) -> tuple[Standing, Instant | None] | None:
    """Return what stands against an erasure and until when, as far as known; None for nothing."""
    if ticket.legal_holds:
        return Standing.LEGAL_HOLD, None
    ended = _ended(ticket)
    if ended is None:
        return Standing.OPEN, None
    until = book.kept_until(ended, transaction=ticket.order is not None)
    return (Standing.RETENTION, until) if now < until else None


def decide_privacy(
    command: AnyPrivacyCommand, pending: Mapping[int, Requested] | None, context: Context
) -> tuple[Event, ...]:
    """Return what follows on ledger:privacy; the same request twice is one while it is pending."""
    require_role(context, *ERASERS)
    match command:
        case RequestErasure():
            if pending_of(command.subject, pending) is not None:
                return ()
            return (ErasureRequested(subject=command.subject, ground=command.ground),)
        case FinishErasure():
            if command.erasure not in (pending or {}):
                return ()
            return (
                ErasureCarriedOut(
                    erasure=command.erasure,
                    erased=command.erased,
                    restricted=command.restricted,
                ),
            )
        case SweepContents():
            require_role(context, ActorKind.SYSTEM)
            return (
                ContentsSwept(
                    contents=command.contents,
                    bytes=command.bytes,
                    uploaded_before=command.uploaded_before,
                    reason="never_named",
                ),
            )


def evolve_privacy(
    pending: Mapping[int, Requested] | None, event: Event, *, version: int, actor: Actor
) -> Mapping[int, Requested]:
    """Return the erasures that are to be carried out after one more fact."""
    known = dict(pending or {})
    match event:
        case ErasureRequested():
            known[version] = Requested(event.subject, event.ground, actor)
        case ErasureCarriedOut():
            known.pop(event.erasure, None)
        case ContentsSwept():
            pass  # what was never named asks for nothing
        case _:
            raise AssertionError("ledger:privacy holds requests and their ends")
    return known


def pending_of(subject: str, pending: Mapping[int, Requested] | None) -> int | None:
    """Return the number of a subject's erasure that is not carried out yet."""
    return next((one for one, asked in (pending or {}).items() if asked.subject == subject), None)


def _ended(ticket: Ticket) -> Instant | None:
    """Return when the matter ended; another system's history ended before it was recorded."""
    if ticket.imported:
        return ticket.resolved_at or ticket.opened_at
    return ticket.resolved_at if ticket.stage is Stage.CLOSED else None
