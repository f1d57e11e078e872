"""The way in of every route: who asks, may their role, is the request well formed; in this order.

A caller without a valid token learns nothing else, and no body is read for them.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api import damage, strict_json
from api.auth import PERMISSIONS
from api.problems import ANSWERS, Problem, malformed
from domain import errors

_JSON: Final = "application/json"
_ANSWERED: Final = tuple(ANSWERS)


class StrictRequest(Request):
    """A request whose JSON body is bounded and has one meaning."""

    async def read_json(self) -> None:
        """Read the body; raise the problem of one that is too large, no JSON, or ambiguous.

        Done before the framework asks for it, which would tell all of these as one and the same.
        """
        self._body = await strict_json.bounded_body(self, strict_json.BODY_BYTES_MAX)
        if self._body:
            media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != _JSON:
                raise Problem("media_type_unsupported", supported=[_JSON])
            self._json = strict_json.parse(self._body)


class GatedRoute(APIRoute):
    """A route behind the gate."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler with the gate before it."""
        handle = super().get_route_handler()
        operation = self.operation_id or self.name
        permitted = PERMISSIONS.get(operation)
        known = {
            one.alias
            for one in get_flat_params(self.dependant)
            if isinstance(one.field_info, params.Query)
        }
        takes_json = self.body_field is not None

        async def gated(request: Request) -> Response:
            if permitted is not None:
                authenticator = request.app.state.authenticator
                caller = authenticator.caller(request.headers.get("authorization"))
                if caller.actor.kind not in permitted:
                    raise errors.NotYourRole
                request.scope["caller"] = caller
            if request.scope["query_string"]:
                _check_query(request, known)
            strict = StrictRequest(request.scope, request.receive)
            if takes_json:
                await strict.read_json()
            try:
                return await handle(strict)
            except _ANSWERED:
                raise
            except Exception as error:
                instead = await damage.told_instead(request, error)
                if instead is None:
                    raise
                raise instead from None

        return gated


def _check_query(request: Request, known: set[str]) -> None:
    """Refuse a parameter nobody declared, or one that is given twice."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise malformed("/query", "extra_forbidden", "The address has an unknown parameter.")
    if len(set(given)) != len(given):
        raise malformed("/query", "duplicate", "The address gives a parameter twice.")
