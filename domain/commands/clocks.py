"""Intentions about promises: an instant has come, an order's facts are to be looked at again."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.values import Instant


class PassClock(TicketCommand, frozen=True, kw_only=True):
    """Say that an instant of a clock has come."""

    clock: str
    at: Instant
    """What was due then, as whoever noticed it knew."""


class FollowOrder(TicketCommand, frozen=True, kw_only=True):
    """Look at the promises of a ticket again: facts of its order may start or end some."""


class MoveToBook(TicketCommand, frozen=True, kw_only=True):
    """Promise on a ticket what another adopted book promises."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    policy: str
    why: str
