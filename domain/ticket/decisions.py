"""Where a matter was decided: the one decision a trainee is asked to take again, fact by fact."""

from typing import Final

import msgspec
from msgspec.structs import replace

from domain.events import (
    AnswerGiven,
    Event,
    MerchantApproved,
    RemedyOrdered,
    ResolutionSigned,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SettlementReached,
    SourceOutcomeReported,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from domain.values import Decided, Difficulty, Ending

_WEIGHTS: Final = {
    Decided.ANSWER: 1,
    Decided.APPROVAL: 1,
    Decided.SETTLEMENT: 1,
    Decided.GOODWILL: 2,
    Decided.RESOLUTION: 3,
    Decided.RULING: 4,
    Decided.APPEAL: 4,
}
"""A judgement takes the place of what weighs as much or less, all else of what weighs less."""
_APPEALED: Final = frozenset({Decided.RULING, Decided.APPEAL})
_FREELY: Final = {
    AnswerGiven: Decided.ANSWER,
    MerchantApproved: Decided.APPROVAL,
    SettlementReached: Decided.SETTLEMENT,
}
CONCERNED: Final[frozenset[type[Event]]] = frozenset(
    {
        AnswerGiven,
        MerchantApproved,
        SettlementReached,
        RemedyOrdered,
        ResolutionSigned,
        RulingIssued,
        RulingUpheld,
        RulingVaried,
        RulingOverturned,
        SourceOutcomeReported,
        TicketClosed,
        TicketReopened,
        TicketResolved,
    }
)
"""The facts that say anything of it."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Where a matter was decided, as far as its facts say."""

    decided: Decided | None = None
    version: int = 0
    """Of the deciding fact."""
    over: bool = False
    """Whether the matter is closed, or resolved where there is no ruling to appeal against."""
    reopened: bool = False
    """Since the decision: what was no ruling then gives way to whatever decides next."""

    @property
    def ending(self) -> Ending | None:
        """Return what may be told of it beforehand; None where nothing is decided."""
        if self.decided in _APPEALED:
            return Ending.RULING
        if self.decided is Decided.SOURCE:
            return Ending.SOURCE
        return None if self.decided is None else Ending.NO_RULING

    @property
    def difficulty(self) -> Difficulty:
        """Return how hard it is to decide again, by how far the matter went."""
        hard = {Decided.RULING: Difficulty.MEDIUM, Decided.APPEAL: Difficulty.HARD}
        return Difficulty.EASY if self.decided is None else hard.get(self.decided, Difficulty.EASY)


def evolve_decision(known: Decision, event: Event, version: int, *, imported: bool) -> Decision:
    """Return where the matter was decided after one more fact of its stream."""
    if isinstance(event, TicketReopened):
        return Decision() if imported else replace(known, over=False, reopened=True)
    if imported:
        return _reported(known, event, version)
    if isinstance(event, TicketClosed | TicketResolved):
        closed = isinstance(event, TicketClosed) or known.decided not in _APPEALED
        return replace(known, over=closed)
    decided = _decided(event)
    if decided is None or not _gives_way(known, decided):
        return known
    return Decision(decided, version, known.over)


def _reported(known: Decision, event: Event, version: int) -> Decision:
    """Another system decided where it first says how the matter ended."""
    ended = isinstance(event, SourceOutcomeReported | TicketClosed | TicketResolved)
    if not ended:
        return known
    first = known if known.decided else Decision(Decided.SOURCE, version)
    return replace(first, over=known.over or isinstance(event, TicketClosed))


def _decided(event: Event) -> Decided | None:
    """Return what kind of decision a fact is."""
    match event:
        case AnswerGiven(resolves=False):
            return None
        case RulingIssued():
            return Decided.RULING
        case RulingUpheld() | RulingVaried() | RulingOverturned():
            return Decided.APPEAL
        case ResolutionSigned():
            return Decided.RESOLUTION
        case RemedyOrdered(source="goodwill"):
            return Decided.GOODWILL
        case _:
            return _FREELY.get(type(event))


def _gives_way(known: Decision, now: Decided) -> bool:
    before = known.decided
    if before is None or (known.reopened and before not in _APPEALED):
        return True
    ruled = _WEIGHTS[now] >= _WEIGHTS[Decided.RESOLUTION]
    return _WEIGHTS[now] >= _WEIGHTS[before] if ruled else _WEIGHTS[now] > _WEIGHTS[before]
