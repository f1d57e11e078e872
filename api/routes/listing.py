"""What every list over the queue view shares: its cursor, its page, its headers."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from fastapi import Query, Request

from api import moments
from api.models.base import Reference
from api.packed import pack, unpack
from api.pagination import (
    CURSOR_CHARACTERS_MAX,
    LIMIT_MAX,
    Cursor,
    filters_digest,
    next_link,
    page_tag,
    read_cursor,
    write_cursor,
)
from api.problems import Problem
from api.reads.counts import recorded_by
from api.reads.queues import queue_page, queue_page_at
from api.reads.waiting import caught_up, level
from api.wiring import Services
from domain.streams import parse_moment, position_text
from projections import reports
from projections.queue import Filters, Key, QueueList
from replay.as_of import Asked, At, Upto

FilterReference = Annotated[Reference | None, Query()]
CursorText = Annotated[
    str | None,
    Query(
        max_length=CURSOR_CHARACTERS_MAX,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
_VIEW: Final = "queue"
PAST: Final = "queue_past"
"""The view of the queue's past, by what was recorded."""
OCCURRED: Final = "queue_occurred"
"""The same by what had occurred."""


class Listing:
    """One request for a page: which rows, behind which, and what to say of the next page."""

    def __init__(
        self,
        name: str,
        request: Request,
        services: Services,
        filters: Filters,
        *,
        cursor: str | None,
        limit: int,
        at: At | None = None,
    ) -> None:
        """Read the cursor; raise the problem of one that is not this list's."""
        self._request = request
        self._services = services
        self._filters = filters
        self._limit = limit
        self._at = at
        asked = {**msgspec.structs.asdict(filters), **bound_to(at)}
        self._digest = filters_digest(name, asked)
        self._after: Key | None = None
        self._upto: Upto | None = None
        if cursor is not None:
            found = read_cursor(services.keys.cursor_key, cursor, self._digest)
            try:
                self._after = msgspec.convert(
                    dict(zip(Key.__struct_fields__, found.after, strict=True)), Key
                )
            except (ValueError, msgspec.ValidationError):
                raise Problem("cursor_invalid") from None
            self._upto = upto_of(found, at)

    async def page(self, min_position: str | None) -> QueueList:
        """Return the page, when the view is where the caller wants it."""
        if self._at is not None:
            upto = await past_of(self._services, self._at, self._upto)
            asked = Asked(self._filters, self._after)
            with moments.told():
                return await self._services.run(
                    queue_page_at, self._services, upto, asked, self._limit
                )
        await caught_up(self._services, _VIEW, min_position)
        return await self._services.read(
            lambda connection: queue_page(connection, self._filters, self._after, self._limit)
        )

    def next_cursor(self, page: QueueList) -> str | None:
        """Return the cursor that leads behind a page, None when it is the last."""
        if page.next is None:
            return None
        place = msgspec.structs.astuple(page.next)
        cursor = Cursor(self._digest, place, places_of(self._at, page.moment))
        return write_cursor(self._services.keys.cursor_key, cursor)

    def tag(self, page: QueueList) -> str:
        """Return the weak ETag of a page."""
        return page_tag(page.moment)

    def headers(self, page: QueueList, following: str | None) -> dict[str, str]:
        """Return the headers of a page."""
        headers = {
            "ETag": self.tag(page),
            "Cache-Control": "private, no-cache",
            "Vary": "Authorization",
        }
        if following is not None:
            query = {
                name: value
                for name, value in self._request.query_params.items()
                if name not in {"cursor", "min_position"}
            }
            headers["Link"] = next_link(self._request.url.path, query, following)
        return headers


def bound_to(at: At | None) -> dict[str, str]:
    """Return what binds a cursor to the moment its list is of."""
    return {} if at is None else {"at": _spelt(at)}


def places_of(at: At | None, moment: str) -> bytes:
    """Return which moment an instant was found to be: what is recorded later is on no page."""
    if at is None or at.position is not None:
        return b""
    return pack([place for _, place in sorted(parse_moment(moment).items())])


def upto_of(cursor: Cursor, at: At | None) -> Upto | None:
    """Return which moment the pages before had found an instant to be."""
    if at is None or not cursor.places:
        return None
    return Upto(dict(enumerate(unpack(cursor.places))), at.occurred)


async def past_of(
    services: Services, at: At, found: Upto | None = None, *, views: Sequence[str] | None = None
) -> Upto:
    """Return which records count at a moment, when the views that are asked are there.

    Without any named it is the view of the queue's past by that kind of time.

    An instant that was found before is not looked for again: more may be recorded by now.
    """
    if found is None and at.occurred is not None:
        # What other systems told may have occurred before anything was recorded.
        await level(services, reports.NAME)
    upto = found if found is not None else await services.run(_resolved, services, at)
    for view in (past_view(at),) if views is None else views:
        await caught_up(services, view, upto.moment)
    return upto


def past_view(at: At) -> str:
    """Return the view of the queue's past by the kind of time that a moment is of."""
    return PAST if at.occurred is None else OCCURRED


async def recorded_of(
    services: Services, at: At, found: Upto | None = None, *, views: Sequence[str]
) -> Upto:
    """Return the same for things that occur when they are recorded: no other order is theirs."""
    if found is not None:
        return await past_of(services, at, found, views=views)
    upto = await past_of(services, at, views=())
    upto = await services.run(recorded_by, services, at, upto)
    return await past_of(services, at, upto, views=views)


def _resolved(services: Services, at: At) -> Upto:
    """Return which records count at a moment. Blocks."""
    with moments.told():
        return moments.resolved(services, at)


def _spelt(at: At) -> str:
    """Return the one spelling of a moment, to which a cursor is bound."""
    if at.position is not None:
        return ",".join(position_text(lane, place) for lane, place in sorted(at.position.items()))
    return f"{'recorded' if at.time else 'occurred'} {at.time or at.occurred}"
