"""Contents of evidence: uploaded as a body, as a form or to a staged address; read in ranges."""

from collections.abc import Iterator
from datetime import timedelta
from typing import IO, Annotated, Any, Final

from fastapi import Path, Query
from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request

from api import receipts, uploads
from api.auth import may_see
from api.byte_ranges import RangeDep, the_range
from api.deps import ActorDep, ReferencePath, ServicesDep, TicketPath
from api.models.commands import StagedUploadBody
from api.models.outcomes import AttachmentAnswer, StagedUploadAnswer
from api.openapi import answer, problem_responses
from api.problems import Problem, malformed
from api.reads.contents import content_of
from api.receipts import ADDRESS, GOOD_FOR, Receipt, StagedUpload
from api.routes.answers import json_answer
from api.routes.commands import command_router
from api.uploads import Received
from api.wiring import Services
from domain import errors
from domain.ledger import sniffing
from domain.ledger.vault_drafts import CHUNK_BYTES
from domain.streams import order_stream, ticket_stream
from domain.values import MACHINES, Actor, later

STAGED_FOR: Final = timedelta(minutes=15)
"""How long a staged address is good."""
_KEPT: Final[dict[int | str, dict[str, Any]]] = {
    **answer(AttachmentAnswer, "Where the content lies, and the receipt by which to name it.", 201)
}
_BYTES: Final[dict[str, Any]] = {one: {"schema": {}} for one in sniffing.MEDIA_TYPES}

router = command_router("contents", prefix="")


@router.post(
    "/v1/tickets/{ticket}/contents",
    operation_id="upload_content",
    summary="Upload a content that evidence will refer to",
    description="The raw bytes, or a form with one file; at most what the book allows (50 MiB). "
    "The answer is the `attachment` of an evidence item, for a day. Say `personal=true` of what "
    "shows or tells something of a person: it is then encrypted under that person's key.",
    status_code=201,
    response_model=None,
    openapi_extra=uploads.CONTENT_BODY,
    responses={**_KEPT, **problem_responses(400, 401, 403, 404, 413, 415, 422, 503)},
)
async def upload_content(
    ticket: TicketPath,
    request: Request,
    services: ServicesDep,
    actor: ActorDep,
    *,
    personal: Annotated[bool, Query()] = False,
) -> Response:
    """Keep a content under its digest; it is on no record before an evidence item refers to it."""
    await services.run(_require_ticket, services, actor, ticket)
    kept = await uploads.receive(
        request,
        services,
        size_max=services.ledger.book.limit.content_bytes,
        personal=personal,
    )
    return _told(services, ticket_stream(ticket), actor, kept)


@router.post(
    "/v1/orders/{order}/contents",
    operation_id="upload_order_content",
    summary="Upload a content that a certificate will refer to",
    description="The raw bytes, or a form with one file; at most what the book allows (50 MiB). "
    "The answer is the `attachment` of a certificate.",
    status_code=201,
    response_model=None,
    openapi_extra=uploads.CONTENT_BODY,
    responses={**_KEPT, **problem_responses(400, 401, 403, 404, 413, 415, 422, 503)},
)
async def upload_order_content(
    order: ReferencePath, request: Request, services: ServicesDep, actor: ActorDep
) -> Response:
    """Keep a content under its digest; it is on no record before a certificate refers to it."""
    await services.run(services.ledger.order, order)
    kept = await uploads.receive(
        request, services, size_max=services.ledger.book.limit.content_bytes
    )
    return _told(services, order_stream(order), actor, kept)


@router.post(
    "/v1/tickets/{ticket}/uploads",
    operation_id="prepare_upload",
    summary="Ask for an address to upload a content to",
    description="The address is signed and good for fifteen minutes; whoever has it may PUT these "
    "bytes there without a token, so an app or a camera can send them by itself.",
    status_code=201,
    response_model=None,
    responses={
        **answer(StagedUploadAnswer, "Where to PUT the bytes, and until when.", 201),
        **problem_responses(400, 401, 403, 404, 413, 415, 422, 503),
    },
)
async def prepare_upload(
    ticket: TicketPath, body: StagedUploadBody, services: ServicesDep, actor: ActorDep
) -> Response:
    """Answer the address of an upload that is announced; nothing is kept yet."""
    media_type = uploads.supported_type(body.media_type)
    limit = services.ledger.book.limit.content_bytes
    if body.size > limit:
        raise Problem("too_large", limit_bytes=limit)
    if body.name is not None:
        try:
            sniffing.check_name(body.name, media_type)
        except sniffing.Suspicious as found:
            raise Problem("content_refused", finding=found.finding) from None
    await services.run(_require_ticket, services, actor, ticket)
    staged = StagedUpload(
        subject=ticket_stream(ticket),
        actor=actor,
        media_type=media_type,
        size=body.size,
        sha256=body.sha256,  # type: ignore[arg-type]  # the pattern says it is one
        until=later(services.now(), STAGED_FOR),
        personal=body.personal,
        name=body.name if body.personal else None,
    )
    address = receipts.write_address(services.keys.cursor_key, staged)
    told = StagedUploadAnswer(f"/v1/uploads/{address}", "PUT", media_type, staged.until)
    return json_answer(told, status=201, headers={"Location": told.href})


@router.put(
    "/v1/uploads/{address}",
    operation_id="put_upload",
    summary="Upload the content a staged address was given for",
    description="The raw bytes, exactly as announced. The address is the permission; the answer "
    "is the `attachment` of an evidence item, for who asked for the address.",
    status_code=201,
    response_model=None,
    openapi_extra={"requestBody": {"required": True, "content": {"*/*": {"schema": {}}}}},
    responses={**_KEPT, **problem_responses(400, 404, 410, 413, 415, 422, 503)},
)
async def put_upload(
    address: Annotated[str, Path(pattern=ADDRESS)], request: Request, services: ServicesDep
) -> Response:
    """Keep the announced content; the same bytes again are the same answer."""
    staged = receipts.read_address(services.keys.cursor_key, address, services.now())
    kept = await uploads.receive(
        request,
        services,
        size_max=staged.size,
        media_type=staged.media_type,
        personal=staged.personal,
        name=staged.name,
    )
    if kept.size != staged.size or staged.sha256 not in {None, kept.sha256}:
        raise malformed("/body", "other_content", "This is not the content that was announced.")
    return _told(services, staged.subject, staged.actor, kept)


@router.get(
    "/v1/tickets/{ticket}/contents/{sha256}",
    operation_id="read_content",
    summary="Read the content of an evidence item",
    description="Every byte is hashed before the first one leaves. One range of bytes may be "
    "asked for. The look goes on record first.",
    response_class=Response,
    responses={
        200: {"description": "The bytes as they were uploaded.", "content": _BYTES},
        206: {"description": "The range of them that was asked for.", "content": _BYTES},
        **problem_responses(401, 403, 404, 416, 422, 500, 503),
    },
)
async def read_content(
    ticket: TicketPath,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    services: ServicesDep,
    actor: ActorDep,
    wanted: RangeDep,
) -> Response:
    """Return a content to those who were shown its item; the look goes on record first."""
    opened = await services.run(content_of, services, actor, ticket, sha256)
    tag = f'"{sha256}"'
    said, condition = wanted
    try:
        part = the_range(said if condition in {None, tag} else None, opened.size)
    except Problem:
        opened.file.close()
        raise
    start, stop = part or (0, opened.size)
    shown = "inline" if opened.media_type in sniffing.SHOWN_IN_PLACE else "attachment"
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=900",
        "Content-Disposition": f'{shown}; filename="{sha256}"',
        "Content-Length": str(stop - start),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{opened.size}"
    return StreamingResponse(
        _chunks(opened.file, start, stop),
        status_code=200 if part is None else 206,
        media_type=opened.media_type,
        headers=headers,
    )


def _chunks(file: IO[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Yield a part of a checked copy, and close it."""
    with file:
        file.seek(start)
        while start < stop:
            chunk = file.read(min(CHUNK_BYTES, stop - start))
            start += len(chunk)
            yield chunk


def _require_ticket(services: Services, actor: Actor, ticket: str) -> None:
    """Let those upload who may know of the ticket. Blocks."""
    found = services.ledger.ticket(ticket)
    if actor.kind not in MACHINES and not may_see(actor, found):
        raise errors.UnknownTicket


def _told(services: Services, subject: str, actor: Actor, kept: Received) -> Response:
    """Return the answer to an upload that was kept."""
    attachment = kept.attachment
    receipt = receipts.write_receipt(
        services.keys.cursor_key,
        subject=subject,
        actor=actor,
        said=Receipt(attachment, later(services.now(), GOOD_FOR), kept.personal),
    )
    family, _, name = subject.partition(":")
    headers = {"Location": f"/v1/tickets/{name}/contents/{attachment.sha256}"}
    return json_answer(
        AttachmentAnswer(attachment.sha256, attachment.size, attachment.media_type, receipt),
        status=201,
        headers=headers if family == "ticket" else {},
    )
