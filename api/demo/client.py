"""Calls of the public API inside this process: the same application, without a socket."""

import asyncio
import json
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

from api.app import create_app
from api.auth import mint
from api.wiring import Services
from domain.values import ActorKind

TOKEN_LIFE = timedelta(days=400)


class Answer(NamedTuple):
    """What the API answered."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Return whether it was no problem document."""
        return self.status < 300


class Client:
    """A caller of the API who can be anybody; one call at a time."""

    def __init__(self, parts: Services) -> None:
        """Call the application that these parts make."""
        self.parts = parts
        self._app = create_app(parts)
        self._tokens: dict[tuple[str, str], str] = {}
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the client's event loop."""
        self._runner.close()

    def post(
        self,
        role: str,
        subject: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        version: int | None = None,
    ) -> Answer:
        """Return the answer to a command."""
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = f'"{key}"'
        if version is not None:
            headers["if-match"] = f'"{version}"'
        content = json.dumps(body or {}).encode()
        return self._call(role, subject, "POST", path, content=content, headers=headers)

    def upload(self, role: str, subject: str, path: str, content: bytes, media_type: str) -> Answer:
        """Return the answer to an upload."""
        headers = {"content-type": media_type}
        return self._call(role, subject, "POST", path, content=content, headers=headers)

    def get(self, role: str, subject: str, path: str) -> Answer:
        """Return the answer to a read."""
        return self._call(role, subject, "GET", path, headers={})

    def _call(
        self,
        role: str,
        subject: str,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: dict[str, str],
    ) -> Answer:
        path, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {self._token(role, subject)}", **headers}
        sent["content-length"] = str(len(content))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
        }
        return self._runner.run(self._exchange(scope, content))

    async def _exchange(self, scope: dict[str, Any], content: bytes) -> Answer:
        incoming = [{"type": "http.request", "body": content, "more_body": False}]
        status = 0
        answered = b""

        async def receive() -> dict[str, Any]:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                answered += message.get("body", b"")

        await self._app(scope, receive, send)
        return Answer(status, json.loads(answered) if answered else {})

    def _token(self, role: str, subject: str) -> str:
        token = self._tokens.get((role, subject))
        if token is None:
            token = self._tokens[role, subject] = mint(
                self.parts.keys.token_private,
                role=ActorKind(role),
                subject=subject,
                ttl=TOKEN_LIFE,
                now=self.parts.now(),
            )
        return token
