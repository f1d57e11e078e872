"""What sides may know of: every fact of a ticket was decided on, and the inner ones are staff's."""

import pytest

from api.reads.telling import TOLD, TOLD_TO_BUYER
from domain import events
from domain.events import EVENTS, Event

BY_SIDE = frozenset(
    {
        events.EvidenceStaged,
        events.EvidenceReplaced,
        events.EvidenceWithdrawn,
        events.EvidenceSupplemented,
        events.EvidenceGathered,
    }
)
"""What is told by whose it is, or whom it was shown to."""
INSIDE = frozenset(
    {
        events.JourneyLaidOut,
        events.NoteAdded,
        events.TicketAssigned,
        events.AssignmentReleased,
        events.AssignmentLapsed,
        events.AssignmentReturned,
        events.AgentChosen,
        events.AgentNoted,
        events.TicketQueued,
        events.TicketEscalated,
        events.TicketPrioritised,
        events.CustomerNoted,
        events.ArmDrawn,
        events.ContactFruitless,
        events.AnswerDiffered,
        events.DepartmentAsked,
        events.DepartmentPlanned,
        events.DiagnosisMade,
        events.ReadingCorrected,
        events.ResolutionWritten,
        events.ClockStarted,
        events.ClockPaused,
        events.ClockResumed,
        events.ClockStopped,
        events.ClockCancelled,
        events.ClockWarned,
        events.ClockBreached,
        events.ClockMoved,
    }
)
"""How the platform works inside: what a customer is worth, who is called, what is not signed."""


def test_every_fact_of_a_ticket_was_decided_on() -> None:
    """A new fact is staff's until somebody decides otherwise, and the decision stands here."""
    of_tickets = {one for one in EVENTS.values() if one.FAMILY == "ticket"}
    assert of_tickets == TOLD | TOLD_TO_BUYER | BY_SIDE | INSIDE


@pytest.mark.parametrize("inner", sorted(INSIDE, key=lambda one: one.__name__))
def test_what_is_inside_is_told_to_no_side(inner: type[Event]) -> None:
    """Neither in bundles, nor in proofs, nor to a caller whose version is stale."""
    assert inner not in TOLD | TOLD_TO_BUYER
