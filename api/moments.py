"""Moments of the past as callers ask for them: the parameters, and what is wrong with one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Depends, Query, Request

from api import conditions
from api.models import base
from api.models.base import MOMENT, MOMENT_CHARACTERS_MAX
from api.packed import PACKED
from api.problems import Problem
from api.wiring import Services
from domain.values import Instant
from projections import instants, reports
from replay.as_of import At, LastBefore, NoSuchMoment, Upto, resolve

ASKED: Final = f"^({MOMENT[1:-1]}|{PACKED})$"
"""A moment in an address: as answers tell it, or packed."""
AtVersion = Annotated[
    int | None,
    Query(ge=1, le=2**31 - 1, description="As of this version of the ticket."),
]
AtPosition = Annotated[
    str | None,
    Query(
        description="As of this moment of the record, a position of every lane that is asked; as "
        "answers tell it, or packed as links have it where there are many lanes.",
        max_length=MOMENT_CHARACTERS_MAX,
        json_schema_extra={"pattern": ASKED},
        examples=["0-1"],
    ),
]
AtTime = Annotated[
    base.AtAnyTime | None,
    Query(description="As of this instant, by what was recorded: what the ledger knew then."),
]
AtOccurred = Annotated[
    base.AtAnyTime | None,
    Query(
        description="As of this instant, by what had occurred, whenever it was recorded. Tickets "
        "of which something was recorded in another order than it occurred in are folded anew for "
        "the queue and counts; where these are more than 2,000 the answer is 422 "
        "`too_many_tickets`: the command line (`ticketledger replay`, `stats --as-of`) has no such "
        "bound."
    ),
]


# The name of each parameter is the API's.
async def _of_ticket(
    request: Request,
    at_version: AtVersion = None,
    at_position: AtPosition = None,
    at_time: AtTime = None,
    at_occurred: AtOccurred = None,
) -> At | None:
    given = [one for one in (at_version, at_position, at_time, at_occurred) if one is not None]
    if not given:
        return None
    if len(given) > 1 or "min_position" in request.query_params:
        raise Problem("moments_combined")
    services: Services = request.app.state.services
    lanes = services.ledger.lanes
    return At(
        version=at_version,
        position=conditions.moment(at_position, where="/query/at_position", lanes=lanes) or None,
        time=None if at_time is None else Instant(at_time),
        occurred=None if at_occurred is None else Instant(at_occurred),
    )


async def _of_everything(
    request: Request,
    at_position: AtPosition = None,
    at_time: AtTime = None,
    at_occurred: AtOccurred = None,
) -> At | None:
    return await _of_ticket(request, None, at_position, at_time, at_occurred)


AtOfTicket = Annotated[At | None, Depends(_of_ticket)]
"""The moment one ticket is asked for; None is now."""
AtOfEverything = Annotated[At | None, Depends(_of_everything)]
"""The moment the queue, or a count over it, is asked for; None is now."""


@contextmanager
def told() -> Iterator[None]:
    """Tell a moment at which there is nothing to be seen as the problem it is."""
    try:
        yield
    except NoSuchMoment as error:
        raise Problem(error.code) from error


def resolved(services: Services, at: At) -> Upto:
    """Return what counts over all lanes at a moment; raise NoSuchMoment. Blocks."""

    def has_occurred(by: Instant) -> bool:
        return services.read_now(lambda connection: reports.has_occurred(connection.cursor(), by))

    return resolve(services.ledger, at, services.now(), marks(services), has_occurred)


def marks(services: Services) -> LastBefore | None:
    """Return how moments ask the view of instants; None where it lies beside the record."""
    is_beside = services.dsns.views == services.dsns.app
    return None if is_beside else last_before(services)


def last_before(services: Services) -> LastBefore:
    """Return how the view of instants is asked."""

    def ask(lane: int, at: Instant) -> int:
        return services.read_now(
            lambda connection: instants.last_before(connection.cursor(), lane, at)
        )

    return ask
