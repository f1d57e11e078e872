"""What a ticket is after the facts of the question that follows it."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import JourneyLaidOut, NpsGiven, SurveyAsked, SurveyCancelled, SurveyScheduled
from domain.ticket.state import Stamp, SurveyState, Ticket

SurveyEvent = SurveyScheduled | SurveyCancelled | SurveyAsked | NpsGiven | JourneyLaidOut


def evolve_survey(ticket: Ticket, event: SurveyEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact about the question."""
    survey: SurveyState | None
    match event:
        case SurveyScheduled():
            survey = SurveyState(due_at=event.due_at)
        case SurveyCancelled():
            survey = None
        case SurveyAsked():
            survey = SurveyState(due_at=event.due_at, asked=True)
        case NpsGiven():
            assert ticket.survey is not None, "what was asked is answered"
            survey = replace(ticket.survey, given=True)
        case JourneyLaidOut():
            survey = ticket.survey
        case _:
            assert_never(event)
    return replace(ticket, version=stamp.version, survey=survey)
