"""Matters played through the judgement and kept as records: what views really get to read."""

from collections.abc import Callable
from typing import Final

from domain import commands
from domain.commands import Command
from domain.events import Event
from domain.values import Actor, ActorKind, Channel, Kind, RemedyKind
from tests.domain.play import (
    AGENT,
    BUYER,
    JUDGE,
    MERCHANT,
    ORDER,
    PAYMENT,
    SECOND_JUDGE,
    SUPERVISOR,
    T1,
    Play,
    appeal_decision,
    coupon,
    refund,
    ruling,
    staging,
    terms,
)
from tests.projections.history import History


class Told(Play):
    """A play whose facts about the ticket are recorded."""

    def __init__(self, history: History) -> None:
        """Begin with the order."""
        super().__init__()
        self._history = history

    def do(self, actor: Actor, command: Command, ticket: str = T1) -> tuple[Event, ...]:
        """Judge a command and record what follows."""
        events = super().do(actor, command, ticket)
        self._history.ticket(ticket, *(one for one in events if one.FAMILY == "ticket"), by=actor)
        return events


def overturned(play: Told) -> None:
    """A ruling with a refund and a coupon, taken back on appeal, and the window passes."""
    play.assigned()
    play.do(BUYER, staging("a"))
    play.do(BUYER, staging("b", confidential=True))
    play.do(BUYER, commands.SealEvidence(ticket=T1))
    play.do(MERCHANT, staging("c"))
    play.do(JUDGE, ruling(refund(50_000), coupon(5_000)))
    play.do(MERCHANT, commands.FileAppeal(ticket=T1, grounds="Look again."))
    play.do(SECOND_JUDGE, commands.AssignArbitrator(ticket=T1, arbitrator=SECOND_JUDGE.ref))
    play.do(SECOND_JUDGE, appeal_decision("overturned"))


def upheld(play: Told) -> None:
    """A ruling that stands after the appeal and is enforced until the ticket closes."""
    play.appealed(refund(50_000))
    play.do(SECOND_JUDGE, appeal_decision("upheld"))
    play.do(PAYMENT, commands.SettleRefund(ticket=T1, remedy="R1", reference="pay-1"))
    if "closing" in play.ticket.deadlines:
        play.passes("closing")


def settled(play: Told) -> None:
    """Offer, counter-offer, acceptance; then the settlement waits for its repair."""
    play.negotiating()
    offer = commands.MakeOffer(ticket=T1, terms=(terms(RemedyKind.REPAIR),))
    play.do(MERCHANT, offer)
    play.do(BUYER, commands.CounterOffer(ticket=T1, offer="O1", terms=(refund(20_000),)))
    play.do(MERCHANT, commands.AcceptOffer(ticket=T1, offer="O2"))


def lapsed(play: Told) -> None:
    """An offer nobody answered, a withdrawn one, and every deadline that runs passes."""
    play.negotiating()
    play.do(MERCHANT, commands.MakeOffer(ticket=T1, terms=(coupon(5_000),)))
    play.passes("offer:O1")
    play.do(BUYER, commands.MakeOffer(ticket=T1, terms=(refund(20_000),)))
    play.do(BUYER, commands.WithdrawOffer(ticket=T1, offer="O2"))
    play.do(BUYER, commands.RequestIntervention(ticket=T1))
    for name in sorted(play.ticket.deadlines, key=play.due):
        if name in play.ticket.deadlines:
            play.passes(name)


def superseded(play: Told) -> None:
    """An offer gives way to the call for the platform; a compensation fails, and is paid late."""
    play.negotiating()
    play.passes("negotiation")
    play.do(MERCHANT, commands.MakeOffer(ticket=T1, terms=(coupon(5_000),)))
    play.do(BUYER, commands.RequestIntervention(ticket=T1))
    play.do(JUDGE, commands.AssignArbitrator(ticket=T1, arbitrator=JUDGE.ref))
    play.do(JUDGE, ruling(terms(RemedyKind.COMPENSATION, 5_000)))
    fail = commands.FailCompensation(ticket=T1, remedy="R1", reason="account closed")
    play.do(PAYMENT, fail)
    play.do(SUPERVISOR, commands.InitiateCompensation(ticket=T1, remedy="R1"))
    play.do(PAYMENT, fail)
    play.do(SUPERVISOR, commands.CancelRemedy(ticket=T1, remedy="R1", why="not_owed"))
    play.do(PAYMENT, commands.PayCompensation(ticket=T1, remedy="R1", reference="pay-1"))


def again(play: Told) -> None:
    """A ruling was upheld, the matter came back, and its new round is ruled on too."""
    play.appealed()
    play.do(SECOND_JUDGE, appeal_decision("upheld"))
    play.do(BUYER, commands.ReopenTicket(ticket=T1))
    play.do(AGENT, commands.AcceptTicket(ticket=T1))
    play.do(MERCHANT, commands.RefuseClaim(ticket=T1, reasons="It was activated."))
    play.passes("negotiation")
    play.do(BUYER, commands.RequestIntervention(ticket=T1))
    third = Actor(ActorKind.ARBITRATOR, "judge-3")
    play.do(third, commands.AssignArbitrator(ticket=T1, arbitrator=third.ref))
    play.do(third, ruling(refund(50_000)))
    play.do(MERCHANT, commands.FileAppeal(ticket=T1, grounds="Look again."))


def silent(play: Told) -> None:
    """A question was answered and its buyer says nothing more."""
    asked = commands.OpenTicket(channel=Channel.APP, order=ORDER, line="L1", kind=Kind.CONSULTATION)
    play.do(BUYER, asked)
    play.do(AGENT, commands.AcceptTicket(ticket=T1))
    play.do(AGENT, commands.GiveAnswer(ticket=T1, text="Which colour?", resolves=False))
    play.passes("reply")


COURSES: Final[dict[str, Callable[[Told], None]]] = {
    "overturned": overturned,
    "upheld": upheld,
    "settled": settled,
    "lapsed": lapsed,
    "superseded": superseded,
    "again": again,
    "silent": silent,
}
