"""What a customer is to the platform, as other systems report it: the judgement and the fold.

Notes that tickets leave on a customer's stream are not looked at here.
"""

import msgspec

from domain import errors
from domain.commands import ReportCustomer
from domain.events import CustomerValued, Event
from domain.ticket.context import Context
from domain.ticket.guards import require_past, require_role
from domain.ticket.state import Stamp
from domain.values import ActorKind, Customer, Instant

REPORTS_KEPT = 30
"""So many of the latest reports are remembered, to know one that is repeated."""


class Report(msgspec.Struct, frozen=True):
    """What was reported of a customer as it stood at an instant."""

    as_of: Instant
    customer: Customer


Reports = tuple[Report, ...]
"""The latest reports of one customer, the newest first."""


def decide_customer(
    command: ReportCustomer, reports: Reports | None, context: Context
) -> tuple[Event, ...]:
    """Take a report in: the same again is one fact, another one of the same instant is refused.

    One that is older than what is known is kept as it was reported and replaces nothing.
    """
    require_role(context, ActorKind.ORDERS)
    require_past(command.as_of, context)
    if command.spend is not None and command.spend.amount_minor < 0:
        raise errors.Unreasonable("What was spent is not negative.")
    told = Customer(tier=command.tier, spend=command.spend, bought=command.bought)
    for known in reports or ():
        if known.as_of == command.as_of:
            if known.customer == told:
                return ()
            raise errors.FactKnownOtherwise(fact="standing", occurred_at=known.as_of)
    return (
        CustomerValued(
            tier=command.tier,
            as_of=command.as_of,
            spend=command.spend,
            bought=command.bought or None,
        ),
    )


def evolve_customer(reports: Reports | None, event: Event, _stamp: Stamp) -> Reports | None:
    """Return the reports of a customer after one more fact of the stream."""
    if not isinstance(event, CustomerValued):
        return reports
    told = Customer(tier=event.tier, spend=event.spend, bought=event.bought or ())
    known = (*(reports or ()), Report(event.as_of, told))
    return tuple(sorted(known, key=lambda one: one.as_of, reverse=True)[:REPORTS_KEPT])


def standing(reports: Reports | None) -> Customer | None:
    """Return what a customer is to the platform by the latest report, if there is one."""
    return reports[0].customer if reports else None
