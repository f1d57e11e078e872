"""One API process as `serve` runs it, with the references beside the product's routes.

The routes that do nothing take the signatures of those they are compared with, so the framework
does the same for both: middleware, gate, token, parameters, body and answer.
"""

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.routing import APIRoute
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.app import create_app
from api.auth import mint
from api.pagination import LIMIT_USUAL, Cursor, filters_digest, write_cursor
from api.reads.queues import page_bytes, queue_page
from api.routes.commands import accepted
from api.server import spare_the_collector
from api.settings import Settings
from api.wiring import Dsns, Services, joined
from domain.ledger.requests import Outcome, Written
from domain.values import Actor, ActorKind
from projections.queue import Filters, QueueList
from tests.benchmarks.measuring import Order, answer_orders
from tests.benchmarks.queue_rows import key_of
from tests.benchmarks.tickets import TEXT, open_tickets

MESSAGES: Final = "/v1/tickets/{ticket}/messages"
NO_MESSAGES: Final = "/v1/tickets/{ticket}/benchmark-messages"
QUEUE: Final = "/v1/queue"
QUEUE_FROM_MEMORY: Final = "/v1/benchmark-queue"
_START_SECONDS_MAX: Final = 30.0
_HASH: Final = "0" * 64
_SUPERVISOR: Final = Actor(ActorKind.SUPERVISOR, "supervisor-1")


def setup(order: Order, stack: ExitStack) -> Callable[[Order], Order]:
    """Serve the API on a port of 127.0.0.1; orders afterwards ask for material."""
    settings = Settings(data_dir=Path(order["data_dir"]), origin="ledger.benchmark")
    parts = stack.enter_context(joined(settings, Dsns(app=order["dsn"], views=order["dsn"])))
    app = create_app(parts)
    remembered: list[bytes] = []
    _beside(app, MESSAGES, "POST", NO_MESSAGES, lambda: accepted(_nothing_written()))
    _beside(app, QUEUE, "GET", QUEUE_FROM_MEMORY, lambda: _json(remembered[0]))
    spare_the_collector()
    port = _serve(app)

    def obey(order: Order) -> Order:
        if "pages_of" in order:
            remembered[:] = [page_bytes(parts.read_now(_first_page), "")]
            cursors = [_cursor(parts, order["pages_of"]) for _ in range(order["pages"])]
            return {"cursors": cursors, "token": _token(parts, _SUPERVISOR)}
        if "tickets" in order:
            opened = open_tickets(parts.ledger, order["tickets"], run=os.urandom(4).hex())
            return {
                "tickets": [one.ticket for one in opened],
                "tokens": [_token(parts, one.buyer) for one in opened],
                "body": {"text": TEXT},
            }
        return {"port": port}

    return obey


def _beside(
    app: FastAPI, path: str, method: str, beside: str, answer: Callable[[], Response]
) -> None:
    """Add a route that only answers, like the product's in everything before the answer."""
    (route,) = (
        one
        for one in app.routes
        if isinstance(one, APIRoute) and one.path == path and method in (one.methods or ())
    )

    async def nothing(**_given: Any) -> Response:
        return answer()

    nothing.__signature__ = signature(route.endpoint)  # type: ignore[attr-defined]
    reference = type(route)(
        beside,
        nothing,
        methods=[method],
        operation_id=route.operation_id,
        name=route.name,
        response_model=route.response_model,
        status_code=route.status_code,
        dependencies=route.dependencies,
        include_in_schema=False,
    )
    # Before the product's routes: `/v1/tickets/{ticket}/…` must not be found first.
    app.router.routes.insert(0, reference)


def _serve(app: FastAPI) -> int:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False)
    )
    threading.Thread(target=server.run, daemon=True).start()
    deadline = time.monotonic() + _START_SECONDS_MAX
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the API did not start")
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def _token(parts: Services, actor: Actor) -> str:
    return mint(
        parts.keys.token_private,
        role=actor.kind,
        subject=actor.ref,
        ttl=timedelta(hours=1),
        now=parts.now(),
    )


def _first_page(connection: Connection) -> QueueList:
    return queue_page(connection, Filters(), None, LIMIT_USUAL)


def _cursor(parts: Services, tickets: int) -> str:
    """Return a cursor behind any of so many tickets, as a page before it would have given it."""
    place = msgspec.structs.astuple(key_of(random.randrange(tickets)))
    digest = filters_digest("queue", msgspec.structs.asdict(Filters()))
    return write_cursor(parts.keys.cursor_key, Cursor(digest, place))


def _nothing_written() -> Outcome:
    """Return an outcome as long as that of a message."""
    stream = "ticket:T0-261122-7ZK4M2Q"
    written = Written(
        stream=stream, version=7, topic="message.sent.v1", position="0-12345", leaf_hash=_HASH
    )
    return Outcome(
        stream=stream,
        version=7,
        position="0-12345",
        leaf_hash=_HASH,
        events=(written,),
        replayed=False,
    )


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


if __name__ == "__main__":
    answer_orders(setup)
