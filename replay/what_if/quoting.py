"""A deed kept as it is on record, where no judge can be asked again or the other book would refuse.

What people did stays; what a book sets on it (due times, marks, first priorities) is set anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from domain import events as told
from domain.events import Event, TicketEvent
from domain.policies.book import Book
from domain.policies.deadlines import DEADLINES, DeadlineName
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.evidence import is_late
from domain.ticket.evolve import evolve
from domain.ticket.remedies.steps import WAITS
from domain.ticket.state import OfferState, Stamp, Ticket
from domain.values import Instant, later

_OF_A_REMEDY: Final = ("remedy:", "offer:")


def kept(
    facts: Sequence[Event], ticket: Ticket | None, context: Context, own: Book
) -> tuple[Event, ...]:
    """Return the facts of a deed, made under their own book, as they stand under the context's."""
    found: list[Event] = []

    def add(ticket: Ticket | None, fact: Event) -> Ticket | None:
        found.append(fact)
        if not isinstance(fact, TicketEvent):
            return ticket
        version = 1 if ticket is None else ticket.version + 1
        stamp = Stamp(context.ticket, version, context.now, context.actor, imported=False)
        return evolve(ticket, fact, stamp)

    for fact in facts:
        if ticket is not None and not isinstance(fact, told.TicketOpened):
            again = tuple(_again(fact, ticket, context, facts, own))
        else:
            again = tuple(_opening(fact, context))
        for one in again:
            ticket = add(ticket, one)
        if ticket is not None:
            for name in _ended(fact, ticket):
                ticket = add(ticket, told.DeadlineMet(deadline=name))
    return tuple(found)


def _opening(fact: Event, context: Context) -> Iterable[Event]:
    if isinstance(fact, told.TicketOpened):
        book = context.book
        yield replace(fact, policy=book.version, priority=book.priority[fact.kind])
    else:
        yield fact


def _again(
    fact: Event, ticket: Ticket, context: Context, facts: Sequence[Event], own: Book
) -> Iterable[Event]:
    """Return what becomes of one fact, which may be nothing where it has lost its object."""
    match fact:
        case told.DeadlineGiven():
            yield _given(fact, ticket, context)
        case told.DeadlineMet():
            if fact.deadline in ticket.deadlines:
                yield fact
        case told.DeadlineMissed():
            yield from _missed(fact.deadline, ticket, context)
        case told.OfferLapsed() | told.OfferSuperseded():
            yield from _over(fact.offer, ticket, context, facts)
        case told.NpsGiven():
            if ticket.survey is not None:
                yield fact
        case told.DepartmentPlanned():
            if fact.request in ticket.departments:
                yield fact
        case _:
            yield _set_anew(fact, ticket, context, own)


def _set_anew(  # noqa: PLR0911 - a switch has as many branches as events
    fact: Event, ticket: Ticket, context: Context, own: Book
) -> Event:
    """Return a fact with what the context's book sets on it."""
    book, now = context.book, context.now
    match fact:
        case told.OfferMade() | told.OfferCountered():
            return replace(fact, due_at=book.due("offer", now), policy=book.version)
        case told.InterventionRequested():
            return replace(fact, due_at=book.due("ruling", now), policy=book.version)
        case told.EvidenceRequested():
            due_at = _within(book.due("evidence", now), ticket)
            return replace(fact, due_at=due_at, policy=book.version)
        case told.EvidenceSupplemented():
            return replace(fact, late=is_late(ticket, fact.party, context))
        case told.DiagnosisCorrected():
            return replace(fact, priority=book.priority[fact.kind], policy=book.version)
        case told.TicketReopened() | told.ReadingCorrected():
            return replace(fact, policy=book.version)
        case told.AgentChosen() if book.load is not None and own.load is not None:
            until = later(fact.lease_until, book.load.lease - own.load.lease)
            return replace(fact, lease_until=until)
        case _:
            return fact


def _missed(deadline: str, ticket: Ticket, context: Context) -> Iterable[Event]:
    """Return how a deadline ends that was over when somebody acted on it."""
    running = ticket.deadlines.get(deadline)
    if running is None or running.missed:
        return
    if running.due_at <= context.now:
        yield told.DeadlineMissed(deadline=deadline, due_at=running.due_at)
    else:
        yield told.DeadlineMet(deadline=deadline)


def _given(fact: told.DeadlineGiven, ticket: Ticket, context: Context) -> told.DeadlineGiven:
    """Return a deadline with the due time that the context's book gives it."""
    name, _, about = fact.deadline.partition(":")
    rule: DeadlineName
    if name == "remedy":
        remedy = ticket.remedies[about]
        rule = WAITS[remedy.terms.kind, remedy.step][0]
    elif name == deadlines.REPLY:
        rule = "closing"
    else:
        assert name in DEADLINES, "a deadline is one of the book's"
        rule = name  # type: ignore[assignment] # it was looked up in the closed list
    due_at = context.book.due(rule, context.now)
    if name in {"evidence", "assignment"}:
        due_at = _within(due_at, ticket)
    return replace(fact, due_at=due_at, policy=context.book.version)


def _within(due_at: Instant, ticket: Ticket) -> Instant:
    """Return a due time that does not lie after the decision that is waited for."""
    for name in ("appeal_ruling", "ruling"):
        decision = ticket.deadlines.get(name)
        if decision is not None and not decision.missed:
            return min(due_at, decision.due_at)
    return due_at


def _over(offer: str, ticket: Ticket, context: Context, facts: Sequence[Event]) -> Iterable[Event]:
    """Return how an offer ends that a deed ended: by its time if that is over, else by the deed."""
    known = ticket.offers[offer]
    if known.state is not OfferState.OPEN:
        return
    if deadlines.passed(ticket, f"offer:{offer}", context):
        yield told.OfferLapsed(offer=offer, due_at=ticket.deadlines[f"offer:{offer}"].due_at)
        return
    by_what = next((what for one, what in _BY_WHAT if any(isinstance(x, one) for x in facts)), None)
    yield told.OfferSuperseded(offer=offer, by_what=by_what or "withdrawal")


_BY_WHAT: Final = (
    (told.SettlementReached, "settlement"),
    (told.MerchantApproved, "approval"),
    (told.InterventionRequested, "intervention"),
)


def _ended(fact: Event, ticket: Ticket) -> list[str]:
    """Return the deadlines that a fact ends wherever they run."""
    ends = _ENDS.get(type(fact))
    return [] if ends is None else [name for name in ticket.deadlines if ends(name)]


def _matter(name: str) -> bool:
    return not name.startswith(_OF_A_REMEDY)


_ENDS: Final[Mapping[type[Event], Callable[[str], bool]]] = {
    told.InterventionRequested: _matter,
    told.SettlementReached: _matter,
    told.MerchantApproved: _matter,
    told.TicketResolved: lambda name: _matter(name) and name not in {"appeal", "closing"},
    told.RulingIssued: lambda name: name in {"ruling", "assignment"} or name[:9] == "evidence:",
    told.AppealFiled: lambda name: name in {"appeal", "closing"},
    told.RulingUpheld: lambda name: name in {"appeal_ruling", "assignment"},
    told.RulingVaried: lambda name: name in {"appeal_ruling", "assignment"},
    told.RulingOverturned: lambda name: name in {"appeal_ruling", "assignment"},
    told.ArbitratorAssigned: lambda name: name == "assignment",
    told.TicketAccepted: lambda name: name == "acceptance",
    told.AnswerGiven: lambda name: name in {"answer", deadlines.REPLY},
    told.MerchantRefused: lambda name: name in {"merchant_review", deadlines.REPLY},
}
"""By fact: which deadlines of a ticket it ends, whatever they are on record."""
