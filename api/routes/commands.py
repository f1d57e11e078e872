"""How a command becomes a route: the body is the command without what the address already says.

Resource modules only name their commands; the answer, the conditions and the problem documents of
all of them are made here.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body
from fastapi.responses import Response

from api import addresses
from api.auth import PERMISSIONS, may_see
from api.conditions import version_tag
from api.deps import (
    Asked,
    AskedDep,
    ReferencePath,
    TicketPath,
)
from api.gate import GatedRoute
from api.models.base import Body as BodyModel
from api.models.commands import NothingBody
from api.models.outcomes import Accepted
from api.openapi import answer, problem_responses
from api.preferences import Honoured, honour
from api.reads.telling import told_to
from api.reads.tickets import side_of
from api.routes.answers import json_answer
from api.wiring import Services
from domain import errors
from domain.commands import Command, TicketCommand
from domain.events import Event
from domain.ledger.requests import Outcome, Request
from domain.streams import ticket_stream
from domain.values import Actor, ActorKind

MISSED_MAX: Final = 100
_PARTIES: Final = frozenset({ActorKind.BUYER, ActorKind.MERCHANT})
_PROBLEMS: Final = problem_responses(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503)


Fields = Callable[[Asked, Mapping[str, str], dict[str, Any]], Awaitable[dict[str, Any]]]
"""Makes a command's fields of the address and the body, where they are not simply both."""


def command_router(tag: str, prefix: str = "/v1/tickets/{ticket}") -> APIRouter:
    """Return a router whose routes stand behind the gate."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=GatedRoute)


def add_command(
    router: APIRouter,
    path: str,
    command: type[Command],
    body: type[BodyModel] = NothingBody,
    *,
    creates: tuple[type[Event], ...] = (),
    fields: Fields | None = None,
) -> None:
    """Add the route of a command; it answers 201 when one of the facts in `creates` follows."""
    operation = addresses.operation_of(command)
    assert operation in PERMISSIONS, f"{operation} is not in the table of permissions"
    topics = frozenset(event.TOPIC for event in creates)
    in_path = re.findall(r"{(\w+)}", router.prefix + path)

    async def endpoint(**given: Any) -> Response:
        asked: Asked = given.pop("asked")
        body: BodyModel = given.pop("body")
        said = body.model_dump()
        said = await fields(asked, given, said) if fields else {**said, **given}
        asked_for = msgspec.convert(said, command)
        outcome = await carry_out(asked, asked_for)
        honoured = await honour(asked.services, asked.preferences, asked_for, outcome)
        created = any(one.topic in topics for one in outcome.events)
        return accepted(outcome, created=created, honoured=honoured)

    _sign(endpoint, operation, in_path, body)
    addresses.add(command, router.prefix + path, body)
    router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        operation_id=operation,
        summary=(command.__doc__ or "").strip().rstrip("."),
        description=_description(command),
        response_model=None,
        status_code=201 if creates else 200,
        responses={
            **(answer(Accepted, "What is on record because of it.", 201) if creates else {}),
            **answer(Accepted, "What is on record; no events for a harmless repetition."),
            **answer(Accepted, "On record, and not covered by a checkpoint in time.", 202),
            **_PROBLEMS,
        },
    )


async def carry_out(asked: Asked, command: Command) -> Outcome:
    """Return what became of a command, or raise the refusal as this caller may know it."""
    request = Request(
        command=command,
        actor=asked.actor,
        key=asked.key,
        expected_version=asked.expected_version,
    )
    try:
        return await asked.services.ledger.ask(request)
    except errors.Refusal as refusal:
        if not isinstance(command, TicketCommand) or isinstance(refusal, errors.UnknownTicket):
            raise
        told = await asked.services.run(
            _as_told, asked.services, asked.actor, command.ticket, refusal
        )
        raise told from None


def accepted(
    outcome: Outcome, *, created: bool = False, honoured: Honoured | None = None
) -> Response:
    """Return the answer to a command that was not refused."""
    headers = {"ETag": version_tag(outcome.version)}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    if created:
        kind, _, subject = outcome.stream.partition(":")
        headers["Location"] = f"/v1/{kind}s/{subject}"
    content = Accepted(
        stream=outcome.stream,
        version=outcome.version,
        position=outcome.position,
        leaf_hash=outcome.leaf_hash,
        events=outcome.events,  # type: ignore[arg-type]  # the same fields; only written, never read
    )
    status = 201 if created else 200
    if honoured is not None:
        content = honoured.told_in(content, headers)
        # On record it is, so no problem is told: a 503 would invite to send the command again.
        status = 202 if honoured.published is False else status
    return json_answer(content, status=status, headers=headers)


def _as_told(
    services: Services, actor: Actor, ticket: str, refusal: errors.Refusal
) -> errors.Refusal:
    """Return a refusal as an actor may know it: a stranger learns nothing of the ticket."""
    if actor.kind in _PARTIES and not may_see(actor, services.ledger.ticket(ticket)):
        return errors.UnknownTicket()
    if isinstance(refusal, errors.TicketChanged):
        return _with_missed(services, actor, ticket, refusal)
    return refusal


def _with_missed(
    services: Services, actor: Actor, ticket: str, refusal: errors.Refusal
) -> errors.Refusal:
    """Return the refusal with what happened since the version the caller saw."""
    expected = refusal.facts["expected_version"]
    assert isinstance(expected, int), "a changed ticket is told with the expected version"
    records = services.ledger.stream(ticket_stream(ticket), expected, MISSED_MAX)
    side = side_of(actor)
    missed = [
        {
            "topic": record.envelope.topic,
            "version": record.version,
            "position": f"{record.lane}-{record.position}",
            "at": record.at,
            "actor_kind": record.actor.kind.value,
        }
        for record in records
        if told_to(record, side)
    ]
    return errors.TicketChanged(
        expected_version=expected,
        actual_version=refusal.facts["actual_version"],
        missed=missed,
    )


def _sign(
    endpoint: Callable[..., Any], operation: str, in_path: list[str], body: type[BodyModel]
) -> None:
    """Give an endpoint the signature the framework reads: address, body, and what was asked."""
    empty = all(not field.is_required() for field in body.model_fields.values())
    default = {"default": body()} if empty else {}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=TicketPath if name == "ticket" else ReferencePath,
        )
        for name in in_path
    ]
    parameters += [
        inspect.Parameter(
            "body", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[body, Body()], **default
        ),
        inspect.Parameter("asked", inspect.Parameter.KEYWORD_ONLY, annotation=AskedDep),
    ]
    endpoint.__name__ = operation
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect


def _description(command: type[Command]) -> str:
    """Return what a caller must know beside the summary."""
    needs = []
    if command.NEEDS_VERSION:
        needs.append("Needs If-Match: acting on an unseen state would be wrong here.")
    if command.MOVES_MONEY:
        needs.append("Needs an Idempotency-Key: a repetition would cost money.")
    roles = ", ".join(sorted(PERMISSIONS[addresses.operation_of(command)]))
    return " ".join([*needs, f"For: {roles}."])
