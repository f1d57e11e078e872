"""Whether the process lives and is ready, and what each problem's type means; without a token."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from api.deps import ServicesDep
from api.gate import GatedRoute
from api.models.outcomes import Live, ProblemKind, Ready
from api.openapi import answer, problem_responses
from api.problems import Problem, catalogue
from api.reads.readiness import readiness
from api.routes.answers import json_answer

router = APIRouter(tags=["health"], route_class=GatedRoute)


@router.get(
    "/livez",
    operation_id="read_liveness",
    summary="Ask whether the process answers",
    responses=answer(Live, "It does."),
)
async def read_liveness() -> Response:
    """Say that the process answers."""
    return json_answer(Live())


@router.get(
    "/readyz",
    operation_id="read_readiness",
    summary="Ask whether the parts the API needs are there",
    responses={
        **answer(Ready, "They are; degraded when somebody must look."),
        **answer(Ready, "One of them is not.", 503),
    },
)
async def read_readiness(services: ServicesDep) -> Response:
    """Say how database, schema and views are, and what is the matter with the evidence."""
    found = await services.run(readiness, services)
    return json_answer(found, status=503 if found.status == "not_ready" else 200)


@router.get(
    "/problems/{code}",
    operation_id="read_problem_kind",
    summary="Read what a problem of a code means",
    responses={**answer(ProblemKind, "What it means."), **problem_responses(404, 422)},
)
async def read_problem_kind(
    code: Annotated[str, Path(pattern="^[a-z_]{1,64}$", examples=["wrong_stage"])],
) -> Response:
    """Return what the type of a problem document points to."""
    found = catalogue().get(code)
    if found is None:
        raise Problem("no_such_resource")
    return json_answer(found)
