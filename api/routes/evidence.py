"""Evidence: contents are uploaded, items staged, replaced, sealed, shown, disputed; and read."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Path
from fastapi.responses import Response
from starlette.requests import Request

from api import receipts, strict_json
from api.auth import may_see
from api.deps import ActorDep, Asked, ServicesDep, TicketPath
from api.models import commands as bodies
from api.models.outcomes import AttachmentAnswer
from api.openapi import answer, problem_responses
from api.problems import Problem, malformed
from api.reads.contents import content_of
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from domain import commands, errors
from domain.events import EvidenceGathered, EvidenceReplaced, EvidenceStaged, EvidenceSupplemented
from domain.values import MACHINES

CONTENT_BYTES_MAX: Final = 5 * 1024 * 1024
MEDIA_TYPES: Final = (
    "application/json",
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/csv",
    "text/plain",
    "video/mp4",
)
"""What evidence may be; everything is stored as it came and never interpreted."""
_SHOWN_IN_PLACE: Final = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4"})
_CONTENTS: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {media_type: {"schema": {}} for media_type in MEDIA_TYPES},
    }
}

router = command_router("evidence")


def _with_attachment(
    asked: Asked, in_path: Mapping[str, str], said: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of a command whose content its caller uploaded for this ticket."""
    attachment = said["attachment"]
    receipts.check_receipt(
        asked.services.keys.cursor_key,
        ticket=in_path["ticket"],
        actor=asked.actor,
        attachment=attachment,
    )
    own = {name: attachment[name] for name in ("sha256", "size", "media_type")}
    return {**said, **in_path, "attachment": own}


add_command(
    router,
    "/evidence-requests",
    commands.RequestEvidence,
    bodies.EvidenceRequestBody,
)
add_command(
    router,
    "/evidence",
    commands.StageEvidence,
    bodies.EvidenceBody,
    creates=(EvidenceStaged, EvidenceSupplemented),
    fields=_with_attachment,
)
add_command(router, "/evidence/seal", commands.SealEvidence)
add_command(
    router,
    "/evidence/{item}/replacement",
    commands.ReplaceEvidence,
    bodies.EvidenceBody,
    creates=(EvidenceReplaced,),
    fields=_with_attachment,
)
add_command(router, "/evidence/{item}/withdrawal", commands.WithdrawEvidence)
add_command(router, "/evidence/{item}/disclosure", commands.DiscloseEvidence, bodies.DisclosureBody)
add_command(router, "/evidence/{item}/contest", commands.ContestEvidence, bodies.ContestBody)
add_command(
    router,
    "/gathered-evidence",
    commands.GatherEvidence,
    bodies.GatheringBody,
    creates=(EvidenceGathered,),
    fields=_with_attachment,
)


@router.post(
    "/contents",
    operation_id="upload_content",
    summary="Upload a content that evidence will refer to",
    description="The raw bytes, at most 5 MiB. The answer is the `attachment` of an evidence item.",
    status_code=201,
    response_model=None,
    openapi_extra=_CONTENTS,
    responses={
        **answer(AttachmentAnswer, "Where the content lies.", 201),
        **problem_responses(401, 403, 404, 413, 415, 422, 503),
    },
)
async def upload_content(
    ticket: TicketPath, request: Request, services: ServicesDep, actor: ActorDep
) -> Response:
    """Keep a content under its digest; it is on no record before an evidence item refers to it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise Problem("media_type_unsupported", supported=MEDIA_TYPES)
    found = await services.run(services.ledger.ticket, ticket)
    if actor.kind not in MACHINES and not may_see(actor, found):
        raise errors.UnknownTicket
    content = await strict_json.bounded_body(request, CONTENT_BYTES_MAX)
    if not content:
        raise malformed("/body", "missing", "The content is empty.")
    kept = await services.run(services.ledger.keep_content, content, media_type)
    attachment = {"sha256": kept.sha256, "size": kept.size, "media_type": kept.media_type}
    receipt = receipts.write_receipt(
        services.keys.cursor_key, ticket=ticket, actor=actor, attachment=attachment
    )
    return json_answer(
        AttachmentAnswer(kept.sha256, kept.size, kept.media_type, receipt),
        status=201,
        headers={"Location": f"/v1/tickets/{ticket}/contents/{kept.sha256}"},
    )


@router.get(
    "/contents/{sha256}",
    operation_id="read_content",
    summary="Read the content of an evidence item",
    response_class=Response,
    responses={
        200: {
            "description": "The bytes as they were uploaded.",
            "content": {media_type: {"schema": {}} for media_type in MEDIA_TYPES},
        },
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_content(
    ticket: TicketPath,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    services: ServicesDep,
    actor: ActorDep,
) -> Response:
    """Return a content to those who were shown its item; a look of staff goes on record first."""
    content, media_type = await services.run(content_of, services, actor, ticket, sha256)
    shown = "inline" if media_type in _SHOWN_IN_PLACE else "attachment"
    return Response(
        content,
        media_type=media_type,
        headers={
            "Cache-Control": "private, max-age=900",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Disposition": f'{shown}; filename="{sha256}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
