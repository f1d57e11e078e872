"""Why an amount is owed, how it was reckoned, and what of it was paid: step by step, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.events import (
    ClockBreached,
    CompensationFailed,
    CompensationInitiated,
    CompensationPaid,
    CouponIssued,
    Event,
    GrantPaid,
    GrantReleased,
    PayoutOwed,
    RefundFailed,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
)
from domain.record import Record
from domain.values import Money
from replay.explain import caps, costs
from replay.explain.deeds import Deeds
from replay.explain.giving import Basis, Giving, generosity, grant_of, late
from replay.explain.history import Moment, promised_under
from replay.explain.telling import (
    NO_BOOK,
    Books,
    Decision,
    Difference,
    Input,
    Step,
    ref,
    text_of,
    used,
)

_WALK = (
    RefundInitiated
    | RefundFailed
    | RefundSettled
    | CompensationInitiated
    | CompensationFailed
    | CompensationPaid
    | CouponIssued
    | RemedyCompleted
    | RemedyCancelled
)
_WORDS = {
    RefundInitiated: "The payment system was told to give it back.",
    RefundFailed: "It could not be given back.",
    RefundSettled: "It arrived where the price came from.",
    CompensationInitiated: "The payment system was told to pay it.",
    CompensationFailed: "It could not be paid.",
    CompensationPaid: "It reached the buyer.",
    CouponIssued: "The buyer holds the coupon.",
    RemedyCompleted: "Nothing of it is owed any more.",
    RemedyCancelled: "It is no longer owed; its part of the line is free again.",
}
_ARRIVED = (RefundSettled, CompensationPaid, CouponIssued)


@dataclass
class _Owed:
    """One remedy with an amount, and what became of it."""

    record: Record
    event: RemedyOrdered
    amount: Money
    steps: list[Step] = field(default_factory=list)
    wrong: list[Difference] = field(default_factory=list)
    state: str = "owed"
    paid_minor: int = 0
    cap_minor: int | None = None


def explain(
    life: Sequence[Moment], order: Sequence[Record], deeds: Deeds, books: Books
) -> tuple[Decision, ...]:
    """Return every amount owed on the ticket, then its order's lines over all their tickets."""
    found: list[Decision | _Owed] = []
    remedies: dict[str, _Owed] = {}
    breaches: dict[str, Record] = {}
    giving = Giving(life, order, deeds, books)
    for moment in life:
        event = moment.record.event
        match event:
            case ClockBreached():
                breaches[event.clock] = moment.record
            case PayoutOwed():
                breach = breaches.pop(event.clock, None)  # each breach costs once
                found.append(costs.of_breach(moment, event, breach, order, deeds, books))
            case RemedyOrdered() if event.terms.amount is not None:
                one = _ordered(moment, event, event.terms.amount, order, giving, deeds, books)
                remedies[event.remedy] = one
                found.append(one)
            case _ if isinstance(event, Basis) and not moment.record.imported:
                found += giving.missing(moment)
            case _:
                _walked(remedies, moment, order, deeds, books)
    lines = caps.of_lines(order, deeds, books)
    _paid(remedies, order, deeds.rest())
    told = [_told(one, books) if isinstance(one, _Owed) else one for one in found]
    ticket = life[0].record.subject if life else ""
    alone = (*giving.alone(), *costs.of_order_alone(ticket, order, deeds, books))
    return (*told, *alone, *lines)


# --- what remedies give -----------------------------------------------------------------------


def _ordered(  # noqa: PLR0917 - what an amount rests on
    moment: Moment,
    event: RemedyOrdered,
    amount: Money,
    order: Sequence[Record],
    giving: Giving,
    deeds: Deeds,
    books: Books,
) -> _Owed:
    record, book = moment.record, promised_under(moment, event.policy, books)
    found = _Owed(record, event, amount)
    facts = deeds.whole(record)
    cause = facts[0]
    who = event.approved_by or f"{cause.actor.kind}:{cause.actor.ref}"
    words = f"It is owed by the {event.source}, from {who}."
    found.steps.append(Step(words, since=record.at, event=ref(cause)))
    found.wrong += giving.wrong(record, event.remedy)
    if book is not None:
        found.steps += generosity(giving.first(record), event, book)
    grant = next((one for one in facts if _grants(one, event.remedy, record.subject)), None)
    granted = None if grant is None else grant_of(grant, record.subject)
    if grant is None or granted is None or moment.order is None:
        missing = Difference("grant", "nothing", "a grant on the order", ref(record))
        found.wrong.append(missing)
        return found
    found.cap_minor = granted.cap.amount_minor
    line = moment.order.lines.get(granted.line)
    if book is None and granted.amount != amount:
        found.wrong.append(
            Difference("amount", text_of(granted.amount), text_of(amount), ref(grant))
        )
    if book is not None and line is not None:
        before = [one for one in order if one.position < grant.position]
        found.steps += caps.of_grant(grant, before, line.paid, book)
        found.wrong += caps.above(grant, before, line.paid, book)
    return found


def _grants(fact: Record, remedy: str, ticket: str) -> bool:
    grant = grant_of(fact, ticket)
    return grant is not None and grant.remedy == remedy


def _walked(
    remedies: dict[str, _Owed],
    moment: Moment,
    order: Sequence[Record],
    deeds: Deeds,
    books: Books,
) -> None:
    """Take note of a step of a remedy."""
    record, event = moment.record, moment.record.event
    if not isinstance(event, _WALK) or event.remedy not in remedies:
        return
    one = remedies[event.remedy]
    one.steps.append(Step(_WORDS[type(event)], event=ref(record)))
    if isinstance(event, RefundSettled | CompensationPaid):
        _arrived(one, moment, event, order, deeds, books)
    one.state = _became(one.state, event)
    if isinstance(event, _ARRIVED):
        one.paid_minor = one.amount.amount_minor
    if isinstance(event, RefundInitiated | CompensationInitiated) and event.amount != one.amount:
        one.wrong.append(
            Difference("amount", text_of(event.amount), text_of(one.amount), ref(record))
        )
    if isinstance(event, CouponIssued) and event.value != one.amount:
        one.wrong.append(
            Difference("value", text_of(event.value), text_of(one.amount), ref(record))
        )


def _arrived(  # noqa: PLR0917 - what money that arrives rests on
    one: _Owed,
    moment: Moment,
    event: RefundSettled | CompensationPaid,
    order: Sequence[Record],
    deeds: Deeds,
    books: Books,
) -> None:
    """Hold what money takes of its line when it arrives: nothing more, unless it was taken off."""
    record = moment.record
    facts = [fact for fact in deeds.whole(record) if _grants(fact, event.remedy, record.subject)]
    grant = next(iter(facts), None) if one.state == "cancelled" else None
    for fact in facts:
        if fact is not grant:
            none = Difference("fact", fact.event.TOPIC, "nothing", ref(fact))
            one.wrong.append(none)
    if one.state != "cancelled":
        return
    granted = None if grant is None else grant_of(grant, record.subject)
    if grant is None or granted is None:
        one.wrong.append(Difference("grant", "nothing", "a grant on the order", ref(record)))
        return
    book = promised_under(moment, granted.policy, books)
    line = None if moment.order is None else moment.order.lines.get(granted.line)
    if book is not None and line is not None:
        before = [fact for fact in order if fact.position < grant.position]
        one.steps += caps.of_grant(grant, before, line.paid, book, late=True)
        one.wrong += late(moment, event, grant, book)


def _became(before: str, event: Event) -> str:
    """Return how a remedy stands after a step of it."""
    if isinstance(event, _ARRIVED):
        return "paid"
    return "cancelled" if isinstance(event, RemedyCancelled) else before


def _paid(remedies: dict[str, _Owed], order: Sequence[Record], rest: Sequence[Record]) -> None:
    """Compare what was paid of each remedy with what its order says was used up or set free.

    `rest` completes the command that the moment cuts: both are recorded by one.
    """
    settled: set[str] = set()
    for fact in (*order, *rest):
        event = fact.event
        if not isinstance(event, GrantPaid | GrantReleased):
            continue
        one = remedies.get(event.remedy)
        if one is None or event.ticket != one.record.subject:
            continue
        if isinstance(event, GrantPaid):
            settled.add(event.remedy)
        if event.amount != one.amount:
            one.wrong.append(
                Difference("amount", text_of(event.amount), text_of(one.amount), ref(fact))
            )
    states = {name: one.state for name, one in remedies.items()}
    for fact in rest:
        event = fact.event
        if isinstance(event, _WALK) and event.remedy in states:
            states[event.remedy] = _became(states[event.remedy], event)
    for name, state in states.items():
        if (state == "paid") is not (name in settled):
            told, one = "used up" if name in settled else "not used up", remedies[name]
            one.wrong.append(Difference("paid", state, told, ref(one.record)))


def _told(one: _Owed, books: Books) -> Decision:
    event, place = one.event, ref(one.record)
    gone = books(event.policy) is None
    result: dict[str, str | int | bool | None] = {
        "kind": event.terms.kind,
        "line": event.terms.line,
        "amount_minor": one.amount.amount_minor,
        "currency": one.amount.currency,
        "cap_minor": one.cap_minor,
        "state": one.state,
        "paid_minor": one.paid_minor,
    }
    return Decision(
        about=f"remedy:{event.remedy}",
        book=used(event.policy, books),
        inputs=(Input("terms", text_of(event.terms), place), Input("source", event.source)),
        steps=tuple(one.steps),
        result=result,
        event=place,
        recomputed=False if one.wrong else None if gone else True,
        differences=tuple(one.wrong),
        not_recomputed=NO_BOOK if gone and not one.wrong else None,
    )
