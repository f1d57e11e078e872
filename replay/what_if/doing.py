"""What somebody did, done again under another book: judged by the very judges, else kept as it is.

What is kept although the other book would have refused it is told as refused.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from domain.commands import (
    AnswerAutomatically,
    GiveAnswer,
    GivePlan,
    MoveToBook,
    ReopenTicket,
    SendMessage,
    WriteResolution,
)
from domain.errors import Refusal
from domain.events import (
    AgentNoted,
    AnswerDiffered,
    CustomerNoted,
    DiagnosisMade,
    Event,
    OverduePayoutOwed,
    TicketEvent,
    TicketOpened,
)
from domain.policies.book import Book
from domain.ticket.ability import noted, promised
from domain.ticket.context import Context
from domain.ticket.decide import KnownTicketCommand
from domain.ticket.diagnosing import JUDGED, made
from domain.ticket.diagnosis import Diagnoser, Judgement
from domain.ticket.evolve import evolve
from domain.ticket.following import STEPS, settle
from domain.ticket.same import Same
from domain.ticket.state import Agent, Order, Stamp, Ticket
from domain.values import Actor, Attachment, Examination, Instant, Personal
from replay.what_if.deeds import Deed, said
from replay.what_if.intentions import UNSAID, intention
from replay.what_if.lives import Life, Rules
from replay.what_if.quoting import kept
from replay.what_if.refusing import refused

Facts = tuple[Event, ...]
Words = Mapping[str, str]
"""Field of a fact → what was said there."""
_SPEAKING: Final = (
    AnswerAutomatically,
    GiveAnswer,
    GivePlan,
    ReopenTicket,
    SendMessage,
    WriteResolution,
)
"""Commands whose words are judged; the fields bear the names of those of the fact."""
_ALWAYS: Final = Instant("9999-12-31T00:00:00.000000Z")


def done(life: Life, deed: Deed, rules: Rules, own: Order | None, there: Order | None) -> Facts:
    """Return the facts of somebody's deed under the other book; orders are as they were before.

    Refusals are added to the life. What the other book refuses and the own would refuse too, as
    far as it can be made out again, is no difference between them.
    """
    book, command = life.book, _asked(deed, rules)
    moves = rules.other(command.policy) if isinstance(command, MoveToBook) else None
    if moves is not None:
        if moves.digest == book.digest:
            return ()
        life.book = moves
    context = context_of(life, book, there, deed.at, deed.actor, rules)
    context = replace(context, agents=_as_noted(life, deed, moves or book))
    context = replace(context, diagnose=_diagnoser(deed, moves or book, rules))
    if command is not None and life.other is not None:
        try:
            facts = settle(command, life.other, context)
        except Refusal as refusal:
            if not _refused(command, life, deed, rules, own):
                life.refused.append(refused(command, refusal, deed, life))
        else:
            if facts:
                return (*facts, *_unread(deed, rules))
    return (*_kept(life, deed, context, rules), *_unread(deed, rules))


def context_of(  # noqa: PLR0917 - everything a judgement knows
    life: Life, book: Book, order: Order | None, now: Instant, actor: Actor, rules: Rules
) -> Context:
    """Return what a judgement under a book may know.

    Who acted was fit to act: what agents can do and have passed is on other streams.
    """
    fit = _able(_skills(book))
    return Context(
        now=now,
        actor=actor,
        book=book,
        ticket=life.ticket,
        keep=_keep_nothing,
        order=order,
        books=rules.other,
        agents=lambda _ref: fit,
        released=life.released,
    )


def _as_noted(life: Life, deed: Deed, book: Book) -> Callable[[str], Agent]:
    """Return what is known of whoever acts: of the skills their own book noted, those it noted."""
    asked = frozenset(promised(Same(life.own_book)))
    known = dict({} if life.own is None else life.own.able)
    known |= {one.agent: one.skills for one in deed.facts if isinstance(one, AgentNoted)}
    unasked = _skills(book) - asked
    return lambda ref: _able(unasked | set(known.get(ref, ())))


def _skills(book: Book) -> frozenset[str]:
    """Return every skill a book asks for somewhere."""
    senior = () if book.seniority is None else (book.seniority.skill,)
    queued = (skill for queue in book.queue for skill in queue.skills)
    return frozenset((*senior, *queued, *promised(Same(book))))


def _able(skills: Iterable[str]) -> Agent:
    return Agent("", tuple(sorted(skills)), dict.fromkeys(Examination, _ALWAYS))


def _refused(
    command: KnownTicketCommand, life: Life, deed: Deed, rules: Rules, order: Order | None
) -> bool:
    """Return whether what is on record would be refused as it is made out here."""
    if life.own is None:
        return False
    context = context_of(life, life.own_book, order, deed.at, deed.actor, rules)
    try:
        settle(command, life.own, context)
    except Refusal:
        return True
    return False


def _asked(deed: Deed, rules: Rules) -> KnownTicketCommand | None:
    """Return the command of a deed, with its words where they can be read."""
    command = intention(deed)
    if isinstance(command, _SPEAKING):
        return replace(command, **(_words(deed, rules) or {}))
    return command


def _kept(life: Life, deed: Deed, context: Context, rules: Rules) -> Facts:
    """Return the facts of a deed as they stand on record, and what follows from them now."""
    words = _words(deed, rules)
    facts = [_spoken(one, words) for one in said(deed.facts) if not isinstance(one, DiagnosisMade)]
    first = facts[0] if facts else None
    if isinstance(first, TicketOpened) and context.diagnose is not None:
        judged = context.diagnose(_text(words or {}), first.reason)
        place = sum(isinstance(one, TicketOpened | CustomerNoted) for one in facts)
        facts.insert(place, made(judged, context, buyer=first.buyer))
    found = kept(facts, life.other, context, life.own_book)
    if found:
        found = (*noted(life.other, found, context), *found)
    after = _after(life.other, found, context)
    if after is None:
        return found
    for step in STEPS:
        more = tuple(step(life.other, after, found, context))
        after = _after(after, more, context) or after
        found += more
    of_order = (one.event for one in deed.records if one.event.FAMILY == "order")
    return (*(one for one in of_order if not isinstance(one, OverduePayoutOwed)), *found)


def _spoken(fact: Event, words: Words | None) -> Event:
    """Return a fact with open words, as a judgement makes it; they are opened for nobody."""
    if isinstance(fact, TicketOpened):
        return fact
    fields = [one for one in JUDGED.get(type(fact), ()) if getattr(fact, one) is not None]
    said = {one: Personal((words or {}).get(one, UNSAID), subject=UNSAID) for one in fields}
    return replace(fact, **said)


def _unread(deed: Deed, rules: Rules) -> Iterable[Event]:
    """Return what an answer said otherwise than the book, where it can not be read again."""
    if _words(deed, rules) is None:
        return (one for one in deed.facts if isinstance(one, AnswerDiffered))
    return ()


def _words(deed: Deed, rules: Rules) -> Words | None:
    """Return what was said in a deed, where all of it can be read."""
    for record in deed.records:
        fields = JUDGED.get(type(record.event))
        if fields is not None:
            found = {one: rules.texts(record, one) for one in fields}
            known = {one: text for one, text in found.items() if text is not None}
            return known if len(known) == len(fields) else None
    return None


def _text(words: Words) -> str:
    return "\n".join(words.values())


def _diagnoser(deed: Deed, book: Book, rules: Rules) -> Diagnoser | None:
    """Return who judges the words of a deed; what can not be read stays judged as it was."""
    judge, words = rules.judge(book), _words(deed, rules)
    recorded = next((one for one in deed.facts if isinstance(one, DiagnosisMade)), None)
    if judge is None:
        return None
    if words is not None:
        return lambda _said, reason: judge(_text(words), reason)
    return None if recorded is None else lambda _said, _reason: _judged(recorded)


def _judged(fact: DiagnosisMade) -> Judgement:
    """Return a judgement as it stands on record; its words are nobody's business here."""
    return Judgement(
        tags=fact.tags,
        responsible=fact.responsible,
        scenario=fact.scenario,
        kind=fact.kind,
        urgency=fact.urgency,
        sentiment=fact.sentiment,
        upset=fact.upset,
        confidence_bp=fact.confidence_bp,
        words=(),
        flows=fact.flows,
        satisfied=fact.satisfied,
        method=fact.method,
    )


def _after(ticket: Ticket | None, facts: Iterable[Event], context: Context) -> Ticket | None:
    for fact in facts:
        if isinstance(fact, TicketEvent):
            version = 1 if ticket is None else ticket.version + 1
            stamp = Stamp(context.ticket, version, context.now, context.actor, imported=False)
            ticket = evolve(ticket, fact, stamp)
    return ticket


def _keep_nothing(_content: bytes, _media_type: str) -> Attachment:
    raise AssertionError("what is only tried keeps no content")
