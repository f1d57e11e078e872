"""The log over HTTP as C2SP tlog-tiles has it, and proofs; public, but for entries and tickets."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from api.deps import ActorDep, ServicesDep, TicketPath
from api.gate import GatedRoute
from api.models.log import ConsistencyProof
from api.openapi import Responses, answer, problem_responses
from api.reads import log as reads
from api.routes.answers import json_answer
from domain.proof.merkle import SIZE_MAX
from domain.values import KeyPurpose

_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
_FOR_EVER: Final = "max-age=31536000, immutable"
_NUMBER: Final = r"^(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[1-9][0-9]{0,2})?$"

LanePath = Annotated[str, Path(pattern=r"^(0|[1-9][0-9]{0,3})$", examples=["0"])]
Level = Annotated[str, Path(pattern=r"^(0|[1-9]|[1-5][0-9]|6[0-3])$", examples=["0"])]
TileNumber = Annotated[
    str,
    Path(
        pattern=_NUMBER,
        description="The tile's number as tlog-tiles writes it; `.p/W` for its first W hashes.",
        examples=["000", "x001/x234/067", "000.p/3"],
    ),
]
Size = Annotated[int, Query(ge=1, le=SIZE_MAX)]

router = APIRouter(tags=["log"], route_class=GatedRoute)


def _raw(media_type: str, description: str) -> Responses:
    """Return the description of an answer that is no JSON."""
    schema: dict[str, Any] = {"type": "string"}
    if media_type == _BYTES:
        schema["format"] = "binary"
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


def _text(content: object, *, cache: str) -> Response:
    return Response(str(content), media_type=_TEXT, headers={"Cache-Control": cache})


@router.get(
    "/log/lane-{lane}/checkpoint",
    operation_id="read_log_checkpoint",
    summary="Read a lane's newest checkpoint, with the cosignatures it has by now",
    response_class=Response,
    responses={**_raw(_TEXT, "A C2SP checkpoint."), **problem_responses(404, 422, 503)},
)
async def read_checkpoint(lane: LanePath, services: ServicesDep) -> Response:
    """Return the newest checkpoint: published, and witnessed or not yet."""
    found = await services.run(reads.checkpoint_note, services, int(lane))
    return _text(found, cache="public, max-age=1")


@router.get(
    "/log/lane-{lane}/witnessed",
    operation_id="read_log_witnessed",
    summary="Read a lane's newest checkpoint that the quorum of witnesses has cosigned",
    response_class=Response,
    responses={**_raw(_TEXT, "A C2SP checkpoint."), **problem_responses(404, 422, 503)},
)
async def read_witnessed(lane: LanePath, services: ServicesDep) -> Response:
    """Return the newest checkpoint that fulfils the policy."""
    found = await services.run(reads.witnessed_note, services, int(lane))
    return _text(found, cache="public, max-age=1")


@router.get(
    "/log/lane-{lane}/vkey",
    operation_id="read_log_key",
    summary="Read the keys that sign a lane's checkpoints now, the newest first",
    response_class=Response,
    responses={**_raw(_TEXT, "A vkey a line."), **problem_responses(404, 422, 503)},
)
async def read_key(lane: LanePath, services: ServicesDep) -> Response:
    """Return the log's keys; the anchor of trust is to know them from elsewhere."""
    return await _keys(services, int(lane), KeyPurpose.LOG)


@router.get(
    "/log/lane-{lane}/receipt-vkey",
    operation_id="read_receipt_key",
    summary="Read the key that signs a lane's receipts now",
    response_class=Response,
    responses={**_raw(_TEXT, "A vkey a line."), **problem_responses(404, 422, 503)},
)
async def read_receipt_key(lane: LanePath, services: ServicesDep) -> Response:
    """Return the keys of receipts."""
    return await _keys(services, int(lane), KeyPurpose.RECEIPT)


@router.get(
    "/log/policy",
    operation_id="read_log_policy",
    summary="Read whom to trust for a lane: its log, its witnesses and their quorum",
    response_class=Response,
    responses={**_raw(_TEXT, "A C2SP tlog-policy."), **problem_responses(404, 422, 503)},
)
async def read_policy(
    services: ServicesDep, lane: Annotated[int, Query(ge=0, le=1_023)] = 0
) -> Response:
    """Return the policy of a lane."""
    found = await services.run(reads.policy, services, lane)
    return _text(found, cache="public, max-age=60")


# Before the tiles: "entries" is no level.
@router.get(
    "/log/lane-{lane}/tile/entries/{number:path}",
    operation_id="read_log_entries",
    summary="Read a bundle of entries: whole records, with commitments for personal values",
    response_class=Response,
    responses={
        **_raw(_BYTES, "Entries, each after its length in two bytes."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_entries(
    lane: LanePath, number: TileNumber, services: ServicesDep, _actor: ActorDep
) -> Response:
    """Return the records of a tile, to those who audit."""
    found = await services.run(reads.tile, services, int(lane), f"tile/entries/{number}")
    headers = {"Cache-Control": f"private, {_FOR_EVER}", "Vary": "Authorization"}
    return Response(found, media_type=_BYTES, headers=headers)


@router.get(
    "/log/lane-{lane}/tile/{level}/{number:path}",
    operation_id="read_log_tile",
    summary="Read a tile of hashes",
    response_class=Response,
    responses={**_raw(_BYTES, "Hashes of 32 bytes."), **problem_responses(404, 422, 503)},
)
async def read_tile(
    lane: LanePath, level: Level, number: TileNumber, services: ServicesDep
) -> Response:
    """Return a tile; a full one is the same for ever, a partial one makes place for it."""
    found = await services.run(reads.tile, services, int(lane), f"tile/{level}/{number}")
    cache = "public, max-age=3600" if ".p/" in number else f"public, {_FOR_EVER}"
    return Response(found, media_type=_BYTES, headers={"Cache-Control": cache})


@router.get(
    "/v1/log/lanes/{lane}/consistency",
    operation_id="read_log_consistency",
    summary="Read the proof that a lane's log has only grown from one size to another",
    responses={
        **answer(ConsistencyProof, "The proof."),
        **problem_responses(404, 409, 422, 503),
    },
)
async def read_consistency(lane: LanePath, services: ServicesDep, old: Size, new: Size) -> Response:
    """Return a consistency proof; 409 with when, for a size that is not integrated yet."""
    found = await services.run(reads.consistency, services, int(lane), old, new)
    return json_answer(found, headers={"Cache-Control": f"public, {_FOR_EVER}"})


@router.get(
    "/v1/tickets/{ticket}/events/{version}/proof",
    operation_id="read_event_proof",
    summary="Read the proof that an event of a ticket is in the log",
    response_class=Response,
    responses={
        **_raw(_TEXT, "A C2SP tlog-proof; the leaf is the `leaf_hash` that the event has."),
        **problem_responses(401, 403, 404, 409, 422, 503),
    },
)
async def read_event_proof(
    ticket: TicketPath,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    services: ServicesDep,
    actor: ActorDep,
) -> Response:
    """Return an inclusion proof; 409 with when, for an event that no checkpoint covers yet."""
    found = await services.run(reads.event_proof, services, actor, ticket, version)
    return _text(found, cache="private, no-cache")


async def _keys(services: ServicesDep, lane: int, purpose: KeyPurpose) -> Response:
    keys = await services.run(reads.keys_in_use, services, lane, purpose)
    return _text("".join(f"{key.vkey}\n" for key in keys), cache="public, max-age=60")
