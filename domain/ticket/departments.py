"""Other departments: several are asked at once, each answers for itself, in a time of its own.

The desk asks them, and a promise of the book may: then they are asked when its clock starts.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from domain import errors
from domain.commands import AnswerForDepartment, AskDepartments
from domain.events import ClockStarted, DepartmentAsked, DepartmentPlanned, Event
from domain.ticket.clocks.running import rule_of
from domain.ticket.context import Context
from domain.ticket.guards import (
    DESK,
    guards,
    require_accepted,
    require_actor,
    require_live,
    require_no_party,
    require_role,
    require_unresolved,
)
from domain.ticket.service import authored
from domain.ticket.state import DepartmentRequest, Ticket
from domain.values import SYSTEM, Actor

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
    asked = _unasked(command.departments, ticket)
    if len(ticket.departments) + len(asked) > REQUESTS_MAX:
        raise errors.LimitReached(limit=REQUESTS_MAX)
    return _requests(asked, command.question, ticket, context, by=context.actor)


def follow(
    _before: Ticket | None, ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return what is asked because a promise has just begun to run that asks departments (SL-05).

    Where the ticket holds no more requests, the promise runs without them.
    """
    begun = [rule_of(one.clock, context.book) for one in facts if isinstance(one, ClockStarted)]
    for rule in begun:
        if rule is not None and rule.asks:
            room = REQUESTS_MAX - len(ticket.departments)
            asked = _unasked(rule.asks, ticket)[:room]
            question = f"{rule.zh} / {rule.en}"
            for one in _requests(asked, question, ticket, context, by=SYSTEM):
                ticket = _with(ticket, one)
                yield one


def pending(ticket: Ticket) -> Mapping[str, DepartmentRequest]:
    """Return the requests a plan is owed for; those of an earlier round are moot."""
    return {
        name: one
        for name, one in ticket.departments.items()
        if one.round == ticket.round and not one.planned
    }


def were_asked(facts: Iterable[Event]) -> bool:
    """Return whether departments are asked by these facts: their clocks begin with that."""
    return any(isinstance(one, DepartmentAsked) for one in facts)


@guards(AnswerForDepartment)
def may_answer_for_department(ticket: Ticket, target: str | None, context: Context) -> None:
    """People of the desk that owns a department answer for it, once a request.

    So do those of a desk its clock was escalated to. Who works on the matter has no part in it.
    """
    require_role(context, *DESK)
    require_live(ticket)
    require_no_party(ticket, context)
    request = ticket.departments.get(target or "")
    if request is None:
        raise errors.UnknownRequest
    desks = _answerers(target or "", request.department, ticket, context)
    known = context.agents(context.actor.ref)
    if known is None or known.desk not in desks:
        raise errors.NotFit(reason=":".join(["desk", *desks[:1]]))
    if request.planned:
        raise errors.AlreadyDone
    if request.round != ticket.round:
        raise errors.WrongState("The request is of an earlier round of the matter.")


def answer_for_department(
    command: AnswerForDepartment, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Give the department's plan."""
    may_answer_for_department(ticket, command.request, context)
    return (DepartmentPlanned(request=command.request, plan=authored(command.plan, context.actor)),)


def _unasked(departments: Iterable[str], ticket: Ticket) -> list[str]:
    """Return those of the departments that are not asked already, or have answered."""
    asked = {one.department for one in pending(ticket).values()}
    return [name for name in dict.fromkeys(departments) if name not in asked]


def _with(ticket: Ticket, asked: DepartmentAsked) -> Ticket:
    """Return the ticket as the next promise sees it: nobody is asked twice."""
    request = DepartmentRequest(department=asked.department, round=ticket.round)
    return replace(ticket, departments={**ticket.departments, asked.request: request})


def _requests(
    departments: Sequence[str], question: str, ticket: Ticket, context: Context, *, by: Actor
) -> tuple[DepartmentAsked, ...]:
    return tuple(
        DepartmentAsked(
            request=f"D{number}",
            department=name,
            question=authored(question, by),
            policy=context.book.version,
        )
        for number, name in enumerate(departments, start=len(ticket.departments) + 1)
    )


def _answerers(request: str, department: str, ticket: Ticket, context: Context) -> list[str]:
    """Return the desks that may answer a request: the owner's, and those it was escalated to."""
    owners = [one.owner for one in context.book.department if one.name == department]
    for name, clock in ticket.clocks.items():
        rule = rule_of(name, context.book)
        if rule is not None and rule.per == "department" and name.endswith(f":{request}"):
            owners += [rung.to for rung in rule.ladder[: clock.rung]]
    return owners
