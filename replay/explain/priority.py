"""Why a ticket has its priority: what it was, which weights counted, and their sum."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from domain.events import (
    DiagnosisCorrected,
    TicketOpened,
    TicketPrioritised,
    TicketReprioritised,
)
from domain.policies.book import Book
from domain.policies.priorities import heaviest
from domain.ticket.prioritising import prioritised
from domain.values import Kind
from replay.explain.classes import classed
from replay.explain.deeds import Deeds
from replay.explain.following import Deed, book_of, deeds_of, priority_due
from replay.explain.history import Moment, context_of, promised_under
from replay.explain.telling import (
    IMPORTED,
    NO_BOOK,
    Books,
    BookUsed,
    Decision,
    Difference,
    Input,
    Step,
    differences,
    ref,
    text_of,
    used,
)


def explain(life: Sequence[Moment], deeds: Deeds, books: Books) -> tuple[Decision, ...]:
    """Return every fact that gave the ticket a priority, the last one being the one it has.

    Where a command left the matter with another than the book gives it, that is told with the last.
    """
    found: list[Decision] = []
    for deed in deeds_of(life, deeds):
        found += [one for moment in deed.moments for one in _given(moment, books)]
        if found and not found[-1].differences:
            wrong = tuple(_not_weighed(deed, books))
            if wrong:
                found[-1] = replace(
                    found[-1], recomputed=False, differences=wrong, not_recomputed=None
                )
    return tuple(found)


def _given(moment: Moment, books: Books) -> Iterable[Decision]:
    """Yield the decision a fact is on the ticket's priority, if it is one."""
    match moment.record.event:
        case TicketPrioritised() as event:
            yield _weighed(moment, event, books)
        case TicketOpened() | DiagnosisCorrected() as event:
            yield _by_kind(moment, event, books)
        case TicketReprioritised() as event:
            yield Decision(
                about="priority",
                book=BookUsed("", None),
                inputs=(),
                steps=(Step("The source ranks it so.", event=ref(moment.record)),),
                result={"priority": event.priority},
                event=ref(moment.record),
                recomputed=None,
                not_recomputed=IMPORTED,
            )
        case _:
            pass


def _not_weighed(deed: Deed, books: Books) -> Iterable[Difference]:
    """Yield in what the priority at the end of a command is not the one that its book gives."""
    book, ticket, place = book_of(deed, books), deed.last.after, ref(deed.last.record)
    due = None if book is None else priority_due(deed, book)
    if due is None:
        return
    for name, on_record, again in (
        ("priority", ticket.priority, due.priority),
        ("points", ticket.points, due.points),
    ):
        if on_record != again:
            yield Difference(name, text_of(on_record), text_of(again), place)


def _weighed(moment: Moment, event: TicketPrioritised, books: Books) -> Decision:
    book = promised_under(moment, event.policy, books)
    place = ref(moment.record)
    result: dict[str, str | int | bool | None] = {
        "priority": event.priority,
        "points": event.points,
    }
    result |= {f"{one.name}:{one.value}": one.points for one in event.inputs}
    if book is None:
        used_book = used(event.policy, books)
        return Decision("priority", used_book, (), (), result, place, None, not_recomputed=NO_BOOK)
    assert moment.before is not None, "a priority is given to a ticket that is there"
    told = classed(moment, book)
    again = prioritised(moment.before, context_of(moment, book))
    wrong = differences(moment.record, again)
    return Decision(
        about="priority",
        book=used(event.policy, books),
        inputs=told.inputs,
        steps=(*told.steps, *_weights(told.names, book), *_sum(again, book)),
        result=result,
        event=place,
        recomputed=not wrong,
        differences=wrong,
    )


def _weights(names: frozenset[str], book: Book) -> Iterable[Step]:
    counting = heaviest(names, book.weight)
    for weight in book.weight:
        if weight.of not in names:
            continue
        if counting[weight.subject] is weight:
            yield Step(
                f"{weight.of} weighs {weight.points} for {weight.subject}, more than any other.",
                points=weight.points,
            )
        else:
            yield Step(f"{weight.of} would weigh {weight.points} for {weight.subject}: outweighed.")


def _sum(again: TicketPrioritised, book: Book) -> Iterable[Step]:
    yield Step("The sum of the weights that count.", points=again.points)
    level = next(one for one in book.level if one.priority == again.priority)
    yield Step(f"Priority {level.priority} begins at {level.points} points.", points=level.points)


def _by_kind(moment: Moment, event: TicketOpened | DiagnosisCorrected, books: Books) -> Decision:
    record = moment.record
    book = promised_under(moment, event.policy, books)
    place = ref(record)
    gone = IMPORTED if record.imported else NO_BOOK if book is None else None
    wrong: tuple[Difference, ...] = ()
    if book is not None and gone is None and book.priority[event.kind] != event.priority:
        again = book.priority[event.kind]
        wrong = (Difference("priority", text_of(event.priority), text_of(again), place),)
    return Decision(
        about="priority",
        book=used(event.policy, books),
        inputs=(Input("kind", event.kind, place),),
        steps=(Step(_of_kind(event.kind, event.priority)),),
        result={"priority": event.priority},
        event=place,
        recomputed=None if gone else not wrong,
        differences=wrong,
        not_recomputed=gone,
    )


def _of_kind(kind: Kind, priority: int) -> str:
    return f"A {kind} begins with priority {priority}, before anything is weighed."
