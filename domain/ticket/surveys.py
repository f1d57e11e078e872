"""The question after a matter: asked once a ticket, a while after its resolution (CL-02).

It is asked in hours in which the book writes to people, so what lives again before is never asked
of. Closing does not cancel it; coming back to life does, and the next resolution starts anew. Once
it stands on record it is not asked again, also where it was overtaken before a channel took it.
"""

from collections.abc import Iterable

from domain import errors
from domain.commands import AskSurvey, GiveNps
from domain.events import Event, NpsGiven, SurveyAsked, SurveyCancelled, SurveyScheduled
from domain.policies.notices import opens_at
from domain.ticket.context import Context
from domain.ticket.guards import guards, require_actor, require_live, require_role
from domain.ticket.state import Ticket
from domain.values import ActorKind, Personal, later

SCORES = range(11)
"""How likely a buyer would recommend us, from not at all to certainly."""
UNRESOLVED = "withdrawn"
"""The outcome of a matter that nobody resolved: its buyer is not asked."""


def follow(before: Ticket | None, ticket: Ticket, context: Context) -> Iterable[Event]:
    """Yield that the question is due some day, or is not any more."""
    survey = context.book.survey
    waiting = ticket.survey
    if ticket.resolved is None:
        if waiting is not None and not waiting.asked:
            again = before is not None and ticket.round > before.round
            yield SurveyCancelled(why="reopened" if again else "appealed")
    elif waiting is None and survey is not None and ticket.resolved != UNRESOLVED:
        assert ticket.resolved_at is not None, "what is resolved was resolved at some time"
        week_over = later(ticket.resolved_at, survey.within)
        yield SurveyScheduled(
            due_at=opens_at(SurveyAsked.TOPIC, week_over, context.book),
            policy=context.book.version,
        )


@guards(AskSurvey)
def may_ask_survey(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Only the platform's own clock says that the time has come."""
    require_role(context, ActorKind.SYSTEM)
    require_live(ticket)


def ask_survey(command: AskSurvey, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Ask, once; nothing when it was asked, or is due at another time."""
    may_ask_survey(ticket, None, context)
    waiting = ticket.survey
    if waiting is None or waiting.asked or waiting.due_at > command.due_at:
        return ()
    if context.now < waiting.due_at:
        raise errors.NotYetDue(due_at=waiting.due_at)
    return (SurveyAsked(due_at=waiting.due_at, policy=context.book.version),)


@guards(GiveNps)
def may_give_nps(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The buyer answers what was asked, once; whatever became of the matter since."""
    require_actor(ticket, context, ActorKind.BUYER)
    if ticket.survey is None or not ticket.survey.asked:
        raise errors.WrongState("The question was not asked.")
    if ticket.survey.given:
        raise errors.AlreadyDone


def give_nps(command: GiveNps, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Say how likely the buyer would recommend us."""
    may_give_nps(ticket, None, context)
    if command.score not in SCORES:
        raise errors.Unreasonable("A score is a number from 0 to 10.")
    comment = command.comment
    return (
        NpsGiven(
            score=command.score,
            comment=None if comment is None else Personal(comment, subject=f"buyer:{ticket.buyer}"),
        ),
    )
