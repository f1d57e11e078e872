"""How much is measured: rounds, seconds and rows, for a figure to rely on or for a look."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The extent of one run."""

    rounds: int = 5
    seconds: float = 2.0
    """How long a contestant works in one round."""
    queue_tickets: int = 1_000_000
    queue_reads: int = 300
    """Pages read from the database in one round, and as many first pages."""
    past_reads: int = 50
    """Moments of the past that are asked for in one round."""
    ticket_reads: int = 1_000
    """Tickets that are asked for as of some moment in one round."""
    notary_seconds: float = 4.0
    """How long is appended in one round with the notary at work, who signs every second."""
    clocks: int = 1_000_000
    """How many run while what is due is looked for."""
    clock_seconds: float = 10.0
    """How long clocks become due in one round."""
    verified_events: int = 1_000_000
    """The longer history to verify; the shorter one is a tenth of it."""
    rebuilt_events: int = 1_000_000
    """The longer record to rebuild views from; the shorter one is a tenth of it."""
    disk_tickets: int = 5_000
    """How many tickets are written to see what one takes on disk."""


QUICK: Final = Effort(
    rounds=1,
    seconds=0.3,
    queue_tickets=20_000,
    queue_reads=50,
    past_reads=20,
    ticket_reads=50,
    notary_seconds=2.0,
    clocks=40_000,
    clock_seconds=2.0,
    verified_events=40_000,
    rebuilt_events=40_000,
    disk_tickets=300,
)
"""Enough to see that every part works; no figure of it means anything."""
