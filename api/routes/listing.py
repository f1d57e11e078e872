"""What every list over the queue view shares: its cursor, its page, its headers."""

from typing import Annotated, Final

import msgspec
from fastapi import Query, Request

from api.models.base import Reference
from api.pagination import (
    LIMIT_MAX,
    Cursor,
    filters_digest,
    next_link,
    read_cursor,
    write_cursor,
)
from api.problems import Problem
from api.reads.queues import queue_page
from api.reads.waiting import caught_up
from api.wiring import Services
from projections.queue import Filters, Key, QueueList

FilterReference = Annotated[Reference | None, Query()]
CursorText = Annotated[
    str | None,
    Query(
        max_length=600, pattern="^[A-Za-z0-9_-]+$", description="`next_cursor` of the page before."
    ),
]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
_VIEW: Final = "queue"


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
    ) -> None:
        """Read the cursor; raise the problem of one that is not this list's."""
        self._request = request
        self._services = services
        self._filters = filters
        self._limit = limit
        self._digest = filters_digest(name, msgspec.structs.asdict(filters))
        self._after: Key | None = None
        if cursor is not None:
            found = read_cursor(services.keys.cursor_key, cursor, self._digest)
            try:
                self._after = msgspec.convert(
                    dict(zip(Key.__struct_fields__, found.after, strict=True)), Key
                )
            except (ValueError, msgspec.ValidationError):
                raise Problem("cursor_invalid") from None

    async def page(self, min_position: str | None) -> QueueList:
        """Return the page, when the view is where the caller wants it."""
        await caught_up(self._services, _VIEW, min_position)
        return await self._services.read(
            lambda connection: queue_page(connection, self._filters, self._after, self._limit)
        )

    def next_cursor(self, page: QueueList) -> str | None:
        """Return the cursor that leads behind a page, None when it is the last."""
        if page.next is None:
            return None
        place = msgspec.structs.astuple(page.next)
        return write_cursor(self._services.keys.cursor_key, Cursor(self._digest, place))

    def tag(self, page: QueueList) -> str:
        """Return the weak ETag of a page: the same address at the same moment is the same page."""
        return f'W/"{page.moment}"'

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
