"""What a ticket is after the facts of its clocks, its diagnosis, its route and its reports."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    AgentChosen,
    AgentNoted,
    AnswerDiffered,
    ArmDrawn,
    AssignmentLapsed,
    AssignmentReturned,
    BotAnswered,
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    ContactFruitless,
    CustomerNoted,
    DepartmentAsked,
    DepartmentPlanned,
    DiagnosisMade,
    FactReported,
    PayoutOwed,
    PlanGiven,
    ReadingCorrected,
    ResolutionSigned,
    ResolutionWritten,
    TicketEscalated,
    TicketMovedToBook,
    TicketPrioritised,
    TicketQueued,
    WaitBegan,
    WaitEnded,
)
from domain.events.clocks import NOT_FOR_GOOD, REOPENED
from domain.events.routing import CHOSEN
from domain.milestones import Milestone
from domain.policies.contacts import Answering
from domain.policies.elapsed import Transition, Turn
from domain.ticket.clock import Clock
from domain.ticket.state import DepartmentRequest, Stamp, Ticket, WrittenResolution
from domain.values import Instant, Responsible

ClockEvent = (
    ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockStopped
    | ClockCancelled
    | ClockWarned
    | ClockBreached
    | ClockMoved
    | TicketEscalated
    | PayoutOwed
    | TicketMovedToBook
)
MatterEvent = (
    DiagnosisMade
    | ReadingCorrected
    | CustomerNoted
    | ArmDrawn
    | TicketPrioritised
    | ContactFruitless
    | AnswerDiffered
    | FactReported
    | PlanGiven
    | BotAnswered
    | WaitBegan
    | WaitEnded
    | ResolutionWritten
    | ResolutionSigned
)
RouteEvent = (
    TicketQueued
    | AgentNoted
    | AgentChosen
    | AssignmentLapsed
    | AssignmentReturned
    | DepartmentAsked
    | DepartmentPlanned
)


def evolve_clock(ticket: Ticket, event: ClockEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact about one of its promises."""
    match event:
        case ClockStarted():
            clock = Clock(
                target_s=event.target_s,
                calendar=event.calendar,
                since=event.since,
                due_at=event.due_at,
                transitions=(Transition(Turn.STARTED, event.since),),
                round=ticket.round,
            )
        case ClockStopped():
            return _ended(ticket, event.clock, event.at, stamp)
        case ClockCancelled():
            after = _ended(ticket, event.clock, stamp.at, stamp)
            return after if _for_good(ticket, event) else _not_ended(after, event.clock)
        case PayoutOwed():
            of_round = ticket.clocks[event.clock].round
            return replace(
                ticket,
                version=stamp.version,
                payouts={**ticket.payouts, f"{event.clock}/{of_round}": event.amount},
            )
        case TicketMovedToBook():
            return replace(ticket, version=stamp.version, policy=event.policy)
        case _:
            clock = _turned(ticket.clocks[event.clock], event, stamp)
    return replace(ticket, version=stamp.version, clocks={**ticket.clocks, event.clock: clock})


def _turned(
    clock: Clock,
    event: ClockPaused | ClockResumed | ClockWarned | ClockBreached | ClockMoved | TicketEscalated,
    stamp: Stamp,
) -> Clock:
    """Return a clock that goes on running, or rests, after a fact of it."""
    match event:
        case ClockPaused():
            return clock.turned(Turn.PAUSED, stamp.at)
        case ClockResumed():
            return clock.turned(Turn.RESUMED, stamp.at, event.due_at)
        case ClockWarned():
            return replace(clock, warned=(*clock.warned, event.share_bp))
        case ClockBreached():
            return replace(clock, breached=True)
        case TicketEscalated():
            return replace(clock, rung=event.rung)
        case ClockMoved():
            return replace(
                clock, target_s=event.target_s, calendar=event.calendar, due_at=event.due_at
            )
        case _:
            assert_never(event)


def _ended(ticket: Ticket, name: str, at: Instant, stamp: Stamp) -> Ticket:
    """The clock runs no more, and not again in this round unless its promise repeats."""
    return replace(
        ticket,
        version=stamp.version,
        clocks={one: clock for one, clock in ticket.clocks.items() if one != name},
        clocks_ended={**ticket.clocks_ended, name: at},
    )


def _for_good(ticket: Ticket, event: ClockCancelled) -> bool:
    """Return whether a cancelled promise is over in this round.

    One that only the book or a correction dropped may come back, as one whose ground was taken
    back may have another; one of the round before is made anew.
    """
    if event.why == REOPENED:
        return False
    return event.why not in NOT_FOR_GOOD or ticket.clocks[event.clock].breached


def _not_ended(ticket: Ticket, name: str) -> Ticket:
    ended = {one: at for one, at in ticket.clocks_ended.items() if one != name}
    return replace(ticket, clocks_ended=ended)


def evolve_matter(ticket: Ticket, event: MatterEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact about what it is, or one that was reported of it."""
    version = stamp.version
    match event:
        case DiagnosisMade():
            return _diagnosed(ticket, event, stamp)
        case ReadingCorrected():
            return _reread(ticket, event, stamp)
        case CustomerNoted():
            return replace(
                ticket,
                version=version,
                tier=event.tier,
                spend=event.spend,
                bought=event.bought or (),
            )
        case TicketPrioritised():
            return replace(ticket, version=version, priority=event.priority, points=event.points)
        case ContactFruitless():
            return replace(ticket, version=version, fruitless=event.contact, answered=frozenset())
        case BotAnswered():
            answered = ticket.answered | {Answering.AUTOMATIC_ANSWER}
            return replace(ticket, version=version, answered=answered)
        case WaitBegan():
            return replace(ticket, version=version, waits_on=event.on)
        case WaitEnded():
            return replace(ticket, version=version, waits_on=None)
        case ResolutionWritten():
            written = WrittenResolution(by=stamp.actor.ref, compensation=event.compensation)
            return replace(ticket, version=version, resolution=written)
        case PlanGiven():
            return replace(ticket, version=version, lease_until=None)
        case AnswerDiffered() | ArmDrawn() | FactReported() | ResolutionSigned():
            return replace(ticket, version=version)
        case _:
            assert_never(event)


def _diagnosed(ticket: Ticket, event: DiagnosisMade, stamp: Stamp) -> Ticket:
    """The latest judgement counts, but for what a person has corrected of the matter.

    A party is taken from a text only while nobody is held responsible yet. Urgency and feeling are
    of the words: later ones are judged anew, whatever a person said of those before.
    """
    after = replace(
        ticket,
        version=stamp.version,
        tags=ticket.tags if ticket.tags_corrected else event.tags or ticket.tags,
        flows=event.flows or ticket.flows,
        urgency=max(ticket.urgency, event.urgency, key=_RISING.index),
        sentiment=event.sentiment,
    )
    if ticket.corrected or ticket.responsible is not Responsible.UNDETERMINED:
        return after
    return replace(after, responsible=event.responsible)


def _reread(ticket: Ticket, event: ReadingCorrected, stamp: Stamp) -> Ticket:
    """What a person says of the words takes the place of what the machine said."""
    after = replace(
        ticket,
        version=stamp.version,
        tags=ticket.tags if event.tags is None else event.tags,
        reread=True,
        tags_corrected=ticket.tags_corrected or event.tags is not None,
        urgency=event.urgency or ticket.urgency,
        sentiment=event.sentiment or ticket.sentiment,
    )
    if event.upset is not False:
        return after
    found = {one: at for one, at in ticket.milestones.items() if one != _ANGER}
    return replace(after, milestones=found, withdrawn={**ticket.withdrawn, _ANGER: stamp.at})


_ANGER = Milestone.NEGATIVE_SENTIMENT.value
_RISING = ("low", "medium", "high")


def evolve_route(ticket: Ticket, event: RouteEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact about where it is worked on."""
    version = stamp.version
    match event:
        case TicketQueued():
            chosen = any(why.startswith(CHOSEN) for why in event.why)
            routed = ticket.routed if chosen else event.queue
            return replace(
                ticket, version=version, queue=event.queue, routed=routed, let_go=frozenset()
            )
        case AgentNoted():
            able = {**ticket.able, event.agent: event.skills}
            return replace(ticket, version=version, able=able)
        case AgentChosen():
            return replace(ticket, version=version, lease_until=event.lease_until)
        case AssignmentLapsed():
            return replace(
                ticket,
                version=version,
                assignee=None,
                lease_until=None,
                silent=ticket.silent | {event.agent},
            )
        case AssignmentReturned():
            return replace(ticket, version=version, assignee=None, lease_until=None)
        case DepartmentAsked():
            asked = DepartmentRequest(department=event.department, round=ticket.round)
            return replace(
                ticket,
                version=version,
                departments={**ticket.departments, event.request: asked},
            )
        case DepartmentPlanned():
            planned = replace(ticket.departments[event.request], planned=True)
            return replace(
                ticket,
                version=version,
                departments={**ticket.departments, event.request: planned},
            )
        case _:
            assert_never(event)
