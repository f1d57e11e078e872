"""One ticket as its parties and staff see it now, with what this caller may do; from the record."""

from collections.abc import Iterable
from functools import cache, partial
from typing import Annotated

import msgspec
from msgspec import Meta, structs

from api.addresses import ADDRESSES, operation_of
from api.auth import may_see
from api.models.moments import AsOf
from api.models.outcomes import Digest, Position
from api.reads.agents import expected
from api.reads.flows import FlowItem, flow_told, flows_of
from api.reads.names import NameItem, names_told
from api.reads.promises import (
    ClockItem,
    DiagnosisItem,
    PriorityItem,
    QueueItem,
    clocks_told,
    diagnosis_told,
    priority_told,
    queue_told,
)
from api.wiring import Services
from domain import errors
from domain.commands import SendMessage
from domain.ledger.requests import Case
from domain.streams import position_text, ticket_lane
from domain.ticket.actions import Action, actions
from domain.ticket.context import Context
from domain.ticket.deadlines import INSIDE
from domain.ticket.state import EvidenceState, OfferState, RemedyStep, Ticket
from domain.values import (
    STAFF,
    Actor,
    ActorKind,
    Attachment,
    Awaiting,
    Channel,
    EvidenceKind,
    Instant,
    Kind,
    Money,
    Party,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Share,
    Stage,
    Terms,
)

_PARTIES = {ActorKind.BUYER: Party.BUYER, ActorKind.MERCHANT: Party.MERCHANT}


class Blocked(msgspec.Struct, frozen=True):
    """Why a command would be refused now."""

    code: str
    detail: str


class ActionItem(msgspec.Struct, frozen=True):
    """One command of the caller's role on this ticket."""

    name: str
    method: str
    href: str
    required: tuple[str, ...]
    """Fields the body must have."""
    optional: tuple[str, ...]
    needs_version: bool
    """Whether If-Match must be sent."""
    needs_key: bool
    """Whether an Idempotency-Key must be sent."""
    target: str | None
    """The offer, evidence item or remedy it is about."""
    due_at: Instant | None
    blocked: Blocked | None
    """None when it may be done now."""
    flow: FlowItem | None = None
    """What the words about the matter opened, where this is the entry to it: say so by a message.
    """


class DeadlineItem(msgspec.Struct, frozen=True):
    """A deadline that runs, or passed while what it asks for is still owed."""

    deadline: str
    due_at: Instant
    awaits: Awaiting


class OfferItem(msgspec.Struct, frozen=True):
    """A proposal of one side."""

    offer: str
    by: Party
    terms: tuple[Terms, ...]
    state: OfferState


class EvidenceItem(msgspec.Struct, frozen=True):
    """An evidence item this caller may see."""

    item: str
    kind: EvidenceKind
    party: Party
    state: EvidenceState
    confidential: bool
    attachment: Attachment
    personal: bool
    """Whether the attachment lies encrypted; at `href` it is read in clear."""
    href: str
    shown_to: tuple[Party, ...]


class RulingItem(msgspec.Struct, frozen=True):
    """The decision that stands."""

    ruling: str
    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]


class AppealItem(msgspec.Struct, frozen=True):
    """The one review of the ruling."""

    appeal: str
    by: Party
    decided: bool


class RemedyItem(msgspec.Struct, frozen=True):
    """A remedy that is, or was, owed."""

    remedy: str
    terms: Terms
    source: str
    step: RemedyStep


class TicketAnswer(msgspec.Struct, frozen=True):
    """One ticket as it stands on record."""

    ticket: str
    version: Annotated[int, Meta(ge=1)]
    position: Position
    leaf_hash: Digest
    stage: Stage
    kind: Kind
    scenario: Scenario
    reason: Reason
    responsible: Responsible
    priority: int
    buyer: str
    merchant: str | None
    order: str | None
    line: str | None
    remedy: RemedyKind | None
    claim: Money | None
    channels: tuple[Channel, ...]
    policy: str
    opened_at: Instant
    imported: bool
    round: int
    accepted: bool
    usual_remedy: RemedyKind
    """The usual solution of the trade for such a reason, put on the table by the book (AR-01)."""
    negotiation_failed: str | None
    resolved: str | None
    resolved_at: Instant | None
    source_state: str | None
    sealed: tuple[Party, ...]
    deadlines: tuple[DeadlineItem, ...]
    clocks: tuple[ClockItem, ...]
    """The promises that run, what is due soonest first; for the parties those that concern them."""
    offers: tuple[OfferItem, ...]
    evidence: tuple[EvidenceItem, ...]
    ruling: RulingItem | None
    appeal: AppealItem | None
    remedies: tuple[RemedyItem, ...]
    assignee: str | None
    """For staff; None for the parties."""
    arbitrator: str | None
    """For staff; None for the parties."""
    queue: QueueItem | None
    """The queue of the book the matter waits in; for staff, None for the parties."""
    diagnosis: DiagnosisItem | None
    """For staff; None for the parties."""
    priority_inputs: PriorityItem | None
    """For staff; None for the parties."""
    names: tuple[NameItem, ...]
    """What the book calls the words above, like `kind` and `channels`."""
    actions: tuple[ActionItem, ...]
    """What this caller may do now; for the blocked ones, why not. None where the past is told."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def ticket_answer(services: Services, actor: Actor, ticket: str) -> TicketAnswer:
    """Return a ticket as an actor may see it; to strangers it is unknown. Blocks."""
    lane = ticket_lane(ticket)
    if lane >= services.ledger.lanes:
        raise errors.UnknownTicket
    # Read first: what is folded afterwards includes everything up to here.
    position = services.ledger.position(lane)
    case = services.ledger.case(ticket)
    if not may_see(actor, case.ticket):
        raise errors.UnknownTicket
    context = judging(services, actor, case)
    return told(case, position_text(lane, position), actions(case.ticket, context), context)


def judging(services: Services, actor: Actor, case: Case, *, now: Instant | None = None) -> Context:
    """Return the context in which the guards are asked what an actor may do, now unless told."""
    ticket, now = case.ticket, now or services.now()
    promised = None if ticket.imported else ticket.policy
    return Context(
        now=now,
        actor=actor,
        book=services.ledger.book_for(now, promised),
        ticket=case.ticket.ticket,
        keep=_keep_nothing,
        order=case.order,
        books=services.ledger.book_named,
        agents=cache(services.ledger.agent),
        candidate=partial(expected, services, actor, ticket.ticket),
    )


def told(case: Case, position: str, possible: tuple[Action, ...], context: Context) -> TicketAnswer:
    """Return what an actor is told of a ticket."""
    ticket, book = case.ticket, context.book
    party = _PARTIES.get(context.actor.kind)
    return TicketAnswer(
        ticket=ticket.ticket,
        version=ticket.version,
        position=position,
        leaf_hash=case.leaf_hash,
        stage=ticket.stage,
        kind=ticket.kind,
        scenario=ticket.scenario,
        reason=ticket.reason,
        responsible=ticket.responsible,
        priority=ticket.priority,
        buyer=ticket.buyer,
        merchant=ticket.merchant,
        order=ticket.order,
        line=ticket.line,
        remedy=ticket.remedy,
        claim=ticket.claim,
        channels=tuple(sorted(ticket.channels)),
        policy=ticket.policy,
        opened_at=ticket.opened_at,
        imported=ticket.imported,
        round=ticket.round,
        accepted=ticket.accepted,
        usual_remedy=book.usual[ticket.reason],
        negotiation_failed=ticket.negotiation_failed,
        resolved=ticket.resolved,
        resolved_at=ticket.resolved_at,
        source_state=ticket.source_state,
        sealed=tuple(sorted(ticket.sealed)),
        deadlines=tuple(
            DeadlineItem(name, one.due_at, one.awaits)
            for name, one in ticket.deadlines.items()
            if party is None or name not in INSIDE
        ),
        clocks=clocks_told(ticket, book, party),
        offers=tuple(
            OfferItem(name, one.by, one.terms, one.state) for name, one in ticket.offers.items()
        ),
        evidence=_evidence(ticket, party),
        ruling=_ruling(ticket),
        appeal=_appeal(ticket),
        remedies=tuple(
            RemedyItem(name, one.terms, one.source, one.step)
            for name, one in ticket.remedies.items()
        ),
        assignee=ticket.assignee if party is None else None,
        arbitrator=ticket.arbitrator if party is None else None,
        queue=queue_told(ticket.queue, book) if party is None else None,
        diagnosis=diagnosis_told(ticket, book) if party is None else None,
        priority_inputs=priority_told(ticket, context) if party is None else None,
        names=names_told(ticket, book),
        actions=(
            *(_action(ticket.ticket, one) for one in possible),
            *_entries(ticket, possible, context),
        ),
    )


def sees_item(ticket: Ticket, item: str, party: Party | None) -> bool:
    """Return whether a side, or staff (None), may see an evidence item and its content."""
    one = ticket.evidence[item]
    if party is None or one.party is party:
        return True
    return one.state is EvidenceState.ON_RECORD and party in one.shown_to


def side_of(actor: Actor) -> Party | None:
    """Return the side of a case an actor is on; None for staff and auditors."""
    return _PARTIES.get(actor.kind)


def _evidence(ticket: Ticket, party: Party | None) -> tuple[EvidenceItem, ...]:
    return tuple(
        EvidenceItem(
            item=name,
            kind=one.kind,
            party=one.party,
            state=one.state,
            confidential=one.confidential,
            attachment=one.attachment,
            personal=one.personal,
            href=f"/v1/tickets/{ticket.ticket}/contents/{one.attachment.sha256}",
            shown_to=tuple(sorted(one.shown_to)),
        )
        for name, one in ticket.evidence.items()
        if sees_item(ticket, name, party)
    )


def _ruling(ticket: Ticket) -> RulingItem | None:
    # That of an earlier round stays to be seen until this round has its own.
    if not ticket.rulings:
        return None
    one = list(ticket.rulings.values())[-1]
    return RulingItem(one.ruling, one.in_favour_of, one.shares, one.awards)


def _appeal(ticket: Ticket) -> AppealItem | None:
    one = ticket.appeal
    return None if one is None else AppealItem(one.appeal, one.by, one.decided)


def _entries(
    ticket: Ticket, possible: tuple[Action, ...], context: Context
) -> Iterable[ActionItem]:
    """Return the entries to what the words opened, for the buyer and who serves him (DI-04)."""
    if context.actor.kind not in {ActorKind.BUYER, *STAFF}:
        return
    for action in possible:
        if action.command is SendMessage:
            message = _action(ticket.ticket, action)
            for flow in flows_of(ticket, context.book):
                yield structs.replace(message, name=flow.entry, flow=flow_told(flow))


def _action(ticket: str, action: Action) -> ActionItem:
    address = ADDRESSES[action.command]
    refusal = action.refusal
    return ActionItem(
        name=operation_of(action.command),
        method="POST",
        href=address.href(ticket, action.target),
        required=address.required,
        optional=address.optional,
        needs_version=action.command.NEEDS_VERSION,
        needs_key=action.command.MOVES_MONEY,
        target=action.target,
        due_at=action.due_at,
        blocked=None if refusal is None else Blocked(refusal.code, str(refusal)),
    )


def _keep_nothing(_content: bytes, _media_type: str) -> Attachment:
    raise AssertionError("guards keep no content")
