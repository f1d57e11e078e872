"""RE-16: what a line is given back never exceeds its cap, over all its tickets and at all times."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain import errors
from domain.events import RefundGranted
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Outcome
from domain.values import Scenario
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.many import at_once
from tests.ledger.matters import (
    PRICE,
    asked,
    close,
    fresh,
    give_back,
    open_ticket,
    place,
    query,
    refund,
)
from tests.scenario import SUPERVISOR, yuan

LANES = (1, 4)


def granted(database: Database, order: str) -> int:
    """Return what refunds of an order come to, as its own stream tells it."""
    states = query(
        database.superuser_dsn,
        "select state from ledger.event where stream = %s and topic = %s",
        f"order:{order}",
        RefundGranted.TOPIC,
    )
    return sum(json.loads(bytes(state))["data"]["amount"]["amount_minor"] for (state,) in states)


def tickets_of(ledger: TicketLedger, order: str, *lines: str) -> list[str]:
    """Open a ticket for every line and scenario of an order."""
    return [
        open_ticket(ledger, order, line=line, scenario=scenario)
        for line in lines
        for scenario in Scenario
    ]


def test_a_grant_is_on_the_order_and_on_the_ticket_or_on_neither(
    ledger: TicketLedger, database: Database
) -> None:
    """One command, one transaction, two streams."""
    order = place(ledger)
    ticket = open_ticket(ledger, order)
    outcome = give_back(ledger, ticket, yuan(400))
    streams = {written.stream for written in outcome.events}
    assert streams == {f"order:{order}", f"ticket:{ticket}"}
    before = ledger.order(order).version, ledger.ticket(ticket).version
    with pytest.raises(errors.CapExceeded) as refused:
        give_back(ledger, ticket, yuan(601))
    assert refused.value.facts["left_minor"] == 60_000
    assert (ledger.order(order).version, ledger.ticket(ticket).version) == before
    assert give_back(ledger, ticket, yuan(600)).events
    with pytest.raises(errors.CapExceeded):
        give_back(ledger, ticket, yuan(1))
    assert granted(database, order) == PRICE.amount_minor


def test_closed_tickets_count_too(ledger: TicketLedger, make_ledger: MakeLedger) -> None:
    """The money does not come back when a ticket is over."""
    order = place(ledger)
    service = open_ticket(ledger, order, scenario=Scenario.SERVICE)
    first = open_ticket(ledger, order)
    close(ledger, first)
    give_back(make_ledger(), service, yuan(900))
    again = open_ticket(ledger, order)
    with pytest.raises(errors.CapExceeded):
        give_back(ledger, again, yuan(101))
    assert give_back(ledger, again, yuan(100)).events


def test_tickets_that_pay_in_parallel_never_exceed_the_cap(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """Three tickets of one line and two of every process: only what fits is granted."""
    other = make_ledger()
    for _ in range(4):
        order = place(ledger, lines=2)
        tickets = tickets_of(ledger, order, "1", "2")
        works: list[Callable[[], Any]] = []
        for ticket in tickets:
            line = ledger.ticket(ticket).line
            version = ledger.ticket(ticket).version
            works += [
                lambda to=to, ticket=ticket, line=line, version=version: to.handle(
                    asked(
                        refund(ticket, yuan(400), line=line),
                        SUPERVISOR,
                        key=fresh("key"),
                        expected_version=version,
                    )
                )
                for to in (ledger, other)
            ]
        answers = at_once(*works)
        done = [answer for answer in answers if isinstance(answer, Outcome)]
        # Per line: three tickets ask for 400 of 1000, two of them can have it.
        assert len(done) == 4
        assert granted(database, order) == 4 * 40_000
        assert {type(one) for one in answers if one not in done} <= {
            errors.CapExceeded,
            errors.TicketChanged,
        }
        known = ledger.order(order)
        for line in ("1", "2"):
            taken = [one.amount.amount_minor for one in known.grants.values() if one.line == line]
            assert sum(taken) == 80_000


def test_every_grant_on_an_order_has_its_remedy_on_a_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """Both or neither, after any amount of rivalry."""
    other = make_ledger()
    order = place(ledger, lines=2)
    tickets = tickets_of(ledger, order, "1", "2")

    def many(to: TicketLedger, ticket: str) -> None:
        for _ in range(6):
            try:
                version = to.ticket(ticket).version
                line = to.ticket(ticket).line or "1"
                to.handle(
                    asked(
                        refund(ticket, yuan(100), line=line),
                        SUPERVISOR,
                        key=fresh("key"),
                        expected_version=version,
                    )
                )
            except errors.Refusal:
                continue

    at_once(*(lambda to=to, one=one: many(to, one) for one in tickets for to in (ledger, other)))
    grants = ledger.order(order).grants
    remedies = {
        f"{ticket}/{remedy}" for ticket in tickets for remedy in ledger.ticket(ticket).remedies
    }
    assert set(grants) == remedies
    assert granted(database, order) == 100_00 * len(grants) == 2 * PRICE.amount_minor


def test_a_repeated_payment_is_paid_once(
    ledger: TicketLedger, make_ledger: MakeLedger, database: Database
) -> None:
    """A client that asks four times at once, at two processes, with one key."""
    other = make_ledger()
    order = place(ledger)
    ticket = open_ticket(ledger, order)
    version = ledger.ticket(ticket).version
    request = asked(
        refund(ticket, yuan(300)), SUPERVISOR, key=fresh("key"), expected_version=version
    )
    answers = at_once(*(lambda to=to: to.handle(request) for to in (ledger, other, ledger, other)))
    assert {answer.leaf_hash for answer in answers} == {answers[0].leaf_hash}
    assert {answer.stream for answer in answers} == {f"ticket:{ticket}"}
    assert sorted(answer.replayed for answer in answers) == [False, True, True, True]
    assert granted(database, order) == 30_000
