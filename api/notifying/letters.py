"""A notice in words, made when it is sent: to whom, in which language, with what is enclosed.

What is enclosed is personal: it is opened here, its opening is on record, and what was erased or
is kept from view meanwhile is not sent.
"""

from typing import Final

from api.notifying.outbox import Waiting
from api.notifying.ports import Addressee, Addresses, Message
from api.reads.personal import opened, ticket_records, withheld_places
from api.wiring import Services
from domain.events import ResolutionWritten
from domain.policies.book import Book
from domain.policies.notices import PARTIES, Locale, Notice
from domain.processes.notices import words
from domain.record import Record
from domain.values import SYSTEM, Actor, ActorKind, NoticeFailure, Terms

_NO_CENTS: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG"})


class Undeliverable(Exception):  # noqa: N818 - a state of the world, named as one
    """A notice can not be sent, now or later."""

    def __init__(self, why: NoticeFailure) -> None:
        """Keep why."""
        super().__init__(why)
        self.why = why


def letter(
    parts: Services, addresses: Addresses, waiting: Waiting, record: Record, book: Book
) -> Message:
    """Return the message of a notice; raise Undeliverable, or NotDelivered for a while. Blocks."""
    rule = notice_of(book, waiting.rule)
    found = _addressee(parts, addresses, waiting)
    locale = _locale(rule, book, found)
    text = words(rule, record, book, locale)
    enclosed = None
    if rule.encloses is not None:
        enclosed = (text.enclosed or "").format_map(_resolution(parts, waiting))
    return Message(
        notice=waiting.notice,
        ticket=waiting.ticket,
        to=waiting.to,
        channel=waiting.channel,
        address=None if found is None else found.address,
        locale=locale,
        subject=text.subject,
        body=text.body,
        enclosed=enclosed,
    )


def notice_of(book: Book, rule: str) -> Notice:
    """Return a notice of the book by its id."""
    return next(one for one in book.notice if one.id == rule)


def _addressee(parts: Services, addresses: Addresses, waiting: Waiting) -> Addressee | None:
    """Return where a party is reached; None for a desk, which is reached by the settings."""
    if waiting.to not in PARTIES:
        return None
    assert waiting.ticket is not None, "what is about a queue is told to no party"
    ticket = parts.ledger.case(waiting.ticket).ticket
    reference = ticket.buyer if waiting.to == "buyer" else ticket.merchant
    if f"{waiting.to}:{reference}" in ticket.forgotten:
        raise Undeliverable(NoticeFailure.ERASED)
    found = None
    if reference is not None:
        found = addresses.find(waiting.to, reference, waiting.channel)
    if found is None:
        raise Undeliverable(NoticeFailure.NO_ADDRESS)
    return found


def _locale(rule: Notice, book: Book, found: Addressee | None) -> Locale:
    """Return the language somebody reads, or the book's first."""
    assert book.notification is not None, "a book with notices says how they are sent"
    known = None if found is None else found.locale
    return next((one for one in rule.text if one == known), book.notification.locales[0])


def _resolution(parts: Services, waiting: Waiting) -> dict[str, str]:
    """Return the written resolution a signature stands for, in the clear."""
    assert waiting.ticket is not None, "what is enclosed belongs to a ticket"
    ticket = parts.ledger.case(waiting.ticket).ticket
    before = ticket_records(parts, waiting.ticket)[: waiting.version]
    written = [one for one in before if isinstance(one.event, ResolutionWritten)]
    record = written[-1]
    assert isinstance(record.event, ResolutionWritten), "what is signed was written"
    buyer = Actor(ActorKind.BUYER, ticket.buyer)
    texts = opened(
        parts,
        SYSTEM,
        waiting.ticket,
        [record],
        what="personal",
        withheld=withheld_places(parts, buyer, waiting.ticket),
    )
    text, improvement = (texts.get((record.version, name)) for name in ("text", "improvement"))
    if text is None or improvement is None:
        raise Undeliverable(NoticeFailure.ERASED)
    return {
        "resolution": text,
        "improvement": improvement,
        "compensation": _granted(record.event.compensation),
    }


def _granted(terms: Terms) -> str:
    """Return what compensates, as people write an amount; without one, what kind it is."""
    if terms.amount is None:
        return terms.kind.value
    minor, currency = terms.amount.amount_minor, terms.amount.currency
    if currency in _NO_CENTS:
        return f"{currency} {minor}"
    return f"{currency} {minor // 100}.{minor % 100:02d}"
