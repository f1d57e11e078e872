"""Who acts, and for whom: parties, roles, agents and customers."""

from enum import StrEnum
from typing import Final

import msgspec

from domain.values.amounts import Money


class Tier(StrEnum):
    """A buyer's membership, in rising weight (SL-27)."""

    ORDINARY = "ordinary"
    SUPER = "super"
    TOP = "top"


class Examination(StrEnum):
    """What an agent can have passed (KN-03); its certificate expires."""

    PRODUCT = "product"
    LAW = "law"
    PSYCHOLOGY = "psychology"
    LUXURY = "luxury"


class Party(StrEnum):
    """Whose interest a person or machine speaks for."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    CARRIER = "carrier"
    PLATFORM = "platform"
    SUPPLIER = "supplier"


class ActorKind(StrEnum):
    """The role an actor acts in; the party is derived from it."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ARBITRATOR = "arbitrator"
    AUDITOR = "auditor"
    ADMIN = "admin"
    ORDERS = "orders"
    CARRIER = "carrier"
    PAYMENT = "payment"
    INSPECTOR = "inspector"
    BOT = "bot"
    """A machine that answers buyers and listens to them."""
    CHAIN = "chain"
    """A service that keeps others' production and inspection records (TR-03)."""
    SYSTEM = "system"


STAFF: Final = frozenset({ActorKind.AGENT, ActorKind.SUPERVISOR, ActorKind.ARBITRATOR})
"""People who work for the platform on tickets."""


MACHINES: Final = frozenset(
    {
        ActorKind.ORDERS,
        ActorKind.CARRIER,
        ActorKind.PAYMENT,
        ActorKind.INSPECTOR,
        ActorKind.CHAIN,
        ActorKind.BOT,
    }
)
"""Systems of others that post facts under an identity of their own."""


class Actor(msgspec.Struct, frozen=True, gc=False):
    """The person or machine on whose authority a command runs."""

    kind: ActorKind
    ref: str
    """A pseudonymous reference, never a name."""

    @property
    def party(self) -> Party:
        """Return the party this actor speaks for."""
        return _PARTIES.get(self.kind, Party.PLATFORM)


_PARTIES: Final = {
    ActorKind.BUYER: Party.BUYER,
    ActorKind.MERCHANT: Party.MERCHANT,
    ActorKind.CARRIER: Party.CARRIER,
}


SYSTEM: Final = Actor(kind=ActorKind.SYSTEM, ref="platform")
"""The platform acting of its own accord: deadlines, processes, the notary."""


class Score(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a candidate's score is the sum of, in points."""

    room: int
    """By what the agent could still carry."""
    silent: int = 0
    """Taken from who was silent on this matter before, or let it go."""
    able: int = 0
    """Of who can keep all that is promised on it (SL-02, SL-05)."""
    dedicated: int = 0
    """Of the buyer's own agent, where the buyer keeps one (RO-02)."""
    top_rated: int = 0
    rating: int = 0
    """These two where emotions run high (DI-10)."""

    @property
    def points(self) -> int:
        """Return the sum."""
        return self.room + self.silent + self.able + self.dedicated + self.top_rated + self.rating


class Candidate(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An agent who was looked at for a matter, with what counted."""

    agent: str
    score: int
    load_bp: int
    """Of what the agent may carry."""
    rating_bp: int
    skills: tuple[str, ...]
    refused: str | None = None
    """What stood against the choice."""
    parts: Score | None = None
    """Absent where nobody compares: of who takes a matter unasked."""
    certificates: tuple[Examination, ...] | None = None
    """Those the matter asks for that counted then; absent where nothing is known of them."""


class Customer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a buyer is to the platform, as it was last reported."""

    tier: Tier
    spend: Money | None = None
    """In the last year."""
    bought: tuple[str, ...] = ()
    """The categories of earlier orders."""
