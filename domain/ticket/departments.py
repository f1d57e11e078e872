"""Other departments: several are asked at once, each answers for itself, in a time of its own."""

from domain import errors
from domain.commands import AnswerForDepartment, AskDepartments
from domain.events import DepartmentAsked, DepartmentPlanned, Event
from domain.ticket.guards import DESK, guards, require_accepted, require_actor, require_unresolved
from domain.ticket.service import authored
from domain.ticket.state import Context, Ticket
from domain.values import ActorKind

REQUESTS_MAX = 20
"""How many requests one ticket holds."""


@guards(AskDepartments)
def may_ask_departments(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk asks about what it has taken up and nobody has resolved."""
    require_actor(ticket, context, *DESK)
    require_unresolved(ticket)
    require_accepted(ticket)
    if not context.book.department:
        raise errors.WrongState("The ticket's book has no departments.")
    if len(ticket.departments) >= REQUESTS_MAX:
        raise errors.LimitReached(limit=REQUESTS_MAX)


def ask_departments(command: AskDepartments, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Ask each of them; one that is asked already and has not answered is not asked twice."""
    may_ask_departments(ticket, None, context)
    known = {one.name for one in context.book.department}
    if not command.departments or not known.issuperset(command.departments):
        raise errors.UnknownDepartment(departments=sorted(known))
    pending = {one.department for one in ticket.departments.values() if not one.planned}
    asked = [name for name in dict.fromkeys(command.departments) if name not in pending]
    if len(ticket.departments) + len(asked) > REQUESTS_MAX:
        raise errors.LimitReached(limit=REQUESTS_MAX)
    return tuple(
        DepartmentAsked(
            request=f"D{number}",
            department=name,
            question=authored(command.question, context.actor),
            policy=context.book.version,
        )
        for number, name in enumerate(asked, start=len(ticket.departments) + 1)
    )


@guards(AnswerForDepartment)
def may_answer_for_department(ticket: Ticket, target: str | None, context: Context) -> None:
    """A department's owner answers as a supervisor of the platform, once a request."""
    require_actor(ticket, context, ActorKind.SUPERVISOR)
    request = ticket.departments.get(target or "")
    if request is None:
        raise errors.UnknownRequest
    if request.planned:
        raise errors.AlreadyDone


def answer_for_department(
    command: AnswerForDepartment, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Give the department's plan."""
    may_answer_for_department(ticket, command.request, context)
    return (DepartmentPlanned(request=command.request, plan=authored(command.plan, context.actor)),)
