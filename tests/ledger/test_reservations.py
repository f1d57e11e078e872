"""One live ticket for one matter: names are held with the append, and follow from the events."""

from concurrent.futures import Future
from typing import Any

import pytest

from domain.commands import CorrectDiagnosis, ReopenTicket
from domain.events import ChannelJoined, TicketOpened, TicketsLinked
from domain.ledger.application import TicketLedger
from domain.ledger.folding import FOLDS
from domain.ledger.requests import Outcome
from domain.streams import lane_of, ticket_lane
from domain.ticket.state import Stamp
from domain.values import Channel, Instant, Kind, Responsible, Scenario, Stage
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.many import at_once
from tests.ledger.matters import (
    asked,
    close,
    fresh,
    fresh_in,
    open_ticket,
    opening,
    place,
    query,
    reservations,
    say,
    ticket_of,
)
from tests.scenario import AGENT

LANES = (1, 4)


def name_of(order: str, scenario: Scenario = Scenario.PRODUCT, line: str = "1") -> str:
    """Return the name a ticket on an order's line holds."""
    return f"line:{order}/{line}/{scenario}"


def corrected(ticket: str, scenario: Scenario) -> CorrectDiagnosis:
    """Return the command that moves a matter to another scenario."""
    return CorrectDiagnosis(
        ticket=ticket,
        scenario=scenario,
        responsible=Responsible.UNDETERMINED,
        kind=Kind.COMPLAINT,
    )


def derived(database: Database, ledger: TicketLedger) -> dict[str, str]:
    """Return what is reserved as the fold of every ticket's events tells it, by name."""
    held: dict[str, str] = {}
    streams = query(
        database.superuser_dsn,
        "select distinct stream from ledger.event where stream like 'ticket:%'",
    )
    for (stream,) in streams:
        state: Any = None
        for record in ledger.stream(stream):
            stamp = Stamp(
                record.subject, record.version, record.at, record.actor, record.imported
            )  # fmt: skip
            state = FOLDS["ticket"](state, record.event, stamp)
        for name in state.holds:
            assert name not in held, "two live tickets hold one name"
            held[name] = stream
    return held


@pytest.fixture(autouse=True)
def _table_equals_fold(database: Database, ledger: TicketLedger) -> Any:
    """Whatever a test does, the table is what the events say."""
    yield
    assert reservations(database.superuser_dsn) == derived(database, ledger)


def test_a_second_opening_of_a_live_matter_is_the_same_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """The double click with a key of its own, here or at another process."""
    order = place(ledger)
    first = ledger.handle(asked(opening(order), key=fresh()))
    for to in (ledger, make_ledger()):
        again = to.handle(asked(opening(order), key=fresh()))
        assert again.stream == first.stream
        assert again.version == first.version
        assert not again.events
        assert not again.replayed


def test_many_openings_at_once_are_one_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Twelve impatient clicks over two processes, each with a key of its own."""
    other = make_ledger()
    for _ in range(5):
        order = place(ledger)
        answers = at_once(
            *(
                lambda to=to, order=order: to.handle(asked(opening(order), key=fresh()))
                for to in [ledger, other] * 6
            )
        )
        assert {answer.stream for answer in answers} == {answers[0].stream}
        records = ledger.stream(answers[0].stream)
        assert sum(isinstance(record.event, TicketOpened) for record in records) == 1
        assert sum(bool(answer.events) for answer in answers) == 1


def test_the_same_matter_through_another_channel_joins_the_ticket(ledger: TicketLedger) -> None:
    """A buyer who clicks and then calls has one ticket, and it is known that both happened."""
    order = place(ledger)
    ticket = open_ticket(ledger, order)
    phone = asked(opening(order, channel=Channel.PHONE), AGENT)
    joined = ledger.handle(phone)
    assert joined.stream == f"ticket:{ticket}"
    (*_, last) = ledger.stream(joined.stream)
    assert last.event == ChannelJoined(channel=Channel.PHONE)
    assert not ledger.handle(phone).events
    assert ledger.ticket(ticket).channels == {Channel.APP, Channel.PHONE}


def test_openings_through_many_channels_at_once_are_one_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Each channel is on record once, in whatever order they came."""
    other = make_ledger()
    channels = [Channel.APP, Channel.CHAT, Channel.EMAIL, Channel.SMS]
    for _ in range(5):
        order = place(ledger)
        answers = at_once(
            *(
                lambda to=to, channel=channel, order=order: to.handle(
                    asked(opening(order, channel=channel), AGENT)
                )
                for to in (ledger, other)
                for channel in channels
            )
        )
        (stream,) = {answer.stream for answer in answers}
        assert ledger.ticket(stream.removeprefix("ticket:")).channels == set(channels)
        joined = [r for r in ledger.stream(stream) if isinstance(r.event, ChannelJoined)]
        assert len(joined) == len(channels) - 1


def test_another_line_or_scenario_is_another_matter(ledger: TicketLedger) -> None:
    """One order may have several tickets."""
    order = place(ledger, lines=2)
    tickets = {
        open_ticket(ledger, order, line="1"),
        open_ticket(ledger, order, line="2"),
        open_ticket(ledger, order, line="1", scenario=Scenario.SERVICE),
    }
    assert len(tickets) == 3


def test_closing_frees_the_name_and_a_new_ticket_takes_it(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """What is over does not stand in the way of a new matter; a warm cache neither."""
    order = place(ledger)
    other = make_ledger()
    first = open_ticket(ledger, order)
    assert ticket_of(other.handle(asked(opening(order)))) == first
    close(ledger, first)
    assert name_of(order) not in reservations(database.superuser_dsn)
    second = open_ticket(other, order)
    assert second != first
    assert reservations(database.superuser_dsn)[name_of(order)] == f"ticket:{second}"


def test_a_closing_and_an_opening_at_once_never_join_a_closed_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Whichever comes first: a matter that was brought is on a live ticket afterwards."""
    other = make_ledger()
    for _ in range(15):
        order = place(ledger)
        first = open_ticket(ledger, order)
        _, opened = at_once(
            lambda first=first: close(ledger, first),
            lambda order=order: other.handle(asked(opening(order, channel=Channel.CHAT), AGENT)),
        )
        ticket = ledger.ticket(ticket_of(opened))
        if ticket.ticket == first:
            # It joined while the ticket lived: the closing came after it.
            *_, last = ledger.stream(f"ticket:{first}")
            assert last.event.TOPIC == "ticket.closed.v1"
        else:
            assert ticket.stage is not Stage.CLOSED


def test_reopening_takes_the_name_again(ledger: TicketLedger, database: Database) -> None:
    """A second ticket for the matter would join it."""
    order = place(ledger)
    ticket = open_ticket(ledger, order)
    close(ledger, ticket)
    ledger.handle(asked(ReopenTicket(ticket=ticket)))
    assert reservations(database.superuser_dsn)[name_of(order)] == f"ticket:{ticket}"
    assert ticket_of(ledger.handle(asked(opening(order)))) == ticket


def test_reopening_beside_a_live_ticket_holds_nothing_and_links_the_two(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """The matter has its live ticket, which keeps the name; a person decides about the two."""
    order = place(ledger)
    first = open_ticket(ledger, order)
    close(ledger, first)
    second = open_ticket(make_ledger(), order)
    ledger.handle(asked(ReopenTicket(ticket=first)))
    reopened = ledger.ticket(first)
    assert (reopened.holds, reopened.links) == ((), (second,))
    assert reservations(database.superuser_dsn)[name_of(order)] == f"ticket:{second}"
    close(ledger, first)
    assert reservations(database.superuser_dsn)[name_of(order)] == f"ticket:{second}"


def test_a_reopening_and_an_opening_at_once_leave_one_holder(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Either the old ticket holds the name and was joined, or the new one does and is linked."""
    other = make_ledger()
    for _ in range(10):
        order = place(ledger)
        first = open_ticket(ledger, order)
        close(ledger, first)
        reopened, opened = at_once(
            lambda first=first: ledger.handle(asked(ReopenTicket(ticket=first))),
            lambda order=order: other.handle(asked(opening(order))),
        )
        assert reopened.stream == f"ticket:{first}"
        ticket = ledger.ticket(first)
        if opened.stream == reopened.stream:
            assert (ticket.holds, ticket.links) == ((name_of(order),), ())
        else:
            assert (ticket.holds, ticket.links) == ((), (ticket_of(opened),))


def test_a_corrected_scenario_moves_the_name(ledger: TicketLedger, database: Database) -> None:
    """The former name is free in the same transaction."""
    order = place(ledger)
    ticket = open_ticket(ledger, order)
    ledger.handle(asked(corrected(ticket, Scenario.SERVICE), AGENT))
    held = reservations(database.superuser_dsn)
    assert name_of(order) not in held
    assert held[name_of(order, Scenario.SERVICE)] == f"ticket:{ticket}"
    assert open_ticket(ledger, order) != ticket
    assert open_ticket(ledger, order, scenario=Scenario.SERVICE) == ticket


def test_a_correction_onto_a_live_ticket_links_the_two(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """A person decides what becomes of two tickets on one matter; the other keeps the name."""
    order = place(ledger)
    product = open_ticket(ledger, order)
    service = open_ticket(make_ledger(), order, scenario=Scenario.SERVICE)
    ledger.handle(asked(corrected(product, Scenario.SERVICE), AGENT))
    assert ledger.ticket(product).links == (service,)
    assert ledger.ticket(product).holds == ()
    links = [
        r.event for r in ledger.stream(f"ticket:{product}") if r.event.TOPIC == TicketsLinked.TOPIC
    ]
    assert links == [TicketsLinked(other=service, why="same_matter")]
    held = reservations(database.superuser_dsn)
    assert held[name_of(order, Scenario.SERVICE)] == f"ticket:{service}"
    assert name_of(order) not in held


def test_a_correction_and_a_closing_at_once_never_link_to_what_is_over(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """The name is either held by the one, or had by the other."""
    other = make_ledger()
    for _ in range(10):
        order = place(ledger)
        product = open_ticket(ledger, order)
        service = open_ticket(ledger, order, scenario=Scenario.SERVICE)
        closed, _ = at_once(
            lambda service=service: close(other, service),
            lambda product=product: ledger.handle(
                asked(corrected(product, Scenario.SERVICE), AGENT)
            ),
        )
        ticket = ledger.ticket(product)
        if ticket.links:
            moved = next(
                r
                for r in ledger.stream(f"ticket:{product}")
                if r.event.TOPIC == TicketsLinked.TOPIC
            )
            closing = int(closed.position.partition("-")[2])
            assert moved.position < closing, "the other ticket lived when they were linked"
        else:
            assert ticket.holds == (name_of(order, Scenario.SERVICE),)


def test_many_corrections_at_once_leave_one_holder(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """Two tickets that move onto one name at the same time."""
    other = make_ledger()
    for _ in range(10):
        order = place(ledger)
        product = open_ticket(ledger, order)
        service = open_ticket(ledger, order, scenario=Scenario.SERVICE)
        answers = at_once(
            *(
                lambda to=to, ticket=ticket: to.handle(
                    asked(corrected(ticket, Scenario.EXPERIENCE), AGENT)
                )
                for to, ticket in ((ledger, product), (other, service))
            )
        )
        assert all(isinstance(answer, Outcome) for answer in answers)
        first, second = ledger.ticket(product), ledger.ticket(service)
        assert bool(first.holds) != bool(second.holds)
        assert (first.links or second.links) == ((service,) if first.links else (product,))
        held = reservations(database.superuser_dsn)[name_of(order, Scenario.EXPERIENCE)]
        assert held == f"ticket:{product if first.holds else service}"


def test_a_ticket_without_an_order_reserves_nothing(ledger: TicketLedger, lanes: int) -> None:
    """Two questions of one person are two tickets; they lie in their subject's lane."""
    buyer = fresh("b")
    tickets = {open_ticket_of(ledger, buyer) for _ in range(3)}
    assert len(tickets) == 3
    assert {ticket_lane(ticket) for ticket in tickets} == {lane_of(buyer, lanes)}


def open_ticket_of(ledger: TicketLedger, buyer: str) -> str:
    """Open a matter without an order at the desk."""
    return ticket_of(ledger.handle(asked(opening(None, buyer=buyer, channel=Channel.PHONE), AGENT)))


def test_a_ticket_id_that_is_taken_is_drawn_again(
    make_ledger: MakeLedger, ledger: TicketLedger, lanes: int
) -> None:
    """Nobody's ticket is written onto, however the dice fall."""
    order, next_order = fresh_in(0, lanes), fresh_in(0, lanes)
    place(ledger, order)
    place(ledger, next_order)
    taken = open_ticket(ledger, order)
    before = ledger.stream(f"ticket:{taken}")
    drawn: list[str] = []

    def draw(lane: int, _now: Instant) -> str:
        drawn.append(taken if len(drawn) < 3 else f"T{lane}-261122-{fresh('X').upper()}")
        return drawn[-1]

    unlucky = make_ledger(draw=draw)
    outcome = unlucky.handle(asked(opening(next_order), key=fresh()))
    assert ticket_of(outcome) not in {taken, ""}
    assert len(drawn) == 4
    assert ledger.stream(f"ticket:{taken}") == before
    assert ledger.ticket(ticket_of(outcome)).order == next_order
    (first, *_) = ledger.stream(outcome.stream)
    assert first.version == 1


def test_two_openings_that_draw_the_same_id_get_one_each(
    make_ledger: MakeLedger, ledger: TicketLedger, lanes: int
) -> None:
    """Also within one batch."""
    orders = [place(ledger, fresh_in(0, lanes)) for _ in range(6)]
    same = f"T0-261122-{fresh('Y').upper()}"
    drawn: list[str] = []

    def draw(lane: int, _now: Instant) -> str:
        drawn.append(same if len(drawn) < len(orders) else f"T{lane}-261122-{fresh('Z').upper()}")
        return drawn[-1]

    unlucky = make_ledger(draw=draw)
    sent: list[Future[Outcome]] = [unlucky.submit(asked(opening(order))) for order in orders]
    outcomes = [one.result() for one in sent]
    assert len({one.stream for one in outcomes}) == len(orders)
    for outcome, order in zip(outcomes, orders, strict=True):
        assert ledger.ticket(ticket_of(outcome)).order == order
        say(ledger, ticket_of(outcome))
