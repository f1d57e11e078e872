"""What lists of views share, whatever they list: the signed cursor in, the cursor and Link out."""

from typing import Any, Generic, TypeVar

import msgspec
from fastapi import Request

from api.pagination import Cursor, filters_digest, next_link, page_tag, read_cursor, write_cursor
from api.problems import Problem
from api.routes.listing import bound_to, past_of, places_of, recorded_of, upto_of
from api.wiring import Services
from replay.as_of import At, Upto

K = TypeVar("K", bound=msgspec.Struct)


class Keyset(Generic[K]):
    """One request for a page of a list that is sorted by a key."""

    def __init__(
        self,
        name: str,
        request: Request,
        services: Services,
        filters: msgspec.Struct,
        key: type[K],
        *,
        cursor: str | None,
        at: At | None = None,
    ) -> None:
        """Read the cursor; raise the problem of one that is not this list's."""
        self._request = request
        self._secret = services.keys.cursor_key
        self._services = services
        self._at = at
        self._digest = filters_digest(name, {**msgspec.structs.asdict(filters), **bound_to(at)})
        self._upto: Upto | None = None
        self.after: K | None = None
        if cursor is not None:
            found = read_cursor(self._secret, cursor, self._digest)
            try:
                self.after = msgspec.convert(
                    dict(zip(key.__struct_fields__, found.after, strict=True)), key
                )
            except (ValueError, msgspec.ValidationError):
                raise Problem("cursor_invalid") from None
            self._upto = upto_of(found, at)

    async def past(self, *views: str) -> Upto | None:
        """Return which records count, when the views are there; None for now."""
        if self._at is not None:
            self._upto = await past_of(self._services, self._at, self._upto, views=views)
        return self._upto

    async def recorded(self, *views: str) -> Upto | None:
        """Return the same for a list of things that occur when they are recorded."""
        if self._at is not None:
            self._upto = await recorded_of(self._services, self._at, self._upto, views=views)
        return self._upto

    def cursor(self, following: K | None) -> str | None:
        """Return the cursor that leads behind a page, None when it is the last."""
        if following is None:
            return None
        place: tuple[Any, ...] = msgspec.structs.astuple(following)
        places = b"" if self._upto is None else places_of(self._at, self._upto.moment)
        return write_cursor(self._secret, Cursor(self._digest, place, places))

    def headers(self, moment: str, following: str | None) -> dict[str, str]:
        """Return the headers of a page."""
        headers = {"ETag": page_tag(moment), "Cache-Control": "private, no-cache"}
        if following is not None:
            query = {
                name: value
                for name, value in self._request.query_params.items()
                if name not in {"cursor", "min_position"}
            }
            headers["Link"] = next_link(self._request.url.path, query, following)
        return headers
