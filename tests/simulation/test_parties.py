"""Hypothesis plays the parties: whatever they try, in whatever order, the promises hold."""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import commands, errors
from domain.commands import TicketCommand
from domain.events import (
    AppealFiled,
    ClockStarted,
    GrantPaid,
    GrantReleased,
    PayoutGranted,
    RefundGranted,
    RulingIssued,
    TicketPrioritised,
    TicketQueued,
    TicketReopened,
)
from domain.policies.book import Book
from domain.ticket import cap
from domain.ticket.actions import Action
from domain.ticket.clocks.following import is_late, rests
from domain.ticket.evolve import fold
from domain.ticket.facts import WAITED_FOR
from domain.ticket.guards import has_interest
from domain.ticket.prioritising import prioritised
from domain.ticket.remedies import MOVES
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Awaiting,
    Candidate,
    Customer,
    Kind,
    Reason,
    RemedyKind,
    Scenario,
    Stage,
    Tier,
    later,
)
from tests.domain.play import (
    JUDGE,
    ORDER,
    PAID,
    SUPERVISOR,
    T1,
    T2,
    book_with,
    coupon,
    refund,
    terms,
)
from tests.simulation.cast import (
    ACTORS,
    CHOICES,
    COMMANDS,
    DEPENDS_ON_THE_CAP,
    FIGURES,
    JUDGING,
    PROMISING,
    TALK,
    TARGETS,
    promising,
)
from tests.simulation.watched import Watched
from tests.simulation.words import Arguments, target_of

REFUND_CAP: Final = PAID
PAYOUT_CAP: Final = PAID * 3 // 10


class Parties(Arguments, RuleBasedStateMachine):
    """Two tickets of one order line, everybody around them, and a clock.

    Under the first book nothing is promised, and nothing follows from a fact.
    """

    PLAY: ClassVar[type[Watched]] = Watched
    """How it is played; others keep more of it."""

    @staticmethod
    def books() -> tuple[Book, ...]:
        """The book all is judged under, and others."""
        return (book_with(**FIGURES),)

    @initialize(
        start=st.sampled_from(
            ["opened", "negotiating", "intervened", "assigned", "ruled", "appealed"]
        ),
        category=st.sampled_from(["phones", "fresh_food", "appliances", "luxury"]),
        kind=st.sampled_from(list(Kind)),
        reason=st.sampled_from([Reason.LATE, Reason.QUALITY_FAULT, Reason.INVOICE]),
        tier=st.sampled_from(list(Tier)),
        live=st.booleans(),
    )
    def begin(
        self, start: str, category: str, kind: Kind, reason: Reason, tier: Tier, *, live: bool
    ) -> None:
        """Begin somewhere on the way, with a second ticket about the same line."""
        book, *others = self.books()
        self.play = self.PLAY(
            book=book,
            follows=True,
            others=tuple(others),
            category=category,
            live_session="s-1" if live else None,
            services=("cross_border",) if live else None,
        )
        getattr(self.play, start)(
            *((refund(PAID // 2), coupon(100)) if start in {"ruled", "appealed"} else ())
        )
        self.play.opened(
            T2,
            scenario=Scenario.SERVICE,
            kind=kind,
            reason=reason,
            remedy=RemedyKind.RETURN if live else None,
            statement="The box is torn, again!",
            customer=Customer(tier=tier),
        )

    @rule(ticket=st.sampled_from([T1, T1, T2]), choice=CHOICES)
    def somebody_moves_on(self, ticket: str, choice: int) -> None:
        """What is offered to anybody succeeds, given good arguments."""
        self.does_one_of(ticket, choice, lambda command: command not in TALK)

    @rule(ticket=st.sampled_from([T1, T2]), choice=CHOICES)
    def somebody_carries_a_remedy_on(self, ticket: str, choice: int) -> None:
        """Steps of remedies are offered one at a time, to whose turn it is."""
        steps = set(MOVES) - {commands.CancelRemedy}
        self.does_one_of(ticket, choice, lambda command: command in steps)

    @rule(ticket=st.sampled_from([T1, T2]), choice=CHOICES)
    def somebody_judges(self, ticket: str, choice: int) -> None:
        """The way through the instances, so that it is walked often."""
        self.does_one_of(ticket, choice, lambda command: command in JUDGING)

    @rule(
        ticket=st.sampled_from([T1, T2]),
        on=st.sampled_from(WAITED_FOR),
        minutes=st.integers(min_value=0, max_value=300),
        ends=st.booleans(),
    )
    def somebody_is_waited_for(
        self, ticket: str, on: Awaiting, minutes: int, *, ends: bool
    ) -> None:
        """Promises rest for a while, and run on when the wait is over."""
        self.when_offered(commands.BeginWait(ticket=ticket, on=on, why="photo"))
        self.play.wait(minutes=minutes)
        if ends:
            self.when_offered(commands.EndWait(ticket=ticket))

    @rule(ticket=st.sampled_from([T1, T2]))
    def the_book_changes(self, ticket: str) -> None:
        """A matter is moved to the other book, and perhaps back again later."""
        policy = self.other_book(self.play.tickets[ticket])
        self.when_offered(commands.MoveToBook(ticket=ticket, policy=policy, why="better"))

    @rule(ticket=st.sampled_from([T1, T2, T2]), choice=CHOICES)
    def somebody_keeps_a_promise(self, ticket: str, choice: int) -> None:
        """What is waited for, planned, reported and said, so that promises turn often."""
        known = self.offered(ticket, lambda command: command in PROMISING)
        kinds = sorted({action.command for _, action in known}, key=lambda one: one.__name__)
        if kinds:
            kind = kinds[choice % len(kinds)]
            self.does_one_of(ticket, choice // len(kinds), lambda command: command is kind)

    @rule(ticket=st.sampled_from([T1, T2]), choice=CHOICES)
    def somebody_talks(self, ticket: str, choice: int) -> None:
        """Words and papers may come at any time."""
        self.does_one_of(ticket, choice, lambda command: command in TALK)

    @rule(
        actor=st.sampled_from(ACTORS),
        ticket=st.sampled_from([T1, T2]),
        command=st.sampled_from(COMMANDS),
        number=TARGETS,
        choice=CHOICES,
    )
    def tries_anything(
        self,
        actor: Actor,
        ticket: str,
        command: type[TicketCommand],
        number: str,
        choice: int,
    ) -> None:
        """What is not offered is refused, or was done already and changes nothing."""
        target = target_of(command, number)
        offered = {
            (one.command, one.target)
            for one in self.play.actions(actor, ticket)
            if one.refusal is None
        }
        if (command, target) in offered:
            return
        try:
            events = self.play.do(actor, self.good(command, target, actor, ticket, choice), ticket)
        except errors.Refusal:
            return
        assert events == (), f"{command.__name__} was not offered to {actor.kind}"

    @rule(ticket=st.sampled_from([T1, T2]), kind=st.sampled_from(list(RemedyKind)))
    def is_too_generous(self, ticket: str, kind: RemedyKind) -> None:
        """One minor unit more than what is left is refused, exactly what is left is not."""
        if kind not in cap.PRICE_BACK | cap.ON_TOP:
            return
        room = self.left(kind)
        over = commands.GrantRemedy(ticket=ticket, terms=terms(kind, room + 1, "L1"))
        try:
            self.play.do(SUPERVISOR, over, ticket)
        except errors.Refusal:
            return
        raise AssertionError("more than the cap was granted")

    @rule(minutes=st.integers(1, 90) | st.integers(1, 60 * 24 * 3))
    def time_passes(self, minutes: int) -> None:
        """Time passes and nobody has said so yet."""
        self.play.wait(minutes=minutes)

    @rule(ticket=st.sampled_from([T1, T2]), choice=CHOICES)
    def clock_speaks(self, ticket: str, choice: int) -> None:
        """The next deadline comes, and the platform says that it passed, twice."""
        running = self.play.tickets[ticket].deadlines
        names = sorted((one.due_at, name) for name, one in running.items() if not one.missed)
        if not names:
            return
        due_at, name = names[0] if choice % 3 else names[choice % len(names)]
        early = commands.PassDeadline(ticket=ticket, deadline=name, due_at=due_at)
        if self.play.now < due_at:
            try:
                self.play.do(SYSTEM, early, ticket)
            except errors.NotYetDue:
                pass
            else:
                raise AssertionError("a deadline passed before its instant")
        self.play.passes(name, ticket)
        assert self.play.do(SYSTEM, early, ticket) == (), "a deadline passes once"

    @rule(ticket=st.sampled_from([T1, T2]), choice=CHOICES)
    def somebody_is_chosen(self, ticket: str, choice: int) -> None:
        """The platform gives a matter to the best who may have it; silence loses it again."""
        known = self.play.tickets[ticket]
        names = ("agent-2", "agent-3", JUDGE.ref)[: choice % 4]
        choosing = commands.ChooseAgent(
            ticket=ticket,
            candidates=tuple(Candidate(one, choice % 7, 0, 9_700, ()) for one in names),
        )
        try:
            self.play.do(SYSTEM, choosing, ticket)
        except (errors.AssignedToAnother, errors.WrongState):
            assert (
                known.assignee is not None
                or known.resolved is not None
                or self.play.context(SYSTEM, ticket).book.load is None
                or all(has_interest(one, known) for one in names)
            )
        lease = self.play.tickets[ticket].lease_until
        if lease is not None and choice % 2:
            self.play.now = max(self.play.now, lease)
            lapsing = commands.LapseAssignment(ticket=ticket, due_at=lease)
            self.play.do(SYSTEM, lapsing, ticket)
            assert self.play.tickets[ticket].assignee is None

    @rule(minutes=st.integers(min_value=0, max_value=600))
    def the_live_session_ends(self, minutes: int) -> None:
        """A fact of the order may start what is promised on its tickets."""
        if self.play.order.live_session is None:
            return
        known = self.play.order.live_session_ended_at
        ended_at = known or later(self.play.now, -timedelta(minutes=minutes))
        ending = commands.EndLiveSession(order=ORDER, ended_at=ended_at)
        self.play.report(Actor(ActorKind.ORDERS, "orders"), ending)
        for ticket in (T1, T2):
            self.play.do(SYSTEM, commands.FollowOrder(ticket=ticket), ticket)

    @rule(ticket=st.sampled_from([T1, T2]), choice=CHOICES)
    def a_promise_comes_due(self, ticket: str, choice: int) -> None:
        """The next instant of a clock comes; all that is due is said, once, and nothing is left."""
        coming = self.play.coming(ticket)
        if not coming:
            return
        at, name = coming[choice % len(coming)]
        passing = commands.PassClock(ticket=ticket, clock=name, at=at)
        if self.play.now < at:
            try:
                self.play.do(SYSTEM, passing, ticket)
            except errors.NotYetDue:
                pass
            else:
                raise AssertionError("an instant of a clock came before its time")
        self.play.now = max(self.play.now, at)
        assert self.play.do(SYSTEM, passing, ticket), "what is due is said"
        assert self.play.do(SYSTEM, passing, ticket) == (), "and said once"
        left = [one for one in self.play.coming(ticket) if one[0] <= self.play.now]
        assert not left, f"still due: {left}"

    @rule(ticket=st.sampled_from([T1, T2]))
    def somebody_looks_again(self, ticket: str) -> None:
        """What follows from the facts is what is on record: looking twice finds nothing new."""
        look = commands.FollowOrder(ticket=ticket)
        self.play.do(SYSTEM, look, ticket)
        assert self.play.do(SYSTEM, look, ticket) == ()

    @invariant()
    def clocks_are_what_the_facts_say(self) -> None:
        """Each promise that runs is one of the ticket's book, and due when the facts say."""
        for name, ticket in self.play.tickets.items():
            told = self.play.promises[name].running
            assert set(told) == set(ticket.clocks)
            for clock, run in told.items():
                known = ticket.clocks[clock]
                assert (known.due_at, known.target_s, known.calendar) == (
                    run.due_at,
                    run.target_s,
                    run.calendar,
                )
                assert known.transitions == tuple(run.turns)
                assert (known.paused, known.breached, known.round) == (
                    run.paused,
                    run.breached,
                    ticket.round,
                )
                assert (set(known.warned), known.rung) == (run.warned, run.rungs)

    @invariant()
    def promises_rest_while_somebody_is_waited_for(self) -> None:
        """SL-25: exactly then, but for those that never rest and those that are broken."""
        for name, ticket in self.play.tickets.items():
            context = self.play.context(SYSTEM, name)
            for clock, known in ticket.clocks.items():
                one = context.book.clock_rule(clock.partition(":")[0])
                assert one is not None, f"{clock} is no promise of the ticket's book"
                if not known.breached and not is_late(known, one, context):
                    assert known.paused is rests(one, ticket), clock

    @invariant()
    def priority_and_queue_are_what_the_book_says(self) -> None:
        """SL-27: what is on record is what the facts come to; a queue is one of the book's."""
        for name, ticket in self.play.tickets.items():
            context = self.play.context(SYSTEM, name)
            if context.book.level:
                found = prioritised(ticket, context)
                assert (ticket.priority, ticket.points) == (found.priority, found.points)
            assert ticket.queue in {None, *(one.name for one in context.book.queue)}
            assert (ticket.queue is None) is (not context.book.queue)

    @invariant()
    def a_book_that_promises_nothing_lets_nothing_follow(self) -> None:
        """What was adopted before promises stood in books goes on to be read as it was meant."""
        if not self.play.book.clock:
            follows = ClockStarted | TicketQueued | TicketPrioritised
            assert not any(isinstance(one, follows) for one in self.play.facts)

    @invariant()
    def there_is_one_ruling_and_one_appeal_a_round(self) -> None:
        """AR-06, whatever the parties try."""
        for facts in self.play.of_ticket.values():
            ruled = appealed = 0
            for event, _ in facts:
                if isinstance(event, TicketReopened):
                    ruled = appealed = 0
                ruled += isinstance(event, RulingIssued)
                appealed += isinstance(event, AppealFiled)
                assert ruled <= 1
                assert appealed <= 1

    @invariant()
    def the_cap_holds_and_grants_are_what_the_facts_say(self) -> None:
        """RE-16, counted from the facts alone."""
        taken: dict[str, tuple[bool, int]] = {}
        freed: set[str] = set()
        paid = {True: 0, False: 0}
        for event in self.play.facts:
            match event:
                case RefundGranted() | PayoutGranted():
                    refunds = isinstance(event, RefundGranted)
                    key = cap.grant_key(event.ticket, event.remedy)
                    assert key not in taken, "a remedy takes its part once"
                    taken[key] = (refunds, event.amount.amount_minor)
                    total = sum(amount for of, amount in taken.values() if of is refunds)
                    whole = REFUND_CAP if refunds else PAYOUT_CAP
                    # Money that arrived though it was taken off counts, and is no decision of ours.
                    assert total <= whole or key in freed
                case GrantReleased():
                    key = cap.grant_key(event.ticket, event.remedy)
                    taken.pop(key)
                    freed.add(key)
                case GrantPaid():
                    refunds, amount = taken[cap.grant_key(event.ticket, event.remedy)]
                    paid[refunds] += amount
        folded = {
            key: (one.refund, one.amount.amount_minor)
            for key, one in self.play.order.grants.items()
        }
        assert folded == taken
        for refunds in (True, False):
            total = sum(amount for is_refund, amount in taken.values() if is_refund is refunds)
            assert paid[refunds] <= total

    @invariant()
    def what_is_owed_is_waited_for(self) -> None:
        """A remedy that nobody waits for is forgotten; a decided matter always ends."""
        for ticket in self.play.tickets.values():
            if ticket.stage is not Stage.REMEDY:
                continue
            owed = [name for name, one in ticket.remedies.items() if not one.over]
            assert all(f"remedy:{name}" in ticket.deadlines for name in owed)
            appealed = ticket.appeal is not None and not ticket.appeal.decided
            if appealed:
                assert "appeal_ruling" in ticket.deadlines
                assert ticket.resolved is None
            elif not owed:
                assert ticket.resolved is not None
                assert "closing" in ticket.deadlines

    def teardown(self) -> None:
        """The facts alone give every ticket again."""
        for ticket, facts in self.play.of_ticket.items():
            assert fold(facts) == self.play.tickets[ticket]

    def does_one_of(
        self, ticket: str, choice: int, wanted: Callable[[type[TicketCommand]], bool]
    ) -> None:
        """One of the wanted actions that are offered is done."""
        offered = self.offered(ticket, wanted)
        if not offered:
            return
        actor, action = offered[choice % len(offered)]
        command = self.good(action.command, action.target, actor, ticket, choice)
        try:
            self.play.do(actor, command, ticket)
        except (errors.CapExceeded, errors.LessThanClaimed, errors.AmountRequired):
            agents = action.command is commands.GrantRemedy and actor.kind is ActorKind.AGENT
            nothing = agents and self.small_gift(self.play.tickets[ticket], choice) is None
            assert nothing or action.command in DEPENDS_ON_THE_CAP

    def when_offered(self, command: TicketCommand) -> None:
        """A supervisor does it, if it may be done."""
        actions = self.play.actions(SUPERVISOR, command.ticket)
        if any(one.refusal is None and isinstance(command, one.command) for one in actions):
            self.play.do(SUPERVISOR, command, command.ticket)

    def offered(
        self, ticket: str, wanted: Callable[[type[TicketCommand]], bool]
    ) -> list[tuple[Actor, Action]]:
        """The wanted actions that somebody may do now."""
        return [
            (actor, action)
            for actor in ACTORS
            for action in self.play.actions(actor, ticket)
            if action.refusal is None and wanted(action.command)
        ]


class PromisedParties(Parties):
    """The same under books that promise much: everything follows."""

    @staticmethod
    def books() -> tuple[Book, ...]:
        """The book all is judged under, and another one that tickets are moved to and back."""
        return promising()


TestParties = Parties.TestCase
TestParties.settings = settings(max_examples=30, stateful_step_count=60, deadline=None)
TestPromisedParties = PromisedParties.TestCase
TestPromisedParties.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
