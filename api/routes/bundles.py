"""Bundles: one ticket's evidence as a file that its recipient can check without us."""

import asyncio
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from api import bundling
from api.deps import ActorDep, ServicesDep, TicketPath
from api.gate import GatedRoute
from api.models.base import Body
from api.models.terms import Lax
from api.openapi import problem_responses
from api.wiring import Services
from domain.ledger.log import Signed
from domain.values import ExportPurpose, Recipient

WAIT_SECONDS_MAX = 5.0
"""How long an export waits for its checkpoint; there is one every second."""
_PAUSE_SECONDS = 0.1
_CHUNK_BYTES = 1024 * 1024
_ZIP = "application/zip"

router = APIRouter(prefix="/v1", tags=["evidence"], route_class=GatedRoute)


class BundleBody(Body):
    """For whom a bundle is, and what for."""

    recipient: Lax[Recipient]
    purpose: Annotated[
        Lax[ExportPurpose] | None, Field(description="Follows from the recipient unless said.")
    ] = None


@router.post(
    "/tickets/{ticket}/bundles",
    operation_id="export_bundle",
    summary="Take a ticket's evidence away as a file that checks itself",
    description="A BagIt 1.0 ZIP with what the recipient may see. Buyer and merchant have their "
    "own made. The export goes on record, and the answer waits a few seconds for a checkpoint "
    "that covers it; without one it is 409 with `expected_at`.",
    response_class=Response,
    responses={
        200: {
            "description": "The bundle.",
            "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
        },
        **problem_responses(401, 403, 404, 409, 413, 415, 422, 500, 503),
    },
)
async def export_bundle(
    ticket: TicketPath, body: BundleBody, services: ServicesDep, actor: ActorDep
) -> Response:
    """Put the export on record, wait until it is published, and send the bundle."""
    begun = await services.run(
        bundling.begin, services, actor, ticket, body.recipient, body.purpose
    )
    loop = asyncio.get_running_loop()
    until = loop.time() + WAIT_SECONDS_MAX
    while (signed := await services.run(bundling.covering, services, begun)) is None:
        if loop.time() >= until:
            raise await services.run(bundling.not_covered, services, begun)
        await asyncio.sleep(_PAUSE_SECONDS)
    packed, size = await services.run(_packed, services, begun, signed)
    name = f"{ticket}-{body.recipient}.zip"
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
    }
    return StreamingResponse(_chunks(packed), media_type=_ZIP, headers=headers)


def _packed(services: Services, begun: bundling.Begun, signed: Signed) -> tuple[IO[bytes], int]:
    """Return a finished bundle in a file that nobody else can open, and its size. Blocks."""
    out = TemporaryFile()  # noqa: SIM115 - closed by whoever reads it
    try:
        bundling.write(services, begun, signed, out)
    except BaseException:
        out.close()
        raise
    size = out.tell()
    out.seek(0)
    return out, size


def _chunks(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        while chunk := packed.read(_CHUNK_BYTES):
            yield chunk
