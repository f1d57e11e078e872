"""One matter played to its end: what a scenario may do and look at; how it is done is elsewhere.

The same scenario is played over HTTP, and in memory under a book with one figure changed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from domain.values import Instant

BUYER, MERCHANT = "buyer:b-1", "merchant:m-1"
AGENT, SUPERVISOR, ARBITRATOR = "agent:agent-1", "supervisor:sup-1", "arbitrator:arb-1"
BOT, PAYMENT, CARRIER = "bot:bot-1", "payment:pay-1", "carrier:sf"
MOMENT = timedelta(microseconds=1)
"""The least time there is between inside and outside."""
NOW = "{now}"
"""In the body of a deed: the instant at which it is done."""


class Deed(NamedTuple):
    """What somebody does on the ticket; an address that begins with / is the order's own."""

    who: str
    path: str
    body: Mapping[str, Any] = {}
    after: timedelta = timedelta(0)
    """How much later than what was done before."""


class Fact(NamedTuple):
    """One fact on the ticket's record."""

    topic: str
    """Without its version."""
    at: Instant
    data: Mapping[str, Any]


class Running(NamedTuple):
    """A promise as a view shows it."""

    due_at: Instant
    awaits: str
    missed: bool


class Ground(NamedTuple):
    """What is there before the matter comes in, and how it comes in."""

    order: Mapping[str, Any] = {}
    """Fields of the order: category, paid (minor units a line), services, live_session, paid_by."""
    standing: Mapping[str, Any] | None = None
    """What is reported of the customer before."""
    opening: Mapping[str, Any] = {}
    first: Sequence[Deed] = ()
    """What happens on the order before the matter comes in."""


class Played(Protocol):
    """One ticket with its order under a clock that is held."""

    @property
    def now(self) -> Instant:
        """The instant it is."""

    def begin(self, ground: Ground) -> None:
        """Report the order and the customer, and have the buyer open a ticket."""

    def do(self, deed: Deed) -> None:
        """Have somebody do something that must be accepted."""

    def move_to(self, at: Instant) -> None:
        """Let it become an instant, and let what is due happen."""

    def facts(self, topic: str, clock: str | None = None) -> list[Fact]:
        """Return the facts of a topic, of one clock where one is named."""

    def running(self, clock: str) -> Running | None:
        """Return a promise that runs or is overdue, as the queue shows it."""

    def refused(self, deed: Deed, *, code: str) -> None:
        """Insist that something is refused for the stated reason."""

    def queue(self) -> str:
        """Return the queue the ticket is in."""


Begin = Callable[[], Played]
"""Gives a fresh stage for one scenario."""
