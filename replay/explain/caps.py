"""The arithmetic of the caps of an order line, step by step in minor units (RE-16)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.events import GrantPaid, GrantReleased, PayoutGranted, RefundGranted
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.cap import grant_key
from domain.ticket.state import Order
from domain.values import BASIS_POINTS, Money, OrderLine
from replay.explain.deeds import Deeds
from replay.explain.history import order_of
from replay.explain.telling import NO_BOOK, Books, Decision, Difference, Input, Step, ref, used

Granted = RefundGranted | PayoutGranted


class Taken(NamedTuple):
    """What one remedy holds of a line's cap."""

    record: Record
    event: Granted
    paid: bool = False


def standing(grants: Iterable[Record]) -> dict[str, Taken]:
    """Return what is taken of an order after these facts: by remedy, released ones left out."""
    found: dict[str, Taken] = {}
    for record in grants:
        match record.event:
            case RefundGranted() | PayoutGranted() as event:
                found[grant_key(event.ticket, event.remedy)] = Taken(record, event)
            case GrantReleased() as event:
                found.pop(grant_key(event.ticket, event.remedy), None)
            case GrantPaid() as event:
                name = grant_key(event.ticket, event.remedy)
                found[name] = found[name]._replace(paid=True)
            case _:
                pass
    return found


def whole(paid: Money, book: Book, *, refund: bool) -> Money:
    """Return the cap of a line by a book."""
    return book.refund_cap(paid) if refund else book.payout_cap(paid)


def of_grant(
    grant: Record, before: Sequence[Record], paid: Money, book: Book, *, late: bool = False
) -> Iterable[Step]:
    """Yield how a grant fitted into its line's cap as it stood then.

    `before` are the order's facts up to it. A grant is `late` when its money arrived though it was
    taken off: a fact, which counts above the cap too.
    """
    event = grant.event
    assert isinstance(event, RefundGranted | PayoutGranted), "a grant takes of a cap"
    refund = isinstance(event, RefundGranted)
    share_bp = book.cap.refund_bp if refund else book.cap.payout_bp
    top = whole(paid, book, refund=refund)
    kind = "Refunds" if refund else "Payouts on top"
    yield Step(
        f"{kind} of line {event.line} may come to {paid.amount_minor} × {share_bp} / "
        f"{BASIS_POINTS} = {top.amount_minor} {top.currency} (minor units)."
    )
    left = top.amount_minor
    for key, one in _beside(event, before).items():
        left -= one.event.amount.amount_minor
        yield Step(
            f"{key} took {one.event.amount.amount_minor}: {left} are left.",
            event=ref(one.record),
        )
    rest = left - event.amount.amount_minor
    words = f"It takes {event.amount.amount_minor} of {left}: {rest} are left."
    if rest < 0 and late:
        words += " Its money had arrived though it was taken off: a fact counts above the cap."
    yield Step(words, event=ref(grant))


def above(grant: Record, before: Sequence[Record], paid: Money, book: Book) -> Iterable[Difference]:
    """Yield that a grant comes with what was taken before to more than the cap, where it does."""
    event = grant.event
    assert isinstance(event, RefundGranted | PayoutGranted), "a grant takes of a cap"
    top = whole(paid, book, refund=isinstance(event, RefundGranted)).amount_minor
    taken = sum(one.event.amount.amount_minor for one in _beside(event, before).values())
    total = taken + event.amount.amount_minor
    if total > top:
        yield Difference("cap", str(total), f"at most {top}", ref(grant))


def _beside(event: Granted, before: Iterable[Record]) -> dict[str, Taken]:
    """Return what was taken of the same cap before a grant."""
    return {
        key: one
        for key, one in standing(before).items()
        if one.event.line == event.line and type(one.event) is type(event)
    }


def of_lines(facts: Sequence[Record], deeds: Deeds, books: Books) -> Iterable[Decision]:
    """Yield for each line what its tickets, open and closed, took of its caps, all together.

    The sums are made from the order's facts and compared with the order as it is folded, and after
    each grant with the cap.
    """
    order = order_of(facts)
    if order is None:
        return
    for line in order.lines.values():
        for refund in (True, False):
            taken = {
                key: one
                for key, one in standing(facts).items()
                if one.event.line == line.line and isinstance(one.event, RefundGranted) is refund
            }
            if taken:
                over = _overdrawn(facts, deeds, books, line, refund=refund)
                yield _of_line(order, taken, over, books, line.line, refund=refund)


def _overdrawn(
    facts: Sequence[Record], deeds: Deeds, books: Books, line: OrderLine, *, refund: bool
) -> Iterable[Difference]:
    """Yield each grant that went above a line's cap, but for money that arrived late."""
    for number, record in enumerate(facts):
        event = record.event
        if not isinstance(event, RefundGranted | PayoutGranted) or event.line != line.line:
            continue
        book = books(event.policy)
        ours = isinstance(event, RefundGranted) is refund
        if ours and book is not None and not _arrived_late(event, facts[:number], deeds, record):
            yield from above(record, facts[:number], line.paid, book)


def _arrived_late(event: Granted, before: Iterable[Record], deeds: Deeds, record: Record) -> bool:
    """Return whether a grant is money that was taken off before, and is paid by the same deed."""

    key = grant_key(event.ticket, event.remedy)
    freed = any(isinstance(one.event, GrantReleased) and _key(one) == key for one in before)
    facts = deeds.whole(record)
    return freed and any(isinstance(one.event, GrantPaid) and _key(one) == key for one in facts)


def _key(record: Record) -> str | None:
    event = record.event
    if not isinstance(event, GrantReleased | GrantPaid):
        return None
    return grant_key(event.ticket, event.remedy)


def _of_line(
    order: Order,
    taken: dict[str, Taken],
    over: Iterable[Difference],
    books: Books,
    line: str,
    *,
    refund: bool,
) -> Decision:
    last = list(taken.values())[-1]
    paid, book = order.lines[line].paid, books(last.event.policy)
    total = sum(one.event.amount.amount_minor for one in taken.values())
    settled = sum(one.event.amount.amount_minor for one in taken.values() if one.paid)
    folded = {
        key: grant.amount.amount_minor
        for key, grant in order.grants.items()
        if grant.line == line and grant.refund is refund
    }
    place = ref(last.record)
    wrong = [*over]
    if folded != {key: one.event.amount.amount_minor for key, one in taken.items()}:
        wrong.append(Difference("taken_minor", str(sum(folded.values())), str(total), place))
    for one in taken.values():
        adopted = books(one.event.policy)
        again = None if adopted is None else whole(paid, adopted, refund=refund)
        if again is not None and again != one.event.cap:
            wrong.append(
                Difference(
                    "cap", str(one.event.cap.amount_minor), str(again.amount_minor), ref(one.record)
                )
            )
    cap = last.event.cap.amount_minor
    return Decision(
        about=f"line:{line}:{'refunds' if refund else 'payouts'}",
        book=used(last.event.policy, books),
        inputs=(
            Input("paid_minor", str(paid.amount_minor)),
            *(
                Input(key, str(one.event.amount.amount_minor), ref(one.record))
                for key, one in taken.items()
            ),
        ),
        steps=(
            Step(f"{' + '.join(_terms(taken))} = {total} of {cap} {paid.currency} (minor units)."),
        ),
        result={
            "cap_minor": cap,
            "taken_minor": total,
            "paid_minor": settled,
            "left_minor": max(0, cap - total),
            "currency": paid.currency,
        },
        event=place,
        recomputed=None if book is None else not wrong,
        differences=tuple(wrong),
        not_recomputed=NO_BOOK if book is None else None,
    )


def _terms(taken: dict[str, Taken]) -> list[str]:
    return [str(one.event.amount.amount_minor) for one in taken.values()]
