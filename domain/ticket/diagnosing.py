"""When a text is judged: the buyer's at opening and at each message, the desk's when it answers."""

from collections.abc import Iterable

from domain.events import AnswerDiffered, AnswerGiven, DiagnosisMade, Event, MessageSent
from domain.policies.book import Book
from domain.ticket.answers import differs
from domain.ticket.context import Context
from domain.ticket.diagnosis import Diagnoser, Judgement, judge_text
from domain.ticket.state import Ticket
from domain.values import Party, Personal, Reason


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
        if not isinstance(fact, MessageSent | AnswerGiven):
            continue
        assert isinstance(fact.text, Personal), "a text is open until the ledger seals it"
        if isinstance(fact, MessageSent) and fact.by is Party.BUYER:
            found = judged(fact.text.value, ticket.reason, context)
            if found is not None:
                yield made(found, context, buyer=ticket.buyer)
        elif isinstance(fact, AnswerGiven) or fact.by is Party.PLATFORM:
            yield from _differences(fact.text.value, context)


def _differences(text: str, context: Context) -> Iterable[AnswerDiffered]:
    """Return where an answer says another figure than the book (DI-14)."""
    book = context.book
    if book.lexicon is None:
        return
    for one in differs(text, book.answers, lexicon=book.lexicon):
        yield AnswerDiffered(
            topic=one.topic,
            said=one.said,
            book=one.book,
            policy=book.version,
        )
