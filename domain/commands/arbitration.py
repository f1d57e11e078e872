"""Intentions of arbitration: who judges, the ruling, and the one appeal."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.values import Party, Share, Terms


class AssignArbitrator(TicketCommand, frozen=True, kw_only=True):
    """Name the arbitrator of this round."""

    arbitrator: str


class RecuseArbitrator(TicketCommand, frozen=True, kw_only=True):
    """Step aside as the arbitrator."""

    reason: str
    """A code of the book: knows_party, handled_before, interest, other."""


class IssueRuling(TicketCommand, frozen=True, kw_only=True):
    """Decide who is responsible and what must be done."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    reasons: str
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]


class FileAppeal(TicketCommand, frozen=True, kw_only=True):
    """Ask once for a review by another arbitrator."""

    grounds: str


class DecideAppeal(TicketCommand, frozen=True, kw_only=True):
    """Uphold, vary or overturn the ruling."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    outcome: str
    """upheld, varied or overturned; shares and awards are read for the latter two."""
    reasons: str
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    in_favour_of: Party | None = None
    shares: tuple[Share, ...] = ()
    awards: tuple[Terms, ...] = ()
