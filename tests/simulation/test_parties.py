"""Hypothesis plays the parties: whatever they try, in whatever order, the promises hold."""

from collections.abc import Callable
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import commands, errors
from domain.commands import RemedyCommand, TicketCommand
from domain.events import (
    AppealFiled,
    Event,
    GrantPaid,
    GrantReleased,
    PayoutGranted,
    RefundGranted,
    RulingIssued,
    TicketReopened,
)
from domain.ticket import cap
from domain.ticket.arbitration import has_conflict
from domain.ticket.evolve import fold
from domain.ticket.guards import GUARDS
from domain.ticket.remedies import MOVES
from domain.ticket.remedies.ordering import goodwill
from domain.ticket.state import Stamp, Ticket
from domain.values import (
    SYSTEM,
    Actor,
    ActorKind,
    EvidenceKind,
    HoldGround,
    Kind,
    Party,
    RemedyKind,
    Responsible,
    Scenario,
    Stage,
    Terms,
)
from tests.domain.play import (
    AGENT,
    BOOK,
    BUYER,
    CARRIER,
    INSPECTOR,
    JUDGE,
    MERCHANT,
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
    PAYMENT,
    CARRIER,
    INSPECTOR,
    SYSTEM,
)
COMMANDS: Final = sorted(
    (one for one in GUARDS if one not in {commands.PassDeadline, commands.ErasePersonalData}),
    key=lambda one: one.__name__,
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
        commands.TakeAssignment,
        commands.ReleaseAssignment,
        commands.PlaceLegalHold,
        commands.ReleaseLegalHold,
    }
)
"""What may be done at nearly any time and moves nothing on."""
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

CHOICES = st.integers(min_value=0, max_value=10**6)


class Parties(RuleBasedStateMachine):
    """Two tickets of one order line, everybody around them, and a clock."""

    @initialize(
        start=st.sampled_from(
            ["opened", "negotiating", "intervened", "assigned", "ruled", "appealed"]
        ),
    )
    def begin(self, start: str) -> None:
        """Begin somewhere on the way, with a second ticket about the same line."""
        self.play = Watched(book=book_with(evidence_items=6, offers=4, remedies=60))
        getattr(self.play, start)(
            *((refund(PAID // 2), coupon(100)) if start in {"ruled", "appealed"} else ())
        )
        self.play.opened(T2, scenario=Scenario.SERVICE)

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

    @rule(minutes=st.integers(min_value=1, max_value=60 * 24 * 3))
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
        offered = [
            (actor, action)
            for actor in ACTORS
            for action in self.play.actions(actor, ticket)
            if action.refusal is None and wanted(action.command)
        ]
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
        after = self.tickets[ticket]
        assert after.version == version, "versions have no gaps"
        if before is not None and not any(isinstance(one, TicketReopened) for one in events):
            assert STAGES.index(after.stage) >= STAGES.index(before.stage)
        return events


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
        if name not in {"ticket", "remedy", "offer", "item"}
    }


def _target_field(command: type[TicketCommand]) -> str:
    return next(one for one in ("remedy", "offer", "item") if one in command.__struct_fields__)


def _target(command: type[TicketCommand], number: str) -> str | None:
    """A target of the kind a command is about."""
    if issubclass(command, RemedyCommand):
        return f"R{number}"
    if "offer" in command.__struct_fields__:
        return f"O{number}"
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
    commands.SendMessage: lambda _m, _t, _c: {"text": "Hello."},
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
    commands.GiveSatisfaction: lambda _m, _t, c: {
        "result": c % 5 + 1,
        "speed": 3,
        "attitude": 5,
    },
}

TestParties = Parties.TestCase
TestParties.settings = settings(max_examples=50, stateful_step_count=60, deadline=None)
