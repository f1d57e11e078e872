"""Why a ticket stands where it stands in its queue, and why its decisions are what they are."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.deps import ActorDep, MinPosition, ServicesDep, TicketPath
from api.gate import GatedRoute
from api.moments import AtOfEverything, AtOfTicket, told
from api.openapi import answer, problem_responses
from api.reads.explanations import (
    Explanation,
    QueuePosition,
    explanation,
    queue_position,
    queue_position_at,
)
from api.reads.waiting import caught_up
from api.routes.answers import json_answer
from api.routes.listing import past_of
from replay.explain import What

router = APIRouter(prefix="/v1/tickets", tags=["tickets"], route_class=GatedRoute)


@router.get(
    "/{ticket}/queue-position",
    operation_id="read_queue_position",
    summary="Read where a ticket stands in its queue, with the events behind it",
    responses={
        **answer(QueuePosition, "Rank, total, sort key, and the facts it comes from."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_queue_position(
    ticket: TicketPath,
    services: ServicesDep,
    _actor: ActorDep,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return a ticket's place in its queue."""
    if at is not None:
        upto = await past_of(services, at)
        with told():
            found = await services.run(queue_position_at, services, at, upto, ticket)
        return json_answer(found)
    await caught_up(services, "queue", min_position)
    return json_answer(await services.run(queue_position, services, ticket))


@router.get(
    "/{ticket}/explain",
    operation_id="explain_ticket",
    summary="Explain decisions, amounts, due times, rank and more; each is worked out again",
    description="A look at a diagnosis goes on record: the buyer's words are judged again.",
    responses={
        **answer(Explanation, "Inputs, book, steps and result of every decision."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def explain_ticket(
    ticket: TicketPath,
    services: ServicesDep,
    actor: ActorDep,
    what: Annotated[What, Query(description="What is to be explained.")],
    at: AtOfTicket,
) -> Response:
    """Return why something on a ticket is as it is."""
    found = await services.run(explanation, services, actor, ticket, what, at)
    return json_answer(found, headers={"Cache-Control": "private, no-store"})
