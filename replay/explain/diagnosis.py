"""Why a matter was judged as it was: words, tags and weights, and what a person said beside it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.events import DiagnosisCorrected, DiagnosisMade, MessageSent, TicketOpened
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.diagnosing import by_words, made
from domain.ticket.diagnosis import METHOD, weigh_text
from domain.values import Party, Reason
from replay.explain.history import Moment, context_of
from replay.explain.telling import (
    NO_BOOK,
    Books,
    Decision,
    Difference,
    EventRef,
    Input,
    Step,
    differences,
    ref,
    used,
)

Texts = Mapping[tuple[int, str], str | None]
"""(version, field) → the words of the buyer, None where they were erased or are kept back."""

_DIMENSIONS = ("responsible", "scenario", "kind")


class _Said(NamedTuple):
    """The words that are judged next."""

    record: Record
    field: str
    reason: Reason


def explain(life: Iterable[Moment], books: Books, texts: Texts) -> tuple[Decision, ...]:
    """Return every judgement of the machine and every correction by a person, in order."""
    found: list[Decision] = []
    said: _Said | None = None
    machine: DiagnosisMade | None = None
    for moment in life:
        match moment.record.event:
            case TicketOpened() as event:
                said = _Said(moment.record, "statement", event.reason)
            case MessageSent() as event if event.by is Party.BUYER:
                said = _Said(moment.record, "text", moment.after.reason)
            case DiagnosisMade() as event:
                assert said is not None, "what is judged was said before"
                found.append(_made(moment, event, said, books, texts))
                machine = event
            case DiagnosisCorrected() as event:
                found.append(_corrected(moment, event, machine, books))
            case _:
                pass
    return tuple(found)


def _made(
    moment: Moment, event: DiagnosisMade, said: _Said, books: Books, texts: Texts
) -> Decision:
    book, place = books(event.policy), ref(moment.record)
    text = texts.get((said.record.version, said.field))
    why_not = _why_not(event, book, text)
    wrong: tuple[Difference, ...] = ()
    weights: tuple[Step, ...] = ()
    if book is not None and text is not None and why_not is None:
        judge = by_words(book)
        assert judge is not None, "a book that judged by words has them"
        again = made(judge(text, said.reason), context_of(moment, book))
        wrong = differences(moment.record, again)
        weights = tuple(_weights(text, said.reason, book))
    return Decision(
        about="machine",
        book=used(event.policy, books),
        inputs=(
            Input("text", f"{said.field} of version {said.record.version}", ref(said.record)),
            Input("reason", said.reason),
            Input("method", event.method),
        ),
        steps=(
            *(Step(f"The words “{word}” of the book were found.") for word in event.words),
            *weights,
            *_tags(event, book),
            *(Step(f"The words open the flow {flow}.") for flow in event.flows),
        ),
        result={
            "responsible": event.responsible,
            "scenario": event.scenario,
            "kind": event.kind,
            "urgency": event.urgency,
            "sentiment": event.sentiment,
            "tags": ", ".join(event.tags),
            "confidence_bp": event.confidence_bp,
            "satisfied": event.satisfied,
        },
        event=place,
        recomputed=None if why_not else not wrong,
        differences=wrong,
        not_recomputed=why_not,
    )


def _why_not(event: DiagnosisMade, book: Book | None, text: str | None) -> str | None:
    if book is None:
        return NO_BOOK
    if event.method.partition(":")[0] != METHOD or book.lexicon is None:
        return "another method judged it"
    return "the text was erased, or is kept from view" if text is None else None


def _weights(text: str, reason: Reason, book: Book) -> Iterable[Step]:
    assert book.lexicon is not None, "a book that judged by words has them"
    reading = weigh_text(text, reason=reason, tags=book.tag, lexicon=book.lexicon)
    for axis in (*_DIMENSIONS, "urgency"):
        for name, points in sorted(getattr(reading, axis).items(), key=lambda one: -one[1]):
            yield Step(f"{axis}: {name} weighs {points}.", points=points)
    yield Step("The feeling of the words, added up.", points=reading.sentiment)


def _tags(event: DiagnosisMade, book: Book | None) -> Iterable[Step]:
    names = {} if book is None else {one.id: one for one in book.tag}
    for number, tag in enumerate(event.tags, start=1):
        known = names.get(tag)
        told = tag if known is None else f"{tag} ({known.zh}, {known.en})"
        yield Step(f"{number}. tag {told}.")


def _corrected(
    moment: Moment, event: DiagnosisCorrected, machine: DiagnosisMade | None, books: Books
) -> Decision:
    place: EventRef = ref(moment.record)
    steps = []
    if machine is not None:
        for name in _DIMENSIONS:
            human, before = getattr(event, name), getattr(machine, name)
            verdict = "they agree" if human == before else "they differ"
            steps.append(Step(f"{name}: the machine said {before}, the person {human}: {verdict}."))
    return Decision(
        about="person",
        book=used(event.policy, books),
        inputs=(Input("by", f"{moment.record.actor.kind}:{moment.record.actor.ref}", place),),
        steps=tuple(steps),
        result={
            "responsible": event.responsible,
            "scenario": event.scenario,
            "kind": event.kind,
        },
        event=place,
        recomputed=None,
        not_recomputed="a person's judgement stands beside the machine's",
    )
