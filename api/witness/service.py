"""The HTTP side of a witness: a small application of its own, and the process that serves it."""

import logging
import os
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from api import strict_json
from api.problems import Problem
from api.witness.cosigning import Answer, Witness
from api.witness.exchange import REQUEST_SIZE_MAX
from api.witness.logs import KnownLogs
from api.witness.state import Memory, WitnessStateError, key_of
from domain.proof.keys import parse_vkey

PARENT_POLL_S: Final = 1.0
log = logging.getLogger(__name__)


def witness_app(witness: Witness, logs: KnownLogs | None = None) -> FastAPI:
    """Return the application over a witness: add-checkpoint, and its key for whoever asks."""

    def judged(content: bytes) -> Answer:
        if logs is not None:
            logs.refresh(witness)
        return witness.add_checkpoint(content)

    app = FastAPI(title="ticketledger witness", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        try:
            content = await strict_json.bounded_body(request, REQUEST_SIZE_MAX)
        except Problem as problem:
            return PlainTextResponse(f"{problem.detail}\n", status_code=int(problem.kind.status))
        try:
            answer = await run_in_threadpool(judged, content)
        except (WitnessStateError, OSError) as error:
            log.critical("nothing is cosigned: %s", error)
            return PlainTextResponse("this witness cosigns nothing now\n", status_code=503)
        return Response(answer.content, answer.status, media_type=answer.media_type)

    @app.get("/vkey")
    async def vkey() -> PlainTextResponse:
        return PlainTextResponse(f"{witness.key.verifier.vkey}\n")

    return app


def serve(
    *,
    key_file: Path,
    name: str | None,
    state: Path,
    log_vkeys: Sequence[str] = (),
    logs_file: Path | None = None,
    host: str,
    port: int,
    parent: int | None = None,
) -> None:
    """Serve a witness until interrupted; raise WitnessStateError, MalformedKey or OSError."""
    always = tuple(parse_vkey(one) for several in log_vkeys for one in several.split())
    logs = KnownLogs(always, logs_file)
    key = key_of(key_file, name=name, state=state)
    with closing(Memory(state, key)) as memory:
        witness = Witness(key, logs.keys, memory, now=lambda: int(time.time()))
        application = witness_app(witness, logs)
        server = uvicorn.Server(
            uvicorn.Config(application, host=host, port=port, log_level="warning", access_log=False)
        )
        if parent is not None:
            Thread(target=_end_with, args=(parent, server), daemon=True).start()
        with suppress(KeyboardInterrupt):  # Ctrl-C is how one is meant to stop it
            server.run()


def _end_with(parent: int, server: uvicorn.Server) -> None:
    """Stop a server once the process that started this one is gone."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    server.should_exit = True
