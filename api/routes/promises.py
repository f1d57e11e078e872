"""What promises rest on: facts, plans, machines' answers, waits, departments, queues and books."""

from api.models import promises as bodies
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import DepartmentAsked

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
