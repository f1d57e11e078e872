"""The other half of the slow count: a ticket under another book, step by step; no test is here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from domain import events as e
from domain.record import Record
from domain.values import BASIS_POINTS, Actor, ActorKind, Instant, OrderLine, Party
from tests.replay.what_if_promises import Promised


@dataclass
class Second(Promised):
    """One ticket as the other book would have it: what was done, and what passed between."""

    def live(self, deeds: Sequence[Sequence[Record]], until: Instant) -> None:
        """Live through all that was done, and let time pass between."""
        for deed in deeds:
            facts = [one.event for one in deed if one.event.FAMILY == "ticket"]
            if not facts:
                continue
            self.pass_until(deed[-1].at)
            self.now = deed[-1].at
            self.do(deed, facts, deed[0].actor)
            self.level.append((str(self.priority), str(self.queue)))
        self.pass_until(until)
        self.level.append((str(self.priority), str(self.queue)))

    def do(self, deed: Sequence[Record], facts: list[Any], actor: Actor) -> None:
        """Do what a deed did: something passed, or somebody said something."""
        first = facts[0]
        if actor.kind is ActorKind.SYSTEM:
            if isinstance(first, e.ClockWarned | e.ClockBreached | e.TicketEscalated):
                run = self.runs.get(self.name_of(first.clock))
                if run is not None and run.instants and run.instants[0][0] <= self.now:
                    self.follow({})
                return
            passed = self.passed(facts)
            if passed is not None:
                known = self.deadlines.get(passed)
                if known is not None and not known[2] and known[0] <= self.now:
                    self.pass_deadline(passed, known[0])
                return
            if isinstance(first, e.SurveyAsked):
                self.follow({})  # it passes at its own instant, which is never the record's
                return
        self.judge(deed, facts)
        fresh: dict[str, Instant] = {}
        skipped = self.merchant_answers(facts, actor)
        for fact in facts:
            if isinstance(fact, e.DeadlineGiven) and fact.deadline in skipped:
                continue
            self.take(fact, actor, fresh)
        self.follow(fresh)

    def passed(self, facts: list[Any]) -> str | None:
        """Return the deadline whose passing a deed of the platform says."""
        for fact in facts:
            if isinstance(fact, e.DeadlineMissed | e.DeadlineExtended):
                return str(fact.deadline)
            if isinstance(fact, e.OfferLapsed):
                return f"offer:{fact.offer}"
            if isinstance(fact, e.TicketClosed):
                return "closing"
        return None

    def judge(self, deed: Sequence[Record], facts: list[Any]) -> None:
        """Note what the other book would not have let pass; it is done all the same."""
        grants = [
            one.event for one in deed if isinstance(one.event, e.RefundGranted | e.PayoutGranted)
        ]
        line = self.order.lines[0]
        for fact in facts:
            match fact:
                case e.OfferAccepted() | e.OfferDeclined():
                    what, offer = type(fact).__name__, fact.offer
                    name = {"OfferAccepted": "AcceptOffer", "OfferDeclined": "DeclineOffer"}[what]
                    if not self.is_open(offer):
                        self.refused[name, "offer_not_open"] += 1
                    elif self.too_much(grants, line):
                        self.refused[name, "cap_exceeded"] += 1
                case e.OfferCountered() if not self.is_open(fact.counters):
                    self.refused["CounterOffer", "offer_not_open"] += 1
                case e.MerchantApproved() if self.too_much(grants, line):
                    self.refused["ApproveClaim", "cap_exceeded"] += 1
                case e.RulingIssued():
                    if not all(self.book.has_clause(one) for one in fact.clauses):
                        self.refused["IssueRuling", "unknown_clause"] += 1
                    elif self.too_much(grants, line):
                        self.refused["IssueRuling", "cap_exceeded"] += 1
                case _:
                    pass
        for grant in grants:
            self.taken[isinstance(grant, e.RefundGranted)] += grant.amount.amount_minor

    def too_much(self, grants: Iterable[Any], line: OrderLine) -> bool:
        """Return whether grants come to more than the other book's caps."""
        taken = Counter(self.taken)
        for grant in grants:
            refund = isinstance(grant, e.RefundGranted)
            cap = self.book.cap.refund_bp if refund else self.book.cap.payout_bp
            taken[refund] += grant.amount.amount_minor
            if taken[refund] > line.paid.amount_minor * cap // BASIS_POINTS:
                return True
        return False

    def is_open(self, offer: str) -> bool:
        """Return whether an offer can be answered now."""
        known = self.deadlines.get(f"offer:{offer}")
        return self.offers[offer] and (known is None or self.now < known[0])

    def merchant_answers(self, facts: list[Any], actor: Actor) -> frozenset[str]:
        """Give the time that follows a merchant's answer; return what the record need not give."""
        answers = any(
            isinstance(one, e.MerchantRefused)
            or (isinstance(one, e.OfferMade | e.OfferCountered) and one.by is Party.MERCHANT)
            for one in facts
        )
        if not answers or actor.kind is not ActorKind.MERCHANT:
            return frozenset()
        for name in ("merchant_review", "reply"):
            self.deadlines.pop(name, None)
        if "negotiation" not in self.deadlines:
            name = "negotiation" if self.failed is None else "intervention"
            self.give(name, name)
        return frozenset({"negotiation", "intervention"})

    def name_of(self, clock: str) -> str:
        """Return a recorded clock's name with its department in place of the request."""
        rule, _, about = clock.partition(":")
        return f"{rule}:{self.departments[about]}" if about in self.departments else clock

    # --- time -----------------------------------------------------------------------------------

    def coming(self) -> Iterator[tuple[Instant, int, str]]:
        """Yield what comes due under the other book alone."""
        for name, (due_at, _, missed) in self.deadlines.items():
            if not missed and not self.also_on_record("deadline", name, due_at):
                yield due_at, 0, name
        for name, run in self.runs.items():
            if run.instants and not run.shared:
                yield run.instants[0][0], 1, name
        if self.survey is not None and not self.surveyed:
            yield self.survey, 2, ""

    def also_on_record(self, what: str, name: str, due_at: Instant) -> bool:
        """Return whether the record waits for the very same instant now."""
        span = self.said.spans.get((what, name, due_at))
        return span is not None and span[0] <= self.now < span[1]

    def pass_until(self, until: Instant) -> None:
        """Let everything pass that comes due by then."""
        while True:
            first = min((one for one in self.coming() if one[0] <= until), default=None)
            if first is None:
                return
            due_at, what, name = first
            self.now = max(self.now, due_at)
            if what == 0:
                self.pass_deadline(name, due_at)
            elif what == 1:
                self.follow({})
            else:
                self.surveyed = True
                self.tell(e.SurveyAsked, due=due_at)

    def pass_deadline(self, name: str, due_at: Instant) -> None:
        """Do what follows when a deadline's instant has come."""
        fresh: dict[str, Instant] = {}
        of, _, about = name.partition(":")
        awaits = self.deadlines[name][1]
        if of == "offer":
            self.tally.add("outcome", f"offer {about}", "lapsed")
            self.offers[about] = False
            del self.deadlines[name]
            if not any(self.offers.values()):
                self.failed = self.failed or "offer_lapsed"
        elif of == "closing":
            if set(self.remedies) - self.over or "answer" in self.deadlines:
                later_at = self.book.due("closing", self.now)
                self.deadlines[name] = (later_at, awaits, False)
                self.tally.table[self.tally.last("due", f"deadline {name}")] = later_at
            else:
                assert self.resolved is not None
                self.tally.add("outcome", "closed", self.resolved)
                self.close(self.resolved, fresh)
        else:
            self.tally.add("outcome", f"deadline {name}", "missed")
            self.deadlines[name] = (due_at, awaits, True)
            self.missed(of, name, about, fresh)
        self.follow(fresh)

    def missed(self, of: str, name: str, about: str, fresh: dict[str, Instant]) -> None:
        """Do what a missed deadline leads to."""
        if of in {"negotiation", "evidence", "appeal"}:
            del self.deadlines[name]
        if of == "evidence":
            self.late.add(Party(about))
        if of in {"merchant_review", "negotiation"}:
            self.failed = self.failed or "deadline_passed"
            self.give("intervention", "intervention")
        outcome = {"intervention": "abandoned", "reply": "answered"}.get(of)
        if outcome is not None:
            self.offers = dict.fromkeys(self.offers, False)
            for one in [one for one in self.deadlines if one.startswith("offer:")]:
                del self.deadlines[one]
            self.resolve(outcome, fresh, keep=True)
            self.tally.add("outcome", "resolved", outcome)
            self.give("closing", "closing")
