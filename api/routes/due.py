"""What is due over all tickets: promises of the book, deadlines of steps, requests to others."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from api.deps import ActorDep, MinPosition, ServicesDep
from api.gate import GatedRoute
from api.lateness import LatenessList, lateness
from api.models.base import At
from api.models.moments import as_of as told_as_of
from api.moments import AtOfEverything
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.reads import due
from api.reads.counts import book_of
from api.reads.waiting import caught_up
from api.routes.answers import json_answer
from api.routes.listing import CursorText, Limit, recorded_of
from api.routes.paging import Keyset
from domain.values import Awaiting, Instant
from projections import clocks, deadlines, departments

router = APIRouter(prefix="/v1", tags=["views"], route_class=GatedRoute)

DueBefore = Annotated[At | None, Query()]
Row = Annotated[
    str | None,
    Query(pattern="^[A-Z]{2}-[0-9]{2}$", description="A row of the rulebook.", examples=["SL-08"]),
]
DepartmentPath = Annotated[str, Path(pattern="^[a-z_]+$", max_length=64, examples=["supply_chain"])]


@router.get(
    "/clocks",
    operation_id="list_clocks",
    summary="List the promises that run, rest, or are broken and still owed",
    description="What is due soonest first. A kept or cancelled promise is on its ticket.",
    responses={
        **answer(due.ClockList, "A page of promises."),
        **problem_responses(401, 403, 422, 503),
    },
)
async def list_clocks(
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    state: Literal["running", "paused", "breached"] | None = None,
    row: Row = None,
    awaits: Awaiting | None = None,
    due_before: DueBefore = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of promises."""
    filters = clocks.Filters(
        state=state,
        row=row,
        awaits=awaits,
        due_before=None if due_before is None else Instant(due_before),
    )
    keyset = Keyset("clocks", request, services, filters, clocks.Key, cursor=cursor)
    await caught_up(services, "clocks", min_position)
    page = await services.read(
        lambda connection: due.clock_page(connection, filters, keyset.after, limit)
    )
    following = keyset.cursor(page.next)
    book_named = services.ledger.book_named
    items = tuple(due.clock_entry(one, book_named(one.policy)) for one in page.clocks)
    content = due.ClockList(items, following, page.moment)
    return json_answer(content, headers=keyset.headers(page.moment, following))


@router.get(
    "/deadlines",
    operation_id="list_deadlines",
    summary="List the deadlines of tickets' own steps",
    description="Offers, evidence, rulings, remedies …: what is due soonest first.",
    responses={
        **answer(due.DeadlineList, "A page of deadlines."),
        **problem_responses(401, 403, 422, 503),
    },
)
async def list_deadlines(
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    missed: Annotated[
        Literal["true", "false"], Query(description="Those that passed and are still owed.")
    ] = "false",
    awaits: Awaiting | None = None,
    due_before: DueBefore = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of deadlines."""
    filters = deadlines.Filters(
        missed=missed == "true",
        awaits=awaits,
        due_before=None if due_before is None else Instant(due_before),
    )
    keyset = Keyset("deadlines", request, services, filters, deadlines.Key, cursor=cursor)
    await caught_up(services, "deadlines", min_position)
    page = await services.read(
        lambda connection: due.deadline_page(connection, filters, keyset.after, limit)
    )
    following = keyset.cursor(page.next)
    items = tuple(due.deadline_entry(one) for one in page.deadlines)
    content = due.DeadlineList(items, following, page.moment)
    return json_answer(content, headers=keyset.headers(page.moment, following))


@router.get(
    "/lateness",
    operation_id="read_lateness",
    summary="Read how late the worker said what was due",
    description="By the day on which it was said (UTC) and by kind. Percentiles are rounded up.",
    responses={
        **answer(LatenessList, "The last 31 days on which anything was due, the newest first."),
        **problem_responses(401, 403, 422, 503),
    },
)
async def read_lateness(services: ServicesDep, _actor: ActorDep) -> Response:
    """Return how late the worker was."""
    return json_answer(await services.read(lateness))


@router.get(
    "/departments",
    operation_id="list_departments",
    summary="List departments with what they were asked",
    responses={
        **answer(due.DepartmentList, "Every department of the book in force."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_departments(
    services: ServicesDep, _actor: ActorDep, at: AtOfEverything, min_position: MinPosition = None
) -> Response:
    """Return the departments."""
    if at is not None:
        upto = await recorded_of(services, at, views=(departments.VIEW.name,))
        return json_answer(await services.run(due.department_list_at, services, at, upto))
    await caught_up(services, "departments", min_position)
    book = services.ledger.book
    return json_answer(
        await services.read(lambda connection: due.department_list(connection, book))
    )


@router.get(
    "/departments/{department}/requests",
    operation_id="list_department_requests",
    summary="List the requests to a department, each with its clock",
    description="The longest waiting first. What was asked is read on the ticket.",
    responses={
        **answer(due.RequestList, "A page of requests."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_department_requests(
    department: DepartmentPath,
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    state: Literal["open", "planned", "moot"] | None = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of requests."""
    filters = departments.Filters(department=department, state=state)
    keyset = Keyset("requests", request, services, filters, departments.Key, cursor=cursor, at=at)
    upto, book = await keyset.recorded(departments.VIEW.name), services.ledger.book
    if at is not None and upto is not None:
        book = await services.run(book_of, services, at, upto)
    due.require_department(department, book)
    await caught_up(services, "departments", min_position)
    if upto is None:
        page = await services.read(
            lambda connection: due.request_page(connection, filters, keyset.after, limit)
        )
    else:
        asked = due.RequestsAsked(keyset.after, limit)
        page = await services.run(due.request_page_at, services, upto, filters, asked)
    following = keyset.cursor(page.next)
    told = None if at is None else told_as_of(at)
    content = due.RequestList(page.requests, following, page.moment, told)
    return json_answer(content, headers=keyset.headers(page.moment, following))
