"""Following the record as it grows: one look at the positions serves every open stream.

Streams are bounded in number and end with their token or with the server; a slow reader holds
nothing but its own connection, because records are read when it asks for more.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from api.problems import Problem
from api.wiring import Services
from domain.ledger.connections import DatabaseUnavailable

STREAMS_MAX: Final = 200
LOOK_SECONDS: Final = 0.2


class Follower:
    """Knows how far the record has come while anybody follows it."""

    def __init__(self, services: Services) -> None:
        """Follow the record of these services; nothing runs before the first stream."""
        self._services = services
        self._streams = 0
        self._heads: dict[int, int] = {}
        self._moved = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self.stopped = False

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[None]:
        """Hold one of the places for streams; raise the 503 problem when all are taken."""
        if self.stopped or self._streams >= STREAMS_MAX:
            raise Problem("busy")
        self._streams += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._streams -= 1
            if not self._streams and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def moved(self, after: Mapping[int, int], timeout: float) -> bool:
        """Return True as soon as a lane is beyond its place, False when the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self.stopped or self._beyond(after))
        return self._beyond(after)

    async def stop(self) -> None:
        """End every stream: the server stops."""
        self.stopped = True
        async with self._moved:
            self._moved.notify_all()

    def _beyond(self, after: Mapping[int, int]) -> bool:
        return any(head > after.get(lane, 0) for lane, head in self._heads.items())

    async def _look(self) -> None:
        """Look at every lane's position again and again; a database that is away is waited for."""
        ledger = self._services.ledger
        while True:
            with suppress(DatabaseUnavailable):
                heads = {
                    lane: await self._services.run(ledger.position, lane)
                    for lane in range(ledger.lanes)
                }
                if heads != self._heads:
                    self._heads = heads
                    async with self._moved:
                        self._moved.notify_all()
            await asyncio.sleep(LOOK_SECONDS)
