"""Evidence: items staged, replaced, sealed, shown, disputed; and where each of them has been."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path
from fastapi.responses import Response

from api import receipts
from api.deps import ActorDep, Asked, ServicesDep, TicketPath
from api.models import commands as bodies
from api.openapi import answer, problem_responses
from api.reads.custody import CustodyAnswer, custody_answer
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from domain import commands
from domain.events import EvidenceGathered, EvidenceReplaced, EvidenceStaged, EvidenceSupplemented
from domain.streams import ticket_stream

router = command_router("evidence")


async def _with_attachment(
    asked: Asked, in_path: Mapping[str, str], said: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of a command whose content its caller uploaded for this ticket."""
    own = receipts.own_attachment(
        asked.services.keys.cursor_key,
        subject=ticket_stream(in_path["ticket"]),
        actor=asked.actor,
        attachment=said["attachment"],
    )
    return {**said, **in_path, **own}


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


@router.get(
    "/evidence/{item}/custody",
    operation_id="read_custody",
    summary="Read the chain of custody of an evidence item",
    response_model=None,
    responses={
        **answer(CustodyAnswer, "Who brought, sealed, saw and used it, with its places on record."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_custody(
    ticket: TicketPath,
    item: Annotated[str, Path(pattern="^E[1-9][0-9]{0,5}$")],
    services: ServicesDep,
    actor: ActorDep,
) -> Response:
    """Return everything that happened to an item to those who may see it."""
    return json_answer(await services.run(custody_answer, services, actor, ticket, item))
