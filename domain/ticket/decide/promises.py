"""The switch over the commands of promises, queues and books: who decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    AnswerAutomatically,
    AnswerForDepartment,
    AskDepartments,
    BeginWait,
    ChooseAgent,
    EndWait,
    FollowOrder,
    GivePlan,
    LapseAssignment,
    MoveToBook,
    PassClock,
    QueueTicket,
    ReportFact,
    ReturnAssignment,
    SignResolution,
    WriteResolution,
)
from domain.events import Event
from domain.ticket import clocks, departments, facts, moving, resolutions, routing
from domain.ticket.context import Context
from domain.ticket.state import Ticket

PromiseCommand = (
    AnswerAutomatically
    | BeginWait
    | EndWait
    | GivePlan
    | ReportFact
    | WriteResolution
    | SignResolution
    | AskDepartments
    | AnswerForDepartment
    | QueueTicket
    | ChooseAgent
    | LapseAssignment
    | ReturnAssignment
    | PassClock
    | FollowOrder
    | MoveToBook
)


def decide_promise(command: PromiseCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case AnswerAutomatically():
            return facts.answer_automatically(command, ticket, context)
        case BeginWait():
            return facts.begin_wait(command, ticket, context)
        case EndWait():
            return facts.end_wait(command, ticket, context)
        case GivePlan():
            return facts.give_plan(command, ticket, context)
        case ReportFact():
            return facts.report_fact(command, ticket, context)
        case WriteResolution():
            return resolutions.write_resolution(command, ticket, context)
        case SignResolution():
            return resolutions.sign_resolution(command, ticket, context)
        case AskDepartments():
            return departments.ask_departments(command, ticket, context)
        case AnswerForDepartment():
            return departments.answer_for_department(command, ticket, context)
        case QueueTicket():
            return routing.queue_ticket(command, ticket, context)
        case ChooseAgent():
            return routing.choose_agent(command, ticket, context)
        case LapseAssignment():
            return routing.lapse_assignment(command, ticket, context)
        case ReturnAssignment():
            return routing.return_assignment(command, ticket, context)
        case PassClock():
            return clocks.pass_clock(command, ticket, context)
        case FollowOrder():
            return clocks.follow_order(command, ticket, context)
        case MoveToBook():
            return moving.move_to_book(command, ticket, context)
        case _:
            assert_never(command)
