"""Why a deadline is, or was, due when it is: its row of the book, what gave it and what ended it.

One that was given once more, or more time, is a decision of its own; promises are elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from domain.events import (
    AgentNoted,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    Event,
    EvidenceRequested,
    InterventionRequested,
    OfferCountered,
    OfferLapsed,
    OfferMade,
)
from domain.policies.book import Book
from domain.policies.deadlines import DeadlineName, DeadlineRule
from domain.record import Record
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.evidence import decision_due
from domain.ticket.files import SIDES
from domain.ticket.remedies.steps import WAITS, waiting
from domain.ticket.state import Ticket
from domain.values import Awaiting, Instant, Party
from replay.explain.deeds import Deeds
from replay.explain.history import Moment, context_of, promised_under
from replay.explain.telling import (
    IMPORTED,
    NO_BOOK,
    Books,
    Decision,
    Difference,
    Input,
    Step,
    differences,
    ref,
    used,
)

PREFIX: Final = "deadline:"
"""What its name begins with among due times: a promise may have the same name."""
_OWN: Final[frozenset[DeadlineName]] = frozenset(
    {
        *("acceptance", "answer", "merchant_review", "negotiation", "intervention"),
        *("assignment", "ruling", "appeal", "appeal_ruling", "closing"),
    }
)
"""Deadlines of the book that run under their own names; others are about something."""
_BOUND: Final = frozenset({"evidence", "assignment"})
"""Deadlines that lie inside that of the decision they prepare."""
_NO_REASON: Final = (AgentNoted, DeadlineGiven, DeadlineExtended, DeadlineMet)
"""Facts that follow from another one of the same command, and are no reason themselves."""


@dataclass
class _Given:
    """One deadline from where it was given, or extended, up to its end."""

    moment: Moment
    event: DeadlineGiven | DeadlineExtended
    book: Book | None
    inputs: list[Input] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    wrong: list[Difference] = field(default_factory=list)
    state: str = "running"
    ended: Record | None = None


def explain(life: Iterable[Moment], deeds: Deeds, books: Books) -> tuple[Decision, ...]:
    """Return every deadline the ticket was given or had extended, in the order of the record."""
    found: list[_Given] = []
    running: dict[str, _Given] = {}
    for moment in life:
        record, event = moment.record, moment.record.event
        before = {} if moment.before is None else moment.before.deadlines
        facts = deeds.whole(record)
        if isinstance(event, DeadlineGiven | DeadlineExtended):
            if event.deadline in before:
                _ends(running[event.deadline], record, "replaced")
            running[event.deadline] = _begun(moment, event, facts, books)
            found.append(running[event.deadline])
        elif isinstance(event, DeadlineMissed | OfferLapsed):
            _passed(running.get(_name(event)), moment, event)
        elif isinstance(event, DeadlineMet) and event.deadline in running:
            one = running[event.deadline]
            if event.deadline not in before:
                one.wrong.append(Difference("end", "met", "it ran no more", ref(record)))
        for name in before.keys() - moment.after.deadlines.keys():
            _ends(running[name], record, _how(event))
    return tuple(_told(one, books) for one in found)


def _begun(
    moment: Moment,
    event: DeadlineGiven | DeadlineExtended,
    facts: Sequence[Record],
    books: Books,
) -> _Given:
    """Return a deadline from the fact that gave it, worked out again."""
    record, ticket = moment.record, moment.before
    assert ticket is not None, "a deadline is given on a ticket that is there"
    book = promised_under(moment, event.policy, books)
    one = _Given(moment, event, book)
    if book is None or record.imported:
        return one
    rule = _rule(event.deadline, ticket, book)
    if rule is None:
        one.wrong.append(Difference("deadline", event.deadline, "none of the book's", ref(record)))
        return one
    context = context_of(moment, book)
    one.inputs += [*_of_rule(rule, book), *_of_ticket(event.deadline, ticket)]
    one.steps += _counted(rule, book, record.at, _bound(event.deadline, ticket, context))
    reasons = [
        fact
        for fact in facts
        if fact.position < record.position and not isinstance(fact.event, _NO_REASON)
    ]
    one.steps += [
        Step(f"It follows from {fact.envelope.topic}.", since=fact.at, event=ref(fact))
        for fact in reasons
        if fact.stream == record.stream
    ]
    again = _again(event, ticket, context)
    one.wrong += differences(record, again)
    if not reasons and isinstance(event, DeadlineGiven):
        one.wrong.append(Difference("reason", "none", "a fact it follows from", ref(record)))
    if again is not None:
        one.wrong += _said_beside(event.deadline, again.due_at, facts)
    return one


def _again(
    event: DeadlineGiven | DeadlineExtended, ticket: Ticket, context: Context
) -> DeadlineGiven | DeadlineExtended | None:
    """Return the deadline as the functions of the domain give it on the ticket as it was then."""
    name, _, about = event.deadline.partition(":")
    if isinstance(event, DeadlineExtended):
        following = deadlines.consequences(ticket, event.deadline, context)
        return next((one for one in following if isinstance(one, DeadlineExtended)), None)
    bound = _bound(event.deadline, ticket, context)
    match name:
        case "remedy":
            remedy = ticket.remedies[about]
            return waiting(about, remedy.terms.kind, remedy.step, context)
        case deadlines.REPLY:
            return deadlines.reply_awaited(context)
        case "offer":
            by = ticket.offers[about].by
            awaits = Awaiting.MERCHANT if by is Party.BUYER else Awaiting.BUYER
            return deadlines.given(context, "offer", of=about, awaits=awaits)
        case "evidence":
            awaits = Awaiting(about)
            return deadlines.given(context, "evidence", of=about, awaits=awaits, within=bound)
        case _:
            return deadlines.given(context, cast("DeadlineName", name), within=bound)


def _rule(deadline: str, ticket: Ticket, book: Book) -> DeadlineRule | None:
    """Return the row of the book a deadline on a ticket is given by; None where there is none."""
    name, _, about = deadline.partition(":")
    match name:
        case "remedy" if about in ticket.remedies:
            remedy = ticket.remedies[about]
            name, _ = WAITS.get((remedy.terms.kind, remedy.step), ("", None))
        case deadlines.REPLY if not about:
            name = "closing"
        case _:
            its_own = {"offer": about in ticket.offers, "evidence": about in SIDES}
            if not its_own.get(name, name in _OWN and not about):
                return None
    return next((one for one in book.deadline if one.name == name), None)


def _bound(deadline: str, ticket: Ticket, context: Context) -> Instant | None:
    """Return the instant a deadline must not lie after, where there is one."""
    if deadline.partition(":")[0] not in _BOUND:
        return None
    return decision_due(ticket, context)


def _of_rule(rule: DeadlineRule, book: Book) -> Iterable[Input]:
    yield Input("rule", rule.name)
    if rule.clock is not None:
        yield Input("has_the_time_of", rule.clock)
    yield Input("within_s", str(int(book.within(rule.name).total_seconds())))
    yield Input("awaits", rule.awaits)
    yield Input("source", rule.source)


def _of_ticket(deadline: str, ticket: Ticket) -> Iterable[Input]:
    """Yield what on the ticket says which row of the book counts, and whose turn it is."""
    name, _, about = deadline.partition(":")
    if name == "remedy":
        remedy = ticket.remedies[about]
        yield Input("remedy", remedy.terms.kind)
        yield Input("step", remedy.step)
    elif name == "offer":
        yield Input("offer_by", ticket.offers[about].by)


def _counted(
    rule: DeadlineRule, book: Book, since: Instant, bound: Instant | None
) -> Iterable[Step]:
    seconds = int(book.within(rule.name).total_seconds())
    until = book.due(rule.name, since)
    words = f"The book gives {seconds} s of time for {rule.name}; they count from then."
    yield Step(words, since=since, until=until, seconds=seconds)
    if bound is None:
        return
    if bound < until:
        yield Step("That is after the decision it prepares is due: it is due with it.", until=bound)
    else:
        yield Step("That is not after the decision it prepares is due.", until=bound)


def _said_beside(deadline: str, due_at: Instant, facts: Sequence[Record]) -> Iterable[Difference]:
    """Yield where another fact of the same command names another due time than follows."""
    for fact in facts:
        if _due_said(fact.event).get(deadline, due_at) != due_at:
            said = _due_said(fact.event)[deadline]
            yield Difference("due_at", said, due_at, ref(fact))


def _due_said(event: Event) -> dict[str, Instant]:
    """Return the due time that a fact names for a deadline which is given beside it."""
    match event:
        case OfferMade() | OfferCountered():
            return {f"offer:{event.offer}": event.due_at}
        case EvidenceRequested():
            return {f"evidence:{event.party}": event.due_at}
        case InterventionRequested():
            return {"ruling": event.due_at}
        case _:
            return {}


def _passed(one: _Given | None, moment: Moment, event: DeadlineMissed | OfferLapsed) -> None:
    """Put on a deadline that its instant came, and what is wrong with that."""
    if one is None:
        return
    place = ref(moment.record)
    one.state = "missed"
    one.steps.append(Step("Its instant came.", until=event.due_at, event=place))
    if event.due_at != one.event.due_at:
        one.wrong.append(Difference("due_at", event.due_at, one.event.due_at, place))
    if moment.record.at < one.event.due_at:
        one.wrong.append(Difference("passed_at", moment.record.at, one.event.due_at, place))


def _ends(one: _Given, record: Record, how: str) -> None:
    if one.state == "running":
        one.state = how
    one.ended = record
    words = "It was given anew." if how == "replaced" else f"It ended with {record.envelope.topic}."
    one.steps.append(Step(words, until=record.at, event=ref(record)))


def _how(event: Event) -> str:
    return "met" if isinstance(event, DeadlineMet) else "over"


def _name(event: DeadlineMissed | OfferLapsed) -> str:
    return event.deadline if isinstance(event, DeadlineMissed) else f"offer:{event.offer}"


def _told(one: _Given, books: Books) -> Decision:
    event, record = one.event, one.moment.record
    gone = IMPORTED if record.imported else NO_BOOK if one.book is None else None
    result: dict[str, str | int | bool | None] = {
        "deadline": event.deadline,
        "since": record.at,
        "due_at": event.due_at,
        "state": one.state,
    }
    if isinstance(event, DeadlineGiven):
        result["awaits"] = event.awaits
    if one.ended is not None:
        result["ended_by"] = one.ended.envelope.topic
    return Decision(
        about=f"{PREFIX}{event.deadline}",
        book=used(event.policy, books),
        inputs=tuple(one.inputs),
        steps=tuple(one.steps),
        result=result,
        event=ref(record),
        recomputed=None if gone else not one.wrong,
        differences=tuple(one.wrong),
        not_recomputed=gone,
    )
