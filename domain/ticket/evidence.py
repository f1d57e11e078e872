"""Judges of evidence on its way in: asked for, gathered, staged, sealed, supplemented."""

import hashlib
from collections.abc import Iterable
from typing import Final

from domain import errors
from domain.commands import (
    GatherEvidence,
    ReplaceEvidence,
    RequestEvidence,
    SealEvidence,
    StageEvidence,
    WithdrawEvidence,
)
from domain.events import (
    Event,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceRequested,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceWithdrawn,
)
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.files import (
    SIDES,
    Bringing,
    clear_size,
    committed,
    gathered_subject,
    require_fit_content,
)
from domain.ticket.guards import DESK, guards, require_actor, require_open, require_stage
from domain.ticket.state import Evidence, EvidenceState, Ticket
from domain.values import (
    ActorKind,
    Awaiting,
    EvidenceKind,
    Instant,
    Party,
    Personal,
    Sha256,
    Stage,
)

_OF_SYSTEMS: Final = ("snapshot_", "posted_by_")
"""How only the platform and systems of others come by evidence."""
_LIVE: Final = frozenset({EvidenceState.STAGED, EvidenceState.ON_RECORD})


def appealed(ticket: Ticket) -> bool:
    """Return whether an appeal waits for its decision."""
    return ticket.appeal is not None and not ticket.appeal.decided


def decision_due(ticket: Ticket, context: Context) -> Instant | None:
    """Return until when the decision is promised; None when there is no promise left to keep."""
    promise = ticket.deadlines.get("appeal_ruling" if appealed(ticket) else "ruling")
    return promise.due_at if promise is not None and context.now < promise.due_at else None


def require_before_decision(ticket: Ticket, *stages: Stage) -> None:
    """Let the command pass at these stages, and while an appeal waits for its decision."""
    require_open(ticket)
    if not appealed(ticket):
        require_stage(ticket, *stages)


# --- asked for, gathered ----------------------------------------------------------------------


@guards(RequestEvidence)
def may_request_evidence(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Who prepares or makes the decision asks for what it needs."""
    require_actor(ticket, context, *DESK, ActorKind.ARBITRATOR)
    require_before_decision(ticket, Stage.INTERVENTION)


def request_evidence(
    command: RequestEvidence, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Ask a side for evidence by the book's deadline, which lies inside that of the decision."""
    may_request_evidence(ticket, None, context)
    if command.party not in SIDES:
        raise errors.Unreasonable("Evidence is asked of buyer or merchant.")
    deadline = deadlines.given(
        context,
        "evidence",
        of=command.party,
        awaits=Awaiting(command.party),
        within=decision_due(ticket, context),
    )
    return (
        EvidenceRequested(
            party=command.party,
            kinds=command.kinds,
            due_at=deadline.due_at,
            policy=deadline.policy,
        ),
        deadline,
    )


@guards(GatherEvidence)
def may_gather_evidence(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The platform and the systems it trusts put things on record while the matter is open."""
    _require_gatherer(ticket, context)
    _require_room(ticket, context)


def gather_evidence(command: GatherEvidence, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Put something on record for the platform; the same content twice is one fact."""
    _require_gatherer(ticket, context)
    owner = Party.CARRIER if context.actor.party is Party.CARRIER else Party.PLATFORM
    if _known(ticket, owner, command.attachment.sha256):
        return ()
    may_gather_evidence(ticket, None, context)
    require_fit_content(command, context)
    _require_bytes(ticket, context, command)
    return (
        EvidenceGathered(
            item=_next_item(ticket),
            kind=command.kind,
            attachment=command.attachment,
            obtained=command.obtained,
            shown_to=command.shown_to,
            **committed(command, gathered_subject(ticket)),
        ),
    )


# --- a side's own set -------------------------------------------------------------------------


@guards(StageEvidence)
def may_stage_evidence(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A side brings evidence until the matter is decided."""
    require_side(ticket, context)
    _require_room(ticket, context)


def stage_evidence(command: StageEvidence, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Lay an item ready; after sealing or the deadline it goes on record at once."""
    require_side(ticket, context)
    party = context.actor.party
    if _known(ticket, party, command.attachment.sha256):
        return ()
    may_stage_evidence(ticket, None, context)
    _require_own_words(command)
    require_fit_content(command, context)
    _require_bytes(ticket, context, command)
    item, late = _next_item(ticket), is_late(ticket, party, context)
    if not late and party not in ticket.sealed:
        return (
            EvidenceStaged(
                item=item,
                party=party,
                kind=command.kind,
                attachment=command.attachment,
                obtained=command.obtained,
                confidential=command.confidential,
                caption=_words(command.caption, context),
                **committed(command, author(context)),
            ),
            *deadlines.buyer_came_back(ticket, context),
        )
    return (
        EvidenceSupplemented(
            item=item,
            party=party,
            kind=command.kind,
            attachment=command.attachment,
            obtained=command.obtained,
            late=late,
            confidential=command.confidential,
            caption=_words(command.caption, context),
            **committed(command, author(context)),
        ),
        *deadlines.buyer_came_back(ticket, context),
    )


@guards(ReplaceEvidence)
def may_replace_evidence(ticket: Ticket, target: str | None, context: Context) -> None:
    """Only what is staged gives way, and not once one's time is over: that would hide lateness."""
    _require_staged(ticket, target, context)
    if is_late(ticket, context.actor.party, context):
        raise errors.WindowPassed
    _require_room(ticket, context)


def replace_evidence(
    command: ReplaceEvidence, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Put a better item in the place of a staged one; both stay on record."""
    may_replace_evidence(ticket, command.item, context)
    _require_own_words(command)
    if _known(ticket, context.actor.party, command.attachment.sha256):
        return ()
    require_fit_content(command, context)
    _require_bytes(ticket, context, command)
    return (
        EvidenceReplaced(
            item=_next_item(ticket),
            replaces=command.item,
            party=context.actor.party,
            kind=command.kind,
            attachment=command.attachment,
            obtained=command.obtained,
            confidential=command.confidential,
            caption=_words(command.caption, context),
            **committed(command, author(context)),
        ),
        *deadlines.buyer_came_back(ticket, context),
    )


@guards(WithdrawEvidence)
def may_withdraw_evidence(ticket: Ticket, target: str | None, context: Context) -> None:
    """Only what is staged can be taken back."""
    _require_staged(ticket, target, context)


def withdraw_evidence(
    command: WithdrawEvidence, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take a staged item back; that it was there stays on record."""
    may_withdraw_evidence(ticket, command.item, context)
    return (EvidenceWithdrawn(item=command.item, party=context.actor.party),)


@guards(SealEvidence)
def may_seal_evidence(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A side makes its set final until the matter is decided."""
    require_side(ticket, context)


def seal_evidence(_command: SealEvidence, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Make one's set final and show it; an empty set says that there is nothing to bring."""
    may_seal_evidence(ticket, None, context)
    party = context.actor.party
    late = is_late(ticket, party, context)
    # A set that comes too late is final too, but the deadline stays missed.
    answered = () if late else deadlines.met(ticket, f"evidence:{party}")
    items = {
        name: one
        for name, one in ticket.evidence.items()
        if one.party is party and one.state is EvidenceState.STAGED
    }
    if party in ticket.sealed and not items:
        return answered
    return (
        EvidenceSealed(
            party=party,
            items=tuple(items),
            set_digest=set_digest((name, one.attachment.sha256) for name, one in items.items()),
            shown=tuple(name for name, one in items.items() if not one.confidential),
        ),
        *answered,
    )


def set_digest(items: Iterable[tuple[str, Sha256]]) -> Sha256:
    """Return the digest of a set: SHA-256 over its sorted lines "<item> <sha256>\\n"."""
    lines = sorted(f"{item} {sha256}\n" for item, sha256 in items)
    return Sha256(hashlib.sha256("".join(lines).encode()).hexdigest())


def is_late(ticket: Ticket, party: Party, context: Context) -> bool:
    """Return whether a party's time for evidence is over, said by the clock already or not yet."""
    deadline = f"evidence:{party}"
    if deadline in ticket.deadlines:
        return deadlines.passed(ticket, deadline, context)
    return party in ticket.evidence_missed


# --- what they share --------------------------------------------------------------------------


def _require_gatherer(ticket: Ticket, context: Context) -> None:
    machines = (ActorKind.INSPECTOR, ActorKind.CARRIER)
    require_actor(ticket, context, *DESK, ActorKind.ARBITRATOR, *machines)
    require_open(ticket)


def require_side(ticket: Ticket, context: Context) -> None:
    """Let a side of the matter pass until it is decided."""
    require_actor(ticket, context, ActorKind.BUYER, ActorKind.MERCHANT)
    require_before_decision(ticket, Stage.INTAKE, Stage.NEGOTIATION, Stage.INTERVENTION)


def _require_staged(ticket: Ticket, target: str | None, context: Context) -> None:
    require_side(ticket, context)
    item = ticket.evidence.get(target or "")
    if item is None or item.party is not context.actor.party:
        raise errors.UnknownEvidence
    if item.state is EvidenceState.ON_RECORD:
        raise errors.EvidenceSealedAlready
    if item.state is not EvidenceState.STAGED:
        raise errors.AlreadyDone("The item was taken back or replaced.")


def _require_own_words(command: StageEvidence | ReplaceEvidence) -> None:
    """Let a side bring nothing as if the platform or a system of others had."""
    if command.kind is EvidenceKind.ORDER_SNAPSHOT or command.obtained.startswith(_OF_SYSTEMS):
        raise errors.Unreasonable("Only the platform and its systems bring evidence like that.")


def _known(ticket: Ticket, party: Party, sha256: Sha256) -> bool:
    """Return whether a party has brought this content, and not taken it back."""
    return any(
        one.party is party and one.attachment.sha256 == sha256 and one.state in _LIVE
        for one in ticket.evidence.values()
    )


def _require_room(ticket: Ticket, context: Context) -> None:
    """Let one more item pass; what one side brings takes no room from anybody else."""
    if len(_counted(ticket, context)) >= context.book.limit.evidence_items:
        raise errors.LimitReached(limit=context.book.limit.evidence_items)


def _require_bytes(ticket: Ticket, context: Context, command: Bringing) -> None:
    """Let a content pass that is not too large, alone and with what is there already."""
    limit = context.book.limit
    if clear_size(command) > limit.content_bytes:
        raise errors.LimitReached(limit_bytes=limit.content_bytes)
    held = sum(one.attachment.size for one in _counted(ticket, context))
    if held + command.attachment.size > limit.evidence_bytes:
        raise errors.LimitReached(limit_bytes=limit.evidence_bytes)


def _counted(ticket: Ticket, context: Context) -> list[Evidence]:
    """Return the items that take room from the actor: not the other side's, nor the order's own."""
    others = [side for side in SIDES if side is not context.actor.party]
    certificates = context.order.certificates.values() if context.order else ()
    brought = {one.attachment.sha256 for one in certificates}
    return [
        one
        for one in ticket.evidence.values()
        if one.party not in others
        and not (one.party is Party.PLATFORM and one.attachment.sha256 in brought)
    ]


def _next_item(ticket: Ticket) -> str:
    return f"E{len(ticket.evidence) + 1}"


def _words(text: str | None, context: Context) -> Personal | None:
    return None if text is None else Personal(text, subject=author(context))


def author(context: Context) -> str:
    """Return whose the words and files are that an actor brings."""
    return f"{context.actor.kind}:{context.actor.ref}"
