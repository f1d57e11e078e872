"""`serve`: the API in this process and the worker as a child, started and stopped together."""

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.anchoring.running import require_anchors
from api.app import create_app
from api.settings import PREFIX, Settings
from api.wiring import Services, database, joined

GRACE_S: Final = 10
"""How long the worker may take to end before it is killed."""
RESTART_S: Final = 1.0
"""The pause before a worker that ended by itself is started again."""
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger(__name__)


def run(settings: Settings, *, demo: bool = False) -> None:
    """Serve until interrupted; with `demo`, an empty ledger gets a believable day first."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    require_anchors(settings)  # said here once, not by a worker that starts again and again
    with ExitStack() as ending:
        dsns = ending.enter_context(database(settings, makes=True))
        if demo:
            from api.demo import load_into_empty  # noqa: PLC0415 - only the demo pays for it
            from api.demo.witness import witnessed  # noqa: PLC0415 - only the demo pays for it

            load_into_empty(settings, dsns)
            settings = ending.enter_context(witnessed(settings, dsns))
        with joined(settings, dsns) as parts, _worker(settings):
            server = _Server(_configuration(settings, parts), settings)
            spare_the_collector()
            server.run()


def spare_the_collector() -> None:
    """Let the garbage collector pass over what start-up made, and come more rarely.

    Records, heads and routes form no cycles and live long; walking them again and again took a
    sixth of the processor time of a command.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _configuration(settings: Settings, parts: Services) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(parts),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )


class _Server(uvicorn.Server):
    """Says where to look once it listens."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # the library spells the sockets' type
        app = self.config.app
        assert isinstance(app, FastAPI), "we serve our own application"
        # Open feeds end by themselves; they would be waited for, and then torn, otherwise.
        await app.state.follower.stop()
        await super().shutdown(sockets)  # type: ignore[arg-type]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal without raising it again: Ctrl-C is how one is meant to stop us."""
        before = {one: signal.signal(one, self.handle_exit) for one in _STOPPING}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # the library spells the sockets' type
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.should_exit:
            return
        port = self.servers[0].sockets[0].getsockname()[1]
        where = f"http://{self._settings.host}:{port}"
        print(  # noqa: T201 - the words a person waits for
            f"ticketledger serves on {where}\n"
            f"  {where}/docs      the API, to try by hand\n"
            f"  {where}/readyz    whether everything is level\n"
            "  ticketledger token --role supervisor --subject me   a token for it\n"
            "Stop with Ctrl-C.",
            file=sys.stderr,
            flush=True,
        )


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """Keep one worker process beside this one; it ends with us, whatever happens to us."""
    ending = threading.Event()
    children: list[subprocess.Popen[bytes]] = []
    # It is told whose child it is: until it could ask, we may have been killed.
    command = [sys.executable, "-m", "api.cli", "worker", "--parent", str(os.getpid())]

    def keep() -> None:
        while not ending.is_set():
            child = subprocess.Popen(command, env=_environment(settings))  # noqa: S603 - ourselves
            children[:] = [child]
            child.wait()
            if not ending.wait(RESTART_S):
                log.warning("the worker ended with %s and is started again", child.returncode)

    keeper = threading.Thread(target=keep, name="worker-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        for child in children:
            child.terminate()
            try:
                child.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                child.kill()
        keeper.join(GRACE_S)


def _environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with every setting spelled out: flags reach the child."""
    named = {
        PREFIX + name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.model_dump(mode="json").items()
        if value is not None
    }
    return {**os.environ, **named}
