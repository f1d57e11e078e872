"""A play whose every step is watched: stages, versions and promises; no test is here."""

from typing import Any, Final

from msgspec.structs import replace

from domain import commands
from domain.events import (
    Event,
    TicketReopened,
    personal_fields,
)
from domain.ticket.clocks.running import next_at
from domain.ticket.evolve import evolve
from domain.ticket.following import settle
from domain.ticket.order import AnyOrderCommand, decide_order, evolve_order
from domain.ticket.state import Stamp
from domain.values import (
    SYSTEM,
    Actor,
    Commitment,
    Instant,
    Stage,
)
from tests.domain.play import (
    ORDER,
    T1,
    Play,
)
from tests.simulation.promises import Promises

STAGES: Final = list(Stage)
SEALED: Final = Commitment("x" * 43)


def sealed(event: Event) -> Event:
    """Return a fact as it is read from the record: with commitments for what is personal."""
    open_fields = (name for name in personal_fields(type(event)) if getattr(event, name))
    return replace(event, **dict.fromkeys(open_fields, SEALED))


class Watched(Play):
    """A play that keeps the facts of each ticket and watches the stages."""

    def __init__(self, **options: Any) -> None:
        """Begin with no facts."""
        self.of_ticket: dict[str, list[tuple[Event, Stamp]]] = {}
        self.promises: dict[str, Promises] = {}
        super().__init__(**options)

    def do(self, actor: Actor, command: Any, ticket: str = T1) -> tuple[Event, ...]:
        """Judge and fold, and see that the stage only goes forwards, save when reopened."""
        before = self.tickets.get(ticket)
        events = super().do(actor, command, ticket)
        version = 0 if before is None else before.version
        recorded = before
        for event in events:
            if event.FAMILY == "ticket":
                version += 1
                stamp = Stamp(ticket, version, self.now, actor, imported=False)
                recorded = evolve(recorded, sealed(event), stamp)
                self.of_ticket.setdefault(ticket, []).append((event, stamp))
                told = self.promises.setdefault(ticket, Promises((self.book, *self.others)))
                told.see(event, self.now)
        after = self.tickets[ticket]
        assert after == recorded, "nothing personal is kept, so open facts fold as sealed ones do"
        assert after.version == version, "versions have no gaps"
        if before is not None and not any(isinstance(one, TicketReopened) for one in events):
            assert STAGES.index(after.stage) >= STAGES.index(before.stage)
        if events:
            look = commands.FollowOrder(ticket=ticket)
            assert settle(look, after, self.context(SYSTEM, ticket)) == (), "all has followed"
        return events

    def report(self, actor: Actor, command: AnyOrderCommand) -> None:
        """Judge a report about the order and fold what follows."""
        for event in decide_order(command, self.order, self.context(actor)):
            stamp = Stamp(ORDER, self.order.version + 1, self.now, actor, imported=False)
            self.order = evolve_order(self.order, event, stamp)
            self.facts.append(event)

    def coming(self, ticket: str) -> list[tuple[Instant, str]]:
        """What is next due on each clock of a ticket, the first one first."""
        book = self.context(SYSTEM, ticket).book
        known = self.tickets[ticket].clocks
        rules = {name: book.clock_rule(name.partition(":")[0]) for name in known}
        found = {
            name: next_at(clock, rule, book)
            for name, clock in known.items()
            if (rule := rules[name]) is not None
        }
        return sorted((at, name) for name, at in found.items() if at is not None)
