"""How much a queue and an agent carry, as practice gives it (RO-02, RO-03, DI-10); no server."""

from datetime import timedelta

from domain.commands import OpenTicket
from domain.policies.book import Book
from domain.policies.routing import overflows
from domain.processes.assignment import Available, Need, choose, claimant, need_of, on_waiting
from domain.ticket.state import Ticket
from domain.values import SYSTEM, Candidate, Channel, Customer, Kind, Money, Tier, later
from tests.rows.played import MOMENT
from tests.rows.promises import MINUTE
from tests.scenario import BUYER, NOW, ORDER, TICKET, ordered

CAPACITY = 10_000


def a_queue_overflows_above_120_percent_and_after_15_minutes(book: Book) -> None:
    """RO-03: at 120 % and at 15 minutes a queue carries on; above either it overflows."""
    assert book.load is not None

    def over(open_matters: int, waited: timedelta) -> bool:
        assert book.load is not None
        return overflows(
            book.load,
            open_matters=open_matters,
            capacity=CAPACITY,
            waiting_since=later(NOW, -waited),
            now=NOW,
        )

    none = timedelta(0)
    assert (over(12_000, none), over(12_001, none)) == (False, True)
    assert (over(1, 15 * MINUTE), over(1, 15 * MINUTE + MOMENT)) == (False, True)


def an_agent_carries_twenty_matters(book: Book) -> None:
    """RO-03: with 19 open matters an agent takes one more, with 20 none."""
    load = book.load
    assert load is not None
    need = Need((), (), angry=False, keeps_agent=False)
    refused = [claimant(_agent("a", n), need, load, now=NOW).refused for n in (19, 20)]
    assert refused == [None, "load_limit"]


def a_silent_agent_loses_the_matter_after_ten_minutes(book: Book) -> None:
    """The lease of an assignment is over after ten minutes."""
    agent = Candidate("a", score=0, load_bp=0, rating_bp=0, skills=())
    command, _ = on_waiting(TICKET, "cause", (agent,), None)
    given = ordered().promised(book).done(_opening(), BUYER).done(command, SYSTEM)
    assert given.live.lease_until == later(NOW, 10 * MINUTE)


def who_spends_above_ten_thousand_keeps_one_agent(book: Book) -> None:
    """RO-02: a fen above 10,000 yuan a year is answered by the same agent again."""
    kept = [
        need_of(_ticket(book, spend), None, None, book).keeps_agent
        for spend in (1_000_000, 1_000_001)
    ]
    assert kept == [False, True]


def a_top_rated_agent_has_ninety_five_percent(book: Book) -> None:
    """DI-10: from 95 % good ratings on an agent is preferred whatever they carry already."""
    load = book.load
    assert load is not None
    need = Need((), (), angry=True, keeps_agent=False)
    agents = (_agent("below", 0, 9_499), _agent("top", 19, 9_500))
    below, top = choose(_ticket(book), need, agents, load, served_by=None, now=NOW)
    assert top.score > below.score + 50_000


def _agent(name: str, carried: int, good_bp: int = 0) -> Available:
    return Available(name, "general_desk", (), {}, on_shift=True, good_bp=good_bp, open=carried)


def _ticket(book: Book, spend_minor: int = 0) -> Ticket:
    return ordered().promised(book).done(_opening(spend_minor), BUYER).live


def _opening(spend_minor: int = 0) -> OpenTicket:
    customer = Customer(tier=Tier.ORDINARY, spend=Money(spend_minor, "CNY"))
    return OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT, customer=customer)
