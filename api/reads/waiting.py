"""Reading one's own writes: waiting, a little, until a view has read what a command recorded."""

import asyncio
from collections.abc import Mapping
from typing import Final

from api import conditions
from api.problems import Problem
from api.wiring import Services
from domain.streams import position_text

WAIT_SECONDS_MAX: Final = 5.0
_PAUSE_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05)


async def caught_up(services: Services, view: str, min_position: str | None) -> None:
    """Return when a view is at a moment; raise the 503 problem when that takes too long.

    No thread is held meanwhile: many may wait without keeping others from reading.
    """
    moment = conditions.moment(
        min_position, where="/query/min_position", lanes=services.ledger.lanes
    )
    if not moment or services.views.reached(view, moment):
        return
    await services.run(require_recorded, services, moment)
    loop = asyncio.get_running_loop()
    until = loop.time() + WAIT_SECONDS_MAX
    tries = 0
    while not await services.run(services.views.wait, view, moment, 0.0):
        if loop.time() >= until:
            raise Problem("not_caught_up")
        await asyncio.sleep(_PAUSE_SECONDS[min(tries, len(_PAUSE_SECONDS) - 1)])
        tries += 1


async def level(services: Services, view: str) -> None:
    """Return when a view has read all that is on record by now; raise the 503 problem else."""
    await caught_up(services, view, await services.run(_recorded, services))


def _recorded(services: Services) -> str:
    """Return the moment of the whole record. Blocks."""
    lanes = range(services.ledger.lanes)
    return ",".join(position_text(lane, services.ledger.position(lane)) for lane in lanes)


def require_recorded(services: Services, moment: Mapping[int, int]) -> None:
    """Raise the problem of a moment the record has not come to: no waiting would help. Blocks."""
    if any(services.ledger.position(lane) < position for lane, position in moment.items()):
        raise Problem("position_unknown")
