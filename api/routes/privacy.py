"""Keeping and forgetting: legal holds on a ticket, and the erasure of a person everywhere."""

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from api.deps import AskedDep, ServicesDep, TicketPath
from api.models import privacy as bodies
from api.openapi import answer, problem_responses
from api.reads.privacy import (
    ErasurePreview,
    LegalHolds,
    eraser_of,
    legal_holds,
    preview,
)
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from domain import commands
from domain.ledger.erasure import Erasure

router = command_router("privacy", prefix="/v1")
_ERASURES = "/erasures"
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number of a request.")]

add_command(router, "/tickets/{ticket}/legal-hold", commands.PlaceLegalHold, bodies.LegalHoldBody)
add_command(
    router,
    "/tickets/{ticket}/legal-hold/release",
    commands.ReleaseLegalHold,
    bodies.LegalHoldReleaseBody,
)


@router.get(
    "/tickets/{ticket}/legal-hold",
    operation_id="read_legal_hold",
    summary="Read what keeps personal data on a ticket, and what was erased there",
    responses={
        **answer(LegalHolds, "Holds, restrictions and erasures, as they stand on record."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_legal_hold(ticket: TicketPath, services: ServicesDep) -> Response:
    """Return what stands against an erasure on a ticket, and what was erased."""
    return json_answer(await services.run(legal_holds, services, ticket))


@router.post(
    _ERASURES,
    operation_id="request_erasure",
    summary="Forget a person wherever something of him is kept",
    description="Where retention or a legal hold stands against it the data are restricted "
    "instead, and the answer says until when. Asked again while it is being carried out, it is "
    "the same erasure.",
    status_code=201,
    responses={
        **answer(Erasure, "What was erased, and what stands against the rest.", 201),
        **problem_responses(400, 401, 403, 409, 412, 413, 415, 422, 428, 503),
    },
)
async def request_erasure(body: bodies.ErasureBody, asked: AskedDep) -> Response:
    """Erase what is personal of a subject, ticket by ticket; what was begun is finished later."""
    eraser = eraser_of(asked.services)
    found = await asked.services.run(
        lambda: eraser.erase(
            body.subject,
            body.ground,
            asked.actor,
            key=asked.key,
            expected_version=asked.expected_version,
        )
    )
    return json_answer(found, status=201, headers={"Location": f"/v1{_ERASURES}/{found.erasure}"})


@router.get(
    f"{_ERASURES}/preview",
    operation_id="preview_erasure",
    summary="See what an erasure would come to; nothing is recorded",
    responses={
        **answer(ErasurePreview, "Every ticket with something of the person."),
        **problem_responses(401, 403, 422, 503),
    },
)
async def preview_erasure(
    services: ServicesDep,
    subject: Annotated[bodies.Subject, Query(description="Whose personal data: role:reference.")],
) -> Response:
    """Return on which tickets something of the person is, and what stands against erasing it."""
    return json_answer(await services.run(preview, services, subject))


@router.get(
    f"{_ERASURES}/{{erasure}}",
    operation_id="read_erasure",
    summary="Read what became of an erasure",
    responses={
        **answer(Erasure, "The erasure as the record tells it."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_erasure(erasure: Number, services: ServicesDep) -> Response:
    """Return an erasure with every ticket it came to."""
    return json_answer(await services.run(eraser_of(services).told, erasure))
