"""Lists that counts lead to: rows that other systems told, and tickets that a machine judged."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.deps import ActorDep, MinPosition, ServicesDep
from api.gate import GatedRoute
from api.models.base import Name
from api.models.moments import as_of as told_as_of
from api.moments import AtOfEverything
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.problems import malformed
from api.reads import counted
from api.reads.counts import recorded_by
from api.reads.waiting import caught_up
from api.routes.answers import json_answer
from api.routes.listing import CursorText, Limit
from api.routes.paging import Keyset
from projections import diagnosis, reports

router = APIRouter(prefix="/v1", tags=["views"], route_class=GatedRoute)

Word = Annotated[str | None, Query(pattern="^[a-z_]+$", max_length=40)]
Truth = Literal["true", "false"] | None


@router.get(
    "/reports",
    operation_id="list_reports",
    summary="List the rows that other systems told, each with its ticket",
    description="By ticket, in the order of the record. `reports` of the counts leads here.",
    responses={
        **answer(counted.ReportList, "A page of rows."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_reports(
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    state: Annotated[Name | None, Query(description="The state the source told.")] = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of rows that other systems told."""
    filters = reports.Filters(state=state)
    keyset = Keyset("reports", request, services, filters, reports.Key, cursor=cursor, at=at)
    upto = await keyset.past(reports.NAME)
    await caught_up(services, reports.NAME, min_position)
    page = await services.read(
        lambda connection: counted.report_page(connection, filters, upto, keyset.after, limit)
    )
    moment = page.moment if upto is None else upto.moment
    following = keyset.cursor(page.next)
    content = counted.ReportList(
        tuple(counted.report_item(one) for one in page.reports),
        following,
        moment,
        None if at is None else told_as_of(at),
    )
    return json_answer(content, headers=keyset.headers(moment, following))


@router.get(
    "/diagnoses",
    operation_id="list_diagnoses",
    summary="List the tickets that a machine judged, with what a person said after it",
    description="By their ids. `agreement` of the statistics leads here. `agreed`, `machine` and "
    "`person` are asked of a `dimension`.",
    responses={
        **answer(counted.DiagnosisList, "A page of tickets."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_diagnoses(
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    judged: Annotated[Truth, Query(description="Whether a person judged too.")] = None,
    dimension: Literal["responsible", "scenario", "kind"] | None = None,
    agreed: Annotated[Truth, Query(description="Whether both said the same.")] = None,
    machine: Word = None,
    person: Word = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of tickets that a machine judged."""
    if dimension is None and any(one is not None for one in (agreed, machine, person)):
        raise malformed("/query/dimension", "value_error", "Say of which dimension.")
    filters = diagnosis.Filters(
        judged=None if judged is None else judged == "true",
        dimension=dimension,
        agreed=None if agreed is None else agreed == "true",
        machine=machine,
        person=person,
    )
    keyset = Keyset("diagnoses", request, services, filters, diagnosis.Key, cursor=cursor, at=at)
    upto = await keyset.past(diagnosis.NAME)
    counts = None
    if at is not None and upto is not None:
        counts = (await services.run(recorded_by, services, at, upto)).moment
    await caught_up(services, diagnosis.NAME, min_position)
    page = await services.read(
        lambda connection: counted.diagnosis_page(connection, filters, counts, keyset.after, limit)
    )
    following = keyset.cursor(page.next)
    content = counted.DiagnosisList(
        tuple(counted.diagnosis_entry(one) for one in page.rows),
        following,
        page.moment,
        None if at is None else told_as_of(at),
    )
    return json_answer(content, headers=keyset.headers(page.moment, following))
