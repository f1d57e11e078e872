"""Service levels: what is promised to whom until when, and what a breach leads to."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from pydantic import Field

from domain.milestones import Milestone
from domain.policies.calendar import SEARCH_YEARS, Calendar
from domain.policies.table import Duration, Source, Table, is_row, rows_of, twice
from domain.values import BASIS_POINTS, Awaiting

NOTHING = timedelta(0)
BY_ASSIGNEE: Final = "assignee"
"""In the place of a skill: who did it was the one the matter was assigned to."""
OF_A_PERSON: Final = frozenset(
    {
        Milestone.TAKEN_OVER,
        Milestone.HUMAN_ANSWER,
        Milestone.FRAMEWORK,
        Milestone.PLAN,
        Milestone.EXECUTABLE_PLAN,
    }
)
"""What only people of the platform do: of these a promise may say who has to."""
_WARNED_BY_US: Final = "warnings: ours"


class Rung(Table):
    """One desk of a ladder, and how long after the breach it is called."""

    to: str
    after: Duration = Field(default=NOTHING, ge=NOTHING)


class Payout(Table):
    """What a breach costs: a share of the order's amount, or a fixed sum."""

    share_bp: int | None = Field(default=None, gt=0, le=BASIS_POINTS)
    amount_minor: int | None = Field(default=None, gt=0)
    currency: str | None = None
    source: Source


class ClockRule(Table):
    """One promise. It runs from the latest of its starts, once all of them happened."""

    id: str = Field(pattern=r"^[a-z_]+$")
    row: str = Field(pattern=r"^(SL|CL)-[0-9]{2}$")
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    when: tuple[str, ...] = ()
    """Classes the matter must be in, all of them."""
    unless: tuple[str, ...] = ()
    """Classes of which it must be in none."""
    starts: tuple[Milestone, ...] = Field(min_length=1)
    stops: tuple[Milestone, ...] = Field(min_length=1)
    """Any of them keeps the promise."""
    by_skill: tuple[str, ...] = ()
    """Skills of which who keeps it has one on record; none where anybody may."""
    by_assignee: bool = False
    """Whether only who the matter is assigned to keeps it: the buyer's own agent (SL-10)."""
    cancels: tuple[Milestone, ...] = (Milestone.RESOLVED, Milestone.CLOSED)
    """Any of them makes it moot: nobody waits for a plan where all is settled."""
    early: bool = False
    """Whether what it asks for also keeps it between its first start and its last."""
    within: Duration = Field(gt=NOTHING)
    calendar: str = "around_the_clock"
    pauses: bool = True
    """Whether it rests while the buyer or a third party is waited for (SL-25).

    It never does while whom it awaits itself is waited for.
    """
    per: Literal["ticket", "remedy", "department"] = "ticket"
    repeats: bool = False
    """Whether it starts again, in one round, when its start happens again."""
    awaits: Awaiting = Awaiting.AGENT
    warn_bp: tuple[int, ...] = ()
    """After which shares of the time the first desk of the ladder is told."""
    ladder: tuple[Rung, ...] = ()
    moves_to: str | None = None
    """The queue a breach brings the ticket to."""
    moves_from: tuple[str, ...] = ()
    """The queues a breach takes it out of; of any where none is named."""
    asks: tuple[str, ...] = ()
    """The departments that are asked for a plan when it starts (SL-05)."""
    payout: Payout | None = None
    metric_only: bool = False
    """Measured, and never breached."""
    public: bool = True
    """Whether the parties are told of it; else it is the house's own business."""
    source: Source
    """Where the figure comes from: its row, or "ours"."""

    def is_made_to(self, classes: frozenset[str]) -> bool:
        """Return whether a promise is made for matters of these classes."""
        return classes.issuperset(self.when) and classes.isdisjoint(self.unless)

    def brings_from(self, queue: str | None) -> str | None:
        """Return where a breach brings what waits in a queue, None when it stays there."""
        if self.moves_from and queue not in self.moves_from:
            return None
        return None if self.moves_to == queue else self.moves_to

    @property
    def stop_names(self) -> tuple[str, ...]:
        """Return the names under which what keeps it is remembered on a ticket."""
        if not (self.by_skill or self.by_assignee):
            return self.stops
        who = (BY_ASSIGNEE,) if self.by_assignee else self.by_skill
        return tuple([done_by(one, whose) for one in self.stops for whose in who])

    @property
    def target_s(self) -> int:
        """Return the promised time in seconds."""
        return int(self.within.total_seconds())


def done_by(milestone: str, whose: str) -> str:
    """Return the name of what somebody of a skill did, or the assignee."""
    return f"{milestone}@{whose}"


def unsourced(rules: Sequence[ClockRule]) -> list[str]:
    """Return the promises that warn and do not say whose figures that are: practice fixes none."""
    return [
        f'clock {rule.id} warns, and its source does not end with "; {_WARNED_BY_US}"'
        for rule in rules
        if rule.warn_bp and not rule.source.endswith(f"; {_WARNED_BY_US}")
    ]


def elsewhere(rules: Sequence[ClockRule]) -> list[str]:
    """Return the promises of one row whose source names others, and not that one."""
    return [
        f"clock {rule.id} is of {rule.row}, and its source names {', '.join(named)} instead"
        for rule in rules
        if (named := rows_of(rule.source)) and rule.row not in named
    ]


def problems(
    rules: Sequence[ClockRule],
    *,
    classes: frozenset[str],
    calendars: frozenset[str],
    desks: frozenset[str],
    queues: frozenset[str],
    departments: frozenset[str],
    skills: frozenset[str],
) -> list[str]:
    """Return what is wrong with the promises, each with the rule and the reason."""
    found = [f"clock {name} stands twice" for name in twice([rule.id for rule in rules])]
    for rule in rules:
        unknown = [
            *(f"the class {name}" for name in {*rule.when, *rule.unless} - classes),
            *(f"the calendar {name}" for name in {rule.calendar} - calendars),
            *(f"the desk {rung.to}" for rung in rule.ladder if rung.to not in desks),
            *(f"the department {name}" for name in rule.asks if name not in departments),
            *(f"the skill {name}" for name in rule.by_skill if name not in skills),
            *(f"the queue {name}" for name in {rule.moves_to, *rule.moves_from} - {None} - queues),
        ]
        found += [f"clock {rule.id} names {one}, which is not in the book" for one in unknown]
        found += [f"clock {rule.id}: {one}" for one in _shape(rule)]
    return found


def beyond(rules: Sequence[ClockRule], calendars: Mapping[str, Calendar]) -> Iterator[str]:
    """Yield the promises that their calendar may not count to their end, so are due never."""
    for rule in rules:
        calendar = calendars.get(rule.calendar)
        if calendar is not None and rule.within > calendar.surely_open:
            yield (
                f"clock {rule.id} promises {rule.within} of open time, and its calendar "
                f"{rule.calendar} is sure to have {calendar.surely_open} within the {SEARCH_YEARS} "
                "years that are looked ahead: write a shorter time"
            )


def _shape(rule: ClockRule) -> list[str]:
    """Return what is wrong with one rule by itself."""
    found = []
    if not is_row(*rule.row.split("-")):
        found.append(f"the rulebook has no row {rule.row}")
    if list(rule.warn_bp) != sorted(set(rule.warn_bp)) or not all(
        0 < share < BASIS_POINTS for share in rule.warn_bp
    ):
        found.append("its warnings are no rising shares below the whole")
    afters = [rung.after for rung in rule.ladder]
    if afters != sorted(afters):
        found.append("a later rung of its ladder is called before an earlier one")
    if rule.warn_bp and not rule.ladder:
        found.append("its warnings have no desk to go to")
    if not rule.metric_only and not (rule.ladder or rule.moves_to or rule.payout):
        found.append("a breach of it leads to nothing")
    if rule.metric_only and (rule.ladder or rule.moves_to or rule.payout or rule.warn_bp):
        found.append("it is only measured, so nothing follows from it")
    if frozenset(rule.starts) & frozenset(rule.stops):
        found.append("it stops where it starts")
    if twice(rule.asks):
        found.append("it asks a department twice")
    if rule.asks and rule.per == "department":
        found.append("it is of a department's request, and asks for another one")
    payout = rule.payout
    if payout is not None and (payout.share_bp is None) == (payout.amount_minor is None):
        found.append("its payout is a share or a sum, and not both")
    if payout is not None and (payout.amount_minor is None) != (payout.currency is None):
        found.append("its payout's sum has a currency, and a share has none")
    return [*found, *_keeper(rule)]


def _keeper(rule: ClockRule) -> list[str]:
    """Return what is wrong with whom a rule names to keep it."""
    found = []
    if rule.by_skill and rule.by_assignee:
        found.append("who keeps it is told by skill or by assignment, and not by both")
    if (rule.by_skill or rule.by_assignee) and not OF_A_PERSON.issuperset(rule.stops):
        found.append("it says who keeps it, and is kept by more than what a person does")
    if BY_ASSIGNEE in rule.by_skill or twice(rule.by_skill):
        found.append("its skills are named once, and none is called assignee")
    return found
