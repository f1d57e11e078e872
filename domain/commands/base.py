"""What every command has in common, and the families that say what it is about."""

from typing import ClassVar

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something somebody wants to happen; it may be refused."""

    NEEDS_VERSION: ClassVar[bool] = False
    """Acting on an unseen state would be wrong: the caller names the version it saw."""
    MOVES_MONEY: ClassVar[bool] = False
    """A repetition would cost money: the caller brings an idempotency key."""
    GROUNDS: ClassVar[tuple[str, ...]] = ()
    """Optional fields that are not the caller's word but were found on record for them.

    They may differ when a caller repeats itself, so an idempotency key does not stand for them.
    """


class TicketCommand(Command, frozen=True, kw_only=True):
    """A command about a ticket that exists."""

    ticket: str


class OrderCommand(Command, frozen=True, kw_only=True):
    """A fact another system posts about an order."""

    order: str


class CustomerCommand(Command, frozen=True, kw_only=True):
    """A fact another system posts about a customer."""

    customer: str


class LedgerCommand(Command, frozen=True, kw_only=True):
    """A command about the ledger itself, on a stream of its own."""

    STREAM: ClassVar[str]
    """Which one: of ledger:keys it is keys."""
