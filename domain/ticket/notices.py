"""Notices that are over: each ends once, however often it was sent."""

from domain.commands import RecordNotice
from domain.events import Event, NoticeFailed, NoticeSent
from domain.ticket.context import Context
from domain.ticket.guards import require_role
from domain.ticket.state import Stamp
from domain.values import ActorKind

Ended = frozenset[str]
"""The ids of notices whose end is on record."""


def record_notice(
    command: RecordNotice, ended: Ended | None, context: Context
) -> tuple[Event, ...]:
    """Return how a notice ended; nothing when that is on record."""
    require_role(context, ActorKind.SYSTEM)
    if command.notice in (ended or ()):
        return ()
    if command.failure is not None:
        return (
            NoticeFailed(
                notice=command.notice,
                rule=command.rule,
                to=command.to,
                channel=command.channel,
                why=command.failure,
                tries=command.tries,
                due_at=command.due_at,
                policy=command.policy,
            ),
        )
    assert command.port is not None, "what was sent was carried by something"
    return (
        NoticeSent(
            notice=command.notice,
            rule=command.rule,
            to=command.to,
            channel=command.channel,
            port=command.port,
            tries=command.tries,
            due_at=command.due_at,
            policy=command.policy,
        ),
    )


def evolve_notices(ended: Ended | None, event: Event, _stamp: Stamp) -> Ended:
    """Return the notices that are over after one more fact."""
    assert isinstance(event, NoticeSent | NoticeFailed), "a stream of notices holds their ends"
    return (ended or frozenset()) | {event.notice}
