"""A matter played in memory under a book of one's choice: the pure judges, and nobody else."""

import re
from typing import Any, Final

import msgspec
import pytest

import api.app  # noqa: F401 - its routes write down which command lives at which address
from api.addresses import ADDRESSES
from domain import errors
from domain.commands import (
    AskSurvey,
    Command,
    FollowOrder,
    OrderCommand,
    PassClock,
    PassDeadline,
)
from domain.events import Event
from domain.policies.book import Book
from domain.ticket.clocks.running import next_at, rule_of
from domain.values import SYSTEM, Actor, ActorKind, Customer, Instant, Money, Tier
from tests.rows.orders import order_facts
from tests.rows.people import PEOPLE
from tests.rows.played import BUYER, NOW, Deed, Fact, Ground, Running
from tests.scenario import ORDER, Scenario

TICKET: Final = "T"
_PATHS: Final = {
    re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", address.template)): command
    for command, address in ADDRESSES.items()
}


class InMemory:
    """One matter, its order and its buyer."""

    def __init__(self, book: Book) -> None:
        """Begin with nothing but a book."""
        self._at = Scenario(agents=PEOPLE).promised(book)
        self._facts: list[Fact] = []

    @property
    def now(self) -> Instant:
        """The instant it is."""
        return self._at.now

    def begin(self, ground: Ground) -> None:
        """Report the order and the customer, and have the buyer open a ticket."""
        for deed in (*order_facts(ORDER, self.now, ground.order), *ground.first):
            self.do(deed)
        known = ground.standing
        spend = None if known is None else known.get("spend_minor")
        customer = known and Customer(
            tier=Tier(known["tier"]),
            spend=None if spend is None else Money(spend, "CNY"),
            bought=tuple(known.get("bought", ())),
        )
        opening = {"channel": "app", "order": ORDER, **ground.opening, "customer": customer}
        self._judge(BUYER, _command("/v1/tickets", opening))
        self._fire()

    def do(self, deed: Deed) -> None:
        """Have somebody do something that must be accepted."""
        self._judge(deed.who, self._command(deed))

    def refused(self, deed: Deed, *, code: str) -> None:
        """Insist that something is refused for the stated reason."""
        with pytest.raises(errors.Refusal) as refusal:
            self._judge(deed.who, self._command(deed))
        assert refusal.value.code == code

    def move_to(self, at: Instant) -> None:
        """Let it become an instant, and let what is due happen."""
        assert at >= self.now, "time only goes forward"
        self._at = self._at.at(at)
        self._fire()

    def facts(self, topic: str, clock: str | None = None) -> list[Fact]:
        """Return the facts of a topic, of one clock where one is named."""
        return [
            one
            for one in self._facts
            if one.topic == topic and clock in {None, one.data.get("clock")}
        ]

    def running(self, clock: str) -> Running | None:
        """Return a promise that runs or is overdue."""
        found = self._at.live.clocks.get(clock)
        rule = rule_of(clock, self._at.book)
        if found is None or rule is None or rule.metric_only:
            return None
        started = self.facts("clock.started", clock)[-1]
        return Running(found.due_at, started.data["awaits"], found.breached)

    def queue(self) -> str:
        """Return the queue the ticket is in."""
        return str(self._at.live.queue)

    def _command(self, deed: Deed) -> Command:
        path = deed.path
        if path.startswith("/"):
            path = f"/v1/orders{path if path == '/' else f'/{ORDER}{path}'}".rstrip("/")
        else:
            path = f"/v1/tickets/{TICKET}/{path}"
        said = {name: self.now if one == NOW else one for name, one in deed.body.items()}
        return _command(path, said)

    def _judge(self, who: str, command: Command) -> None:
        role, _, ref = who.partition(":")
        actor = SYSTEM if role == "system" else Actor(ActorKind(role), ref)
        known = len(self._at.facts)
        self._at = self._at.done(command, actor)
        self._facts += [
            Fact(one.TOPIC.rpartition(".")[0], self.now, _data(one))
            for one in self._at.facts[known:]
        ]
        if isinstance(command, OrderCommand) and self._at.ticket is not None:
            self._judge("system:", FollowOrder(ticket=TICKET))

    def _fire(self) -> None:
        """Send what the worker would send, until nothing is due any more."""
        while due := next(iter(self._due()), None):
            try:
                self._judge("system:", due)
            except errors.Refusal as refusal:
                raise AssertionError(f"{due} was refused: {refusal}") from refusal

    def _due(self) -> list[Command]:
        if self._at.ticket is None:
            return []
        ticket, book = self._at.ticket, self._at.book
        found: list[Command] = [
            PassDeadline(ticket=TICKET, deadline=name, due_at=one.due_at)
            for name, one in ticket.deadlines.items()
            if one.due_at <= self.now and not one.missed
        ]
        for name, clock in ticket.clocks.items():
            rule = rule_of(name, book)
            at = None if rule is None else next_at(clock, rule, book)
            if at is not None and at <= self.now:
                found.append(PassClock(ticket=TICKET, clock=name, at=at))
        survey = ticket.survey
        if survey is not None and not survey.asked and survey.due_at <= self.now:
            found.append(AskSurvey(ticket=TICKET, due_at=survey.due_at))
        return found


def _data(event: Event) -> dict[str, Any]:
    """Return the fields of a fact; a personal text is nobody's here."""
    found: dict[str, Any] = msgspec.to_builtins(event, enc_hook=lambda _personal: None)
    return found


def _command(path: str, said: dict[str, Any]) -> Command:
    """Return the command that is posted to an address."""
    for pattern, command in _PATHS.items():
        if match := pattern.fullmatch(path):
            found: Command = msgspec.convert({**said, **match.groupdict()}, command, strict=False)
            return found
    raise AssertionError(f"no command lives at {path}")
