"""What the platform did by itself: what followed from a deadline's instant, and every other end.

Only time, and the coupon the platform hands out, end a matter without a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain.commands import IssueCoupon
from domain.events import (
    CouponIssued,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMissed,
    Event,
    OfferLapsed,
    TicketClosed,
    TicketResolved,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.context import Context
from domain.ticket.deadlines import consequences
from domain.ticket.remedies.coupon import issue_coupon
from domain.ticket.state import Ticket
from domain.values import ActorKind
from replay.explain import deadlines
from replay.explain.deeds import Deeds, judged
from replay.explain.history import Moment, context_of
from replay.explain.telling import (
    NO_BOOK,
    Books,
    BookUsed,
    Decision,
    Difference,
    Input,
    Step,
    ref,
    used,
)

_ENDS: Final = (TicketResolved, TicketClosed)
_OUT_OF_NOTHING: Final = "resolution"
Result = dict[str, str | int | bool | None]
"""What a decision came to, as it stands on record."""


def explain(life: Sequence[Moment], deeds: Deeds, books: Books) -> tuple[Decision, ...]:
    """Return every deadline that passed and what followed, in the order of the record.

    An end that the platform brought about otherwise is told beside them. What is wrong with the due
    time of a deadline is wrong with what followed from it.
    """
    found: list[Decision] = []
    whys = {one.event.version: one for one in deadlines.explain(life, deeds, books)}
    given: dict[str, Record] = {}
    told: set[str] = set()
    for moment in life:
        record = moment.record
        if isinstance(record.event, DeadlineGiven | DeadlineExtended):
            given[record.event.deadline] = record
        command = record.envelope.cause.command
        # A deed of the platform is told by its first fact: what the ticket was is before it.
        if record.actor.kind is not ActorKind.SYSTEM or command in told or record.imported:
            continue
        told.add(command)
        facts = deeds.told(record)
        coupon = next((one.event for one in facts if isinstance(one.event, CouponIssued)), None)
        deadline = _passed(facts)
        if coupon is not None and any(isinstance(one.event, _ENDS) for one in facts):
            found.append(_of_coupon(moment, coupon, deeds, books))
        elif deadline is not None:
            found.append(_of_deadline(moment, deadline, deeds, given, whys, books))
    return tuple(found)


def _passed(facts: Sequence[Record]) -> str | None:
    """Return the deadline whose passing these facts followed from; None for other deeds.

    A resolution before which nothing passed is told by a name that no deadline has.
    """
    for fact in facts:
        match fact.event:
            case DeadlineMissed() as event:
                return event.deadline
            case OfferLapsed() as event:
                return f"offer:{event.offer}"
            case DeadlineExtended(deadline="closing") | TicketClosed():
                return "closing"
            case TicketResolved():
                return _OUT_OF_NOTHING
            case _:
                pass
    return None


def _of_deadline(  # noqa: PLR0917 - what a consequence rests on
    moment: Moment,
    deadline: str,
    deeds: Deeds,
    given: Mapping[str, Record],
    whys: Mapping[int, Decision],
    books: Books,
) -> Decision:
    record, ticket = moment.record, moment.before
    assert ticket is not None, "a deadline passes on a ticket that is there"
    book = books(ticket.policy)
    running = ticket.deadlines.get(deadline)
    cause = given.get(deadline)
    wrong: tuple[Difference, ...] = ()
    if book is not None:
        context = context_of(moment, book)
        wrong = tuple(_wrong(record, deeds.whole(record), deadline, ticket, context))
        of_cause = () if running is None or cause is None else whys[cause.version].differences
        wrong += tuple(one for one in of_cause if one not in wrong)
    due_at = Input(
        "due_at",
        "nothing" if running is None else running.due_at,
        None if running is None or cause is None else ref(cause),
    )
    told: Result = {"deadline": deadline, "facts": len(deeds.told(record))}
    return _told(moment, deadline, book, wrong, told, deeds, books, due_at)


def _wrong(
    record: Record, facts: Sequence[Record], deadline: str, ticket: Ticket, context: Context
) -> Iterable[Difference]:
    """Yield in what facts are not those that follow when a deadline's instant has come."""
    running, place = ticket.deadlines.get(deadline), ref(record)
    if running is None:
        if deadline != _OUT_OF_NOTHING:
            yield Difference("deadline", deadline, "none that ran", place)
        yield from _ends_more(facts)
        return
    if context.now < running.due_at:
        yield Difference("passed_at", context.now, running.due_at, place)
    if running.missed:
        yield Difference("deadline", deadline, "it had passed before", place)
    if deadline == "closing" and ticket.resolved is None:
        yield Difference("deadline", deadline, "the matter was not resolved", place)
        return
    again = consequences(ticket, deadline, context)
    yield from judged(record, facts, lambda: again)
    yield from _ends_more(facts[len(again) :])


def _ends_more(facts: Sequence[Record]) -> Iterable[Difference]:
    """Yield every end among facts that nothing of the book brings."""
    for fact in facts:
        if isinstance(fact.event, _ENDS):
            yield Difference("fact", fact.envelope.topic, "nothing", ref(fact))


def _of_coupon(moment: Moment, coupon: CouponIssued, deeds: Deeds, books: Books) -> Decision:
    """Return how a matter ended with a coupon that the platform handed out."""
    record, ticket = moment.record, moment.before
    assert ticket is not None, "a coupon is handed out on a ticket that is there"
    book = books(ticket.policy)
    wrong: tuple[Difference, ...] = ()
    if book is not None:
        asked = IssueCoupon(ticket=ticket.ticket, remedy=coupon.remedy, coupon=coupon.coupon)
        context = context_of(moment, book)
        facts = deeds.whole(record)

        def again() -> tuple[Event, ...]:
            given = issue_coupon(asked, ticket, context)
            return tuple(one for one in given if one.FAMILY == "ticket")

        wrong = judged(record, facts, again)
    value = Input("value", f"{coupon.value.amount_minor} {coupon.value.currency} (minor units)")
    told: Result = {"coupon": coupon.coupon, "facts": len(deeds.told(record))}
    return _told(moment, f"remedy:{coupon.remedy}", book, wrong, told, deeds, books, value)


def _told(  # noqa: PLR0917 - what a decision is told with
    moment: Moment,
    about: str,
    book: Book | None,
    wrong: tuple[Difference, ...],
    result: Result,
    deeds: Deeds,
    books: Books,
    rests_on: Input,
) -> Decision:
    assert moment.before is not None, "nothing follows by itself before there is a ticket"
    facts = deeds.told(moment.record)
    gone = NO_BOOK if book is None else None
    return Decision(
        about=about,
        book=BookUsed("", None) if book is None else used(book.version, books),
        inputs=(Input("stage", moment.before.stage), rests_on),
        steps=tuple(Step(f"{fact.event.TOPIC} followed.", event=ref(fact)) for fact in facts),
        result=result,
        event=ref(moment.record),
        recomputed=None if gone else not wrong,
        differences=wrong,
        not_recomputed=gone,
    )
