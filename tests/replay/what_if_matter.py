"""A matter as people's facts make it under another book, for the slow count; no test is here."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from domain import events as e
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.values import (
    STAFF,
    Actor,
    ActorKind,
    Instant,
    Party,
    RefundTo,
    RemedyKind,
    Responsible,
    Sentiment,
    Stage,
)
from tests.replay.what_if_letters import Said
from tests.replay.what_if_reference import STEPS_OF_A_REMEDY, Recorded, Tally

OF_THE_MATTER: Final = ("remedy:", "offer:")
BEFORE: Final = Instant("")
_TOLD_AS_IT_IS: Final = (e.TicketAccepted, e.RulingIssued, e.RefundSettled, e.ReturnReceived)
URGENT: Final = ("low", "medium", "high")


@dataclass
class Run:
    """One promise that runs."""

    rule: ClockRule
    name: str
    since: Instant
    due_at: Instant
    instants: list[tuple[Instant, str, int]]
    """What is still to come: (when, warning, breach or rung, number)."""
    shared: bool
    broken: bool = False


@dataclass
class Case:
    """One ticket as the other book would have it."""

    book: Book
    said: Recorded
    order: e.OrderPlaced
    tally: Tally = field(default_factory=Tally)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    level: list[tuple[str, str]] = field(default_factory=list)
    now: Instant = BEFORE
    stage: Stage = Stage.INTAKE
    opened: Any = None
    responsible: Responsible = Responsible.UNDETERMINED
    urgency: str = "low"
    sentiment: Sentiment = Sentiment.NEUTRAL
    tags: tuple[str, ...] = ()
    resolved: str | None = None
    failed: str | None = None
    priority: int = 0
    queue: str | None = None
    routed: str | None = None
    deadlines: dict[str, tuple[Instant, Any, bool]] = field(default_factory=dict)
    """Name → (due, whom it awaits, missed)."""
    offers: dict[str, bool] = field(default_factory=dict)
    """Whether each is open."""
    late: set[Party] = field(default_factory=set)
    remedies: dict[str, Any] = field(default_factory=dict)
    step: dict[str, type] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    happened: dict[str, Instant] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    ended: dict[str, Instant] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    departments: dict[str, str] = field(default_factory=dict)
    owed_rows: set[str] = field(default_factory=set)
    taken: Counter[bool] = field(default_factory=Counter)
    survey: Instant | None = None
    able: dict[str, tuple[str, ...]] = field(default_factory=dict)
    assignee: str | None = None
    surveyed: bool = False
    told: list[Said] = field(default_factory=list)
    """What somebody is to be told of, in its order."""

    def tell(
        self, event: type[e.Event], *, clock: str = "", to: str = "", due: Instant | None = None
    ) -> None:
        """Note what somebody is to be told of."""
        self.told.append(Said(event.TOPIC, self.now, clock.partition(":")[0], to, due))

    def give(self, name: str, rule: Any, awaits: Any = None) -> None:
        """Give a deadline by the other book."""
        due_at = self.book.due(rule, self.now)
        if name.startswith(("evidence:", "assignment")):
            bounds = [self.deadlines.get(one) for one in ("ruling", "appeal_ruling")]
            due_at = min([due_at, *(one[0] for one in bounds if one is not None)])
        self.deadlines[name] = (due_at, awaits or self.book.awaits(rule), False)
        self.tally.add("due", f"deadline {name}", due_at)

    def take(self, fact: Any, actor: Actor, fresh: dict[str, Instant]) -> None:  # noqa: PLR0912, PLR0915
        """Take one fact of somebody's."""
        now = self.now

        whose = [*self.able.get(actor.ref, ())]
        if actor.ref == self.assignee or getattr(fact, "agent", None) == actor.ref:
            whose.append("assignee")

        def happens(*names: str) -> None:
            if actor.kind in {ActorKind.AGENT, ActorKind.SUPERVISOR}:
                names += tuple(f"{name}@{one}" for name in names for one in whose)
            fresh.update(dict.fromkeys(names, now))
            self.happened.update(dict.fromkeys(names, now))

        if isinstance(fact, _TOLD_AS_IT_IS):
            self.tell(type(fact))
        match fact:
            case e.TicketOpened():
                self.opened, self.priority = fact, self.book.priority[fact.kind]
                happens(Milestone.OPENED)
                told_to_staff = actor.kind in STAFF and fact.statement is not None
                if actor.kind is ActorKind.BUYER or told_to_staff:
                    happens(Milestone.BUYER_SPOKE)
                if fact.remedy is RemedyKind.RETURN:
                    happens(Milestone.RETURN_REQUESTED)
                if fact.remedy in {RemedyKind.RETURN, RemedyKind.EXCHANGE}:
                    happens(Milestone.SWAP_REQUESTED)
            case e.DiagnosisMade():
                self.tags = fact.tags or self.tags
                self.urgency = max(self.urgency, fact.urgency, key=URGENT.index)
                self.sentiment = fact.sentiment
                if self.responsible is Responsible.UNDETERMINED:
                    self.responsible = fact.responsible
                if fact.upset:
                    happens(Milestone.NEGATIVE_SENTIMENT)
            case e.DeadlineGiven():
                name, _, about = fact.deadline.partition(":")
                rule: str = name
                if name == "remedy":
                    rule = STEPS_OF_A_REMEDY[self.remedies[about], self.step[about]]
                self.give(fact.deadline, rule, fact.awaits)
            case e.DeadlineMet():
                self.deadlines.pop(fact.deadline, None)
            case e.AgentNoted():
                self.able[fact.agent] = fact.skills
            case e.AssignmentReleased():
                self.assignee = None
            case e.TicketAccepted():
                happens(Milestone.ACCEPTED)
                if actor.kind in STAFF:
                    happens(Milestone.TAKEN_OVER)
            case e.TicketAssigned() if actor.ref == fact.agent:
                self.assignee = fact.agent
                happens(Milestone.TAKEN_OVER)
            case e.AnswerGiven():
                happens(Milestone.HUMAN_ANSWER, Milestone.TAKEN_OVER)
                if fact.resolves:
                    happens(Milestone.EFFECTIVE_ANSWER)
            case e.MerchantApproved() | e.MerchantRefused():
                happens(Milestone.MERCHANT_ANSWER)
                if Milestone.SWAP_REQUESTED in self.happened:
                    happens(Milestone.RETURN_REVIEWED)
                if isinstance(fact, e.MerchantRefused):
                    self.stage = Stage.NEGOTIATION
                else:
                    happens(Milestone.SOLUTION_OFFERED, Milestone.SETTLED)
                    self.stage, self.failed = Stage.REMEDY, None
                    self.ends_matter()
            case e.OfferMade() | e.OfferCountered():
                if isinstance(fact, e.OfferCountered):
                    self.offers[fact.counters] = False
                self.offers[fact.offer] = True
                self.stage = Stage.NEGOTIATION if self.stage is Stage.INTAKE else self.stage
                if fact.by is not Party.BUYER:
                    happens(Milestone.SOLUTION_OFFERED)
                if fact.by is Party.MERCHANT:
                    happens(Milestone.MERCHANT_ANSWER)
            case e.OfferAccepted() | e.OfferDeclined():
                self.offers[fact.offer] = False
                self.deadlines.pop(f"offer:{fact.offer}", None)
                if isinstance(fact, e.OfferDeclined) and not any(self.offers.values()):
                    self.failed = self.failed or "offer_declined"
            case e.SettlementReached():
                happens(Milestone.SETTLED)
                self.stage, self.failed = Stage.REMEDY, None
                self.ends_matter()
            case e.InterventionRequested():
                happens(Milestone.INTERVENTION_REQUESTED)
                self.stage, self.failed = Stage.INTERVENTION, fact.ground
                self.ends_matter()
            case e.ArbitratorAssigned():
                self.deadlines.pop("assignment", None)
            case e.RulingIssued():
                happens(Milestone.RULED)
                self.stage = Stage.REMEDY
                self.responsible = max(fact.shares, key=lambda one: one.share_bp).party
                for name in list(self.deadlines):
                    if name in {"ruling", "assignment"} or name.startswith("evidence:"):
                        del self.deadlines[name]
            case e.AppealFiled():
                self.resolved = None
                for name in ("appeal", "closing"):
                    self.deadlines.pop(name, None)
            case e.RemedyOrdered():
                self.remedies[fact.remedy], self.step[fact.remedy] = fact.terms.kind, type(fact)
                happens(Milestone.SOLUTION_OFFERED)
            case e.RefundInitiated():
                self.step[fact.remedy] = type(fact)
                to = Milestone.REFUND_DUE_TO_CARD
                if fact.to is RefundTo.BALANCE:
                    to = Milestone.REFUND_DUE_TO_BALANCE
                happens(f"{to.value}:{fact.remedy}")
            case e.RefundSettled():
                happens(f"{Milestone.REFUND_SETTLED.value}:{fact.remedy}")
            case e.RemedyCompleted():
                self.over.add(fact.remedy)
                if self.remedies[fact.remedy] in {RemedyKind.RETURN, RemedyKind.EXCHANGE}:
                    happens(Milestone.SWAP_COMPLETED)
            case e.ReturnReviewed():
                happens(Milestone.RETURN_REVIEWED)
            case e.TicketResolved():
                self.resolve(fact.outcome, fresh)
            case e.TicketClosed():
                self.close(fact.outcome, fresh)
            case e.EvidenceStaged():
                known = self.deadlines.get(f"evidence:{fact.party}")
                late = fact.party in self.late if known is None else known[0] <= now
                self.tally.add("late", fact.item, "late" if late else "in_time")
            case e.AgentChosen():
                self.tally.add("due", "lease", fact.lease_until)
            case e.SatisfactionGiven() if self.book.low_rating is not None:
                if min(fact.result, fact.speed, fact.attitude) <= self.book.low_rating.mark_max:
                    self.tell(e.JourneyLaidOut)
            case e.TicketQueued() if fact.why[0].startswith("moved:"):
                self.queue = fact.queue
            case _ if hasattr(fact, "remedy"):
                self.step[fact.remedy] = type(fact)
            case _:
                pass

    def ends_matter(self) -> None:
        """End all that waits for a decision; what remedies and offers wait for goes on."""
        for name in list(self.deadlines):
            if not name.startswith(OF_THE_MATTER):
                del self.deadlines[name]

    def resolve(self, outcome: str, fresh: dict[str, Instant], *, keep: bool = False) -> None:
        """Resolve the matter; its closing is given beside."""
        self.resolved = outcome
        self.tell(e.TicketResolved)
        fresh[Milestone.RESOLVED] = self.happened[Milestone.RESOLVED] = self.now
        for name in list(self.deadlines):
            if name not in {"appeal", "closing"} and not (keep and name.startswith("remedy:")):
                del self.deadlines[name]

    def close(self, outcome: str, fresh: dict[str, Instant]) -> None:
        """Close the ticket: nothing runs on it."""
        self.resolved, self.stage = outcome, Stage.CLOSED
        fresh[Milestone.CLOSED] = self.happened[Milestone.CLOSED] = self.now
        self.deadlines = {}
        self.offers = dict.fromkeys(self.offers, False)
