"""Hypothesis plays the parties: whatever they try, in whatever order, the promises hold."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import commands, errors
from domain.commands import RemedyCommand, TicketCommand
from domain.events import (
    AppealFiled,
    ClockStarted,
    Event,
    GrantPaid,
    GrantReleased,
    PayoutGranted,
    RefundGranted,
    RulingIssued,
    TicketPrioritised,
    TicketQueued,
    TicketReopened,
)
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.ticket import cap
from domain.ticket.actions import Action
from domain.ticket.arbitration import has_conflict
from domain.ticket.clocks.following import is_late, rests
from domain.ticket.clocks.running import next_at
from domain.ticket.evolve import fold
from domain.ticket.facts import REPORTERS, WAITED_FOR
from domain.ticket.following import settle
from domain.ticket.guards import GUARDS, has_interest
from domain.ticket.order import AnyOrderCommand, decide_order, evolve_order
from domain.ticket.prioritising import prioritised
from domain.ticket.remedies import MOVES
from domain.ticket.remedies.ordering import goodwill
from domain.ticket.state import Stamp, Ticket
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Awaiting,
    Candidate,
    Customer,
    EvidenceKind,
    HoldGround,
    Instant,
    Kind,
    Party,
    PlanLevel,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Stage,
    Terms,
    Tier,
    later,
)
from tests.domain.play import (
    AGENT,
    BOOK,
    BUYER,
    CARRIER,
    INSPECTOR,
    JUDGE,
    MERCHANT,
    ORDER,
    PAID,
    PAYMENT,
    SECOND_JUDGE,
    SUPERVISOR,
    T1,
    T2,
    Play,
    appeal_decision,
    attachment,
    book_with,
    cny,
    coupon,
    refund,
    ruling,
    staging,
    terms,
)
from tests.scenario import whole_book
from tests.simulation.promises import Promises

REFUND_CAP: Final = PAID
PAYOUT_CAP: Final = PAID * 3 // 10
STAGES: Final = list(Stage)
ACTORS: Final = (
    BUYER,
    MERCHANT,
    AGENT,
    Actor(ActorKind.AGENT, "agent-2"),
    SUPERVISOR,
    JUDGE,
    SECOND_JUDGE,
    Actor(ActorKind.ARBITRATOR, AGENT.ref),
    Actor(ActorKind.BUYER, "stranger"),
    Actor(ActorKind.MERCHANT, "stranger"),
    Actor(ActorKind.AUDITOR, "auditor-1"),
    Actor(ActorKind.BOT, "bot"),
    Actor(ActorKind.ORDERS, "orders"),
    PAYMENT,
    CARRIER,
    INSPECTOR,
    SYSTEM,
)
OF_THE_PLATFORM: Final = frozenset(
    {
        commands.PassDeadline,
        commands.PassClock,
        commands.FollowOrder,
        commands.LapseAssignment,
        commands.AskSurvey,
        commands.ChooseAgent,
        commands.ErasePersonalData,
    }
)
"""Done over many tickets, and offered to nobody on one; some have rules of their own below."""
COMMANDS: Final = sorted(
    (one for one in GUARDS if one not in OF_THE_PLATFORM), key=lambda one: one.__name__
)
TARGETS: Final = st.sampled_from(["1", "2", "3", "4", "9"])
DEPENDS_ON_THE_CAP: Final = frozenset({commands.AcceptOffer, commands.ApproveClaim})
"""What is agreed may have become impossible: another ticket of the line took the room."""

TALK: Final = frozenset(
    {
        commands.AddNote,
        commands.SendMessage,
        commands.ReviewReturn,
        commands.GatherEvidence,
        commands.RequestEvidence,
        commands.ContestEvidence,
        commands.CorrectDiagnosis,
        commands.AnswerAutomatically,
        commands.AskDepartments,
        commands.AnswerForDepartment,
        commands.BeginWait,
        commands.EndWait,
        commands.GivePlan,
        commands.GiveNps,
        commands.MoveToBook,
        commands.QueueTicket,
        commands.ReportFact,
        commands.TakeAssignment,
        commands.ReleaseAssignment,
        commands.PlaceLegalHold,
        commands.ReleaseLegalHold,
    }
)
"""What may be done at nearly any time and moves nothing on."""
PROMISING: Final = frozenset(
    {
        commands.AnswerAutomatically,
        commands.AskDepartments,
        commands.AnswerForDepartment,
        commands.BeginWait,
        commands.EndWait,
        commands.GivePlan,
        commands.MoveToBook,
        commands.QueueTicket,
        commands.ReopenTicket,
        commands.ReportFact,
        commands.SendMessage,
        commands.WriteResolution,
        commands.SignResolution,
    }
)
"""What starts, rests and ends promises."""
JUDGING: Final = frozenset(
    {
        commands.RequestIntervention,
        commands.AssignArbitrator,
        commands.RecuseArbitrator,
        commands.IssueRuling,
        commands.FileAppeal,
        commands.DecideAppeal,
    }
)

SAYINGS: Final = (
    "Hello.",
    "还是没人管，太气人了，骗子！",
    "I am furious, this is a scam.",
    "谢谢，解决了。",
    "It still does not work.",
)
CHOICES = st.integers(min_value=0, max_value=10**6)


FIGURES: Final = {"evidence_items": 6, "offers": 4, "remedies": 60}


@cache
def promising() -> tuple[Book, Book]:
    """Two books that promise much: the second one another time, calendar, rest and warning."""
    other = whole_book(
        ('version = "2026-11-22"\nin_force', 'version = "2026-12-01"\nin_force'),
        ('stops = ["taken_over"]\nwithin = "PT30M"', 'stops = ["taken_over"]\nwithin = "PT20M"'),
        ('id = "human_answer"', 'id = "other_answer"'),
        (
            'stops = ["framework"]\nwithin = "PT24H"',
            'stops = ["framework"]\npauses = false\nwithin = "PT24H"',
        ),
        (
            'stops = ["ruled"]\nwithin = "PT48H"\npauses = false',
            'stops = ["ruled"]\nwithin = "PT48H"',
        ),
        (
            'stops = ["plan"]\nwithin = "PT4H"\nwarn_bp = [5000, 8000]',
            'stops = ["plan"]\nwithin = "PT4H"\ncalendar = "cn_office"\nwarn_bp = [2500, 8000]',
        ),
    )
    return book_with(whole_book(), **FIGURES), book_with(other, **FIGURES)


class Parties(RuleBasedStateMachine):
    """Two tickets of one order line, everybody around them, and a clock.

    Under the first book nothing is promised, and nothing follows from a fact.
    """

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
        self.play = Watched(
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
        target = _target(command, number)
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
            lease_until=later(self.play.now, timedelta(minutes=10)),
        )
        try:
            self.play.do(SYSTEM, choosing, ticket)
        except (errors.AssignedToAnother, errors.WrongState):
            assert (
                known.assignee is not None
                or known.resolved is not None
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

    # --- good arguments -------------------------------------------------------------------------

    def left(self, kind: RemedyKind) -> int:
        """What may still be taken of the line for a kind of remedy."""
        line = self.play.order.lines["L1"]
        room = cap.left(line, self.play.order.grants, self.play.book, refund=kind in cap.PRICE_BACK)
        return room.amount_minor

    def some_terms(self, choice: int, *, at_most: int = PAID) -> Terms:
        """A remedy that fits what is left."""
        kind = list(RemedyKind)[choice % len(RemedyKind)]
        if kind not in cap.PRICE_BACK | cap.ON_TOP:
            return terms(kind)
        room = min(self.left(kind), at_most)
        return terms(RemedyKind.REPAIR) if room == 0 else terms(kind, choice % room + 1)

    def small_gift(self, ticket: Ticket, choice: int) -> Terms | None:
        """What an agent may still give of what is left, and not goods; None where that is none."""
        authority = max(0, BOOK.cap.goodwill_minor - goodwill(ticket))
        kinds = (RemedyKind.REFUND, *sorted(cap.ON_TOP))
        for kind in kinds[choice % 3 :] + kinds[: choice % 3]:
            room = min(self.left(kind), authority)
            if room > 0:
                return terms(kind, choice % room + 1)
        return None

    def a_queue(self, ticket: Ticket, choice: int) -> str:
        """A queue of the book."""
        known = [one.name for one in self.play.book.queue] or ["none"]
        return known[choice % len(known)]

    def other_book(self, ticket: Ticket) -> str:
        """A book the ticket can be moved to: another one where there is another."""
        versions = [one.version for one in (self.play.book, *self.play.others)]
        return next((one for one in versions if one != ticket.policy), ticket.policy)

    def a_fact(self, ticket: Ticket, actor: Actor, choice: int) -> dict[str, Any]:
        """Something the actor may report, now or a while ago, or again as it is on record."""
        mine = [one for one, kinds in REPORTERS.items() if actor.kind in kinds]
        fact = mine[choice % len(mine)] if mine else Milestone.ON_SITE
        ago = timedelta(minutes=choice % 300 - 2)
        occurred_at = ticket.milestones.get(fact, later(self.play.now, -ago))
        return {"fact": fact, "occurred_at": occurred_at}

    def good(
        self,
        command: type[TicketCommand],
        target: str | None,
        actor: Actor,
        ticket: str,
        choice: int,
    ) -> TicketCommand:
        """A command whose arguments nothing can be said against."""
        known = self.play.tickets[ticket]
        words = _WORDS.get(command, lambda _machine, _ticket, _choice: {})
        arguments: dict[str, Any] = words(self, known, choice)
        if command is commands.ReportFact:
            arguments = self.a_fact(known, actor, choice)
        if target is not None:
            arguments[_target_field(command)] = target
        if command is commands.AssignArbitrator and actor.kind is ActorKind.ARBITRATOR:
            arguments["arbitrator"] = actor.ref
        if command is commands.GrantRemedy and actor.kind is ActorKind.AGENT:
            arguments["terms"] = self.small_gift(known, choice) or arguments["terms"]
        if command is commands.DiscloseEvidence:
            item = known.evidence.get(target or "")
            hidden = item is not None and Party.BUYER not in item.shown_to
            arguments["to"] = Party.BUYER if hidden else Party.MERCHANT
        return command(ticket=ticket, **arguments)


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
        for event in events:
            if event.FAMILY == "ticket":
                version += 1
                stamp = Stamp(ticket, version, self.now, actor, imported=False)
                self.of_ticket.setdefault(ticket, []).append((event, stamp))
                told = self.promises.setdefault(ticket, Promises((self.book, *self.others)))
                told.see(event, self.now)
        after = self.tickets[ticket]
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


Words = Callable[[Parties, Ticket, int], dict[str, Any]]


def _awards(machine: Parties, choice: int) -> tuple[Terms, ...]:
    """None, one or two awards that fit together."""
    one = machine.some_terms(choice, at_most=PAID // 10)
    other = terms(RemedyKind.RESHIPMENT)
    return ((), (one,), (one, other))[choice % 3]


def _item(_machine: Parties, _ticket: Ticket, choice: int) -> dict[str, Any]:
    command = staging(f"photo {choice % 7}", confidential=choice % 2 == 0)
    return {
        "kind": command.kind,
        "attachment": command.attachment,
        "obtained": command.obtained,
        "confidential": command.confidential,
    }


def _approval(machine: Parties, ticket: Ticket, _choice: int) -> dict[str, Any]:
    """What is claimed, or else a repair."""
    kind = ticket.remedy or RemedyKind.REPAIR
    if kind not in cap.PRICE_BACK | cap.ON_TOP:
        return {"terms": terms(kind)}
    amount = ticket.claim or cny(machine.left(kind))
    return {"terms": Terms(kind=kind, amount=amount)}


def _answer(_machine: Parties, ticket: Ticket, choice: int) -> dict[str, Any]:
    owed = any(not one.over for one in ticket.remedies.values())
    final = ticket.stage is Stage.INTAKE and not owed and choice % 5 == 0
    return {"text": "We looked into it.", "resolves": final}


def _departments(machine: Parties, _ticket: Ticket, choice: int) -> dict[str, Any]:
    known = [one.name for one in machine.play.book.department] or ["none"]
    return {"departments": tuple(known[: choice % len(known) + 1]), "question": "Which lot?"}


def _somebody(_machine: Parties, ticket: Ticket, choice: int) -> dict[str, Any]:
    """An arbitrator without a conflict."""
    names = (f"judge-{number}" for number in range(choice % 3 + 1, 99))
    return {"arbitrator": next(one for one in names if not has_conflict(ticket, one))}


def _decision(machine: Parties, ticket: Ticket, choice: int) -> dict[str, Any]:
    outcome = ("upheld", "varied", "overturned")[choice % 3]
    usual = appeal_decision(outcome, *_awards(machine, choice // 3))
    assert ticket.ruling is None or ticket.ruling.in_favour_of is not usual.in_favour_of
    return _fields(usual)


def _reference(ticket: Ticket) -> str:
    """A payment that completed nothing yet."""
    return f"p-{ticket.version}"


def _fields(command: TicketCommand) -> dict[str, Any]:
    return {
        name: getattr(command, name)
        for name in command.__struct_fields__
        if name not in {"ticket", "remedy", "offer", "item", "request"}
    }


def _target_field(command: type[TicketCommand]) -> str:
    fields = command.__struct_fields__
    return next(one for one in ("remedy", "offer", "item", "request") if one in fields)


def _target(command: type[TicketCommand], number: str) -> str | None:
    """A target of the kind a command is about."""
    if issubclass(command, RemedyCommand):
        return f"R{number}"
    if "offer" in command.__struct_fields__:
        return f"O{number}"
    if "request" in command.__struct_fields__:
        return f"D{number}"
    return f"E{number}" if "item" in command.__struct_fields__ else None


_WORDS: Final[dict[type[TicketCommand], Words]] = {
    commands.AmendClaim: lambda _m, _t, c: {
        "remedy": RemedyKind.REFUND,
        "claim": cny(c % PAID + 1),
    },
    commands.CorrectDiagnosis: lambda _m, t, c: {
        "scenario": t.scenario,
        "responsible": list(Responsible)[c % len(Responsible)],
        "kind": list(Kind)[c % len(Kind)],
    },
    commands.GiveAnswer: _answer,
    commands.SendMessage: lambda _m, _t, c: {"text": SAYINGS[c % len(SAYINGS)]},
    commands.AddNote: lambda _m, _t, _c: {"text": "Seen."},
    commands.PlaceLegalHold: lambda _m, _t, c: {
        "hold": f"court-{c % 3}",
        "ground": HoldGround.LITIGATION,
    },
    commands.ReleaseLegalHold: lambda _m, t, _c: {"hold": (t.legal_holds or ("none",))[0]},
    commands.ApproveClaim: _approval,
    commands.RefuseClaim: lambda _m, _t, _c: {"reasons": "It was activated."},
    commands.MakeOffer: lambda m, _t, c: {"terms": (m.some_terms(c),)},
    commands.CounterOffer: lambda m, _t, c: {"terms": (m.some_terms(c),)},
    commands.RequestEvidence: lambda _m, _t, c: {
        "party": (Party.BUYER, Party.MERCHANT)[c % 2],
        "kinds": (EvidenceKind.PHOTO,),
    },
    commands.StageEvidence: _item,
    commands.ReplaceEvidence: lambda m, t, c: _item(m, t, c + 100 * 7 + 3),
    commands.ContestEvidence: lambda _m, _t, _c: {"why": "Another phone."},
    commands.GatherEvidence: lambda _m, _t, c: {
        "kind": EvidenceKind.INSPECTION_REPORT,
        "attachment": attachment(f"report {c % 5}"),
        "obtained": "posted_by_inspector",
        "shown_to": ((Party.BUYER, Party.MERCHANT), (Party.BUYER,), ())[c % 3],
    },
    commands.AssignArbitrator: _somebody,
    commands.RecuseArbitrator: lambda _m, _t, _c: {"reason": "other"},
    commands.IssueRuling: lambda m, _t, c: _fields(ruling(*_awards(m, c))),
    commands.FileAppeal: lambda _m, _t, _c: {"grounds": "Look again."},
    commands.DecideAppeal: _decision,
    commands.GrantRemedy: lambda m, t, c: {
        "terms": m.some_terms(c, at_most=max(0, BOOK.cap.goodwill_minor - goodwill(t)))
    },
    commands.SettleRefund: lambda _m, t, _c: {"reference": _reference(t)},
    commands.FailRefund: lambda _m, _t, _c: {"reason": "account closed"},
    commands.AuthoriseReturn: lambda _m, _t, _c: {"path": "pick_up"},
    commands.ShipReturn: lambda _m, _t, c: {"carrier": "SF", "tracking": f"t-{c}"},
    commands.InspectReturn: lambda _m, _t, c: {"passed": c % 2 == 0, "finding": "looked at"},
    commands.ShipReplacement: lambda _m, _t, c: {"carrier": "SF", "tracking": f"t-{c}"},
    commands.BookRepair: lambda _m, _t, c: {"repair_order": f"w-{c}", "provider": "Fixers"},
    commands.CompleteRepair: lambda _m, _t, _c: {"finding": "antenna changed"},
    commands.ShipReshipment: lambda _m, _t, c: {"carrier": "SF", "tracking": f"t-{c}"},
    commands.IssueCoupon: lambda _m, _t, c: {"coupon": f"c-{c}"},
    commands.FailCompensation: lambda _m, _t, _c: {"reason": "account closed"},
    commands.PayCompensation: lambda _m, t, _c: {"reference": _reference(t)},
    commands.CancelRemedy: lambda _m, _t, _c: {"why": "not owed"},
    commands.AnswerAutomatically: lambda _m, _t, c: {"text": "See here.", "effective": c % 2 == 0},
    commands.BeginWait: lambda _m, _t, c: {"on": WAITED_FOR[c % len(WAITED_FOR)], "why": "photo"},
    commands.GivePlan: lambda _m, _t, c: {
        "level": list(PlanLevel)[c % len(PlanLevel)],
        "text": "A new one.",
    },
    commands.WriteResolution: lambda m, t, c: {
        "text": "It is put right.",
        "improvement": "It is packed better.",
        "compensation": m.small_gift(t, c) or terms(RemedyKind.REPAIR),
    },
    commands.AskDepartments: _departments,
    commands.AnswerForDepartment: lambda _m, _t, _c: {"plan": "A new lot."},
    commands.QueueTicket: lambda m, t, c: {"queue": m.a_queue(t, c), "why": "by_hand"},
    commands.MoveToBook: lambda m, t, _c: {"policy": m.other_book(t), "why": "a better promise"},
    commands.GiveNps: lambda _m, _t, c: {"score": c % 11},
    commands.GiveSatisfaction: lambda _m, _t, c: {
        "result": c % 5 + 1,
        "speed": 3,
        "attitude": 5,
    },
}


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
