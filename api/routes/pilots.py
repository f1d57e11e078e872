"""Pilots: a book is tried on new tickets for a while, and its two arms are read side by side."""

from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import Query
from fastapi.responses import Response

from api import addresses, conditions
from api.deps import Asked, AskedDep, ReferencePath, ServicesDep
from api.models.outcomes import Accepted
from api.models.pilots import PilotBody, PilotEndBody
from api.moments import AtOfEverything, AtPosition
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.preferences import honour
from api.reads.pilots import (
    CountedList,
    PilotComparison,
    PilotItem,
    PilotList,
    compared,
    counted_page,
    pilot_item,
    pilot_list,
)
from api.routes.answers import json_answer
from api.routes.commands import accepted, command_router
from api.routes.listing import CursorText, Limit
from domain.commands import AnnouncePilot, EndPilot
from domain.ledger.requests import Outcome
from domain.values import Arm
from replay.pilots import Figure

Said = Annotated[str, Query(max_length=200, description="As the comparison has it.")]
_PROBLEMS: Final = problem_responses(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503)
_RECORDED: Final[dict[int | str, dict[str, Any]]] = {
    **answer(Accepted, "What is on record; no events for a harmless repetition."),
    **answer(Accepted, "On record, and not covered by a checkpoint in time.", 202),
    **_PROBLEMS,
}

router = command_router("pilots", prefix="/v1/pilots")
addresses.add(AnnouncePilot, "/v1/pilots", PilotBody)
addresses.add(EndPilot, "/v1/pilots/{pilot}/end", PilotEndBody)


@router.get(
    "",
    operation_id="list_pilots",
    summary="List the pilots, in the order of their announcement",
    responses={**answer(PilotList, "Every pilot."), **problem_responses(401, 403, 422, 503)},
)
async def list_pilots(services: ServicesDep) -> Response:
    """Return every pilot."""
    return json_answer(await services.run(pilot_list, services))


@router.get(
    "/{pilot}",
    operation_id="read_pilot",
    summary="Read a pilot",
    responses={**answer(PilotItem, "The pilot."), **problem_responses(401, 403, 404, 422, 503)},
)
async def read_pilot(pilot: ReferencePath, services: ServicesDep) -> Response:
    """Return a pilot."""
    return json_answer(await services.run(pilot_item, services, pilot))


@router.get(
    "/{pilot}/comparison",
    operation_id="compare_pilot",
    summary="Read a pilot's two arms side by side, day by day",
    description="Of each arm what became of its tickets, from the record, and what would be "
    "otherwise on them under the book of the other arm. Over more than 1,000 tickets the command "
    "line tells it (422 `too_many_tickets`). For: admin, auditor.",
    responses={
        **answer(PilotComparison, "The arms as the record has them."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def compare_pilot(
    pilot: ReferencePath, services: ServicesDep, at: AtOfEverything
) -> Response:
    """Return a pilot's arms side by side."""
    found = await services.run(compared, services, pilot, at)
    return json_answer(found, headers={"Cache-Control": "private, no-store"})


@router.get(
    "/{pilot}/tickets",
    operation_id="list_pilot_tickets",
    summary="List the tickets behind a number of the comparison",
    description="`links` of the comparison leads here, with the end of the record it was made at; "
    "all pages are of one end, whatever is recorded in between. For: admin, auditor.",
    responses={
        **answer(CountedList, "A page of tickets, each as often as it is counted."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_pilot_tickets(
    pilot: ReferencePath,
    services: ServicesDep,
    *,
    figure: Literal["tickets", "opened", "kept", "broken", "otherwise", "tried", "changed"],
    arm: Arm,
    day: Annotated[int, Query(ge=0, le=100_000, description="From 1.")] = 0,
    kind: Said = "",
    subject: Said = "",
    row: Said = "",
    change: Said = "",
    under: Said = "",
    at_position: AtPosition = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
) -> Response:
    """Return a page of the tickets behind a number."""
    asked = Figure(
        figure=figure,
        arm=arm,
        day=day,
        kind=kind,
        subject=subject,
        row=row,
        change=change,
        under=under,
    )
    lanes = services.ledger.lanes
    ends = conditions.moment(at_position, where="/query/at_position", lanes=lanes)
    page = partial(counted_page, services, pilot, asked, ends=ends, cursor=cursor, limit=limit)
    found = await services.run(page)
    return json_answer(found, headers={"Cache-Control": "private, no-store"})


@router.post(
    "",
    operation_id="announce_pilot",
    summary="Try an adopted book on new tickets for a while, on all of them or on a share",
    description="Which arm a ticket belongs to follows from its id and is on record with its "
    "opening. A ticket is in one pilot at most. For: admin.",
    status_code=201,
    response_model=None,
    responses={**answer(Accepted, "What is on record because of it.", 201), **_RECORDED},
)
async def announce_pilot(body: PilotBody, asked: AskedDep) -> Response:
    """Announce a pilot."""
    command = msgspec.convert(body.model_dump(), AnnouncePilot)
    told, outcome = await _recorded(asked, command)
    if outcome.events:
        told.headers["Location"] = f"/v1/pilots/{body.pilot}"
        told.status_code = 201 if told.status_code == 200 else told.status_code
    return told


@router.post(
    "/{pilot}/end",
    operation_id="end_pilot",
    summary="End a pilot before its time",
    description="It ends five seconds later, when every process knows it; what was opened in it "
    "stays as it was opened. For: admin.",
    response_model=None,
    responses=_RECORDED,
)
async def end_pilot(pilot: ReferencePath, body: PilotEndBody, asked: AskedDep) -> Response:
    """End a pilot."""
    told, _ = await _recorded(asked, EndPilot(pilot=pilot, why=body.why))
    return told


async def _recorded(asked: Asked, command: AnnouncePilot | EndPilot) -> tuple[Response, Outcome]:
    """Return the answer to a command about a pilot, and what became of it."""
    outcome = await asked.services.run(
        partial(
            asked.services.ledger.pilot,
            command,
            actor=asked.actor,
            key=asked.key,
            expected_version=asked.expected_version,
        )
    )
    honoured = await honour(asked.services, asked.preferences, command, outcome)
    return accepted(outcome, honoured=honoured), outcome
