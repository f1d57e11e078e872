"""What follows by another book from a matter's facts, for the slow count; no test is here."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain import events as e
from domain.milestones import Milestone
from domain.policies.clocks import ClockRule
from domain.policies.matters import Matter
from domain.policies.priorities import heaviest, priority_of
from domain.values import BASIS_POINTS, Instant, Tier, Urgency, later
from tests.replay.what_if_matter import BEFORE, Case, Run


@dataclass
class Promised(Case):
    """A matter with its priority, its queue, its promises and its survey."""

    def follow(self, fresh: dict[str, Instant]) -> None:
        """Work out priority, queue, promises and the survey, in this order."""
        before, self.classes = self.classes, self.book.classes_of(self.matter())
        counting = heaviest(self.classes, self.book.weight)
        self.priority = priority_of(sum(one.points for one in counting.values()), self.book.level)
        if self.resolved is None:
            queue = next(
                one.name
                for one in self.book.queue
                if not one.by_hand and (not one.any or not self.classes.isdisjoint(one.any))
            )
            if queue != self.routed:
                self.queue = self.routed = queue
        self.carry_on(fresh)
        first = not before
        self.begin(self.classes if first else before)
        self.schedule_survey()

    def matter(self) -> Matter:
        """Return what the classes of the book are told by."""
        opened, line = self.opened, self.order.lines[0]
        amount = opened.claim or line.paid
        return Matter(
            stage=self.stage,
            kind=opened.kind,
            scenario=opened.scenario,
            responsible=self.responsible,
            reason=opened.reason,
            tier=Tier.ORDINARY,
            urgency=Urgency(self.urgency),
            sentiment=self.sentiment,
            channels=frozenset({opened.channel}),
            tags=self.tags,
            category=line.category,
            remedy=opened.remedy,
            amount_minor=amount.amount_minor,
            currency=amount.currency,
            merchant=opened.merchant is not None,
            milestones=frozenset(
                Milestone(one.partition(":")[0].partition("@")[0]) for one in self.happened
            ),
            awaits=frozenset(one[1] for one in self.deadlines.values()),
        )

    def carry_on(self, fresh: dict[str, Instant]) -> None:
        """Break what is due, and end what was kept or is asked for no more."""
        for name, run in list(self.runs.items()):
            about = name.partition(":")[2]
            self.break_due(run)
            stops = self.found(run.rule.stop_names, about, fresh, run.since)
            cancels = self.found(run.rule.cancels, about, fresh, run.since)
            if not stops and not cancels:
                continue
            row = self.tally.last("breach", name)
            if stops:
                kept = not run.broken and min(stops) < run.due_at
                self.tally.table[row] = "kept" if kept else "broken"
            elif not run.broken:
                self.tally.table[row] = "moot"
            del self.runs[name]
            self.ended[name] = min(stops) if stops else self.now

    def found(
        self, milestones: Iterable[str], about: str, known: dict[str, Instant], since: Instant
    ) -> list[Instant]:
        """Return when any of some milestones happened, to the ticket or to what is asked about."""
        names = [name for one in milestones for name in (f"{one}", f"{one}:{about}")]
        return [known[name] for name in names if name in known and known[name] >= since]

    def break_due(self, run: Run) -> None:
        """Say what has become due on a promise, with what a breach costs and leads to."""
        while run.instants and run.instants[0][0] <= self.now:
            due_at, what, number = run.instants.pop(0)
            if what == "warning":
                self.tell(e.ClockWarned, clock=run.name, to=run.rule.ladder[0].to, due=due_at)
            elif what == "breach":
                run.broken = True
                self.tally.table[self.tally.last("breach", run.name)] = "broken"
                self.pay(run)
                rule = run.rule
                free = not rule.moves_from or self.queue in rule.moves_from
                if rule.moves_to is not None and self.resolved is None and free:
                    self.queue = rule.moves_to
            elif what == "rung":
                to = run.rule.ladder[number - 1].to
                self.tally.add("escalation", f"{run.name}/{number}", to)
                self.tell(e.TicketEscalated, clock=run.name, to=to, due=due_at)

    def pay(self, run: Run) -> None:
        """Owe what a breach costs: a share of the order once, a sum each time."""
        payout = run.rule.payout
        if payout is None:
            return
        if payout.share_bp is not None:
            if run.rule.row in self.owed_rows:
                return
            self.owed_rows.add(run.rule.row)
            paid = sum(line.paid.amount_minor for line in self.order.lines)
            amount = paid * payout.share_bp // BASIS_POINTS
            currency = self.order.lines[0].paid.currency
        else:
            assert payout.amount_minor is not None
            assert payout.currency is not None
            amount, currency = payout.amount_minor, payout.currency
        self.tally.add("amount", run.name, str(amount))
        self.paid[currency] += amount

    def begin(self, earlier: frozenset[str]) -> None:
        """Begin what is promised to the matter as it is, and ask departments."""
        for rule in self.book.clock:
            if not rule.is_made_to(self.classes):
                continue
            for about in self.subjects(rule):
                self.begin_one(rule, about, earlier)

    def subjects(self, rule: ClockRule) -> list[str]:
        """Return what on the ticket a promise is made for."""
        if rule.per == "ticket":
            return [""]
        starts = {one.value for one in rule.starts}
        known = [one.partition(":") for one in self.happened]
        return [about for name, _, about in known if about and name in starts]

    def begin_one(self, rule: ClockRule, about: str, earlier: frozenset[str]) -> None:
        """Begin one promise, if all it waits for has happened and it is not over already."""
        name = f"{rule.id}:{about}" if about else rule.id
        if name in self.runs or (name in self.ended and not rule.repeats):
            return
        starts = [self.found([one], about, self.happened, BEFORE) for one in rule.starts]
        if not all(starts):
            return
        since = max(max(one) for one in starts)
        begun = min(max(one) for one in starts) if rule.early else since
        if name in self.ended and since <= self.ended[name]:
            return
        if self.found(rule.stop_names, about, self.happened, begun):
            return
        if self.found(rule.cancels, about, self.happened, since):
            return
        if not rule.is_made_to(earlier) or rule.payout is not None:
            since = max(since, self.now)
        calendar = self.book.calendar_of(rule.calendar)
        due_at = calendar.due(since, rule.within)
        instants = [
            (calendar.due(since, rule.within * share / BASIS_POINTS), "warning", share)
            for share in rule.warn_bp
        ]
        instants.append((due_at, "breach", 0))
        instants += [
            (later(due_at, rung.after), "rung", number)
            for number, rung in enumerate(rule.ladder, 1)
        ]
        if rule.metric_only:
            instants = []
        shared = ("clock", name, due_at) in self.said.spans
        run = self.runs[name] = Run(rule, name, since, due_at, instants, shared)
        self.tally.add("due", name, due_at)
        self.tally.add("breach", name, "running")
        self.break_due(run)
        for department in rule.asks:
            if department not in self.departments.values():
                self.departments[f"D{len(self.departments) + 1}"] = department
                self.happened[f"{Milestone.DEPARTMENT_ASKED.value}:{department}"] = self.now
                self.tally.add("asked", department, "asked")
                self.tell(e.DepartmentAsked, to=department)

    def schedule_survey(self) -> None:
        """Schedule the question after the matter, or call it off."""
        if self.resolved is None:
            if self.survey is not None and not self.surveyed:
                self.survey = None
        elif self.survey is None and self.book.survey is not None and self.resolved != "withdrawn":
            ended = [self.happened.get(one) for one in (Milestone.RESOLVED, Milestone.CLOSED)]
            resolved_at = min(one for one in ended if one is not None)
            (hours,) = {one.calendar for one in self.book.notice if one.on == "survey.asked.v1"}
            week_over = later(resolved_at, self.book.survey.within)
            self.survey = self.book.calendar_of(hours).next_open(week_over)
            self.tally.add("due", "survey", self.survey)
