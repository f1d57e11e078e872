"""A matter played in memory: commands judged and folded, with a clock we hold; no test is here."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

import domain.policies
from domain import commands
from domain.commands import Command
from domain.events import Event, OrderPlaced
from domain.policies.book import Book, parse
from domain.ticket.actions import Action, actions
from domain.ticket.context import Context
from domain.ticket.decide import AnyTicketCommand, decide
from domain.ticket.diagnosing import by_words
from domain.ticket.evolve import evolve
from domain.ticket.following import settled
from domain.ticket.order import evolve_order
from domain.ticket.state import Agent, Order, Stamp, Ticket
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Attachment,
    Channel,
    EvidenceKind,
    Examination,
    Instant,
    Kind,
    Money,
    OrderLine,
    Party,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Sha256,
    Share,
    Terms,
    later,
)

BOOK = parse((Path(domain.policies.__file__).parent / "tables" / "2026-11-01.toml").read_bytes())
START = Instant("2026-11-11T08:00:00.000000Z")

BUYER = Actor(ActorKind.BUYER, "buyer-1")
MERCHANT = Actor(ActorKind.MERCHANT, "merchant-1")
AGENT = Actor(ActorKind.AGENT, "agent-1")
SUPERVISOR = Actor(ActorKind.SUPERVISOR, "supervisor-1")
JUDGE = Actor(ActorKind.ARBITRATOR, "judge-1")
SECOND_JUDGE = Actor(ActorKind.ARBITRATOR, "judge-2")
PAYMENT = Actor(ActorKind.PAYMENT, "payment")
CARRIER = Actor(ActorKind.CARRIER, "carrier")
INSPECTOR = Actor(ActorKind.INSPECTOR, "inspector")

T1 = "T0-261111-AAAAAA0"
T2 = "T0-261111-BBBBBB0"
ORDER = "order-1"
PAID = 100_000
"""What was paid for each of the order's two lines, in minor units."""

MERCHANT_BEARS_ALL = (Share(Responsible.MERCHANT, 10_000),)


def cny(amount_minor: int) -> Money:
    """An amount in the order's currency."""
    return Money(amount_minor, "CNY")


def terms(kind: RemedyKind, amount_minor: int | None = None, line: str | None = None) -> Terms:
    """A remedy as it is proposed, approved or awarded."""
    amount = None if amount_minor is None else cny(amount_minor)
    return Terms(kind=kind, line=line, amount=amount)


def refund(amount_minor: int) -> Terms:
    """Price back, without the goods."""
    return terms(RemedyKind.REFUND, amount_minor)


PEOPLE: Mapping[str, Agent] = {
    AGENT.ref: Agent(
        desk="payment_owner",
        skills=("senior",),
        certificates=dict.fromkeys(Examination, Instant("2099-12-31T00:00:00.000000Z")),
    ),
    SUPERVISOR.ref: Agent(desk="director", skills=()),
}
"""Who is on record: an agent who has passed everything, and a supervisor; others are not."""


def coupon(amount_minor: int) -> Terms:
    """Something on top of the price."""
    return terms(RemedyKind.COUPON, amount_minor)


def attachment(content: str) -> Attachment:
    """Where a text lies in the vault."""
    raw = content.encode()
    return Attachment(Sha256(hashlib.sha256(raw).hexdigest()), len(raw), "text/plain")


class Play:
    """One order with tickets on it, and the people around them."""

    def __init__(
        self,
        *,
        book: Book = BOOK,
        lines: tuple[str, ...] = ("L1", "L2"),
        category: str = "phones",
        follows: bool = False,
        others: tuple[Book, ...] = (),
        agents: Mapping[str, Agent] | None = None,
        **of_order: Any,
    ) -> None:
        """Place the order at the start of the clock; what follows from facts is judged if told."""
        self.book = book
        self.follows = follows
        self.others = others
        self.agents = PEOPLE if agents is None else agents
        self.now = START
        self.tickets: dict[str, Ticket] = {}
        self.facts: list[Event] = []
        bought = tuple(
            OrderLine(line, f"sku-{line}", "Phone", category, 1, cny(PAID)) for line in lines
        )
        placed = OrderPlaced(
            buyer=BUYER.ref, merchant=MERCHANT.ref, lines=bought, placed_at=START, **of_order
        )
        stamp = Stamp(ORDER, 1, START, SYSTEM, imported=False)
        self.order: Order = evolve_order(None, placed, stamp)

    @property
    def ticket(self) -> Ticket:
        """The first ticket."""
        return self.tickets[T1]

    def due(self, deadline: str) -> Instant:
        """When a running deadline of the first ticket is due."""
        return self.ticket.deadlines[deadline].due_at

    def wait(self, **within: int) -> None:
        """Let time pass; no deadline fires by it."""
        self.now = later(self.now, timedelta(**within))

    def context(self, actor: Actor, ticket: str = T1) -> Context:
        """What a judgement may know."""
        known = self.tickets.get(ticket)
        about_order = known is None or known.order is not None
        books = {one.version: one for one in (self.book, *self.others)}
        book = self.book if known is None else books.get(known.policy, self.book)
        return Context(
            now=self.now,
            actor=actor,
            book=book,
            ticket=ticket,
            keep=lambda content, media_type: Attachment(
                Sha256(hashlib.sha256(content).hexdigest()), len(content), media_type
            ),
            order=self.order if about_order else None,
            diagnose=by_words(book) if self.follows else None,
            books=books.get,
            agents=self.agents.get,
        )

    def do(self, actor: Actor, command: Command, ticket: str = T1) -> tuple[Event, ...]:
        """Judge a command and fold what follows; a refusal leaves everything as it was."""
        known = self.tickets.get(ticket)
        judged = cast("AnyTicketCommand", command)
        context = self.context(actor, ticket)
        told = settled(judged, known, context) if self.follows else None
        events = decide(judged, known, context) if told is None else told.facts
        order = self.order
        for event in events:
            if event.FAMILY == "order":
                stamp = Stamp(ORDER, order.version + 1, self.now, actor, imported=False)
                order = evolve_order(order, event, stamp)
            else:
                version = 1 if known is None else known.version + 1
                stamp = Stamp(ticket, version, self.now, actor, imported=False)
                known = evolve(known, event, stamp)
        if told is not None and told.ticket is not None:
            assert told.ticket == known, "what a judgement has folded is what its facts fold to"
        if known is not None:
            self.tickets[ticket] = known
        self.order = order
        self.facts += events
        return events

    def actions(self, actor: Actor, ticket: str = T1) -> tuple[Action, ...]:
        """What somebody may do now, and why not."""
        return actions(self.tickets[ticket], self.context(actor, ticket))

    def passes(self, deadline: str, ticket: str = T1) -> tuple[Event, ...]:
        """Let the clock come to a deadline, and say that it passed."""
        due_at = self.tickets[ticket].deadlines[deadline].due_at
        self.now = max(self.now, due_at)
        command = commands.PassDeadline(ticket=ticket, deadline=deadline, due_at=due_at)
        return self.do(SYSTEM, command, ticket)

    # --- the way to where a test begins ---------------------------------------------------------

    def opened(
        self,
        ticket: str = T1,
        *,
        line: str = "L1",
        scenario: Scenario = Scenario.PRODUCT,
        **other: Any,
    ) -> "Play":
        """The buyer opened a ticket on a line and the desk took it up."""
        opening = commands.OpenTicket(
            channel=Channel.APP,
            order=ORDER,
            line=line,
            kind=Kind.DISPUTE,
            scenario=scenario,
            reason=Reason.QUALITY_FAULT,
        )
        self.do(BUYER, replace(opening, **other), ticket)
        self.do(AGENT, commands.AcceptTicket(ticket=ticket), ticket)
        return self

    def negotiating(self) -> "Play":
        """The merchant refused the claim."""
        self.opened().do(MERCHANT, commands.RefuseClaim(ticket=T1, reasons="It was activated."))
        return self

    def intervened(self) -> "Play":
        """Negotiation's time passed and the buyer called the platform."""
        self.negotiating().passes("negotiation")
        self.do(BUYER, commands.RequestIntervention(ticket=T1))
        return self

    def assigned(self) -> "Play":
        """An arbitrator took the matter."""
        self.intervened().do(JUDGE, commands.AssignArbitrator(ticket=T1, arbitrator=JUDGE.ref))
        return self

    def ruled(self, *awards: Terms) -> "Play":
        """The arbitrator ruled for the buyer."""
        self.assigned().do(JUDGE, ruling(*awards))
        return self

    def appealed(self, *awards: Terms) -> "Play":
        """The merchant appealed and another arbitrator took the matter."""
        self.ruled(*awards).do(MERCHANT, commands.FileAppeal(ticket=T1, grounds="Look again."))
        self.do(SECOND_JUDGE, commands.AssignArbitrator(ticket=T1, arbitrator=SECOND_JUDGE.ref))
        return self


def ruling(*awards: Terms, **other: Any) -> commands.IssueRuling:
    """A ruling for the buyer on the order snapshot."""
    usual = commands.IssueRuling(
        ticket=T1,
        in_favour_of=Party.BUYER,
        shares=MERCHANT_BEARS_ALL,
        awards=awards,
        reasons="The report shows a hardware fault.",
        clauses=("quality.hardware_fault",),
        relied_on=("E1",),
    )
    return replace(usual, **other)


def appeal_decision(outcome: str, *awards: Terms, **other: Any) -> commands.DecideAppeal:
    """A decision of the appeal, for the merchant where it rules anew."""
    usual = commands.DecideAppeal(
        ticket=T1,
        outcome=outcome,
        reasons="Looked at again.",
        clauses=("evidence.no_fault_found",),
        relied_on=("E1",),
        in_favour_of=Party.MERCHANT,
        shares=(Share(Responsible.BUYER, 10_000),),
        awards=awards,
    )
    return replace(usual, **other)


def staging(content: str, **other: Any) -> commands.StageEvidence:
    """Bringing a photo."""
    usual = commands.StageEvidence(
        ticket=T1, kind=EvidenceKind.PHOTO, attachment=attachment(content), obtained="taken"
    )
    return replace(usual, **other)


def names(events: tuple[Event, ...]) -> list[str]:
    """The kinds of facts, in order."""
    return [type(event).__name__ for event in events]


def book_with(book: Book = BOOK, **figures: Any) -> Book:
    """A book, the usual one unless another is named, with other figures of its cap or limits."""
    tables = {}
    for table in ("cap", "limit"):
        own = getattr(book, table)
        mine = {name: value for name, value in figures.items() if hasattr(own, name)}
        tables[table] = own.model_copy(update=mine)
    return book.model_copy(update=tables)
