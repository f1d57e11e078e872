"""Taking in what was there before: books of rules, and rows of another system."""

from domain.commands.base import Command
from domain.values import Awaiting, Channel, Instant, Kind, Reason, Scenario, Sha256, Stage


class AdoptBook(Command, frozen=True, kw_only=True):
    """Put a book of rules in force; its bytes are kept by digest."""

    version: str
    digest: Sha256
    in_force_from: Instant


class ImportRow(Command, frozen=True, kw_only=True):
    """Take one row of another system's history in, as the mapping reads it.

    It says what the row alone says, never how it differs from another row: so a row that comes
    again, in whatever order, is the same command. What is new in it is for the judgement to find.
    """

    ticket: str
    buyer: str
    channel: Channel
    kind: Kind
    scenario: Scenario
    reason: Reason
    priority: int
    state: str
    stage: Stage
    awaiting: Awaiting
    """Whose turn it is while the source has the ticket in this state."""
    resolved: bool
    """The source counts the matter as resolved in this state (a closed one is resolved too)."""
    occurred_at: Instant
    opened_at: Instant | None = None
    """When the source says the ticket was opened; its first row may be later."""
    by: str | None = None
    """Who made this update there, by the source's own reference."""
    fields: tuple[tuple[str, str], ...] = ()
    """All clear columns of the row; "" where the source has no value."""
    text: str | None = None
    """Personal columns as one JSON text; the ledger seals it."""
    queue: str | None = None
    agent: str | None = None
    transfers: int | None = None
    reopened: int | None = None
    breached: str | None = None
    """The promise the source counts as broken by now."""
    outcome: tuple[tuple[str, str], ...] = ()
    """Columns that hold the later outcome on every row, given with rows for which they are true."""
    outcome_at: Instant | None = None
