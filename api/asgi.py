"""What surrounds every request: its id, and the last answer when the program itself failed."""

import logging
import re
import secrets
import traceback
from itertools import count
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, document

_LOG: Final = logging.getLogger(__name__)
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


_OURS: Final = secrets.token_hex(12)
_NUMBERS: Final = count(1)
"""An id is our own half and a number: drawing chance for each would let go of the interpreter."""


class RequestFrame:
    """Gives each request an id, in the scope and on the answer, and answers what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        """Surround an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            # Frames and the kind of error only: a message may repeat what a person wrote.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("request %s failed: %s\n%s", request_id, type(error).__name__, frames)
            if started:
                raise ConnectionAbortedError("the answer broke off") from None
            response = document(request_id, Problem("internal"))
            await response(scope, receive, send_with_id)


def _request_id(scope: Scope) -> str:
    """Return the caller's X-Request-Id when it is one, or a fresh one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode("ascii"))
    return f"{_OURS}{next(_NUMBERS):08x}"
