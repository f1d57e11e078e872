"""Why an amount is owed, how it was reckoned, and what of it was paid: step by step, exactly."""

from collections.abc import Iterable, Sequence
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
    PayoutGranted,
    PayoutOwed,
    RefundFailed,
    RefundGranted,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RulingIssued,
    RulingOverturned,
    RulingVaried,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.cap import PRICE_BACK
from domain.ticket.state import Order
from domain.values import Money
from replay.explain import caps, costs
from replay.explain.deeds import Deeds
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
    for moment in life:
        event = moment.record.event
        match event:
            case ClockBreached():
                breaches[event.clock] = moment.record
            case PayoutOwed():
                breach = breaches.get(event.clock)
                found.append(costs.of_breach(moment, event, breach, order, deeds, books))
            case RemedyOrdered() if event.terms.amount is not None:
                one = _ordered(moment, event, event.terms.amount, order, deeds, books)
                remedies[event.remedy] = one
                found.append(one)
            case _:
                _walked(remedies, moment.record, event)
    lines = caps.of_lines(order, books)
    _paid(remedies, order, deeds.rest())
    told = [_told(one, books) if isinstance(one, _Owed) else one for one in found]
    ticket = life[0].record.subject if life else ""
    return (*told, *costs.of_order_alone(ticket, order, deeds, books), *lines)


# --- what remedies give -----------------------------------------------------------------------


def _ordered(  # noqa: PLR0917 - what an amount rests on
    moment: Moment,
    event: RemedyOrdered,
    amount: Money,
    order: Sequence[Record],
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
    awarded = next((one for one in facts if _awards(one.event)), None)
    if awarded is not None and not _is_awarded(event, awarded.event):
        found.wrong.append(
            Difference("terms", text_of(event.terms), "not what was awarded", ref(record))
        )
    grant = next((one for one in facts if _grants(one.event, event.remedy, record.subject)), None)
    if grant is None or moment.order is None:
        missing = Difference("grant", "nothing", "a grant on the order", ref(record))
        found.wrong.append(missing)
        return found
    granted = grant.event
    assert isinstance(granted, RefundGranted | PayoutGranted), "it was looked for"
    found.cap_minor = granted.cap.amount_minor
    before = [one for one in order if one.position < grant.position]
    found.wrong += _grant_wrong(event, amount, grant, moment.order, book)
    if book is not None:
        paid = moment.order.lines[granted.line].paid
        found.steps += caps.of_grant(grant, before, paid, book)
    return found


def _grant_wrong(
    event: RemedyOrdered, amount: Money, grant: Record, order: Order, book: Book | None
) -> Iterable[Difference]:
    """Yield in what a grant is not what its remedy takes, or more than the cap leaves."""
    granted, place = grant.event, ref(grant)
    assert isinstance(granted, RefundGranted | PayoutGranted), "a grant takes of a cap"
    refund = event.terms.kind in PRICE_BACK
    if isinstance(granted, RefundGranted) is not refund:
        yield Difference("fact", granted.TOPIC, str(event.terms.kind), place)
    if granted.amount != amount:
        yield Difference("amount", text_of(granted.amount), text_of(amount), place)
    if book is None:
        return
    top = caps.whole(order.lines[granted.line].paid, book, refund=refund)
    if granted.cap != top:
        yield Difference("cap", text_of(granted.cap), text_of(top), place)


def _awards(event: Event) -> bool:
    return isinstance(event, RulingIssued | RulingVaried | RulingOverturned)


def _is_awarded(ordered: RemedyOrdered, event: Event) -> bool:
    """Return whether a decision awards what a remedy is ordered for; its line may be implied."""
    assert isinstance(event, RulingIssued | RulingVaried | RulingOverturned), "it was looked for"
    terms = ordered.terms
    return any(
        one.kind is terms.kind and one.amount == terms.amount and one.line in {None, terms.line}
        for one in event.awards
    )


def _grants(event: Event, remedy: str, ticket: str) -> bool:
    return isinstance(event, RefundGranted | PayoutGranted) and (
        (event.ticket, event.remedy) == (ticket, remedy)
    )


def _walked(remedies: dict[str, _Owed], record: Record, event: Event) -> None:
    """Take note of a step of a remedy."""
    if not isinstance(event, _WALK) or event.remedy not in remedies:
        return
    one = remedies[event.remedy]
    one.steps.append(Step(_WORDS[type(event)], event=ref(record)))
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
        recomputed=None if gone else not one.wrong,
        differences=tuple(one.wrong),
        not_recomputed=NO_BOOK if gone else None,
    )
