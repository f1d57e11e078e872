"""What a ticket is after the facts of its opening, its service track and its end."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    AnswerGiven,
    AssignmentReleased,
    ChannelJoined,
    ClaimAmended,
    DiagnosisCorrected,
    MerchantApproved,
    MerchantRefused,
    MessageSent,
    NoteAdded,
    ReturnReviewed,
    SatisfactionGiven,
    TicketAccepted,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketsLinked,
)
from domain.policies.contacts import Answering
from domain.ticket.evolve.negotiation import without_open_offers
from domain.ticket.state import Stamp, Ticket
from domain.values import Party, Responsible, Stage

IntakeEvent = (
    TicketAccepted
    | TicketAssigned
    | AssignmentReleased
    | MessageSent
    | NoteAdded
    | AnswerGiven
    | ReturnReviewed
    | MerchantApproved
    | MerchantRefused
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | SatisfactionGiven
    | ClaimAmended
    | DiagnosisCorrected
    | ChannelJoined
    | TicketsLinked
)


def opened(event: TicketOpened, stamp: Stamp) -> Ticket:
    """Return the ticket that an opening brings into being."""
    return Ticket(
        ticket=stamp.subject,
        version=stamp.version,
        stage=Stage.INTAKE,
        kind=event.kind,
        scenario=event.scenario,
        reason=event.reason,
        responsible=Responsible.UNDETERMINED,
        priority=event.priority,
        buyer=event.buyer,
        merchant=event.merchant,
        order=event.order,
        line=event.line,
        remedy=event.remedy,
        claim=event.claim,
        channels=frozenset({event.channel}),
        policy=event.policy,
        opened_at=stamp.at,
        imported=stamp.imported,
        holds=event.holds or (),
    )


def evolve_intake(ticket: Ticket, event: IntakeEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of intake, service or closing."""
    version = stamp.version
    match event:
        case TicketAccepted():
            return replace(ticket, version=version, accepted=True, lease_until=None)
        case TicketAssigned():
            return replace(ticket, version=version, assignee=event.agent)
        case AssignmentReleased():
            let_go = ticket.let_go | {event.agent}
            return replace(ticket, version=version, assignee=None, lease_until=None, let_go=let_go)
        case AnswerGiven():
            answered = ticket.answered | {Answering.ANSWER}
            return replace(ticket, version=version, answered=answered, lease_until=None)
        case MessageSent():
            return _said(ticket, event, stamp)
        case NoteAdded() | ReturnReviewed():
            return replace(ticket, version=version)
        case MerchantApproved():
            return replace(ticket, version=version, stage=Stage.REMEDY, negotiation_failed=None)
        case MerchantRefused():
            return replace(ticket, version=version, stage=Stage.NEGOTIATION, refused=True)
        case TicketResolved():
            return replace(
                ticket,
                version=version,
                resolved=event.outcome,
                resolved_at=stamp.at,
                lease_until=None,
            )
        case TicketClosed():
            return _closed(ticket, event, stamp)
        case TicketReopened():
            return _reopened(ticket, event, stamp)
        case SatisfactionGiven():
            return replace(ticket, version=version, rated=True)
        case ClaimAmended():
            return replace(ticket, version=version, remedy=event.remedy, claim=event.claim)
        case DiagnosisCorrected():
            return replace(
                ticket,
                version=version,
                scenario=event.scenario,
                responsible=event.responsible,
                kind=event.kind,
                priority=event.priority,
                holds=event.holds or (),
                corrected=True,
            )
        case ChannelJoined():
            return replace(ticket, version=version, channels=ticket.channels | {event.channel})
        case TicketsLinked():
            return replace(ticket, version=version, links=(*ticket.links, event.other))
        case _:
            assert_never(event)


def _said(ticket: Ticket, event: MessageSent, stamp: Stamp) -> Ticket:
    """A word of the desk answers the buyer; the buyer's own word waits for one."""
    answered = ticket.answered
    if event.by is Party.PLATFORM:
        answered |= {Answering.MESSAGE}
    elif event.by is Party.BUYER:
        answered = frozenset()
    return replace(
        ticket,
        version=stamp.version,
        answered=answered,
        lease_until=None if event.by is Party.PLATFORM else ticket.lease_until,
    )


def _closed(ticket: Ticket, event: TicketClosed, stamp: Stamp) -> Ticket:
    """Nothing runs, holds or stands open on a closed ticket."""
    return replace(
        ticket,
        version=stamp.version,
        stage=Stage.CLOSED,
        resolved=event.outcome,
        resolved_at=ticket.resolved_at or stamp.at,
        holds=(),
        deadlines={},
        lease_until=None,
        waits_on=None,
        offers=without_open_offers(ticket.offers),
        appeal_window_open=False,
    )


def _reopened(ticket: Ticket, event: TicketReopened, stamp: Stamp) -> Ticket:
    """A new round starts at the beginning; what was ruled and granted stays on record.

    The new round has a ruling and an appeal of its own, by others than those who judged before.
    """
    before = frozenset() if ticket.arbitrator is None else frozenset({ticket.arbitrator})
    return replace(
        ticket,
        version=stamp.version,
        stage=Stage.INTAKE,
        round=event.round,
        accepted=False,
        refused=False,
        negotiation_failed=None,
        resolved=None,
        resolved_at=None,
        holds=event.holds or (),
        deadlines={},
        sealed=frozenset(),
        evidence_missed=frozenset(),
        arbitrator=None,
        judged=ticket.judged | before,
        ruling=None,
        appeal=None,
        appeal_window_open=False,
        rated=False,
        milestones={},
        done={},
        withdrawn={},
        clocks_ended={},
        waits_on=None,
        answered=frozenset(),
        silent=frozenset(),
        let_go=frozenset(),
        resolution=None,
        reopened=ticket.reopened + 1,
    )
