"""Given, when, then: a matter is brought to a point, a command is judged, the facts are compared.

Everything here is pure: a scenario is a value, and each step returns the next one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from domain.commands import OpenTicket, OrderCommand
from domain.errors import Refusal
from domain.events import Event, OrderPlaced, OrderSigned
from domain.policies import book as books
from domain.policies.book import Book
from domain.ticket.context import Context
from domain.ticket.decide import decide
from domain.ticket.diagnosing import by_words
from domain.ticket.evolve import evolve
from domain.ticket.following import settle
from domain.ticket.order import decide_order, evolve_order
from domain.ticket.state import Agent, Order, Stamp, Ticket
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Attachment,
    Channel,
    Examination,
    Instant,
    Money,
    OrderLine,
    Personal,
    Sha256,
    later,
    moment_of,
)

BOOK_FILE = Path(books.__file__).parent / "tables" / "2026-11-01.toml"
BOOK: Book = books.parse(BOOK_FILE.read_bytes())
"""The book the scenarios are judged under; figures are read from it, never written down."""

TABLES = Path(books.__file__).parent / "tables"


def whole_book(*changes: tuple[str, str], folder: str = "2026-11-22") -> Book:
    """Return a dated book of several files, adopted with texts changed and in force before NOW."""
    book = books.parse(whole_bytes(*changes, folder=folder))
    return book.model_copy(update={"in_force_from": moment_of(BEGUN)})


def whole_bytes(*changes: tuple[str, str], folder: str = "2026-11-22") -> bytes:
    """Return the bytes of such a book."""
    files = sorted(
        (TABLES / folder).glob("*.toml"), key=lambda one: (one.name != "book.toml", one.name)
    )
    text = books.join(one.read_bytes() for one in files).decode()
    for before, after in changes:
        assert text.count(before) == 1, f"{before!r} does not stand once in the book"
        text = text.replace(before, after)
    return text.encode()


def named(version: str) -> tuple[str, str]:
    """Return the change that gives the whole book another version."""
    head = 'version = "2026-11-22"\nin_force'
    return head, head.replace("2026-11-22", version)


NOW = Instant("2026-11-12T08:00:00.000000Z")
BEGUN = Instant("2026-11-01T00:00:00.000000Z")
"""Since when the books of scenarios are in force, whatever day is written in them."""
TICKET = "T0-261112-0000001"
ORDER = "order-1"
LINE = "1"

BUYER = Actor(ActorKind.BUYER, "b-1")
OTHER_BUYER = Actor(ActorKind.BUYER, "b-2")
MERCHANT = Actor(ActorKind.MERCHANT, "m-1")
OTHER_MERCHANT = Actor(ActorKind.MERCHANT, "m-2")
AGENT = Actor(ActorKind.AGENT, "a-1")
OTHER_AGENT = Actor(ActorKind.AGENT, "a-2")
SUPERVISOR = Actor(ActorKind.SUPERVISOR, "s-1")
ARBITRATOR = Actor(ActorKind.ARBITRATOR, "j-1")
OTHER_ARBITRATOR = Actor(ActorKind.ARBITRATOR, "j-2")
AUDITOR = Actor(ActorKind.AUDITOR, "u-1")
ADMIN = Actor(ActorKind.ADMIN, "x-1")
ORDERS = Actor(ActorKind.ORDERS, "orders")
CARRIER = Actor(ActorKind.CARRIER, "carrier")
PAYMENT = Actor(ActorKind.PAYMENT, "payment")
INSPECTOR = Actor(ActorKind.INSPECTOR, "inspector")
CHAIN = Actor(ActorKind.CHAIN, "chain")
BOT = Actor(ActorKind.BOT, "bot")
EVERYBODY = (
    BUYER,
    MERCHANT,
    AGENT,
    SUPERVISOR,
    ARBITRATOR,
    AUDITOR,
    ADMIN,
    ORDERS,
    CARRIER,
    PAYMENT,
    INSPECTOR,
    CHAIN,
    BOT,
    SYSTEM,
)
"""One actor of every role; buyer and merchant are the ticket's own."""

MOMENT = timedelta(microseconds=1)
"""The least time there is between inside and outside."""


STAFF: Mapping[str, Agent] = {
    AGENT.ref: Agent(
        desk="pool_lead",
        skills=("senior",),
        certificates=dict.fromkeys(Examination, Instant("2099-12-31T00:00:00.000000Z")),
    ),
    SUPERVISOR.ref: Agent(desk="director", skills=()),
}
"""Who is on record: an agent who has passed everything, and a supervisor; others are not."""


def yuan(amount: int) -> Money:
    """Return whole yuan."""
    return Money(amount * 100, "CNY")


PRICE = yuan(4999)
"""What was paid for the only line of the order."""


def placed(*lines: OrderLine) -> OrderPlaced:
    """Return the order as it was bought, with one phone unless other lines are named."""
    phone = OrderLine(
        line=LINE,
        sku="sku-phone",
        title="phone",
        category="phones",
        quantity=1,
        paid=PRICE,
        supplier="sup-1",
    )
    return OrderPlaced(
        buyer=BUYER.ref, merchant=MERCHANT.ref, lines=lines or (phone,), placed_at=NOW
    )


def signed(at: Instant = NOW) -> OrderSigned:
    """Return that the goods were signed for."""
    return OrderSigned(tracking="t-1", signed_at=at)


def ago(within: timedelta, at: Instant = NOW) -> Instant:
    """Return the instant that lies `within` before `at`."""
    return later(at, -within)


def by_buyer(text: str) -> Personal:
    """Return a text of the buyer's."""
    return Personal(text, subject=f"buyer:{BUYER.ref}")


@dataclass(frozen=True)
class Scenario:
    """A matter at one moment: the order and the ticket as they are folded, and the time."""

    ticket: Ticket | None = None
    order: Order | None = None
    now: Instant = NOW
    book: Book = BOOK
    holder: Ticket | None = None
    imported: bool = False
    follows: bool = False
    """Whether what follows from facts is judged too: diagnosis, priority, queue, promises."""
    others: tuple[Book, ...] = ()
    """Other adopted books."""
    agents: Mapping[str, Agent] = field(default_factory=lambda: STAFF)
    """What is on record of those who work on matters, by reference."""
    facts: tuple[Event, ...] = ()
    kept: dict[str, bytes] = field(default_factory=dict)

    def given(self, *facts: Event, by: Actor = SYSTEM) -> Self:
        """Put facts on the record."""
        ticket, order = self.ticket, self.order
        for fact in facts:
            if fact.FAMILY == "order":
                version = 1 if order is None else order.version + 1
                order = evolve_order(order, fact, self._stamp(ORDER, version, by))
            else:
                version = 1 if ticket is None else ticket.version + 1
                ticket = evolve(ticket, fact, self._stamp(TICKET, version, by))
        return replace(self, ticket=ticket, order=order, facts=(*self.facts, *facts))

    def after(self, within: timedelta) -> Self:
        """Let time pass; no clock says anything by itself."""
        return replace(self, now=later(self.now, within))

    def at(self, now: Instant) -> Self:
        """Go to an instant."""
        return replace(self, now=now)

    def held_by(self, other: Ticket | None) -> Self:
        """Let another live ticket hold the name that would be reserved."""
        return replace(self, holder=other)

    def staffed(self, agents: Mapping[str, Agent]) -> Self:
        """Put agents on record beside those there are."""
        return replace(self, agents={**self.agents, **agents})

    def under(self, book: Book) -> Self:
        """Put another book in force."""
        return replace(self, book=book)

    def promised(self, book: Book) -> Self:
        """Let everything follow that a book promises."""
        return replace(self, book=book, follows=True)

    def done(self, command: Any, by: Actor) -> Self:
        """Judge a command that must not be refused, and put its facts on the record."""
        return self.given(*self.judged(command, by), by=by)

    def when(self, command: Any, by: Actor) -> "Then":
        """Judge a command."""
        try:
            return Then(self, self.judged(command, by), None, by)
        except Refusal as refusal:
            return Then(self, (), refusal, by)

    def judged(self, command: Any, by: Actor) -> tuple[Event, ...]:
        """Return the facts that follow from a command, or raise the refusal."""
        if isinstance(command, OrderCommand):
            return decide_order(command, self.order, self.context(by))
        judge = settle if self.follows else decide
        return judge(command, self.ticket, self.context(by))

    def context(self, by: Actor) -> Context:
        """Return what a judgement may know."""
        asks = self.ticket is None or self.ticket.order is not None
        return Context(
            now=self.now,
            actor=by,
            book=self.book,
            ticket=TICKET,
            keep=self._keep,
            order=self.order if asks else None,
            holder=self.holder,
            diagnose=by_words(self.book) if self.follows else None,
            books={one.version: one for one in (self.book, *self.others)}.get,
            agents=self.agents.get,
        )

    @property
    def live(self) -> Ticket:
        """Return the ticket there is."""
        assert self.ticket is not None, "the scenario has opened a ticket"
        return self.ticket

    def due(self, deadline: str) -> Instant:
        """Return when a running deadline is due."""
        return self.live.deadlines[deadline].due_at

    def _keep(self, content: bytes, media_type: str) -> Attachment:
        digest = hashlib.sha256(content).hexdigest()
        self.kept[digest] = content
        return Attachment(sha256=Sha256(digest), size=len(content), media_type=media_type)

    def _stamp(self, subject: str, version: int, by: Actor) -> Stamp:
        return Stamp(
            subject=subject, version=version, at=self.now, actor=by, imported=self.imported
        )


@dataclass(frozen=True)
class Then:
    """What followed from a command: facts, or a refusal."""

    scenario: Scenario
    events: tuple[Event, ...]
    refusal: Refusal | None
    by: Actor

    def then(self, *events: Event) -> Scenario:
        """These facts follow, in this order, and no others."""
        self._not_refused()
        assert self.events == events
        return self._next()

    def then_kinds(self, *kinds: type[Event]) -> Scenario:
        """Facts of these kinds follow, in this order, and no others."""
        self._not_refused()
        assert [type(event).__name__ for event in self.events] == [kind.__name__ for kind in kinds]
        return self._next()

    def then_among(self, *events: Event) -> Scenario:
        """These facts are among those that follow."""
        self._not_refused()
        missing = [event for event in events if event not in self.events]
        assert not missing, f"{missing} not among {self.events}"
        return self._next()

    def then_nothing(self) -> Scenario:
        """The command was a harmless repetition."""
        self._not_refused()
        assert self.events == ()
        return self.scenario

    def then_refused(self, reason: type[Refusal], **facts: object) -> Refusal:
        """The command is refused for exactly this reason, with these facts among others."""
        assert self.refusal is not None, f"not refused: {self.events}"
        assert type(self.refusal) is reason, repr(self.refusal)
        assert {name: self.refusal.facts.get(name) for name in facts} == facts
        return self.refusal

    def the(self, kind: type[Event]) -> Any:
        """Return the one fact of a kind that follows."""
        self._not_refused()
        found = [event for event in self.events if isinstance(event, kind)]
        assert len(found) == 1, f"{len(found)} facts of {kind.__name__} in {self.events}"
        return found[0]

    def _not_refused(self) -> None:
        assert self.refusal is None, (
            f"refused: {self.refusal!r} {self.refusal and self.refusal.facts}"
        )

    def _next(self) -> Scenario:
        return self.scenario.given(*self.events, by=self.by)


def given(*facts: Event, by: Actor = SYSTEM) -> Scenario:
    """Start a scenario with facts on record."""
    return Scenario().given(*facts, by=by)


def ordered(*lines: OrderLine, signed_at: Instant | None = NOW) -> Scenario:
    """Start with an order that was placed and, unless told otherwise, signed for."""
    scenario = given(placed(*lines))
    return scenario if signed_at is None else scenario.given(signed(signed_at))


def opened(command: OpenTicket | None = None, *, by: Actor = BUYER) -> Scenario:
    """Start with an open matter about the order."""
    return ordered().done(command or OpenTicket(channel=Channel.APP, order=ORDER), by)


def for_each(actors: Sequence[Actor], *, but: Sequence[Actor]) -> list[Actor]:
    """Return the actors of every role but these."""
    return [actor for actor in actors if actor not in but]
