"""Agents: where they work, what they have passed, when they are there; and what they carry."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from msgspec.structs import replace

from api.conditions import version_tag
from api.deps import ActorDep, MinPosition, ReferencePath, ServicesDep
from api.models import agents as bodies
from api.models.base import Name
from api.moments import AtOfEverything
from api.openapi import answer, problem_responses
from api.pagination import LIMIT_USUAL
from api.reads.agents import (
    AgentAnswer,
    AgentFilters,
    AgentPage,
    AgentsAsked,
    AssignmentFilters,
    AssignmentPage,
    Key,
    agent_answer,
    agent_answer_at,
    agent_page,
    agent_page_at,
    assignment_page,
    assignment_page_at,
)
from api.reads.waiting import caught_up
from api.routes.answers import json_answer
from api.routes.commands import add_command, command_router
from api.routes.listing import PAST, CursorText, Limit, recorded_of
from api.routes.paging import Keyset
from domain import commands
from domain.events import AgentRegistered
from projections.agents import VIEW

router = command_router("agents", prefix="/v1/agents")

add_command(
    router, "/{agent}", commands.RegisterAgent, bodies.AgentBody, creates=(AgentRegistered,)
)
add_command(router, "/{agent}/certificates", commands.GrantCertificate, bodies.CertificateGrantBody)
add_command(
    router,
    "/{agent}/certificates/withdrawal",
    commands.WithdrawCertificate,
    bodies.CertificateWithdrawalBody,
)
add_command(router, "/{agent}/shifts", commands.StartShift)
add_command(router, "/{agent}/shifts/end", commands.EndShift)
add_command(router, "/{agent}/moves", commands.MoveAgent, bodies.MoveBody)
add_command(router, "/{agent}/rating", commands.RateAgent, bodies.AgentRatingBody)


@router.get(
    "",
    operation_id="list_agents",
    summary="List agents with what they carry, and the queues that overflow",
    responses={
        **answer(AgentPage, "A page of agents."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_agents(
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    desk: Annotated[Name | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of agents."""
    filters, book = AgentFilters(desk), services.ledger.book
    keyset = Keyset("agents", request, services, filters, Key, cursor=cursor, at=at)
    upto, asked = await keyset.recorded(PAST, VIEW.name), AgentsAsked(keyset.after, limit)
    await caught_up(services, VIEW.name, min_position)
    if at is None or upto is None:
        page, more = await services.read(
            lambda connection: agent_page(connection, book, filters, asked)
        )
    else:
        page, more = await services.run(agent_page_at, services, at, upto, filters, asked)
    following = keyset.cursor(more)
    content = replace(page, next_cursor=following)
    return json_answer(content, headers=keyset.headers(page.position, following))


@router.get(
    "/{agent}",
    operation_id="read_agent",
    summary="Read an agent with the matters assigned to them",
    responses={
        **answer(AgentAnswer, "The agent as far as the view has read."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def read_agent(
    agent: ReferencePath,
    services: ServicesDep,
    _actor: ActorDep,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return an agent."""
    await caught_up(services, VIEW.name, min_position)
    if at is None:
        book = services.ledger.book
        found = await services.read(lambda connection: agent_answer(connection, book, agent))
    else:
        upto = await recorded_of(services, at, views=(PAST, VIEW.name))
        found = await services.run(agent_answer_at, services, at, upto, agent)
    return json_answer(found, headers={"ETag": version_tag(found.agent.version)})


@router.get(
    "/{agent}/assignments",
    operation_id="list_assignments",
    summary="List the live matters that an agent works on",
    responses={
        **answer(AssignmentPage, "A page of matters."),
        **problem_responses(401, 403, 404, 422, 503),
    },
)
async def list_assignments(
    agent: ReferencePath,
    request: Request,
    services: ServicesDep,
    _actor: ActorDep,
    *,
    cursor: CursorText = None,
    limit: Limit = LIMIT_USUAL,
    at: AtOfEverything,
    min_position: MinPosition = None,
) -> Response:
    """Return a page of an agent's matters."""
    filters = AssignmentFilters(agent)
    keyset = Keyset("assignments", request, services, filters, Key, cursor=cursor, at=at)
    upto, asked = await keyset.recorded(PAST, VIEW.name), AgentsAsked(keyset.after, limit)
    await caught_up(services, VIEW.name, min_position)
    if at is None or upto is None:
        page, more = await services.read(
            lambda connection: assignment_page(connection, filters, asked)
        )
    else:
        page, more = await services.run(assignment_page_at, services, at, upto, filters, asked)
    following = keyset.cursor(more)
    content = replace(page, next_cursor=following)
    return json_answer(content, headers=keyset.headers(page.position, following))
