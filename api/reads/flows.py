"""Ways that a matter's words opened by themselves, as its reader is offered them (DI-04)."""

from collections.abc import Iterable

import msgspec

from domain.policies.book import Book
from domain.policies.lexicon import Flow
from domain.ticket.state import Ticket


class FlowItem(msgspec.Struct, frozen=True):
    """What an entry leads to, in the book's words."""

    flow: str
    zh: str
    en: str
    offers_zh: str
    offers_en: str


def flows_of(ticket: Ticket, book: Book) -> Iterable[Flow]:
    """Return the flows that words or the reason opened on a matter nobody has resolved."""
    if book.lexicon is None or ticket.resolved is not None:
        return ()
    return tuple(
        one for one in book.lexicon.flow if one.id in ticket.flows or ticket.reason in one.reasons
    )


def flow_told(flow: Flow) -> FlowItem:
    """Return what a flow offers."""
    return FlowItem(flow.id, flow.zh, flow.en, flow.offers_zh, flow.offers_en)
