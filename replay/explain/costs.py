"""What a broken promise costs: on its ticket, and a share of the order on the order too.

A share is owed once for all tickets of an order, so the order remembers it.
"""

from collections.abc import Iterable, Iterator, Sequence

from domain.events import OverduePayoutOwed, PayoutOwed
from domain.policies.clocks import Payout
from domain.record import Record
from domain.ticket.clocks.running import cost_of, rule_of
from domain.ticket.state import Order
from domain.values import BASIS_POINTS, Money
from replay.explain.deeds import Deeds, amount_text
from replay.explain.history import Moment, promised_under
from replay.explain.telling import (
    NO_BOOK,
    Books,
    Decision,
    Difference,
    Input,
    Step,
    differences,
    ref,
    text_of,
    used,
)


def of_breach(  # noqa: PLR0917 - what a cost rests on
    moment: Moment,
    event: PayoutOwed,
    breach: Record | None,
    order: Sequence[Record],
    deeds: Deeds,
    books: Books,
) -> Decision:
    """Return why a breach costs what the ticket says, and whether its order says so too."""
    book, place = promised_under(moment, event.policy, books), ref(moment.record)
    rule = None if book is None else rule_of(event.clock, book)
    payout = None if rule is None else rule.payout
    inputs = [Input("clock", event.clock), Input("row", event.row)]
    if breach is not None:
        inputs.append(Input("breach", f"{event.clock} was broken", ref(breach)))
    wrong: list[Difference] = []
    steps: list[Step] = []
    if book is not None:
        again = None if payout is None else cost_of(payout, moment.order)
        if again != event.amount:
            told = "nothing" if again is None else text_of(again)
            wrong.append(Difference("amount", text_of(event.amount), told, place))
        if breach is None:
            wrong.append(Difference("breach", "broken", "no breach is on record before it", place))
    if payout is not None:
        inputs.append(Input("source", payout.source))
        steps += _share(payout, moment.order)
        if payout.share_bp is not None:
            wrong += _order_wrong(moment, event, payout, order, deeds)
    return Decision(
        about=f"payout:{event.clock}",
        book=used(event.policy, books),
        inputs=tuple(inputs),
        steps=(*steps, Step("It is owed once, however often the breach is seen.", event=place)),
        result=_result(event.amount),
        event=place,
        recomputed=None if book is None else not wrong,
        differences=tuple(wrong),
        not_recomputed=NO_BOOK if book is None else None,
    )


def of_order_alone(
    ticket: str, order: Sequence[Record], deeds: Deeds, books: Books
) -> Iterator[Decision]:
    """Yield the shares that an order says are owed for a ticket, where the ticket does not."""
    for record in order:
        event = record.event
        if not isinstance(event, OverduePayoutOwed) or event.ticket != ticket:
            continue
        owed = (one.event for one in deeds.whole(record))
        if any(isinstance(one, PayoutOwed) and one.clock == event.clock for one in owed):
            continue
        place = ref(record)
        yield Decision(
            about=f"payout:{event.clock}",
            book=used(event.policy, books),
            inputs=(Input("clock", event.clock), Input("row", event.row)),
            steps=(Step("The order says that a share of it is owed.", event=place),),
            result=_result(event.amount),
            event=place,
            recomputed=False,
            differences=(Difference("payout", "owed", "nothing is owed on the ticket", place),),
        )


def _order_wrong(
    moment: Moment, event: PayoutOwed, payout: Payout, order: Sequence[Record], deeds: Deeds
) -> Iterator[Difference]:
    """Yield in what an order does not say, with the ticket and once, that a share of it is owed."""
    record, amount = moment.record, cost_of(payout, moment.order)
    told = next((one for one in deeds.whole(record) if _is_half(one, record, event)), None)
    if told is None:
        yield Difference("order", "nothing", OverduePayoutOwed.TOPIC, ref(record))
        return
    if amount is not None:
        again = OverduePayoutOwed(record.subject, event.clock, event.row, amount, event.policy)
        yield from differences(told, again)
    for one in order:
        if one.position >= told.position:
            return
        before = one.event
        if isinstance(before, OverduePayoutOwed) and before.row == event.row:
            yield Difference("share", "owed", f"owed already, for {before.ticket}", ref(one))


def _is_half(fact: Record, record: Record, event: PayoutOwed) -> bool:
    told = fact.event
    return (
        isinstance(told, OverduePayoutOwed)
        and told.ticket == record.subject
        and told.clock == event.clock
    )


def _result(amount: Money) -> dict[str, str | int | bool | None]:
    return {
        "amount_minor": amount.amount_minor,
        "currency": amount.currency,
        "state": "owed",
    }


def _share(payout: Payout, order: Order | None) -> Iterable[Step]:
    """Yield how a breach's cost was reckoned from the book's figure."""
    if payout.amount_minor is not None and payout.currency is not None:
        yield Step(f"The book says {amount_text(payout.amount_minor, payout.currency)}.")
        return
    amount = cost_of(payout, order)
    if order is None or amount is None or payout.share_bp is None:
        return
    terms = [str(line.paid.amount_minor) for line in order.lines.values()]
    paid = sum(line.paid.amount_minor for line in order.lines.values())
    currency = amount.currency
    yield Step(f"The order cost {' + '.join(terms)} = {paid} {currency} (minor units).")
    product = paid * payout.share_bp
    yield Step(f"{paid} × {payout.share_bp} = {product}.")
    yield Step(
        f"{product} / {BASIS_POINTS}, rounded down, is {amount_text(amount.amount_minor, currency)}"
    )
