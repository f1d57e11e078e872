"""What promises rest on: facts, plans, machines' answers, waits, departments, queues and books."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.deps import ActorDep, ServicesDep, TicketPath
from api.models import promises as bodies
from api.models.base import Reference
from api.moving import foreseen
from api.openapi import answer, problem_responses
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import DepartmentAsked
from replay.what_changes import Changes

router = command_router("promises")

add_command(router, "/facts", commands.ReportFact, bodies.FactBody)
add_command(router, "/plans", commands.GivePlan, bodies.PlanBody)
add_command(router, "/automatic-answers", commands.AnswerAutomatically, bodies.AutomaticAnswerBody)
add_command(router, "/wait", commands.BeginWait, bodies.WaitBody)
add_command(router, "/wait/end", commands.EndWait)
add_command(router, "/resolution", commands.WriteResolution, bodies.ResolutionBody)
add_command(router, "/resolution/signature", commands.SignResolution)
add_command(
    router,
    "/department-requests",
    commands.AskDepartments,
    bodies.DepartmentRequestBody,
    creates=(DepartmentAsked,),
)
add_command(
    router,
    "/department-requests/{request}/plan",
    commands.AnswerForDepartment,
    bodies.DepartmentPlanBody,
)
add_command(router, "/queue", commands.QueueTicket, bodies.QueueBody)
add_command(router, "/book", commands.MoveToBook, bodies.BookBody)


@router.get(
    "/book-changes",
    operation_id="read_book_changes",
    summary="Read what moving a ticket to another book would change; nothing is recorded",
    description="Every due time, breach, priority, queue and amount, as the move would make them "
    "now. What the move would be refused for is refused here. For: supervisor, admin.",
    responses={
        **answer(Changes, "What would change; nothing but the books where all stays."),
        **problem_responses(401, 403, 404, 409, 422, 503),
    },
)
async def read_book_changes(
    ticket: TicketPath,
    services: ServicesDep,
    actor: ActorDep,
    to: Annotated[Reference, Query(description="The version of an adopted book.")],
) -> Response:
    """Return what a move would change, asked of the judgement that moves."""
    found = await services.run(foreseen, services, actor, ticket, to)
    return json_answer(found, headers={"Cache-Control": "private, no-store"})
