"""What a deed gives, judged again: remedies and grants held against what they follow from."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from domain.commands import AcceptOffer, ApproveClaim
from domain.errors import Refusal
from domain.events import (
    AgentNoted,
    CompensationPaid,
    Event,
    MerchantApproved,
    PayoutGranted,
    RefundGranted,
    RefundSettled,
    RemedyCancelled,
    RemedyOrdered,
    ResolutionSigned,
    RulingIssued,
    RulingOverturned,
    RulingVaried,
    SettlementReached,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket import cap
from domain.ticket.context import Context
from domain.ticket.guards import DESK, require_desk, require_role
from domain.ticket.negotiation import accept_offer
from domain.ticket.remedies import ordered, within_authority
from domain.ticket.remedies.ordering import goodwill
from domain.ticket.service import approve_claim
from domain.ticket.state import Ticket
from domain.values import ActorKind, Terms
from replay.explain.caps import Granted
from replay.explain.deeds import Deeds
from replay.explain.history import Moment, context_of, order_of, promised_under
from replay.explain.telling import Books, Decision, Difference, Step, differences, ref, used

Basis = (
    RulingIssued
    | RulingVaried
    | RulingOverturned
    | SettlementReached
    | MerchantApproved
    | ResolutionSigned
)
"""The decisions that remedies follow from; goodwill is one by itself."""
_GIVEN: Final = (RemedyOrdered, RefundGranted, PayoutGranted)
_NO_BASIS: Final = "nothing in its deed that it follows from"


class Given(NamedTuple):
    """One deed, judged again."""

    wrong: dict[int, tuple[Difference, ...]]
    """By the position of its facts; those that follow again are left out."""
    missing: tuple[RemedyOrdered, ...] = ()
    """What would be owed too, and is not."""


class Giving:
    """The deeds of a ticket that give something, each judged again as it was judged then."""

    def __init__(
        self, life: Iterable[Moment], order: Sequence[Record], deeds: Deeds, books: Books
    ) -> None:
        """Take the ticket's life, and its order's facts up to the same moment."""
        self._order, self._deeds, self._books = order, deeds, books
        self._first: dict[str, Moment] = {}
        self._ticket = ""
        for moment in life:
            self._first.setdefault(moment.record.envelope.cause.command, moment)
            self._ticket = moment.record.subject
        self._judged: dict[str, Given] = {}

    def first(self, record: Record) -> Moment:
        """Return the moment at which the deed of one of the ticket's records began."""
        return self._first[record.envelope.cause.command]

    def wrong(self, record: Record, remedy: str) -> Iterator[Difference]:
        """Yield in what a remedy, its grants and the settlement are not what follows again."""
        wrong = self._of(record).wrong
        for fact in self._deeds.whole(record):
            grant = grant_of(fact, record.subject)
            taken = grant is not None and grant.remedy == remedy
            if fact is record or taken or isinstance(fact.event, SettlementReached):
                yield from wrong.get(fact.position, ())

    def missing(self, moment: Moment) -> Iterator[Decision]:
        """Yield what follows from a decision and is not owed on record."""
        record, place = moment.record, ref(moment.record)
        for event in self._of(record).missing:
            if event.terms.amount is not None:
                difference = Difference("remedy", "nothing", RemedyOrdered.TOPIC, place)
                yield _alone(event.remedy, event.policy, record, difference, self._books)

    def alone(self) -> Iterator[Decision]:
        """Yield the grants of the ticket by which nothing is owed, and no money arrived late."""
        for grant in self._order:
            event = grant_of(grant, self._ticket)
            if event is None:
                continue
            if not any(_gives(one.event, event.remedy) for one in self._deeds.whole(grant)):
                nothing = Difference("fact", event.TOPIC, "nothing is owed by it", ref(grant))
                yield _alone(event.remedy, event.policy, grant, nothing, self._books)

    def _of(self, record: Record) -> Given:
        command = record.envelope.cause.command
        if command not in self._judged:
            deed = self._deeds.whole(record)
            self._judged[command] = self._again(self._first[command], deed)
        return self._judged[command]

    def _again(self, first: Moment, deed: Sequence[Record]) -> Given:
        ticket, book = first.before, _book(first, deed, self._books)
        if ticket is None or book is None:
            return Given({})
        before = [one for one in self._order if one.position < deed[0].position]
        context = replace(context_of(first, book), order=order_of(before))
        facts = [one for one in deed if _is_given(one, ticket.ticket)]
        based = _basis(deed) is not None or _is_gift(deed)
        try:
            again = [*_follows(deed, ticket, context)] if based else []
        except Refusal as refusal:
            refused = f"refused: {refusal.code}"
            return Given(
                {
                    one.position: (Difference("fact", one.envelope.topic, refused, ref(one)),)
                    for one in facts
                }
            )
        wrong: dict[int, tuple[Difference, ...]] = {}
        for fact in facts:
            following = next((one for one in again if _same(one, fact.event)), None)
            if following is not None:
                again.remove(following)  # each award is owed once
            elif isinstance(fact.event, RemedyOrdered) and not based:
                none = Difference("source", fact.event.source, _NO_BASIS, ref(fact))
                wrong[fact.position] = (none,)
                continue
            wrong[fact.position] = differences(fact, following)
        return Given(wrong, tuple(one for one in again if isinstance(one, RemedyOrdered)))


def grant_of(fact: Record, ticket: str) -> Granted | None:
    """Return what a fact takes of a cap for a ticket; None for all other facts."""
    event = fact.event
    if not isinstance(event, RefundGranted | PayoutGranted):
        return None
    return event if event.ticket == ticket else None


def late(
    moment: Moment, arrived: RefundSettled | CompensationPaid, grant: Record, book: Book
) -> tuple[Difference, ...]:
    """Return in what a grant is not that of money that arrived though it was taken off."""
    ticket, order = moment.before, moment.order
    assert ticket is not None, "money arrives on a ticket that is there"
    if order is None:
        return ()
    terms = ticket.remedies[arrived.remedy].terms
    again = cap.taken(terms, arrived.remedy, order, context_of(moment, book))
    return differences(grant, again)


def generosity(first: Moment, event: RemedyOrdered, book: Book) -> Iterator[Step]:
    """Yield how a gift stood to what an agent may give away on the ticket."""
    if event.source != "goodwill" or first.before is None or event.terms.amount is None:
        return
    before, amount = goodwill(first.before), event.terms.amount
    yield Step(
        f"Goodwill of the ticket came to {before} + {amount.amount_minor} = "
        f"{before + amount.amount_minor} {amount.currency} (minor units); an agent gives up to "
        f"{book.cap.goodwill_minor}, above it a supervisor."
    )


# --- what follows from what -------------------------------------------------------------------


def _follows(deed: Sequence[Record], ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return what a deed gives when its decision is taken again; that it may be, too.

    Whether a ruling may be given so is explained with the ruling.
    """
    name = ticket.ticket
    match _basis(deed):
        case RulingIssued() as ruling:
            found = ordered(ruling.awards, "ruling", ticket, context)
        case RulingVaried() | RulingOverturned() as ruling:
            found = ordered(ruling.awards, "appeal", ticket, context, released=_released(deed))
        case SettlementReached() as settled:
            found = accept_offer(AcceptOffer(ticket=name, offer=settled.offer), ticket, context)
        case MerchantApproved() as approved:
            found = approve_claim(ApproveClaim(ticket=name, terms=approved.terms), ticket, context)
        case ResolutionSigned():
            found = _signed(ticket, context)
        case None:
            gift = next(one.event for one in deed if isinstance(one.event, RemedyOrdered))
            assert isinstance(gift, RemedyOrdered), "it was looked for"
            found = _given(gift.terms, _who(context), ticket, context)
    return tuple(one for one in found if isinstance(one, (*_GIVEN, SettlementReached)))


def _given(terms: Terms, by: str, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return what goodwill gives, where who gives it may; certificates are on other records."""
    require_role(context, *DESK)
    require_desk(ticket, context)
    return within_authority(terms, ticket, context, approved_by=by)


def _signed(ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return what a written resolution gives that a supervisor signs."""
    require_role(context, ActorKind.SUPERVISOR)
    if ticket.resolution is None:
        return ()
    by = f"{ActorKind.AGENT}:{ticket.resolution.by},{_who(context)}"
    return _given(ticket.resolution.compensation, by, ticket, context)


def _who(context: Context) -> str:
    return f"{context.actor.kind}:{context.actor.ref}"


def _basis(deed: Iterable[Record]) -> Basis | None:
    """Return the decision that a deed records; None for others and for goodwill."""
    return next((one.event for one in deed if isinstance(one.event, Basis)), None)


def _is_gift(deed: Sequence[Record]) -> bool:
    """Return whether a deed is nothing but a gift, and what follows behind it."""
    own = next((one.event for one in deed if not isinstance(one.event, AgentNoted)), None)
    return isinstance(own, _GIVEN) and any(isinstance(one.event, RemedyOrdered) for one in deed)


def _released(deed: Iterable[Record]) -> frozenset[str]:
    return frozenset(one.event.remedy for one in deed if isinstance(one.event, RemedyCancelled))


def _book(first: Moment, deed: Sequence[Record], books: Books) -> Book | None:
    """Return the book a deed was judged under; None where it is not adopted here.

    It is the one the ticket is promised under, though its facts name one that nobody knows.
    """
    named = [one.event.policy for one in deed if isinstance(one.event, RemedyOrdered)]
    if first.before is not None and not first.before.imported:
        named.append(first.before.policy)
    found = (promised_under(first, one, books) for one in named)
    return next((one for one in found if one is not None), None)


def _is_given(fact: Record, ticket: str) -> bool:
    owed = isinstance(fact.event, RemedyOrdered | SettlementReached)
    return owed or grant_of(fact, ticket) is not None


def _same(again: Event, event: Event) -> bool:
    """Return whether a fact is the one to hold against what follows; it may differ from it."""
    if isinstance(event, SettlementReached) or isinstance(again, SettlementReached):
        return type(again) is type(event)
    assert isinstance(again, _GIVEN), "only what is given is left"
    assert isinstance(event, _GIVEN), "only what is given is compared"
    both_owed = isinstance(again, RemedyOrdered) is isinstance(event, RemedyOrdered)
    return both_owed and again.remedy == event.remedy


def _gives(event: Event, remedy: str) -> bool:
    """Return whether a fact says why there is a grant: it is owed, or its money arrived."""
    if isinstance(event, RemedyOrdered):
        return event.remedy == remedy and event.terms.amount is not None
    return isinstance(event, RefundSettled | CompensationPaid) and event.remedy == remedy


def _alone(
    remedy: str, policy: str, record: Record, difference: Difference, books: Books
) -> Decision:
    return Decision(
        about=f"remedy:{remedy}",
        book=used(policy, books),
        inputs=(),
        steps=(),
        result={"state": "not owed"},
        event=ref(record),
        recomputed=False,
        differences=(difference,),
    )
