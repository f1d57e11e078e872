"""Why a matter was judged as it was: words, tags and weights, and what a person said beside it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.events import (
    DiagnosisCorrected,
    DiagnosisMade,
    MessageSent,
    PersonalDataErased,
    ReadingCorrected,
    TicketOpened,
    TicketReopened,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.diagnosing import by_words, made
from domain.ticket.diagnosis import METHOD, weigh_text
from domain.values import Party, Personal, Reason
from replay.explain.history import Moment, context_of, promised_under
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
_WORDS = "words"

_DIMENSIONS = ("responsible", "scenario", "kind")
_READING = ("tags", "urgency", "sentiment", "upset")


class _Said(NamedTuple):
    """The words that are judged next."""

    record: Record
    field: str
    reason: Reason


class _Readable(NamedTuple):
    """What can be read of a ticket's personal values, and what was erased of them."""

    texts: Texts
    erased: Mapping[tuple[int, str], Record]
    """(version, field) → the record that says so."""

    def get(self, record: Record, field: str) -> str | None:
        """Return a text that can be read."""
        return self.texts.get((record.version, field))

    def missing(self, record: Record, field: str) -> str:
        """Return what became of a text that can not be read."""
        gone = (record.version, field) in self.erased
        return "erased" if gone else "kept from view"


def explain(life: Iterable[Moment], books: Books, texts: Texts) -> tuple[Decision, ...]:
    """Return every judgement of the machine and every correction by a person, in order."""
    life = tuple(life)
    readable = _Readable(texts, _erased(life))
    found: list[Decision] = []
    said: _Said | None = None
    machine: DiagnosisMade | None = None
    for moment in life:
        match moment.record.event:
            case TicketOpened() as event:
                said = _Said(moment.record, "statement", event.reason)
            case MessageSent() as event if event.by is Party.BUYER:
                said = _Said(moment.record, "text", moment.after.reason)
            case TicketReopened() if moment.record.actor.party is Party.BUYER:
                said = _Said(moment.record, "reason", moment.after.reason)
            case DiagnosisMade() as event:
                assert said is not None, "what is judged was said before"
                found.append(_made(moment, event, said, books, readable))
                machine = event
            case DiagnosisCorrected() as event:
                found.append(_corrected(moment, event, machine, books))
            case ReadingCorrected() as event:
                found.append(_reread(moment, event, machine, books))
            case _:
                pass
    return tuple(found)


def _erased(life: Iterable[Moment]) -> dict[tuple[int, str], Record]:
    """Return the places whose texts an erasure on record took, each with its record."""
    return {
        (place.version, place.pointer.removeprefix("/data/")): moment.record
        for moment in life
        if isinstance(moment.record.event, PersonalDataErased)
        for place in moment.record.event.places
    }


def _made(
    moment: Moment, event: DiagnosisMade, said: _Said, books: Books, readable: _Readable
) -> Decision:
    book, place = promised_under(moment, event.policy, books), ref(moment.record)
    text = readable.get(said.record, said.field)
    why_not = _why_not(event, book)
    if why_not is None and text is None:
        why_not = f"the text that was judged is {readable.missing(said.record, said.field)}"
    wrong: tuple[Difference, ...] = ()
    weights: tuple[Step, ...] = ()
    if book is not None and text is not None and why_not is None:
        judge = by_words(book)
        assert judge is not None, "a book that judged by words has them"
        context = context_of(moment, book)
        again = made(judge(text, said.reason), context, buyer=moment.after.buyer)
        wrong = (
            *differences(moment.record, again, ignored=(_WORDS,)),
            *_other_words(moment.record, event, again, readable),
        )
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
            *_words(moment.record, event, readable),
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


def _words(record: Record, event: DiagnosisMade, readable: _Readable) -> Iterable[Step]:
    """Yield the words of the book a judgement rests on, or what became of them."""
    if event.words is None:
        return
    words = readable.get(record, _WORDS)
    if words is not None:
        yield from (Step(f"The words “{word}” of the book were found.") for word in _lines(words))
        return
    erasing = readable.erased.get((record.version, _WORDS))
    told = f"The words of the book it rests on are {readable.missing(record, _WORDS)}."
    yield Step(told, event=None if erasing is None else ref(erasing))


def _other_words(
    record: Record, event: DiagnosisMade, again: DiagnosisMade, readable: _Readable
) -> Iterable[Difference]:
    """Yield that other words are found again than were; those nobody can read are no evidence."""
    before = "" if event.words is None else readable.get(record, _WORDS)
    after = again.words.value if isinstance(again.words, Personal) else ""
    if before is not None and before != after:
        yield Difference(_WORDS, ", ".join(_lines(before)), ", ".join(_lines(after)), ref(record))


def _lines(words: str) -> list[str]:
    return words.splitlines()


def _why_not(event: DiagnosisMade, book: Book | None) -> str | None:
    if book is None:
        return NO_BOOK
    if event.method.partition(":")[0] != METHOD or book.lexicon is None:
        return "another method judged it"
    return None


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


def _reread(
    moment: Moment, event: ReadingCorrected, machine: DiagnosisMade | None, books: Books
) -> Decision:
    """Return what a person read otherwise in the words; what they did not name is left out."""
    place = ref(moment.record)
    named = {
        name: _in_words(getattr(event, name))
        for name in _READING
        if getattr(event, name) is not None
    }
    steps = [
        Step(f"{name}: the machine said {_in_words(getattr(machine, name))}, the person {said}.")
        for name, said in named.items()
        if machine is not None
    ]
    return Decision(
        about="person",
        book=used(event.policy, books),
        inputs=(Input("by", f"{moment.record.actor.kind}:{moment.record.actor.ref}", place),),
        steps=tuple(steps),
        result=dict(named),
        event=place,
        recomputed=None,
        not_recomputed="a person's judgement stands beside the machine's",
    )


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
