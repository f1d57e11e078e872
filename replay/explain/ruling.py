"""Why a matter was decided as it was: who judged, on what, by which clauses, within which caps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from domain.commands import DecideAppeal, FileAppeal, IssueRuling
from domain.events import (
    AppealFiled,
    ArbitratorAssigned,
    DeadlineGiven,
    Event,
    PayoutGranted,
    RefundGranted,
    RemedyOrdered,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.arbitration import decide_appeal, file_appeal, has_conflict, issue_ruling
from domain.ticket.context import Context
from domain.ticket.state import Ticket
from domain.values import ActorKind, Money, Terms
from replay.explain import caps
from replay.explain.deeds import Deeds, judged
from replay.explain.history import Moment, context_of, promised_under
from replay.explain.telling import NO_BOOK, Books, Decision, Input, Step, ref, text_of, used

Decided = RulingIssued | RulingUpheld | RulingVaried | RulingOverturned
_OUTCOMES = {RulingUpheld: "upheld", RulingVaried: "varied", RulingOverturned: "overturned"}


@dataclass
class _Known:
    """What was on record before a decision, by what it is about."""

    brought: dict[str, Record] = field(default_factory=dict)
    """Evidence item → the record that brought it."""
    shown: dict[tuple[str, str], Record] = field(default_factory=dict)
    """(item, side) → the record by which the side knows it."""
    given: dict[str, Record] = field(default_factory=dict)
    """Deadline → the record that gave it last."""
    assigned: Record | None = None

    def take(self, moment: Moment) -> None:
        """Remember what a record says."""
        record, before = moment.record, moment.before
        for name, item in moment.after.evidence.items():
            old = None if before is None else before.evidence.get(name)
            if old is None:
                self.brought[name] = record
            seen = frozenset() if old is None else old.shown_to
            self.shown |= {(name, side): record for side in item.shown_to - seen}
        match record.event:
            case DeadlineGiven() as event:
                self.given[event.deadline] = record
            case ArbitratorAssigned():
                self.assigned = record
            case _:
                pass


def explain(
    life: Iterable[Moment], order: Sequence[Record], deeds: Deeds, books: Books
) -> tuple[Decision, ...]:
    """Return every ruling, appeal and decision of an appeal, in order."""
    found = []
    known = _Known()
    for moment in life:
        match moment.record.event:
            case RulingIssued() | RulingUpheld() | RulingVaried() | RulingOverturned() as event:
                found.append(_decided(moment, event, known, deeds, order, books))
            case AppealFiled() as event:
                found.append(_filed(moment, event, known, deeds.whole(moment.record), books))
            case _:
                pass
        known.take(moment)
    return tuple(found)


def _decided(  # noqa: PLR0917 - what a decision rests on
    moment: Moment,
    event: Decided,
    known: _Known,
    deeds: Deeds,
    order: Sequence[Record],
    books: Books,
) -> Decision:
    record, ticket, book = moment.record, moment.before, promised_under(moment, event.policy, books)
    assert ticket is not None, "what is decided is there"
    place = ref(record)
    result: dict[str, str | int | bool | None] = {"outcome": _outcome(event)}
    if not isinstance(event, RulingUpheld):
        result |= {"in_favour_of": event.in_favour_of}
        result |= {f"share_bp:{one.party}": one.share_bp for one in event.shares}
    if book is None:
        return Decision(
            about=event.ruling,
            book=used(event.policy, books),
            inputs=tuple(_evidence(event.relied_on, ticket, known)),
            steps=(),
            result=result,
            event=place,
            recomputed=None,
            not_recomputed=NO_BOOK,
        )
    context = context_of(moment, book)
    wrong = judged(record, deeds.whole(record), lambda: _again(event, ticket, context))
    instance = "ruling" if isinstance(event, RulingIssued) else "appeal_ruling"
    return Decision(
        about=event.ruling,
        book=used(event.policy, books),
        inputs=(
            Input("by", f"{record.actor.kind}:{record.actor.ref}", place),
            *_evidence(event.relied_on, ticket, known),
            *_clauses(event.clauses, book),
            *_awards(event),
        ),
        steps=(
            *_judge(moment, ticket, known),
            *_shown(event.relied_on, ticket, known),
            *_clause_steps(event.clauses, book),
            *_money(deeds.told(record), order, moment, book),
            *_in_time(moment, instance, known),
        ),
        result=result,
        event=place,
        recomputed=not wrong,
        differences=wrong,
    )


def _outcome(event: Decided) -> str:
    return "ruled" if isinstance(event, RulingIssued) else _OUTCOMES[type(event)]


def _again(event: Decided, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return what follows from the decision on record when it is judged again."""
    if isinstance(event, RulingIssued):
        ruling = IssueRuling(
            ticket=ticket.ticket,
            in_favour_of=event.in_favour_of,
            shares=event.shares,
            awards=event.awards,
            reasons="",
            clauses=event.clauses,
            relied_on=event.relied_on,
        )
        return issue_ruling(ruling, ticket, context)
    if isinstance(event, RulingUpheld):
        command = DecideAppeal(
            ticket=ticket.ticket,
            outcome="upheld",
            reasons="",
            clauses=event.clauses,
            relied_on=event.relied_on,
        )
    else:
        command = DecideAppeal(
            ticket=ticket.ticket,
            outcome=_OUTCOMES[type(event)],
            reasons="",
            clauses=event.clauses,
            relied_on=event.relied_on,
            in_favour_of=event.in_favour_of,
            shares=event.shares,
            awards=event.awards,
        )
    return decide_appeal(command, ticket, context)


def _evidence(relied_on: Iterable[str], ticket: Ticket, known: _Known) -> Iterable[Input]:
    for name in relied_on:
        item = ticket.evidence.get(name)
        brought = known.brought.get(name)
        if item is None or brought is None:
            yield Input(f"evidence:{name}", "not on record when it was relied on")
            continue
        shown = ", ".join(sorted(item.shown_to)) or "nobody"
        yield Input(
            f"evidence:{name}",
            f"{item.kind} of the {item.party}, SHA-256 {item.attachment.sha256}, "
            f"{item.attachment.size} bytes, shown to {shown}",
            ref(brought),
        )


def _clauses(clauses: Iterable[str], book: Book) -> Iterable[Input]:
    for name in clauses:
        clause = book.clause_of(name)
        if clause is None:
            yield Input(f"clause:{name}", "not in the book it names")
        else:
            yield Input(f"clause:{name}", f"{clause.zh} / {clause.en}")


def _clause_steps(clauses: Iterable[str], book: Book) -> Iterable[Step]:
    for clause in book.clause:
        if clause.id in clauses:
            base = clause.legal_base or "no branch of law by itself"
            yield Step(f"The clause {clause.id} stands in the book; it rests on {base}.")


def _awards(event: Decided) -> Iterable[Input]:
    awards: tuple[Terms, ...] = () if isinstance(event, RulingUpheld) else event.awards
    for number, terms in enumerate(awards, start=1):
        yield Input(f"award:{number}", text_of(terms))


def _judge(moment: Moment, ticket: Ticket, known: _Known) -> Iterable[Step]:
    """Yield who judged, and each thing that would have stood against it, checked again."""
    who = moment.record.actor.ref
    if known.assigned is not None:
        place = ref(known.assigned)
        yield Step(f"{ticket.arbitrator} was to judge.", since=place.at, event=place)
    handled = {f"{kind}:{who}" for kind in (ActorKind.AGENT, ActorKind.SUPERVISOR)}
    against = {
        "is a side of the matter": who in {ticket.buyer, ticket.merchant},
        "handled the matter": not handled.isdisjoint(ticket.handlers),
        "has judged it before": who in ticket.judged,
        "stepped aside from it": who in ticket.recused,
    }
    for words, holds in against.items():
        yield Step(f"Checked that {who} {words}: {'yes' if holds else 'no'}.")
    verdict = "a conflict" if has_conflict(ticket, who) else "no conflict"
    yield Step(f"{who} has {verdict} of interest.")


def _shown(relied_on: Iterable[str], ticket: Ticket, known: _Known) -> Iterable[Step]:
    for name in relied_on:
        item = ticket.evidence.get(name)
        for side in () if item is None else sorted(item.shown_to):
            record = known.shown.get((name, side))
            place = None if record is None else ref(record)
            since = None if place is None else place.at
            yield Step(f"{name} is known to the {side}.", since=since, event=place)


def _money(
    facts: Sequence[Record], order: Sequence[Record], moment: Moment, book: Book
) -> Iterable[Step]:
    """Yield what was awarded against the cap of its line as it stood then."""
    for fact in facts:
        match fact.event:
            case RefundGranted() | PayoutGranted() as event if moment.order is not None:
                before = [one for one in order if one.position < fact.position]
                paid: Money = moment.order.lines[event.line].paid
                yield from caps.of_grant(fact, before, paid, book)
            case RemedyOrdered() as event if event.source in {"ruling", "appeal"}:
                words = f"{event.remedy} is owed by the {event.source}: {text_of(event.terms)}."
                yield Step(words, event=ref(fact))
            case _:
                pass


def _in_time(moment: Moment, deadline: str, known: _Known) -> Iterable[Step]:
    """Yield whether the decision came before its deadline."""
    running = None if moment.before is None else moment.before.deadlines.get(deadline)
    given = known.given.get(deadline)
    if running is None or given is None:
        return
    at = moment.record.at
    kept = "in time" if at < running.due_at else "too late"
    yield Step(
        f"The deadline {deadline} was due; the decision came {kept}.",
        since=given.at,
        until=running.due_at,
        event=ref(given),
    )


def _filed(
    moment: Moment, event: AppealFiled, known: _Known, facts: Sequence[Record], books: Books
) -> Decision:
    record, ticket, book = moment.record, moment.before, promised_under(moment, event.policy, books)
    assert ticket is not None, "what is appealed is there"
    again = FileAppeal(ticket=ticket.ticket, grounds="")
    wrong = (
        ()
        if book is None
        else judged(record, facts, lambda: file_appeal(again, ticket, context_of(moment, book)))
    )
    window = known.given.get("appeal")
    steps = []
    if window is not None and "appeal" in ticket.deadlines:
        until = ticket.deadlines["appeal"].due_at
        steps.append(Step("The window was open.", since=window.at, until=until, event=ref(window)))
    steps.append(Step(f"The {event.by} asks once for a review of {event.ruling}."))
    return Decision(
        about=event.appeal,
        book=used(event.policy, books),
        inputs=(Input("by", f"{record.actor.kind}:{record.actor.ref}", ref(record)),),
        steps=tuple(steps),
        result={"appeal": event.appeal, "ruling": event.ruling, "by": event.by},
        event=ref(record),
        recomputed=None if book is None else not wrong,
        differences=wrong,
        not_recomputed=NO_BOOK if book is None else None,
    )
