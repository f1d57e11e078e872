"""A second, slow count of what another book would have done, from the facts of people alone.

It shares nothing with the replay or with the judges: only events and the tables of books.
Deadlines, promises, priority and queue are worked out again in the plainest way, for matters as
the demo makes them: one ticket an order, nobody waits, nobody writes. No test is here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from domain import events as e
from domain.policies.book import Book
from domain.record import Record
from domain.values import ActorKind, Instant, RemedyKind, later

Row = tuple[str, str, int]
"""(kind, subject, the how manyeth)."""
Table = dict[Row, str]
STEPS_OF_A_REMEDY: Final = {
    (RemedyKind.REFUND, e.RefundInitiated): "refund",
    (RemedyKind.RETURN, e.RemedyOrdered): "return",
    (RemedyKind.RETURN, e.ReturnAuthorised): "return",
    (RemedyKind.RETURN, e.ReturnShipped): "return_inspection",
    (RemedyKind.RETURN, e.ReturnReceived): "return_inspection",
    (RemedyKind.RETURN, e.RefundInitiated): "refund",
    (RemedyKind.EXCHANGE, e.RemedyOrdered): "exchange",
    (RemedyKind.EXCHANGE, e.ReturnAuthorised): "return",
    (RemedyKind.EXCHANGE, e.ReturnShipped): "return_inspection",
    (RemedyKind.EXCHANGE, e.ReturnReceived): "exchange",
    (RemedyKind.EXCHANGE, e.ReplacementShipped): "exchange",
    (RemedyKind.REPAIR, e.RemedyOrdered): "repair",
    (RemedyKind.REPAIR, e.RepairBooked): "repair",
    (RemedyKind.REPAIR, e.RepairReceived): "repair",
    (RemedyKind.RESHIPMENT, e.RemedyOrdered): "reshipment",
    (RemedyKind.RESHIPMENT, e.ReshipmentShipped): "reshipment",
    (RemedyKind.COUPON, e.RemedyOrdered): "coupon",
    (RemedyKind.COMPENSATION, e.CompensationInitiated): "compensation",
}


class Tally:
    """A table that numbers its rows."""

    def __init__(self) -> None:
        """Begin without rows."""
        self.table: Table = {}
        self._numbers: Counter[tuple[str, str]] = Counter()

    def add(self, kind: str, subject: str, value: str) -> Row:
        """Add a row and return its key."""
        self._numbers[kind, subject] += 1
        row = (kind, subject, self._numbers[kind, subject])
        self.table[row] = value
        return row

    def last(self, kind: str, subject: str) -> Row:
        """Return the key of the last row of something."""
        return (kind, subject, self._numbers[kind, subject])


@dataclass
class Recorded:
    """What the record itself says of one ticket."""

    tally: Tally = field(default_factory=Tally)
    fired: dict[tuple[str, str, Instant], Instant] = field(default_factory=dict)
    """(what, name, due) → when the record says that it passed."""
    spans: dict[tuple[str, str, Instant], tuple[Instant, Instant]] = field(default_factory=dict)
    """(what, name, due) → from when until when it was due on record."""
    paid: Counter[str] = field(default_factory=Counter)
    level: list[tuple[str, str]] = field(default_factory=list)
    """Priority and queue after each deed."""


FOREVER = Instant("9999-12-31T00:00:00.000000Z")


def recorded(deeds: Sequence[Sequence[Record]], book: Book) -> Recorded:  # noqa: PLR0912, PLR0915
    """Return what the record says, one event after the other."""
    found = Recorded()
    tally, names = found.tally, dict[str, str]()
    running: dict[str, tuple[str, Instant]] = {}
    priority, queue = "None", "None"

    def ends(what: str, name: str, at: Instant) -> None:
        for key, (since, until) in found.spans.items():
            if key[:2] == (what, name) and until == FOREVER:
                found.spans[key] = (since, at)

    for deed in deeds:
        for record in deed:
            event, at = record.event, record.at
            match event:
                case e.DeadlineGiven() | e.DeadlineExtended():
                    name = event.deadline
                    ends("deadline", name, at)
                    found.spans["deadline", name, event.due_at] = (at, FOREVER)
                    if isinstance(event, e.DeadlineGiven):
                        tally.add("due", f"deadline {name}", event.due_at)
                    else:
                        before = tally.table[tally.last("due", f"deadline {name}")]
                        found.fired["deadline", name, Instant(before)] = at
                        tally.table[tally.last("due", f"deadline {name}")] = event.due_at
                case e.DeadlineMet():
                    ends("deadline", event.deadline, at)
                case e.DeadlineMissed():
                    ends("deadline", event.deadline, at)
                    found.fired["deadline", event.deadline, event.due_at] = at
                    tally.add("outcome", f"deadline {event.deadline}", "missed")
                case e.OfferLapsed():
                    ends("deadline", f"offer:{event.offer}", at)
                    found.fired["deadline", f"offer:{event.offer}", event.due_at] = at
                    tally.add("outcome", f"offer {event.offer}", "lapsed")
                case e.TicketResolved() if record.actor.kind is ActorKind.SYSTEM:
                    tally.add("outcome", "resolved", event.outcome)
                case e.TicketClosed():
                    if record.actor.kind is ActorKind.SYSTEM:
                        due = tally.table[tally.last("due", "deadline closing")]
                        found.fired["deadline", "closing", Instant(due)] = at
                        tally.add("outcome", "closed", event.outcome)
                    for what, name, _ in list(found.spans):
                        if what == "deadline":
                            ends(what, name, at)
                case e.DepartmentAsked():
                    names[event.request] = event.department
                    tally.add("asked", event.department, "asked")
                case e.ClockStarted():
                    name = called(event.clock, names)
                    tally.add("due", name, event.due_at)
                    tally.add("breach", name, "running")
                    running[event.clock] = (name, event.due_at)
                    rule = book.clock_rule(event.clock.partition(":")[0])
                    assert rule is not None
                    if not rule.metric_only:
                        found.spans["clock", name, event.due_at] = (at, FOREVER)
                        for number, rung in enumerate(rule.ladder, 1):
                            due_at = later(event.due_at, rung.after)
                            found.spans["rung", f"{name}/{number}", due_at] = (at, FOREVER)
                case e.ClockBreached():
                    name = called(event.clock, names)
                    found.fired["clock", name, event.due_at] = at
                    tally.table[tally.last("breach", name)] = "broken"
                case e.TicketEscalated():
                    name = f"{called(event.clock, names)}/{event.rung}"
                    found.fired["rung", name, event.due_at] = at
                    tally.add("escalation", name, event.to)
                case e.ClockStopped() | e.ClockCancelled():
                    name = called(event.clock, names)
                    row = tally.last("breach", name)
                    ends("clock", name, at)
                    for number in range(1, 9):
                        ends("rung", f"{name}/{number}", at)
                    if isinstance(event, e.ClockStopped):
                        tally.table[row] = "kept" if event.kept else "broken"
                    elif tally.table[row] != "broken":
                        tally.table[row] = "moot"
                case e.PayoutOwed():
                    amount = event.amount
                    tally.add("amount", called(event.clock, names), f"{amount.amount_minor}")
                    found.paid[amount.currency] += amount.amount_minor
                case e.SurveyScheduled():
                    tally.add("due", "survey", event.due_at)
                case e.AgentChosen():
                    tally.add("due", "lease", event.lease_until)
                case e.EvidenceStaged() | e.EvidenceSupplemented():
                    late = isinstance(event, e.EvidenceSupplemented) and event.late
                    tally.add("late", event.item, "late" if late else "in_time")
                case e.TicketOpened() | e.TicketPrioritised() | e.DiagnosisCorrected():
                    priority = str(event.priority)
                case e.TicketQueued():
                    queue = event.queue
                case _:
                    pass
        if any(one.event.FAMILY == "ticket" for one in deed):
            found.level.append((priority, queue))
    return found


def called(clock: str, names: dict[str, str]) -> str:
    """Return a clock's name, with the department where it is of a request."""
    rule, _, about = clock.partition(":")
    return f"{rule}:{names[about]}" if about in names else clock
