"""Journeys: the whole path of a ticket or an order, its waits named and attributed (CL-09)."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.deps import ActorDep, MinPosition, ReferencePath, ServicesDep, TicketPath
from api.gate import GatedRoute
from api.openapi import answer, problem_responses
from api.reads.journeys import (
    JourneyAnswer,
    OrderJourneyAnswer,
    journey_answer,
    order_journey_answer,
)
from api.reads.waiting import caught_up
from api.routes.answers import json_answer

router = APIRouter(prefix="/v1", tags=["journeys"], route_class=GatedRoute)
_PRIVATE = {"Cache-Control": "private, no-store"}


@router.get(
    "/tickets/{ticket}/journey",
    operation_id="read_journey",
    summary="Read the whole path of a ticket: its steps, and who had the ball in between",
    description="The longest waits come first; a side is not told of the house's inside.",
    responses={
        **answer(JourneyAnswer, "Waits end to end, totals a side, steps, and usable times."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_journey(ticket: TicketPath, services: ServicesDep, actor: ActorDep) -> Response:
    """Return a ticket's journey; it is read from the record."""
    found = await services.run(journey_answer, services, actor, ticket)
    return json_answer(found, headers=_PRIVATE)


@router.get(
    "/orders/{order}/journey",
    operation_id="read_order_journey",
    summary="Read the whole path of an order with all its tickets",
    responses={
        **answer(OrderJourneyAnswer, "The way to the goods, and the journey of every ticket."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_order_journey(
    order: ReferencePath, services: ServicesDep, actor: ActorDep, min_position: MinPosition = None
) -> Response:
    """Return an order's journey; which tickets it has is the queue's to say."""
    await caught_up(services, "queue", min_position)
    found = await services.run(order_journey_answer, services, actor, order)
    return json_answer(found, headers=_PRIVATE)
