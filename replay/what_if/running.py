"""A matter lived again under another book: people's deeds stay, what follows by the book does not.

Two tickets are kept of each: as the record has it, and as the other book would have made it. What
becomes due between two deeds passes at its own instant; what is due in both at the same instant
passes when the record says it did, for the other book changes nothing about a worker that came
late.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from domain.commands import FollowOrder
from domain.events import (
    ClockBreached,
    ClockWarned,
    DeadlineExtended,
    DeadlineMissed,
    Event,
    LiveSessionEnded,
    OfferLapsed,
    OrderSigned,
    SurveyAsked,
    TicketEscalated,
    TicketMovedToBook,
    TicketOpened,
)
from domain.policies.book import Book
from domain.ticket.decide import KnownTicketCommand
from domain.ticket.evolve import evolve
from domain.ticket.following import settle
from domain.ticket.order import evolve_order
from domain.ticket.state import Order, Stamp, Ticket
from domain.values import SYSTEM, Actor, Instant
from replay.what_if.deeds import Deed, Kind, released
from replay.what_if.doing import context_of, done
from replay.what_if.lives import Life, Made, Rules, Telling, Turned
from replay.what_if.pending import Due, What, passing, pending

_TELLING: Final = (OrderSigned, LiveSessionEnded)
_LEVELS: Final = ("priority", "queue")
"""What a ticket has one of at any time."""


class Replay:
    """One matter: an order with its tickets, or a ticket about no order."""

    def __init__(self, rules: Rules, telling: Telling | None = None) -> None:
        """Begin before its first record; without `telling` it is not asked who was told."""
        self.rules = rules
        self.telling = telling
        self.lives: dict[str, Life] = {}
        self.imported: set[str] = set()
        self.headless: set[str] = set()
        self.order: Order | None = None
        self._there: Order | None = None
        self._stuck: set[tuple[str, int, Due]] = set()
        self._now = Instant("")

    def take(self, deed: Deed) -> None:
        """Live through the next deed of the matter."""
        self._pass_until(deed.at, deed.place)
        self._now = deed.at
        ticket = deed.ticket
        if ticket is None:
            self._of_the_order(deed)
            return
        if ticket in self.imported or deed.records[0].imported:
            self.imported.add(ticket)
            return
        life = self._life(ticket, deed)
        if life is None:
            return
        self._live(life, deed)
        self._record(life, deed)
        self._compare(life, deed.at, deed.place)

    def finish(self, until: Instant) -> None:
        """Let time pass to the end of the history."""
        last = max((one.record[-1].place for one in self.lives.values()), default=0)
        self._pass_until(until, last)
        for life in self.lives.values():
            self._compare(life, until, last)

    # --- the record ---------------------------------------------------------------------------

    def _life(self, ticket: str, deed: Deed) -> Life | None:
        life = self.lives.get(ticket)
        if life is None:
            opened = next((one for one in deed.facts if isinstance(one, TicketOpened)), None)
            if opened is None:
                self.headless.add(ticket)  # nothing can be said without what lies before it
                return None
            own, other = self.rules.own(opened.policy), self.rules.other(opened.policy)
            life = self.lives[ticket] = Life(ticket, own, other, opened_at=deed.at)
            if self.order is not None and opened.line is not None:
                life.category = self.order.lines[opened.line].category
        return life

    def _record(self, life: Life, deed: Deed) -> None:
        """Go on to the record's own state after a deed."""
        for record in deed.records:
            event = record.event
            stamp = Stamp(record.subject, record.version, record.at, record.actor, imported=False)
            if event.FAMILY == "order":
                self.order = evolve_order(self.order, event, stamp)
                continue
            if isinstance(event, TicketMovedToBook):
                life.own_book = self.rules.own(event.policy)
            before, life.own = life.own, evolve(life.own, event, stamp)
            telling, at = self.telling, record.at
            book = None if telling is None else telling.by_own(event, at, self.rules.own)
            made = Made(event, at, record.position, record.version, record.actor, book)
            life.record.append(made)
            for level in _LEVELS:
                if before is None or getattr(before, level) != getattr(life.own, level):
                    life.levels[level] = made

    def _of_the_order(self, deed: Deed) -> None:
        """Take what happened to the order, and look at its tickets' promises again."""
        for record in deed.records:
            stamp = Stamp(record.subject, record.version, record.at, record.actor, imported=False)
            self.order = evolve_order(self.order, record.event, stamp)
            self._add_to_order(record.event, deed.at, deed.actor)
        if not any(isinstance(one.event, _TELLING) for one in deed.records):
            return
        for life in self.lives.values():
            if life.own is None or life.other is None:
                continue
            looks = FollowOrder(ticket=life.ticket)
            context = context_of(life, life.own_book, self.order, deed.at, SYSTEM, self.rules)
            life.follows = bool(settle(looks, life.own, context))
            if not life.follows:
                self._platform(life, looks, deed.at, deed.place)

    # --- the other book -----------------------------------------------------------------------

    def _live(self, life: Life, deed: Deed) -> None:
        """Do under the other book what the deed did."""
        life.released = released(deed.facts)
        match deed.kind:
            case Kind.SAID:
                facts = done(life, deed, self.rules, self.order, self._there)
                self._add(life, facts, deed.at, deed.place, deed.actor)
            case Kind.CLOCK | Kind.ORDER:
                self._clocks(life, deed)
            case Kind.DEADLINE | Kind.SURVEY:
                self._if_due(life, deed)
        life.released = frozenset()

    def _clocks(self, life: Life, deed: Deed) -> None:
        """Let pass what the record says passed, and look at the order when the record did."""
        came = deed.kind is Kind.CLOCK and self._if_due(life, deed)
        if not came and (life.follows or deed.kind is Kind.ORDER):
            self._platform(life, FollowOrder(ticket=life.ticket), deed.at, deed.place)
        life.follows = False

    # --- time ---------------------------------------------------------------------------------

    def _pass_until(self, until: Instant, place: int) -> None:
        """Let everything pass that is due by then under the other book alone, in its order."""
        while True:
            first = min(
                (
                    (due, life.ticket)
                    for life in self.lives.values()
                    for due in self._alone(life, until)
                ),
                default=None,
            )
            if first is None:
                return
            due, ticket = first
            life = self.lives[ticket]
            assert life.other is not None, "what is due is due on a ticket"
            before = life.other.version
            # What waited for the record in vain passes now: no time goes back.
            self._platform(life, passing(life.ticket, due), max(due.at, self._now), place)
            if life.other.version == before:
                self._stuck.add((ticket, before, due))

    def _alone(self, life: Life, until: Instant) -> Iterator[Due]:
        """Yield what is due under the other book and not at the same instant on record too."""
        if life.other is None:
            return
        both: set[Due] | None = None
        for due in pending(life.other, life.book):
            if due.at > until or (life.ticket, life.other.version, due) in self._stuck:
                continue
            if both is None:
                both = set() if life.own is None else set(pending(life.own, life.own_book))
            if due not in both:
                yield due

    def _if_due(self, life: Life, deed: Deed) -> bool:
        """Let pass what a deed says passed, if it is due by now; return whether it did."""
        due = None if life.other is None else passed(deed, life.other, life.book)
        if due is not None:
            self._platform(life, passing(life.ticket, due), deed.at, deed.place)
        return due is not None

    def _platform(self, life: Life, command: KnownTicketCommand, at: Instant, place: int) -> None:
        """Do what the platform does of its own accord."""
        context = context_of(life, life.book, self._there, at, SYSTEM, self.rules)
        self._add(life, settle(command, life.other, context), at, place, SYSTEM)

    # --- what they share ----------------------------------------------------------------------

    def _add(
        self, life: Life, facts: Iterable[Event], at: Instant, place: int, actor: Actor
    ) -> None:
        for fact in facts:
            if fact.FAMILY == "order":
                self._add_to_order(fact, at, actor)
                continue
            version = 1 if life.other is None else life.other.version + 1
            stamp = Stamp(life.ticket, version, at, actor, imported=False)
            life.other = evolve(life.other, fact, stamp)
            telling = self.telling
            book = None if telling is None else telling.by_other(fact, at, life.book)
            life.otherwise.append(Made(fact, at, place, by=actor, book=book))

    def _add_to_order(self, fact: Event, at: Instant, actor: Actor) -> None:
        there = self._there
        name, version = ("", 1) if there is None else (there.order, there.version + 1)
        if self.order is not None:
            name = self.order.order
        self._there = evolve_order(there, fact, Stamp(name, version, at, actor, imported=False))

    def _compare(self, life: Life, at: Instant, place: int) -> None:
        """Note where priority or queue stand otherwise than before a deed."""
        if life.own is None or life.other is None:
            return
        for what in _LEVELS:
            pair = (str(getattr(life.own, what)), str(getattr(life.other, what)))
            last = next((one for one in reversed(life.turned) if one.what == what), None)
            known = (last.before, last.after) if last is not None else None
            if pair != known and (pair[0] != pair[1] or last is not None):
                life.turned.append(Turned(at, place, what, *pair, life.levels.get(what)))


def passed(deed: Deed, ticket: Ticket, book: Book) -> Due | None:
    """Return what a deed says passed, if it is due on a ticket by then."""
    named = _named(deed)
    for one in pending(ticket, book):
        if (one.what, one.name) == named and one.at <= deed.at:
            return one
    return None


def _named(deed: Deed) -> tuple[What, str]:
    """Return what a deed of the platform's says has passed."""
    for fact in deed.facts:
        match fact:
            case ClockWarned() | ClockBreached() | TicketEscalated() if deed.kind is Kind.CLOCK:
                return What.CLOCK, fact.clock
            case DeadlineMissed() | DeadlineExtended():
                return What.DEADLINE, fact.deadline
            case OfferLapsed():
                return What.DEADLINE, f"offer:{fact.offer}"
            case SurveyAsked():
                return What.SURVEY, ""
            case _:
                pass
    return What.DEADLINE, "closing"
