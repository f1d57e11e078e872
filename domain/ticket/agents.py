"""The judge and the fold of an agent's stream: desk, skills, certificates, shifts and rating.

Who gets which matter is judged on the ticket; nothing of that is here.
"""

from typing import Final, assert_never

from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AgentCommand,
    EndShift,
    GrantCertificate,
    MoveAgent,
    RateAgent,
    RegisterAgent,
    StartShift,
    WithdrawCertificate,
)
from domain.events import (
    AgentCertificateWithdrawn,
    AgentCertified,
    AgentMoved,
    AgentRated,
    AgentRegistered,
    AgentRetrained,
    AgentShiftEnded,
    AgentShiftStarted,
    Event,
)
from domain.ticket.context import Context
from domain.ticket.guards import require_role
from domain.ticket.state import Agent
from domain.values import BASIS_POINTS, ActorKind

AnyAgentCommand = (
    RegisterAgent
    | GrantCertificate
    | WithdrawCertificate
    | StartShift
    | EndShift
    | MoveAgent
    | RateAgent
)
AnyAgentEvent = (
    AgentRegistered
    | AgentRetrained
    | AgentCertified
    | AgentCertificateWithdrawn
    | AgentShiftStarted
    | AgentShiftEnded
    | AgentMoved
    | AgentRated
)
LEADERS: Final = (ActorKind.SUPERVISOR, ActorKind.ADMIN)
"""Who says where agents work and what they have passed."""


def decide_agent(  # noqa: PLR0911 - one a command
    command: AnyAgentCommand, agent: Agent | None, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow from a command about an agent, or raise why not."""
    require_role(context, *LEADERS)
    if isinstance(command, RegisterAgent):
        return _register(command, agent, context)
    if agent is None:
        raise errors.UnknownAgent
    match command:
        case GrantCertificate():
            return _certify(command, agent, context)
        case WithdrawCertificate():
            if command.certificate not in agent.certificates:
                return ()
            gone = AgentCertificateWithdrawn(certificate=command.certificate, why=command.why)
            return (gone,)
        case StartShift():
            return () if agent.on_shift else (AgentShiftStarted(),)
        case EndShift():
            return (AgentShiftEnded(),) if agent.on_shift else ()
        case MoveAgent():
            return _move(command, agent, context)
        case RateAgent():
            if not 0 <= command.good_bp <= BASIS_POINTS:
                raise errors.Unreasonable("A share lies between nothing and all.")
            return (
                () if command.good_bp == agent.good_bp else (AgentRated(good_bp=command.good_bp),)
            )
        case _:
            assert_never(command)


def evolve_agent(  # noqa: PLR0911 - one a fact
    agent: Agent | None, event: Event, _stamp: object
) -> Agent:
    """Return the agent after one more fact."""
    if isinstance(event, AgentRegistered):
        return Agent(desk=event.desk, skills=event.skills)
    assert agent is not None, "an agent's first fact is that they were registered"
    match event:
        case AgentRetrained():
            return replace(agent, skills=event.skills)
        case AgentCertified():
            held = {**agent.certificates, event.certificate: event.expires_at}
            return replace(agent, certificates=held)
        case AgentCertificateWithdrawn():
            held = {one: at for one, at in agent.certificates.items() if one != event.certificate}
            return replace(agent, certificates=held)
        case AgentShiftStarted() | AgentShiftEnded():
            return replace(agent, on_shift=isinstance(event, AgentShiftStarted))
        case AgentMoved():
            return replace(agent, desk=event.to_desk)
        case AgentRated():
            return replace(agent, good_bp=event.good_bp)
        case _:
            raise AssertionError("only facts about agents lie on an agent's stream")


def _register(command: RegisterAgent, agent: Agent | None, context: Context) -> tuple[Event, ...]:
    """A known agent changes the desk by a move, which says why."""
    _require_desk(command.desk, context)
    skills = tuple(sorted(set(command.skills)))
    if agent is None:
        known = AgentRegistered(desk=command.desk, skills=skills, policy=context.book.version)
        return (known,)
    if agent.desk != command.desk:
        raise errors.AlreadyDone("The agent works at another desk: move them, and say why.")
    return () if agent.skills == skills else (AgentRetrained(skills=skills),)


def _certify(command: GrantCertificate, agent: Agent, context: Context) -> tuple[Event, ...]:
    if command.expires_at <= context.now:
        raise errors.Unreasonable("A certificate that is granted has not expired.")
    if agent.certificates.get(command.certificate) == command.expires_at:
        return ()
    return (AgentCertified(certificate=command.certificate, expires_at=command.expires_at),)


def _move(command: MoveAgent, agent: Agent, context: Context) -> tuple[Event, ...]:
    _require_desk(command.desk, context)
    if command.desk == agent.desk:
        return ()
    return (
        AgentMoved(
            from_desk=agent.desk,
            to_desk=command.desk,
            why=command.why,
            policy=context.book.version,
        ),
    )


def _require_desk(desk: str, context: Context) -> None:
    known = sorted(one.name for one in context.book.desk)
    if desk not in known:
        raise errors.UnknownDesk(desks=known)


def agent_stream(command: AgentCommand) -> str:
    """Return the stream an agent's facts lie on."""
    return f"agent:{command.agent}"
