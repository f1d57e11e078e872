"""What a ticket is after the facts of arbitration."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    AppealFiled,
    ArbitratorAssigned,
    ArbitratorRecused,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
)
from domain.ticket.state import Appeal, Ruling, Stamp, Ticket
from domain.values import Responsible, Share, Stage

ArbitrationEvent = (
    ArbitratorAssigned
    | ArbitratorRecused
    | RulingIssued
    | AppealFiled
    | RulingUpheld
    | RulingVaried
    | RulingOverturned
)


def evolve_arbitration(ticket: Ticket, event: ArbitrationEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of arbitration."""
    match event:
        case ArbitratorAssigned():
            return replace(ticket, version=stamp.version, arbitrator=event.arbitrator)
        case ArbitratorRecused():
            return replace(
                ticket,
                version=stamp.version,
                arbitrator=None,
                recused=ticket.recused | {event.arbitrator},
            )
        case RulingIssued():
            return replace(_ruled(ticket, event, stamp), stage=Stage.REMEDY)
        case AppealFiled():
            appeal = Appeal(appeal=event.appeal, by=event.by, decided=False)
            return replace(
                ticket,
                version=stamp.version,
                appeal=appeal,
                appeals=ticket.appeals + 1,
                appeal_window_open=False,
                arbitrator=None,
                resolved=None,
                resolved_at=None,
            )
        case RulingUpheld():
            return replace(
                ticket,
                version=stamp.version,
                appeal=_decided(ticket),
                judged=ticket.judged | {stamp.actor.ref},
            )
        case RulingVaried() | RulingOverturned():
            return replace(_ruled(ticket, event, stamp), appeal=_decided(ticket))
        case _:
            assert_never(event)


def _ruled(
    ticket: Ticket, event: RulingIssued | RulingVaried | RulingOverturned, stamp: Stamp
) -> Ticket:
    """This decision stands from now on."""
    stood = None if isinstance(event, RulingIssued) else ticket.ruling
    ruling = Ruling(
        ruling=event.ruling,
        by=stamp.actor.ref,
        in_favour_of=event.in_favour_of,
        shares=event.shares,
        awards=event.awards,
        reviews=None if stood is None else stood.ruling,
    )
    return replace(
        ticket,
        version=stamp.version,
        ruling=ruling,
        rulings={**ticket.rulings, ruling.ruling: ruling},
        judged=ticket.judged | {stamp.actor.ref},
        responsible=_most_responsible(event.shares, ticket.responsible),
    )


def _decided(ticket: Ticket) -> Appeal:
    assert ticket.appeal is not None, "an appeal was filed before it was decided"
    return replace(ticket.appeal, decided=True)


def _most_responsible(shares: tuple[Share, ...], otherwise: Responsible) -> Responsible:
    """Return who bears the greatest share; of equal shares the first named."""
    return max(shares, key=lambda share: share.share_bp).party if shares else otherwise
