"""When a text is judged: the buyer's whenever they write, the platform's when it answers them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain.events import (
    AnswerDiffered,
    AnswerGiven,
    BotAnswered,
    DiagnosisMade,
    Event,
    MessageSent,
    PlanGiven,
    ResolutionWritten,
    TicketOpened,
    TicketReopened,
)
from domain.policies.book import Book
from domain.ticket.answers import differs
from domain.ticket.context import Context
from domain.ticket.diagnosis import Diagnoser, Judgement, judge_text
from domain.ticket.state import Ticket
from domain.values import Party, Personal, Reason

JUDGED: Final[Mapping[type[Event], tuple[str, ...]]] = {
    TicketOpened: ("statement",),
    TicketReopened: ("reason",),
    MessageSent: ("text",),
    AnswerGiven: ("text",),
    BotAnswered: ("text",),
    PlanGiven: ("text",),
    ResolutionWritten: ("text", "improvement"),
}
"""The facts with words that are judged, as the buyer's or as an answer, and their fields."""


def by_words(book: Book) -> Diagnoser | None:
    """Return the judgement by a book's own words; None for a book that knows none."""
    lexicon = book.lexicon
    if lexicon is None:
        return None
    return lambda text, reason: judge_text(text, reason=reason, tags=book.tag, lexicon=lexicon)


def judged(text: str | None, reason: Reason, context: Context) -> Judgement | None:
    """Return what the machine says of a text; None without one, or under a book without words."""
    if text is None or context.diagnose is None:
        return None
    return context.diagnose(text, reason)


def made(found: Judgement, context: Context, *, buyer: str) -> DiagnosisMade:
    """Return a judgement as the fact that it was made; its words tell of the buyer."""
    return DiagnosisMade(
        tags=found.tags,
        responsible=found.responsible,
        scenario=found.scenario,
        kind=found.kind,
        urgency=found.urgency,
        sentiment=found.sentiment,
        upset=found.upset,
        confidence_bp=found.confidence_bp,
        flows=found.flows,
        satisfied=found.satisfied,
        method=found.method,
        policy=context.book.version,
        words=Personal("\n".join(found.words), subject=f"buyer:{buyer}") if found.words else None,
    )


def follow(
    before: Ticket | None, ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return what the machine says of the words that were spoken; an opening's it has said."""
    if before is None:
        return
    for fact in facts:
        texts, party = _said(fact), _speaker(fact, context)
        if party is Party.BUYER:
            for text in texts:
                found = judged(text, ticket.reason, context)
                if found is not None:
                    yield made(found, context, buyer=ticket.buyer)
        elif party is Party.PLATFORM:
            yield from _differences(texts, context)


def _said(fact: Event) -> list[str]:
    """Return the words of a fact that are judged."""
    found = []
    for field in JUDGED.get(type(fact), ()):
        text = getattr(fact, field)
        if text is not None:
            assert isinstance(text, Personal), "a text is open until the ledger seals it"
            found.append(text.value)
    return found


def _speaker(fact: Event, context: Context) -> Party | None:
    """Return whose words a fact holds; None where they are judged as nobody's."""
    match fact:
        case MessageSent():
            return fact.by
        case TicketReopened() if context.actor.party is Party.BUYER:
            return Party.BUYER
        case AnswerGiven() | BotAnswered() | PlanGiven() | ResolutionWritten():
            return Party.PLATFORM
        case _:
            return None


def _differences(texts: Sequence[str], context: Context) -> Iterable[AnswerDiffered]:
    """Return where an answer says another figure than the book, each once (DI-14)."""
    book = context.book
    if book.lexicon is None:
        return
    lexicon = book.lexicon
    found = [one for text in texts for one in differs(text, book.answers, lexicon=lexicon)]
    for one in dict.fromkeys(found):
        yield AnswerDiffered(
            topic=one.topic,
            said=one.said,
            book=one.book,
            policy=book.version,
        )
