"""Facts that other systems post about customers."""

from domain.commands.base import CustomerCommand
from domain.values import Instant, Money, Tier


class ReportCustomer(CustomerCommand, frozen=True, kw_only=True):
    """Report what a customer is to the platform, as it stood at an instant."""

    tier: Tier
    as_of: Instant
    spend: Money | None = None
    bought: tuple[str, ...] = ()
