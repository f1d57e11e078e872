"""Tickets: opened, taken up, answered, granted or refused, closed and reopened; and read."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from api import conditions
from api.conditions import version_tag
from api.deps import ActorDep, Asked, MinPosition, ServicesDep, TicketPath
from api.models import commands as bodies
from api.moments import AtOfTicket
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.reads import boards, queues
from api.reads.agents import claimant
from api.reads.cases import CaseAnswer, case_answer, case_answer_at
from api.reads.customers import standing_of
from api.reads.events import EventList, ticket_events
from api.reads.messages import MessageList, messages
from api.reads.past import TicketOccurred, ticket_answer_at
from api.reads.tickets import TicketAnswer, side_of, ticket_answer
from api.reads.waiting import caught_up, level, require_recorded
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from api.routes.listing import CursorText, FilterReference, Limit, Listing
from domain import commands
from domain.events import TicketOpened
from domain.values import Party, Stage
from projections.queue import Filters

router = command_router("tickets", prefix="/v1/tickets")


async def _with_standing(
    asked: Asked, _in_path: Mapping[str, str], said: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of an opening with what is on record of the buyer, not what one says."""
    known = await asked.services.run(
        standing_of, asked.services, asked.actor, said["buyer"], said["order"]
    )
    return {**said, "customer": known}


async def _with_claimant(
    asked: Asked, in_path: Mapping[str, str], said: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of a claim with what the view of agents says of who claims."""
    asking = claimant, asked.services, asked.actor, in_path["ticket"]
    known = await asked.services.run(*asking)
    if known is not None:
        # What they carry counts to the last one: the view must have heard of all that is there.
        await level(asked.services, "agents")
        known = await asked.services.run(*asking)
    return {**said, **in_path, "candidate": known}


add_command(
    router,
    "",
    commands.OpenTicket,
    bodies.OpeningBody,
    creates=(TicketOpened,),
    fields=_with_standing,
)
add_command(router, "/{ticket}/acceptance", commands.AcceptTicket)
add_command(router, "/{ticket}/assignment", commands.TakeAssignment, fields=_with_claimant)
add_command(router, "/{ticket}/assignment/release", commands.ReleaseAssignment)
add_command(router, "/{ticket}/claim", commands.AmendClaim, bodies.ClaimBody)
add_command(router, "/{ticket}/diagnosis", commands.CorrectDiagnosis, bodies.DiagnosisBody)
add_command(router, "/{ticket}/answers", commands.GiveAnswer, bodies.AnswerBody)
add_command(router, "/{ticket}/messages", commands.SendMessage, bodies.TextBody)
add_command(router, "/{ticket}/notes", commands.AddNote, bodies.TextBody)
add_command(router, "/{ticket}/return-review", commands.ReviewReturn, bodies.ReturnReviewBody)
add_command(router, "/{ticket}/approval", commands.ApproveClaim, bodies.ApprovalBody)
add_command(router, "/{ticket}/refusal", commands.RefuseClaim, bodies.RefusalBody)
add_command(router, "/{ticket}/closing", commands.CloseTicket)
add_command(router, "/{ticket}/reopening", commands.ReopenTicket, bodies.ReopeningBody)
add_command(router, "/{ticket}/satisfaction", commands.GiveSatisfaction, bodies.SatisfactionBody)
add_command(router, "/{ticket}/nps", commands.GiveNps, bodies.NpsBody)


@router.get(
    "",
    operation_id="list_tickets",
    summary="List tickets",
    description="A buyer or merchant lists their own, staff everybody's; the most urgent first.",
    responses={
        **answer(queues.TicketList, "A page of tickets."),
        **problem_responses(401, 403, 422, 503),
    },
)
async def list_tickets(
    request: Request,
    services: ServicesDep,
    actor: ActorDep,
    *,
    order: FilterReference = None,
    merchant: FilterReference = None,
    buyer: FilterReference = None,
    stage: Stage | None = None,
    is_open: Annotated[Literal["true", "false"] | None, Query(alias="open")] = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of the tickets that a caller may see."""
    side = side_of(actor)
    filters = Filters(
        open=None if is_open is None else is_open == "true",
        order=order,
        stage=stage,
        merchant=actor.ref if side is Party.MERCHANT else merchant,
        buyer=actor.ref if side is Party.BUYER else buyer,
    )
    listing = Listing("tickets", request, services, filters, cursor=cursor, limit=limit)
    page = await listing.page(min_position)
    following = listing.next_cursor(page)
    content = queues.TicketList(queues.summaries(page), following, page.moment)
    return json_answer(content, headers=listing.headers(page, following))


@router.get(
    "/{ticket}",
    operation_id="read_ticket",
    summary="Read a ticket with what the caller may do",
    responses={
        **answer(
            TicketAnswer,
            "The ticket as it stands on record, or by what had occurred as the views tell it.",
            otherwise=TicketOccurred,
        ),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_ticket(
    ticket: TicketPath,
    services: ServicesDep,
    actor: ActorDep,
    at: AtOfTicket,
    min_position: MinPosition = None,
) -> Response:
    """Return a ticket; it is read from the record, so every command that was answered is in it."""
    if at is not None:
        return json_answer(await services.run(ticket_answer_at, services, actor, ticket, at))
    lanes = services.ledger.lanes
    asked = conditions.moment(min_position, where="/query/min_position", lanes=lanes)
    found = await services.run(ticket_answer, services, actor, ticket)
    if asked:
        await services.run(require_recorded, services, asked)
    return json_answer(found, headers={"ETag": version_tag(found.version)})


@router.get(
    "/{ticket}/progress-board",
    operation_id="read_progress_board",
    summary="Read the steps of a ticket as the caller may see them",
    responses={
        **answer(boards.BoardAnswer, "The board for the caller's audience."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_progress_board(
    ticket: TicketPath,
    services: ServicesDep,
    actor: ActorDep,
    at: AtOfTicket,
    min_position: MinPosition = None,
) -> Response:
    """Return a ticket's progress board."""
    if at is not None:
        return json_answer(await services.run(boards.board_at, services, actor, ticket, at))
    await caught_up(services, "progress_board", min_position)
    found = await services.read(
        lambda connection: boards.board(connection, actor, ticket, services.ledger.book_named)
    )
    return json_answer(found, headers={"ETag": version_tag(found.version)})


@router.get(
    "/{ticket}/case-file",
    operation_id="read_case_file",
    summary="Read the case file of a ticket; the look goes on record",
    responses={
        **answer(CaseAnswer, "The ticket laid out for judgement."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_case_file(
    ticket: TicketPath,
    services: ServicesDep,
    actor: ActorDep,
    at: AtOfTicket,
    min_position: MinPosition = None,
) -> Response:
    """Return a ticket's case file with its texts."""
    headers = {"Cache-Control": "private, no-store"}
    if at is not None:
        past = await services.run(case_answer_at, services, actor, ticket, at)
        return json_answer(past, headers=headers)
    await caught_up(services, "arbitration", min_position)
    found = await services.run(case_answer, services, actor, ticket)
    headers["ETag"] = version_tag(found.case.version)
    return json_answer(found, headers=headers)


@router.get(
    "/{ticket}/messages",
    operation_id="list_messages",
    summary="Read what was written on a ticket; the look goes on record",
    responses={
        **answer(MessageList, "What was written, in order."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_messages(ticket: TicketPath, services: ServicesDep, actor: ActorDep) -> Response:
    """Return the texts of a ticket that a caller may read."""
    found = await services.run(messages, services, actor, ticket)
    return json_answer(found, headers={"Cache-Control": "private, no-store"})


@router.get(
    "/{ticket}/events",
    operation_id="list_events",
    summary="Read the records of a ticket",
    responses={
        **answer(EventList, "Records in order; personal fields are commitments."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_events(
    ticket: TicketPath,
    services: ServicesDep,
    _actor: ActorDep,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Limit = LIMIT_USUAL,
) -> Response:
    """Return a ticket's records behind a version."""
    found = await services.run(ticket_events, services, ticket, after, limit)
    return json_answer(found)
