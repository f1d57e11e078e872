"""The switch over the facts of a ticket: what the ticket is after each; it never refuses one."""

from collections.abc import Callable, Iterable
from typing import Any, Final, get_args

from msgspec.structs import replace

from domain.events import Event, TicketOpened
from domain.ticket.evolve import (
    arbitration,
    deadlines,
    evidence,
    intake,
    negotiation,
    privacy,
    promises,
    remedies,
    sources,
    surveys,
)
from domain.ticket.milestones import by_whom, occurrences
from domain.ticket.state import Stamp, Ticket
from domain.values import ActorKind

_HANDLING: Final = (ActorKind.AGENT, ActorKind.SUPERVISOR)

_SUBJECTS: Final[dict[Any, Callable[[Ticket, Any, Stamp], Ticket]]] = {
    event_class: apply
    for union, apply in (
        (intake.IntakeEvent, intake.evolve_intake),
        (deadlines.DeadlineEvent, deadlines.evolve_deadline),
        (negotiation.NegotiationEvent, negotiation.evolve_negotiation),
        (evidence.EvidenceEvent, evidence.evolve_evidence),
        (arbitration.ArbitrationEvent, arbitration.evolve_arbitration),
        (remedies.RemedyEvent, remedies.evolve_remedy),
        (sources.SourceEvent, sources.evolve_source),
        (privacy.PrivacyEvent, privacy.evolve_privacy),
        (promises.ClockEvent, promises.evolve_clock),
        (promises.MatterEvent, promises.evolve_matter),
        (promises.RouteEvent, promises.evolve_route),
        (surveys.SurveyEvent, surveys.evolve_survey),
    )
    for event_class in get_args(union)
}
"""Event class → the switch of its subject; a look-up here, for a fold runs through every record."""


def evolve(ticket: Ticket | None, event: Event, stamp: Stamp) -> Ticket:
    """Return the ticket after one more fact of its stream."""
    if isinstance(event, TicketOpened):
        assert ticket is None, "a ticket is opened once"
        assert stamp.version == 1, "a ticket's first fact is that it was opened"
        after = intake.opened(event, stamp)
    else:
        assert ticket is not None, "a ticket's first fact is that it was opened"
        assert stamp.version == ticket.version + 1, "facts are applied in order, without gaps"
        after = _SUBJECTS[type(event)](ticket, event, stamp)
    happened = occurrences(after, event, stamp)
    if happened:
        after = replace(after, milestones={**after.milestones, **dict(happened)})
        if stamp.actor.kind in _HANDLING:
            done = by_whom(after, happened, stamp)
            after = replace(after, done={**after.done, **done}) if done else after
    return _handled(after, stamp) if stamp.actor.kind in _HANDLING else after


def fold(facts: Iterable[tuple[Event, Stamp]], ticket: Ticket | None = None) -> Ticket | None:
    """Return the ticket after these facts, in order."""
    for event, stamp in facts:
        ticket = evolve(ticket, event, stamp)
    return ticket


def _handled(ticket: Ticket, stamp: Stamp) -> Ticket:
    """Remember who of the staff acted on the ticket: none of them may judge it."""
    handler = f"{stamp.actor.kind}:{stamp.actor.ref}"
    if handler in ticket.handlers:
        return ticket
    return replace(ticket, handlers=ticket.handlers | {handler})
