"""What a ticket's facts come to, as a table: decisions, due times, breaches and what they cost.

One and the same for the record and for what would have been; so two tables are compared row by row.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec.structs import replace

from domain.events import (
    AgentChosen,
    AnswerDiffered,
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    ContactFruitless,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMissed,
    DepartmentAsked,
    DiagnosisMade,
    Event,
    EvidenceStaged,
    EvidenceSupplemented,
    OfferLapsed,
    PayoutOwed,
    ReturnReviewed,
    SurveyAsked,
    SurveyScheduled,
    TicketClosed,
    TicketEscalated,
    TicketResolved,
)
from domain.processes.notices import meant
from domain.values import ActorKind, Money
from replay.what_if.lives import Made


class Kind(StrEnum):
    """What can differ."""

    DIAGNOSIS = "diagnosis"
    """What a machine said of a text."""
    PRIORITY = "priority"
    QUEUE = "queue"
    OUTCOME = "outcome"
    """What the platform did of its own accord because time had passed."""
    REVIEW = "review"
    """What the book said of a return."""
    LATE = "late"
    """Whether evidence came too late."""
    CONTACT = "contact"
    """Whether a contact was in vain, and the last that may be."""
    ASKED = "asked"
    """Whether a department was asked."""
    ESCALATION = "escalation"
    ANSWER = "answer"
    """Whether an answer said otherwise than the book."""
    DUE = "due"
    BREACH = "breach"
    AMOUNT = "amount"
    NOTICE = "notice"
    """Who is told of something, by which channels, and from when on."""
    REFUSED = "refused"
    """Something that somebody did and the other book would not have let pass; it stays done."""


BROKEN: Final = "broken"
KEPT: Final = "kept"
MOOT: Final = "moot"
RUNNING: Final = "running"


class Key(NamedTuple):
    """What a row of the table is about: the how manyeth of something on the ticket."""

    kind: Kind
    subject: str
    number: int


class Row(NamedTuple):
    """One row: what is told, by which fact, and under which promise of the rulebook."""

    value: str
    by: Made
    row: str = ""
    amount: Money | None = None


Table = dict[Key, Row]


def tell(facts: Iterable[Made]) -> Table:
    """Return what the facts of one ticket come to."""
    teller = _Teller()
    for one in facts:
        teller.take(one)
    return teller.table


class _Teller:
    """Reads the facts of one ticket in their order."""

    def __init__(self) -> None:
        self.table: Table = {}
        self._counts: Counter[tuple[Kind, str]] = Counter()
        self._departments: dict[str, str] = {}

    def take(self, one: Made) -> None:
        """Read the next fact."""
        event = one.event
        self._notices(one)
        match event:
            case (
                ClockStarted()
                | ClockResumed()
                | ClockMoved()
                | ClockBreached()
                | ClockStopped()
                | ClockCancelled()
                | TicketEscalated()
                | PayoutOwed()
            ):
                self._promise(event, one)
            case DeadlineGiven() | DeadlineExtended() | DeadlineMissed() | OfferLapsed():
                self._deadline(event, one)
            case TicketResolved() | TicketClosed() if one.by.kind is ActorKind.SYSTEM:
                word = "resolved" if isinstance(event, TicketResolved) else "closed"
                self._next(Kind.OUTCOME, word, event.outcome, one)
            case _:
                self._decision(event, one)

    def _notices(self, one: Made) -> None:
        """Tell of a fact who is told of it, from when on if the worker had come in time."""
        if one.book is None:
            return
        event, at = one.event, one.at
        if isinstance(event, ClockWarned | TicketEscalated | SurveyAsked):
            at = min(event.due_at, at)
        clock = str(getattr(event, "clock", ""))
        about, row = "", ""
        if clock:
            about, row = f" of {clock.partition(':')[0]}", self._row(self._clock(clock))
        for notice in meant(event, at, one.book):
            told = f"{notice.due_at} by {', '.join(notice.channels)}"
            self._next(Kind.NOTICE, f"{notice.rule.id} to {notice.to}{about}", told, one, row)

    def _decision(self, event: Event, one: Made) -> None:
        match event:
            case DiagnosisMade():
                self._next(Kind.DIAGNOSIS, "", _said(event), one)
            case ReturnReviewed():
                verdict = "eligible" if event.eligible else "not_eligible"
                if event.if_unopened:
                    verdict = "eligible_if_unopened"
                self._next(Kind.REVIEW, "", f"{verdict} {event.clause}", one)
            case EvidenceSupplemented() | EvidenceStaged():
                late = isinstance(event, EvidenceSupplemented) and event.late
                self._next(Kind.LATE, event.item, "late" if late else "in_time", one)
            case ContactFruitless():
                self._next(Kind.CONTACT, "", "exhausted" if event.exhausted else "in_vain", one)
            case DepartmentAsked():
                self._departments[event.request] = event.department
                self._next(Kind.ASKED, event.department, "asked", one)
            case AnswerDiffered():
                self._next(Kind.ANSWER, event.topic, "differed", one)
            case SurveyScheduled():
                self._next(Kind.DUE, "survey", event.due_at, one)
            case AgentChosen():
                self._next(Kind.DUE, "lease", event.lease_until, one)
            case _:
                pass

    def _promise(
        self,
        event: ClockStarted
        | ClockResumed
        | ClockMoved
        | ClockBreached
        | ClockStopped
        | ClockCancelled
        | TicketEscalated
        | PayoutOwed,
        one: Made,
    ) -> None:
        name = self._clock(event.clock)
        match event:
            case ClockStarted():
                self._next(Kind.DUE, name, event.due_at, one, event.row)
                self._next(Kind.BREACH, name, RUNNING, one, event.row)
            case ClockResumed() | ClockMoved():
                self._again(Kind.DUE, name, event.due_at, one)
            case ClockBreached():
                self._again(Kind.BREACH, name, BROKEN, one)
            case ClockStopped():
                self._again(Kind.BREACH, name, KEPT if event.kept else BROKEN, one)
            case ClockCancelled():
                key = self._key(Kind.BREACH, name)
                if self.table[key].value != BROKEN:
                    self._again(Kind.BREACH, name, MOOT, one)
            case TicketEscalated():
                self._next(Kind.ESCALATION, f"{name}/{event.rung}", event.to, one, self._row(name))
            case PayoutOwed():
                self._next(Kind.AMOUNT, name, _money(event.amount), one, event.row, event.amount)

    def _deadline(
        self, event: DeadlineGiven | DeadlineExtended | DeadlineMissed | OfferLapsed, one: Made
    ) -> None:
        match event:
            case DeadlineGiven():
                self._next(Kind.DUE, f"deadline {event.deadline}", event.due_at, one)
            case DeadlineExtended():
                self._again(Kind.DUE, f"deadline {event.deadline}", event.due_at, one)
            case DeadlineMissed():
                self._next(Kind.OUTCOME, f"deadline {event.deadline}", "missed", one)
            case OfferLapsed():
                self._next(Kind.OUTCOME, f"offer {event.offer}", "lapsed", one)

    def _clock(self, clock: str) -> str:
        """Return a clock's name; one about a request is called by the department."""
        rule, _, about = clock.partition(":")
        return clock if about not in self._departments else f"{rule}:{self._departments[about]}"

    def _row(self, name: str) -> str:
        known = self.table.get(self._key(Kind.DUE, name))
        return "" if known is None else known.row

    def _key(self, kind: Kind, subject: str) -> Key:
        return Key(kind, subject, self._counts[kind, subject])

    def _next(  # noqa: PLR0917 - a row and where it comes from
        self,
        kind: Kind,
        subject: str,
        value: str,
        one: Made,
        row: str = "",
        amount: Money | None = None,
    ) -> None:
        self._counts[kind, subject] += 1
        self.table[self._key(kind, subject)] = Row(value, one, row, amount)

    def _again(self, kind: Kind, subject: str, value: str, one: Made) -> None:
        """Change what was told of the last of something."""
        key = self._key(kind, subject)
        known = self.table[key]
        self.table[key] = known._replace(value=value, by=one)


def _said(event: DiagnosisMade) -> str:
    """Return a judgement as one text, without who made it, how sure, and by which words."""
    known = replace(event, method="", policy="", confidence_bp=0, words=None)
    return " ".join(
        (
            *("upset" for _ in range(known.upset)),
            *("satisfied" for _ in range(known.satisfied)),
            *(str(getattr(known, name)) for name in _JUDGED),
            f"tags={','.join(known.tags)}",
            f"flows={','.join(known.flows)}",
        )
    )


_JUDGED: Final = ("responsible", "scenario", "kind", "urgency", "sentiment")


def _money(amount: Money) -> str:
    return f"{amount.amount_minor} {amount.currency}"
