"""The queue of those who must act next, its counts, and the numbers over everything."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api import conditions, moments
from api.deps import ActorDep, IfNoneMatch, MinPosition, ServicesDep
from api.gate import GatedRoute
from api.models.base import At, Name
from api.moments import AtOfEverything
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.reads import counts, queues
from api.reads.waiting import caught_up
from api.routes.answers import json_answer
from api.routes.listing import (
    CursorText,
    FilterReference,
    Limit,
    Listing,
    past_of,
    past_view,
)
from domain.values import Awaiting, Instant, Kind, Stage
from projections import diagnosis, reports
from projections.queue import Filters

router = APIRouter(prefix="/v1", tags=["views"], route_class=GatedRoute)


@router.get(
    "/queue",
    operation_id="read_queue",
    summary="Read who must act next",
    description="The most urgent priority first, then what is due soonest.",
    responses={
        **answer(queues.QueuePage, "A page of the queue."),
        304: {"description": "The page is as the caller knows it."},
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_queue(
    request: Request,
    services: ServicesDep,
    actor: ActorDep,
    *,
    queue: Annotated[Name | None, Query()] = None,
    stage: Stage | None = None,
    awaiting: Awaiting | None = None,
    kind: Kind | None = None,
    priority: Annotated[int | None, Query(ge=1, le=4)] = None,
    assignee: Annotated[FilterReference, Query(description="A reference, or me.")] = None,
    merchant: FilterReference = None,
    buyer: FilterReference = None,
    order: FilterReference = None,
    source_state: Annotated[Name | None, Query()] = None,
    due_before: Annotated[At | None, Query()] = None,
    is_open: Annotated[Literal["true", "false", "any"], Query(alias="open")] = "true",
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    at: AtOfEverything,
    min_position: MinPosition = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a page of the queue."""
    filters = Filters(
        open=None if is_open == "any" else is_open == "true",
        queue=queue,
        stage=stage,
        awaiting=awaiting,
        assignee=actor.ref if assignee == "me" else assignee,
        merchant=merchant,
        buyer=buyer,
        order=order,
        kind=kind,
        priority=priority,
        source_state=source_state,
        due_before=None if due_before is None else Instant(due_before),
    )
    listing = Listing("queue", request, services, filters, cursor=cursor, limit=limit, at=at)
    page = await listing.page(min_position)
    following = listing.next_cursor(page)
    headers = listing.headers(page, following)
    if conditions.is_known(if_none_match, listing.tag(page)):
        return Response(status_code=304, headers=headers)
    return Response(
        queues.page_bytes(page, following, at), headers=headers, media_type="application/json"
    )


@router.get(
    "/queue/counts",
    operation_id="count_queue",
    summary="Count tickets by stage, by whose turn it is, by desk, priority and state",
    responses={
        **answer(counts.QueueCounts, "The counts, each with the list of tickets it counts."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def count_queue(
    services: ServicesDep, _actor: ActorDep, at: AtOfEverything, min_position: MinPosition = None
) -> Response:
    """Return the counts beside the queue."""
    if at is not None:
        upto = await past_of(services, at, views=(past_view(at), reports.NAME))
        with moments.told():
            return json_answer(await services.run(counts.queue_counts_at, services, at, upto))
    await caught_up(services, "queue", min_position)
    return json_answer(await services.read(counts.queue_counts))


@router.get(
    "/statistics",
    operation_id="read_statistics",
    summary="Read the numbers over all tickets",
    responses={
        **answer(counts.Statistics, "The numbers, each with the list of tickets it counts."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_statistics(
    services: ServicesDep, _actor: ActorDep, at: AtOfEverything, min_position: MinPosition = None
) -> Response:
    """Return the numbers over all tickets."""
    if at is not None:
        upto = await past_of(services, at, views=(past_view(at), reports.NAME, diagnosis.NAME))
        with moments.told():
            return json_answer(await services.run(counts.numbers_at, services, at, upto))
    await caught_up(services, "queue", min_position)
    await caught_up(services, diagnosis.NAME, min_position)
    return json_answer(await services.read(counts.numbers))
