"""Facts of arbitration: who judges, the ruling, and the one appeal against it."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.values import AuthorText, Party, Share, Terms, TicketText


class ArbitratorAssigned(TicketEvent, frozen=True):
    """One arbitrator without a conflict of interest is to judge this round."""

    TOPIC: ClassVar[str] = "arbitrator.assigned.v1"

    arbitrator: str
    instance: int
    """1 for the ruling, 2 for the appeal."""


class ArbitratorRecused(TicketEvent, frozen=True):
    """An arbitrator stepped aside."""

    TOPIC: ClassVar[str] = "arbitrator.recused.v1"

    arbitrator: str
    reason: str


class RulingIssued(TicketEvent, frozen=True):
    """An arbitrator decided who is responsible and what must be done."""

    TOPIC: ClassVar[str] = "ruling.issued.v1"

    ruling: str
    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    reasons: TicketText
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    """The evidence items the decision rests on."""
    policy: str


class AppealFiled(TicketEvent, frozen=True):
    """A party asks once for a review of the ruling by another arbitrator."""

    TOPIC: ClassVar[str] = "appeal.filed.v1"

    appeal: str
    ruling: str
    by: Party
    grounds: AuthorText
    policy: str


class RulingUpheld(TicketEvent, frozen=True):
    """The appeal changed nothing."""

    TOPIC: ClassVar[str] = "ruling.upheld.v1"

    appeal: str
    ruling: str
    reasons: TicketText
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    policy: str


class RulingVaried(TicketEvent, frozen=True):
    """The appeal changed shares or awards; the first ruling stays visible."""

    TOPIC: ClassVar[str] = "ruling.varied.v1"

    appeal: str
    ruling: str
    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    reasons: TicketText
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    policy: str


class RulingOverturned(TicketEvent, frozen=True):
    """The appeal reversed the ruling; the first ruling stays visible."""

    TOPIC: ClassVar[str] = "ruling.overturned.v1"

    appeal: str
    ruling: str
    in_favour_of: Party
    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    reasons: TicketText
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    policy: str
