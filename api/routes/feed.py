"""The feed: every record in the order of its lane, as pages of JSON or as a stream of events."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from api import conditions
from api.auth import Caller
from api.deps import CallerDep, ServicesDep
from api.gate import GatedRoute
from api.models.base import MOMENT_CHARACTERS_MAX
from api.moments import ASKED
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.reads.events import Feed, encode, feed_page, shown
from api.routes.answers import json_answer
from api.routes.listing import Limit
from api.streaming import Follower
from api.wiring import Services
from domain.streams import parse_moment, position_text

HEARTBEAT_SECONDS: Final = 15.0
RETRY_MS: Final = 1_000
_PAGE: Final = 200
_STREAM: Final = "text/event-stream"

MomentText = Annotated[
    str | None,
    Query(max_length=MOMENT_CHARACTERS_MAX, json_schema_extra={"pattern": ASKED}, examples=["0-1"]),
]

router = APIRouter(prefix="/v1", tags=["feed"], route_class=GatedRoute)


@router.get(
    "/feed",
    operation_id="read_feed",
    summary="Read every record in order, as JSON or as server-sent events",
    description=(
        "With `Accept: text/event-stream` it goes on as the record grows: `id` is the moment to "
        "resume after (send it as `Last-Event-ID`), `event` the topic, `data` the record; a "
        "comment every 15 seconds keeps the connection open. It ends with the token."
    ),
    responses={
        **answer(
            Feed,
            "Records behind the moment.",
            also={_STREAM: {"schema": {"type": "string"}}},
        ),
        **problem_responses(401, 403, 422, 503),
    },
)
async def read_feed(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    *,
    after: MomentText = None,
    limit: Limit = LIMIT_USUAL,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=MOMENT_CHARACTERS_MAX,
            json_schema_extra={"pattern": ASKED},
        ),
    ] = None,
) -> Response:
    """Return records behind a moment, or a stream of them that goes on."""
    lanes = services.ledger.lanes
    start = conditions.moment(after, where="/query/after", lanes=lanes)
    resumed = conditions.moment(last_event_id, where="/header/last-event-id", lanes=lanes)
    if _STREAM in (accept or ""):
        follower: Follower = request.app.state.follower
        records = _records(services, follower, caller, {**start, **resumed})
        # The first step is taken here, so that a full house is answered and not streamed.
        first = await anext(records)
        return StreamingResponse(
            _with_first(first, records),
            media_type=_STREAM,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
    found, position = await services.run(feed_page, services, start, limit)
    nothing = ",".join(position_text(lane, start.get(lane, 0)) for lane in range(lanes))
    reached = found[-1][1] if found else nothing
    items: list[dict[str, Any]] = [shown(record) for record, _ in found]
    return json_answer({"items": items, "after": reached, "position": position})


async def _records(
    services: Services, follower: Follower, caller: Caller, after: Mapping[int, int]
) -> AsyncIterator[bytes]:
    """Yield the text of the stream until the token, the reader or the server ends it."""
    async with follower.stream():
        yield b"retry: %d\n\n" % RETRY_MS
        while not follower.stopped and services.now() < caller.until:
            if not await follower.moved(after, HEARTBEAT_SECONDS):
                yield b": still here\n\n"
                continue
            found, _ = await services.run(feed_page, services, after, _PAGE)
            if found:
                after = parse_moment(found[-1][1])
                yield b"".join(
                    b"id: %b\nevent: %b\ndata: %b\n\n"
                    % (moment.encode(), record.envelope.topic.encode(), encode(record))
                    for record, moment in found
                )


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
