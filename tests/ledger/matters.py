"""A ledger joined by hand, and the requests the tests of the ledger send to it."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from api import keys
from api.ids import draw_ticket, new_id, wall_clock
from domain.commands import (
    AcceptTicket,
    CloseTicket,
    Command,
    GrantRemedy,
    OpenTicket,
    PlaceOrder,
    SendMessage,
)
from domain.ledger.application import Grounds, TicketLedger
from domain.ledger.requests import Outcome, Request
from domain.ledger.vault import FileVault
from domain.streams import lane_of
from domain.values import Actor, Channel, Instant, Money, OrderLine, RemedyKind, Terms
from tests.scenario import AGENT, BOOK_FILE, BUYER, MERCHANT, ORDERS, SUPERVISOR, yuan

PRICE = yuan(1000)
"""What every line of a test's order was paid for."""


def grounds(
    directory: Path,
    *,
    now: Callable[[], Instant] = wall_clock,
    draw: Callable[[int, Instant], str] = draw_ticket,
) -> Grounds:
    """Return what a ledger is given, with the keys and the vault of a directory."""
    own = keys.load(directory / "keys")
    return Grounds(
        now=now,
        new_id=new_id,
        draw_ticket=draw,
        key_encryption_key=own.key_encryption_key,
        hmac_secret=own.hmac_secret,
        vault=FileVault(directory / "vault"),
        on_commit=lambda _lane, _position: None,
    )


@contextmanager
def opened_ledger(dsn: str, directory: Path, **grounds_of: Any) -> Iterator[TicketLedger]:
    """Give a ledger with a book in force, closed at the end."""
    ledger = TicketLedger(dsn, grounds(directory, **grounds_of))
    try:
        ledger.adopt(BOOK_FILE.read_bytes())
        yield ledger
    finally:
        ledger.close()


def asked(
    command: Command,
    by: Actor = BUYER,
    *,
    key: str | None = None,
    expected_version: int | None = None,
) -> Request:
    """Return a request."""
    return Request(command=command, actor=by, key=key, expected_version=expected_version)


def fresh(name: str = "o") -> str:
    """Return an id nobody has used."""
    return f"{name}-{secrets.token_hex(6)}"


def fresh_in(lane: int, lanes: int, name: str = "o") -> str:
    """Return an unused id that lies in a lane."""
    return next(one for one in iter(lambda: fresh(name), "") if lane_of(one, lanes) == lane)


def line(number: int = 1, *, paid: Money = PRICE, supplier: str | None = None) -> OrderLine:
    """Return a line of an order."""
    return OrderLine(
        line=str(number),
        sku="phone-x",
        title="Phone X",
        category="phone",
        quantity=1,
        paid=paid,
        supplier=supplier,
    )


def place(ledger: TicketLedger, order: str | None = None, *, lines: int = 1) -> str:
    """Place an order and return its id."""
    order = order or fresh()
    command = PlaceOrder(
        order=order,
        buyer=BUYER.ref,
        merchant=MERCHANT.ref,
        lines=tuple(line(number) for number in range(1, lines + 1)),
        placed_at=Instant("2024-11-10T00:00:00.000000Z"),
    )
    ledger.handle(asked(command, ORDERS, key=order))
    return order


def opening(order: str | None, **said: Any) -> OpenTicket:
    """Return the command that opens a ticket."""
    return OpenTicket(**{"channel": Channel.APP, "order": order} | said)


def open_ticket(ledger: TicketLedger, order: str | None = None, **said: Any) -> str:
    """Open a ticket, on an order of its own unless one is named, and return its id."""
    outcome = ledger.handle(asked(opening(order or place(ledger), **said)))
    return ticket_of(outcome)


def ticket_of(outcome: Outcome) -> str:
    """Return the ticket an outcome is about."""
    family, _, ticket = outcome.stream.partition(":")
    assert family == "ticket", outcome.stream
    return ticket


def say(ledger: TicketLedger, ticket: str, text: str = "hello", **how: Any) -> Outcome:
    """Send a message on a ticket."""
    return ledger.handle(asked(SendMessage(ticket=ticket, text=text), **how))


def accept(ledger: TicketLedger, ticket: str, **how: Any) -> Outcome:
    """Take a ticket up."""
    return ledger.handle(asked(AcceptTicket(ticket=ticket), AGENT, **how))


def close(ledger: TicketLedger, ticket: str, **how: Any) -> Outcome:
    """Withdraw a ticket as its buyer."""
    return ledger.handle(asked(CloseTicket(ticket=ticket), **how))


def refund(ticket: str, amount: Money, *, line: str = "1") -> GrantRemedy:
    """Return the command by which a supervisor gives money back."""
    terms = Terms(kind=RemedyKind.REFUND, line=line, amount=amount)
    return GrantRemedy(ticket=ticket, terms=terms)


def give_back(ledger: TicketLedger, ticket: str, amount: Money, **how: Any) -> Outcome:
    """Give money back as a supervisor, on the ticket as it is now."""
    version = ledger.ticket(ticket).version
    return ledger.handle(
        asked(
            refund(ticket, amount),
            SUPERVISOR,
            **{"key": fresh("key"), "expected_version": version} | how,
        )
    )


def query(dsn: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Return what a statement reads, on a connection of its own; what it writes is committed."""
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def reservations(dsn: str) -> dict[str, str]:
    """Return which stream holds each reserved name."""
    return dict(query(dsn, "select name, stream from ledger.reservation"))


def check_lane(ledger: TicketLedger, lane: int) -> Sequence[str]:
    """Return the commands of a lane in order, after checking positions, versions and links."""
    commands: list[str] = []
    heads: dict[str, tuple[int, str, str]] = {}
    position = 0
    while page := ledger.records(lane, position, 1_000):
        for record in page:
            position += 1
            assert record.position == position
            version, leaf, at = heads.get(record.stream, (0, "0" * 64, ""))
            assert record.version == version + 1
            assert record.envelope.prev == leaf
            assert record.at >= at
            heads[record.stream] = (record.version, record.leaf_hash, record.at)
            commands.append(record.envelope.cause.command)
    assert position == ledger.position(lane)
    return commands
