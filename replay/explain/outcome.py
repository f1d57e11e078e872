"""What followed by itself when a deadline's instant came: a lapse, a next step, an end."""

from collections.abc import Mapping, Sequence

from domain.events import DeadlineExtended, DeadlineGiven, DeadlineMissed, OfferLapsed, TicketClosed
from domain.record import Record
from domain.ticket.deadlines import consequences
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


def explain(life: Sequence[Moment], deeds: Deeds, books: Books) -> tuple[Decision, ...]:
    """Return every deadline that passed and what followed, in the order of the record.

    What is wrong with the due time of one is wrong with what followed from it.
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
        deadline = _passed(deeds.told(record))
        if deadline is not None:
            found.append(_of_deadline(moment, deadline, deeds, given, whys, books))
    return tuple(found)


def _passed(facts: Sequence[Record]) -> str | None:
    """Return the deadline whose passing these facts followed from; None for other deeds."""
    for fact in facts:
        match fact.event:
            case DeadlineMissed() as event:
                return event.deadline
            case OfferLapsed() as event:
                return f"offer:{event.offer}"
            case DeadlineExtended(deadline="closing") | TicketClosed():
                return "closing"
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
    facts = deeds.told(record)
    assert ticket is not None, "a deadline passes on a ticket that is there"
    book = books(ticket.policy)
    running = ticket.deadlines.get(deadline)
    cause = given.get(deadline)
    place = ref(record)
    wrong: tuple[Difference, ...] = ()
    if book is not None and running is not None:
        context = context_of(moment, book)
        wrong = judged(record, deeds.whole(record), lambda: consequences(ticket, deadline, context))
        wrong += () if cause is None else whys[cause.version].differences
    gone = _why_not(book is None, running is None)
    return Decision(
        about=deadline,
        book=BookUsed("", None) if book is None else used(book.version, books),
        inputs=(
            Input("stage", ticket.stage),
            Input(
                "due_at",
                "nothing" if running is None else running.due_at,
                None if cause is None else ref(cause),
            ),
        ),
        steps=tuple(Step(f"{fact.event.TOPIC} followed.", event=ref(fact)) for fact in facts),
        result={"deadline": deadline, "facts": len(facts)},
        event=place,
        recomputed=None if gone else not wrong,
        differences=wrong,
        not_recomputed=gone,
    )


def _why_not(no_book: bool, no_deadline: bool) -> str | None:  # noqa: FBT001 - two questions
    if no_book:
        return NO_BOOK
    return "no such deadline ran before it" if no_deadline else None
