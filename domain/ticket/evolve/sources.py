"""What a ticket is after the facts another system reported of it."""

from collections.abc import Mapping
from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    SourceBreachReported,
    SourceField,
    SourceOutcomeReported,
    SourceReported,
    TicketReprioritised,
    TicketRouted,
    TicketTransferred,
)
from domain.ticket.state import Stamp, Ticket

SourceEvent = (
    SourceReported
    | TicketRouted
    | TicketTransferred
    | TicketReprioritised
    | SourceBreachReported
    | SourceOutcomeReported
)


def evolve_source(ticket: Ticket, event: SourceEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of its source."""
    version = stamp.version
    match event:
        case SourceReported():
            return _reported(ticket, event, stamp)
        case TicketRouted():
            return replace(ticket, version=version, queue=event.queue)
        case TicketTransferred():
            return replace(ticket, version=version, transfers=event.count)
        case TicketReprioritised():
            return replace(ticket, version=version, priority=event.priority)
        case SourceBreachReported():
            return replace(
                ticket,
                version=version,
                source_breaches=ticket.source_breaches | {event.promise},
            )
        case SourceOutcomeReported():
            return replace(ticket, version=version, source_fields=_known(ticket, event.fields))
        case _:
            assert_never(event)


def _reported(ticket: Ticket, event: SourceReported, stamp: Stamp) -> Ticket:
    """The ticket stands as the source says; in another state it is resolved only if told so."""
    same = event.state == ticket.source_state
    return replace(
        ticket,
        version=stamp.version,
        source_state=event.state,
        stage=event.stage,
        resolved=ticket.resolved if same else None,
        resolved_at=ticket.resolved_at if same else None,
        source_fields=_known(ticket, event.fields),
    )


def _known(ticket: Ticket, fields: tuple[SourceField, ...] | None) -> Mapping[str, str]:
    """Return the source's columns as they are on record now."""
    if not fields:
        return ticket.source_fields
    return {**ticket.source_fields, **{field.name: field.value for field in fields}}
