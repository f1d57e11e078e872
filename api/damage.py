"""Reads that fail because the record is damaged: told as that, and not as any failure.

Only when a read of one ticket or order has failed is its record looked through; what is whole
there leaves the failure as it is. The alarm is in the log alone: nothing can be put on a record
that does not add up.
"""

import logging
import traceback
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace
from starlette.requests import Request

from api.auth import STAFF_AND_AUDIT
from api.problems import Problem
from api.reads.queues import summaries
from api.wiring import Services
from domain import errors
from domain.streams import order_stream, ticket_stream
from domain.values import Actor, ActorKind
from projections import queue
from replay.verify.damage import Damage, damage

_LOG: Final = logging.getLogger(__name__)
_TICKETS_MAX: Final = 200
_SIDES: Final = {ActorKind.BUYER: "buyer", ActorKind.MERCHANT: "merchant"}
"""Role → where a row of the queue says whose a ticket is."""


async def told_instead(request: Request, error: Exception) -> Problem | errors.NotFound | None:
    """Return what is told of a damaged record behind a read that failed; None for another cause.

    Whatever fails in here leaves the failure of the read as it is.
    """
    about = _about(request)
    if about is None or isinstance(error, MemoryError):
        return None
    services: Services = request.app.state.services
    try:
        found = await services.run(_damage, services, about)
        if found is None:
            return None
        place = f"{found.stream}, version {found.version}: {found.finding}"
        _LOG.critical("the record is damaged at %s; nothing is told of it; %s", place, _told(error))
        return await services.run(_problem, services, request.scope["caller"].actor, about, found)
    except Exception as second:
        _LOG.error("whether the record is damaged is not known: %s", _told(second))
        return None


def _about(request: Request) -> str | None:
    """Return the stream of the ticket or order that a read is about."""
    asked = request.path_params
    if request.method != "GET":
        return None
    if "ticket" in asked:
        return ticket_stream(asked["ticket"])
    return order_stream(asked["order"]) if "order" in asked else None


def _damage(services: Services, about: str) -> Damage | None:
    """Return what is wrong with the streams that a read rests on. Blocks."""
    looked = (damage(services.ledger, stream) for stream in _streams(services, about))
    return next((found for found in looked if found is not None), None)


def _streams(services: Services, about: str) -> Iterator[str]:
    """Yield a ticket and its order, or an order and its tickets as far as the view has read."""
    family, _, reference = about.partition(":")
    yield about
    if family == "order":
        filters = queue.Filters(open=None, order=reference)
        page = services.read_now(lambda one: queue.page(one.cursor(), filters, None, _TICKETS_MAX))
        yield from (ticket_stream(one.ticket) for one in summaries(page))
    elif (order := services.ledger.ticket(reference).order) is not None:
        yield order_stream(order)


def _problem(
    services: Services, actor: Actor, about: str, found: Damage
) -> Problem | errors.NotFound:
    """Return what an actor may know: staff the place, a side the damage, strangers nothing. Blocks.

    Whose it is says the view, which had read the record before it was damaged.
    """
    if actor.kind in STAFF_AND_AUDIT:
        return Problem(
            "record_damaged", stream=found.stream, version=found.version, finding=found.finding
        )
    if actor.kind not in _SIDES or _is_theirs(services, actor, about):
        return Problem("record_damaged")
    return errors.UnknownOrder() if about.startswith("order:") else errors.UnknownTicket()


def _is_theirs(services: Services, actor: Actor, about: str) -> bool:
    """Return whether the view knows a ticket or order as one of a side's own. Blocks."""
    family, _, reference = about.partition(":")
    side = _SIDES[actor.kind]
    if family == "order":
        own = replace(queue.Filters(open=None, order=reference), **{side: actor.ref})
        return bool(services.read_now(lambda one: queue.page(one.cursor(), own, None, 1)).items)
    _, row = services.read_now(lambda one: queue.row(one.cursor(), reference))
    return row is not None and bool(getattr(row, side) == actor.ref)


def _told(error: Exception) -> str:
    """Return kind and frames of a failure: its words may repeat what a person wrote."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
