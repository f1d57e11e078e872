"""Which occurrences the facts of a ticket and its order are: what clocks start and stop on."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from domain.events import (
    AnswerGiven,
    BotAnswered,
    ClaimAmended,
    ContactFruitless,
    DepartmentAsked,
    DepartmentPlanned,
    DiagnosisMade,
    Event,
    FactReported,
    InterventionRequested,
    MerchantApproved,
    MerchantRefused,
    MessageSent,
    OfferCountered,
    OfferMade,
    PlanGiven,
    ReadingCorrected,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    ResolutionSigned,
    ReturnReviewed,
    RulingIssued,
    SettlementReached,
    TicketAccepted,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
)
from domain.milestones import Milestone
from domain.policies.clocks import BY_ASSIGNEE, OF_A_PERSON, done_by
from domain.ticket.state import Order, Stamp, Ticket
from domain.values import (
    STAFF,
    ActorKind,
    Instant,
    Party,
    PlanLevel,
    RefundTo,
    RemedyKind,
)

_SIGNED: Final = Milestone.SIGNED.value
_LIVE_SESSION_ENDED: Final = Milestone.LIVE_SESSION_ENDED.value
Occurrence = tuple[str, Instant]
"""A milestone, after a colon what it is about where it is about one thing, and its instant."""


def name_of(milestone: Milestone, about: str | None = None) -> str:
    """Return the name a milestone is kept under."""
    return milestone.value if about is None else f"{milestone.value}:{about}"


def occurrences(ticket: Ticket, event: Event, stamp: Stamp) -> tuple[Occurrence, ...]:
    """Return what a fact means for the promises on the ticket as it is after the fact."""
    found = _OF.get(type(event))
    if found is None:
        return ()
    # Who reports a fact says when it was; everything else is when it is recorded.
    at = event.occurred_at if isinstance(event, FactReported) else stamp.at
    return tuple([(name, at) for name in found(ticket, event, stamp)])


def by_whom(ticket: Ticket, happened: Iterable[Occurrence], stamp: Stamp) -> dict[str, Instant]:
    """Return what somebody of the platform did, by their skills on record and the assignment."""
    ref = stamp.actor.ref
    whose = ticket.able.get(ref, ())
    if ref == ticket.assignee:
        whose = (*whose, BY_ASSIGNEE)
    return {done_by(name, one): at for name, at in happened if name in OF_A_PERSON for one in whose}


def of_order(order: Order | None) -> dict[str, Instant]:
    """Return what the order's own facts mean for the promises on its tickets."""
    if order is None:
        return {}
    known: dict[str, Instant] = {}
    if order.signed_at is not None:
        known[_SIGNED] = order.signed_at
    if order.live_session_ended_at is not None:
        known[_LIVE_SESSION_ENDED] = order.live_session_ended_at
    return known


def heeded(ticket: Ticket, order: Order | None) -> Mapping[str, Instant]:
    """Return everything promises heed: milestones, and what was done by people of which skill."""
    return {**of_order(order), **ticket.milestones, **ticket.done}


def seen(ticket: Ticket, order: Order | None) -> Mapping[str, Instant]:
    """Return every milestone of the ticket's round and of its order, with its latest instant."""
    return {**of_order(order), **ticket.milestones}


def _opened(ticket: Ticket, event: TicketOpened | TicketReopened, stamp: Stamp) -> Iterable[str]:
    yield Milestone.OPENED
    if stamp.actor.kind is ActorKind.BUYER or _taken_down(event, stamp):
        yield Milestone.BUYER_SPOKE
    yield from _asked_for(ticket.remedy)


def _taken_down(event: TicketOpened | TicketReopened, stamp: Stamp) -> bool:
    """Return whether staff wrote down what the buyer said, on the phone for one (SL-24)."""
    if stamp.imported or stamp.actor.kind not in STAFF:
        return False
    return isinstance(event, TicketOpened) and event.statement is not None


def _asked_for(remedy: RemedyKind | None) -> Iterable[str]:
    if remedy is RemedyKind.RETURN:
        yield Milestone.RETURN_REQUESTED
    if remedy in {RemedyKind.RETURN, RemedyKind.EXCHANGE}:
        yield Milestone.SWAP_REQUESTED


def _amended(_ticket: Ticket, event: ClaimAmended, _stamp: Stamp) -> Iterable[str]:
    return _asked_for(event.remedy)


def _accepted(_ticket: Ticket, _event: Any, stamp: Stamp) -> Iterable[str]:
    yield Milestone.ACCEPTED
    if stamp.actor.kind in STAFF:
        yield Milestone.TAKEN_OVER


def _assigned(_ticket: Ticket, event: TicketAssigned, stamp: Stamp) -> Iterable[str]:
    # Being given a matter is not taking it over; that is when the agent does something.
    if stamp.actor.ref == event.agent:
        yield Milestone.TAKEN_OVER


def _answered(_ticket: Ticket, event: AnswerGiven, _stamp: Stamp) -> Iterable[str]:
    yield Milestone.HUMAN_ANSWER
    yield Milestone.TAKEN_OVER
    if event.resolves:
        yield Milestone.EFFECTIVE_ANSWER


def _bot_answered(_ticket: Ticket, event: BotAnswered, _stamp: Stamp) -> Iterable[str]:
    yield Milestone.AUTOMATIC_ANSWER
    if event.effective:
        yield Milestone.EFFECTIVE_ANSWER


def _said(_ticket: Ticket, event: MessageSent, stamp: Stamp) -> Iterable[str]:
    match event.by:
        case Party.BUYER:
            yield Milestone.BUYER_SPOKE
        case Party.MERCHANT:
            yield Milestone.MERCHANT_ANSWER
        case Party.PLATFORM if stamp.actor.kind in STAFF:
            yield Milestone.HUMAN_ANSWER
            yield Milestone.TAKEN_OVER


def _planned(_ticket: Ticket, event: PlanGiven, _stamp: Stamp) -> Iterable[str]:
    # A plan says in which way, too; one that can be carried out is a plan.
    yield Milestone.FRAMEWORK
    if event.level is not PlanLevel.FRAMEWORK:
        yield Milestone.PLAN
        yield Milestone.SOLUTION_OFFERED
    if event.level is PlanLevel.EXECUTABLE:
        yield Milestone.EXECUTABLE_PLAN


def _offered(_ticket: Ticket, event: OfferMade | OfferCountered, _stamp: Stamp) -> Iterable[str]:
    if event.by is not Party.BUYER:
        yield Milestone.SOLUTION_OFFERED
        if event.by is Party.MERCHANT:
            yield Milestone.MERCHANT_ANSWER


def _merchant_decided(
    ticket: Ticket, event: MerchantApproved | MerchantRefused, _stamp: Stamp
) -> Iterable[str]:
    yield Milestone.MERCHANT_ANSWER
    # What was asked for as a return and then as something else is reviewed with it.
    if Milestone.SWAP_REQUESTED in ticket.milestones:
        yield Milestone.RETURN_REVIEWED
    if isinstance(event, MerchantApproved):
        yield Milestone.SOLUTION_OFFERED
        yield Milestone.SETTLED


def _diagnosed(_ticket: Ticket, event: DiagnosisMade, _stamp: Stamp) -> Iterable[str]:
    # Most complaints are put in bad words; a promise is made to those who are angry (DI-10).
    if event.upset:
        yield Milestone.NEGATIVE_SENTIMENT


def _reread(_ticket: Ticket, event: ReadingCorrected, _stamp: Stamp) -> Iterable[str]:
    if event.upset:
        yield Milestone.NEGATIVE_SENTIMENT


def _contacted(_ticket: Ticket, event: ContactFruitless, _stamp: Stamp) -> Iterable[str]:
    if event.exhausted:
        yield Milestone.CONTACTS_EXHAUSTED


def _refund_due(_ticket: Ticket, event: RefundInitiated, _stamp: Stamp) -> Iterable[str]:
    to_balance = event.to is RefundTo.BALANCE
    due = Milestone.REFUND_DUE_TO_BALANCE if to_balance else Milestone.REFUND_DUE_TO_CARD
    yield name_of(due, event.remedy)


def _completed(ticket: Ticket, event: RemedyCompleted, _stamp: Stamp) -> Iterable[str]:
    if ticket.remedies[event.remedy].terms.kind in {RemedyKind.RETURN, RemedyKind.EXCHANGE}:
        yield Milestone.SWAP_COMPLETED


def _always(*milestones: Milestone) -> Callable[[Ticket, Any, Stamp], Iterable[str]]:
    return lambda _ticket, _event, _stamp: milestones


_OF: Final[Mapping[type[Event], Callable[[Ticket, Any, Stamp], Iterable[str]]]] = {
    TicketOpened: _opened,
    TicketReopened: _opened,
    ClaimAmended: _amended,
    TicketAccepted: _accepted,
    TicketAssigned: _assigned,
    AnswerGiven: _answered,
    BotAnswered: _bot_answered,
    MessageSent: _said,
    PlanGiven: _planned,
    OfferMade: _offered,
    OfferCountered: _offered,
    MerchantApproved: _merchant_decided,
    MerchantRefused: _merchant_decided,
    DiagnosisMade: _diagnosed,
    ReadingCorrected: _reread,
    ContactFruitless: _contacted,
    RefundInitiated: _refund_due,
    RemedyCompleted: _completed,
    FactReported: lambda _t, event, _s: (event.fact.value,),
    RemedyOrdered: _always(Milestone.SOLUTION_OFFERED),
    ResolutionSigned: _always(Milestone.WRITTEN_RESOLUTION),
    ReturnReviewed: _always(Milestone.RETURN_REVIEWED),
    DepartmentAsked: lambda _t, event, _s: (name_of(Milestone.DEPARTMENT_ASKED, event.request),),
    DepartmentPlanned: lambda _t, event, _s: (
        name_of(Milestone.DEPARTMENT_PLANNED, event.request),
    ),
    RefundSettled: lambda _t, event, _s: (name_of(Milestone.REFUND_SETTLED, event.remedy),),
    RemedyCancelled: lambda _t, event, _s: (name_of(Milestone.REMEDY_CANCELLED, event.remedy),),
    InterventionRequested: _always(Milestone.INTERVENTION_REQUESTED),
    RulingIssued: _always(Milestone.RULED),
    SettlementReached: _always(Milestone.SETTLED),
    TicketResolved: _always(Milestone.RESOLVED),
    TicketClosed: _always(Milestone.CLOSED),
}
