"""Every route × role is in one table, and the table holds at the gate."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from api import addresses
from api.auth import PERMISSIONS, ROLES
from api.reads.tickets import judging
from domain import commands, errors
from domain.commands import Command, TicketCommand
from domain.ticket.guards import GUARDS
from domain.values import Actor, ActorKind
from tests.api.served import Served

OPEN = {
    *("read_liveness", "read_readiness", "read_problem_kind", "put_upload"),
    *("read_log_checkpoint", "read_log_witnessed", "read_log_key", "read_receipt_key"),
    *("read_log_policy", "read_log_tile", "read_log_consistency"),
}
"""What needs no token."""
WITHOUT_ROUTE = {
    commands.Command,
    commands.TicketCommand,
    commands.OrderCommand,
    commands.RemedyCommand,
    commands.CustomerCommand,
    commands.PassDeadline,
    commands.PassClock,
    commands.FollowOrder,
    commands.ChooseAgent,
    commands.LapseAssignment,
    commands.ReturnAssignment,
    commands.AgentCommand,
    commands.TrainingCommand,
    commands.WatchQueue,
    commands.AskSurvey,
    commands.RecordNotice,
    commands.ErasePersonalData,
    commands.AdoptBook,
    commands.ImportRow,
    commands.RecordLook,
    commands.RecordDamage,
    commands.RecordExport,
}
"""What nobody sends from outside, beside the facts that processes bring to parties' streams."""


def routes(served: Served) -> Iterator[APIRoute]:
    """Return every route of the API."""
    return (one for one in served.app.routes if isinstance(one, APIRoute) and one.include_in_schema)


def address(route: APIRoute) -> str:
    """Return an address of a route that is well formed and where nothing lives."""
    values = {"ticket": "T0-261122-0000000", "item": "E1", "sha256": "0" * 64, "code": "x"}
    return re.sub(r"{(\w+)}", lambda name: values.get(name[1], "x-1"), route.path)


def all_commands() -> set[type[Command]]:
    """Return every command of the domain that somebody outside may send."""
    found = {
        one
        for one in vars(commands).values()
        if isinstance(one, type)
        and issubclass(one, Command)
        and not issubclass(one, commands.PartyCommand | commands.LedgerCommand)
    }
    return found - WITHOUT_ROUTE


def test_every_command_has_a_route_and_every_route_of_a_command_a_command() -> None:
    """What the domain can judge, a party can ask."""
    assert set(addresses.ADDRESSES) == all_commands()


def test_every_route_is_in_the_table_and_nothing_else_is(served: Served) -> None:
    """A route that is forgotten in the table would be open to everybody."""
    operations = {route.operation_id for route in routes(served)}
    assert None not in operations
    assert operations - OPEN == set(PERMISSIONS)
    assert all(allowed and allowed <= ROLES for allowed in PERMISSIONS.values())


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_passes_the_gate_where_the_table_says_so_and_nowhere_else(
    served: Served, role: ActorKind
) -> None:
    """Route × role, all of it: 403 not_your_role exactly where the table has no entry."""
    wrong = []
    for route in routes(served):
        (method,) = route.methods
        answer = served.client.request(method, address(route), headers=served.headers(role))
        kept_out = answer.status_code == 403 and answer.json()["code"] == "not_your_role"
        permitted = role in PERMISSIONS.get(route.operation_id or "", ROLES)
        if kept_out is permitted or answer.status_code == 500:
            wrong.append((route.operation_id, answer.status_code))
    assert wrong == []


def test_without_a_token_nothing_but_what_is_public_answers(served: Served) -> None:
    """Not even whether a ticket exists, or whether a body is well formed."""
    for route in routes(served):
        if route.operation_id in OPEN:
            continue
        (method,) = route.methods
        for content in (b"", b"{", b"x" * 300_000):
            answer = served.client.request(method, address(route), content=content)
            assert answer.status_code == 401, route.path
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ticketledger"'
            assert answer.json()["code"] == "unauthenticated"


def test_the_table_agrees_with_the_guards(served: Served) -> None:
    """The domain decides who may; the gate keeps out nobody whom a guard would let in."""
    ticket = served.open_ticket()
    case = served.services.ledger.case(ticket)
    assert set(GUARDS) - WITHOUT_ROUTE == {
        one for one in addresses.ADDRESSES if issubclass(one, TicketCommand)
    }
    for command in set(GUARDS) - WITHOUT_ROUTE:
        permitted = PERMISSIONS[addresses.operation_of(command)]
        for role in ROLES:
            context = judging(served.services, Actor(role, f"{role}-1"), case)
            try:
                GUARDS[command](case.ticket, "E1", context)
                kept_out = False
            except errors.NotYourRole as refusal:
                # With a sentence of its own it is about this item, and not about the role.
                kept_out = str(refusal) == str(errors.NotYourRole())
            except errors.Refusal:
                kept_out = False
            assert kept_out is (role not in permitted), (command, role)
