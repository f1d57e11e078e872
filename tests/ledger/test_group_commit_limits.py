"""Limits of a lane's queue, and the end of a ledger or of a caller's patience: all are answered."""

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from domain import errors
from domain.commands import CloseTicket, SendMessage
from domain.ledger import group_commit
from domain.ledger.application import TicketLedger
from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.recorder import Recorder
from domain.ledger.requests import Outcome
from domain.streams import ticket_lane
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import asked, fresh, open_ticket, opened_ledger, say
from tests.ledger.rivals import holding_the_lane, wait_for_a_waiter
from tests.ledger.test_record import imported
from tests.scenario import BUYER, OTHER_BUYER

LANES = (1, 4)


def test_more_than_may_wait_is_refused_and_nothing_of_it_is_written(
    database: Database, make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch, lanes: int
) -> None:
    """A queue without end is a slow way to fall over."""
    monkeypatch.setattr(group_commit, "QUEUE_MAX", 5)
    monkeypatch.setattr(group_commit, "BATCH_MAX", 2)
    small = make_ledger()
    ticket = open_ticket(small)
    lane = ticket_lane(ticket)
    before = small.ticket(ticket).version
    recorder = Recorder.connect(database.app_dsn)
    waiting: list[Future[Outcome]] = []
    refused = 0
    with holding_the_lane(database, recorder, lane, []):
        waiting.append(small.submit(asked(SendMessage(ticket=ticket, text="first"))))
        wait_for_a_waiter(database)
        for _ in range(20):
            try:
                waiting.append(small.submit(asked(SendMessage(ticket=ticket, text="next"))))
            except errors.Overloaded:
                refused += 1
    recorder.close()
    at_hand = 20 - 5 - refused  # what the writer has looked at and must put off
    assert 0 <= at_hand <= 2
    assert all(one.result().events for one in waiting)
    assert small.ticket(ticket).version == before + len(waiting)


def test_a_full_queue_refuses_before_it_looks_at_what_is_said(
    make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is turned away costs nothing: no digest is made of what nobody will judge."""
    small = make_ledger()
    unreasonable = asked(SendMessage(ticket=open_ticket(small), text="one\0two"))
    with pytest.raises(errors.Unreasonable):
        small.submit(unreasonable)
    monkeypatch.setattr(group_commit, "QUEUE_MAX", 0)
    with pytest.raises(errors.Overloaded):
        small.submit(unreasonable)


def test_a_database_that_fails_under_a_full_queue_leaves_nobody_without_an_answer(
    make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appends fail at once while senders are refused: neither holds up the answers of the rest."""
    monkeypatch.setattr(group_commit, "QUEUE_MAX", 20)
    small = make_ledger()
    tickets = [open_ticket(small) for _ in range(8)]

    def fail(_lane: int, _batch: object) -> None:
        raise DatabaseUnavailable("the database is away")

    def send(_number: int) -> list[Future[Outcome]]:
        sent = []
        for number in range(400):
            with suppress(errors.Overloaded):
                message = SendMessage(ticket=tickets[number % len(tickets)], text="x")
                sent.append(small.submit(asked(message)))
        return sent

    with monkeypatch.context() as away:
        away.setattr(small.record, "append", fail)
        with ThreadPoolExecutor(4) as senders:
            sent = [future for futures in senders.map(send, range(4)) for future in futures]
        assert {type(future.exception(30)) for future in sent} == {DatabaseUnavailable}
    for ticket in tickets:
        say(small, ticket)


def test_rows_of_an_import_come_behind_what_was_put_off_before_them(
    ledger: TicketLedger, database: Database, lanes: int
) -> None:
    """A command that waits for its stream is still an earlier one."""
    ticket = open_ticket(ledger)
    lane = ticket_lane(ticket)
    row = next(
        row
        for row in (imported(fresh("case"), fresh("row"), lanes) for _ in count())
        if ticket_lane(row.command.ticket) == lane
    )
    recorder = Recorder.connect(database.app_dsn)
    message = asked(SendMessage(ticket=ticket, text="x"))
    with ThreadPoolExecutor(1) as importer:
        with holding_the_lane(database, recorder, lane, []):
            sent = [ledger.submit(message)]
            wait_for_a_waiter(database)
            sent.append(ledger.submit(message))
            rows = importer.submit(ledger.import_rows, lane, [row])
            until = monotonic() + 30
            while ledger._writers[lane]._rows is None:
                assert monotonic() < until, "the writer has not come to the rows"
        (answer,) = rows.result(30)
    recorder.close()
    assert not isinstance(answer, errors.Refusal)
    answers = [*(one.result(30) for one in sent), answer]
    places = [int(one.position.partition("-")[2]) for one in answers]
    assert places == sorted(places)


def test_a_closing_ledger_writes_what_waits_and_refuses_what_comes(
    database: Database, secrets_dir: Path
) -> None:
    """Nobody waits for ever for a writer that has ended."""
    with opened_ledger(database.app_dsn, secrets_dir) as ledger:
        ticket = open_ticket(ledger)
        sent = [ledger.submit(asked(SendMessage(ticket=ticket, text="x"))) for _ in range(30)]
    assert all(one.result(0).events for one in sent)
    with pytest.raises(DatabaseUnavailable):
        ledger.submit(asked(SendMessage(ticket=ticket, text="late")))
    with pytest.raises(DatabaseUnavailable):
        ledger.import_rows(0, [asked(SendMessage(ticket=ticket, text="late"))])
    ledger.close()


def test_commands_sent_while_the_ledger_closes_are_all_answered(
    database: Database, secrets_dir: Path
) -> None:
    """With an outcome or with an error, and what was acknowledged is on record."""
    with opened_ledger(database.app_dsn, secrets_dir) as ledger:
        tickets = [open_ticket(ledger) for _ in range(8)]
        begin = threading.Barrier(len(tickets) + 1)

        def client(ticket: str) -> list[Future[Outcome]]:
            sent: list[Future[Outcome]] = []
            begin.wait(30)
            try:
                for _ in range(500):
                    sent.append(ledger.submit(asked(SendMessage(ticket=ticket, text="x"))))
            except (DatabaseUnavailable, errors.Overloaded):
                return sent
            return sent

        with ThreadPoolExecutor(len(tickets)) as pool:
            clients = [pool.submit(client, one) for one in tickets]
            begin.wait(30)
            ledger.close()
            sent = [future for one in clients for future in one.result()]
    done = [future for future in sent if future.exception(30) is None]
    lost = [future.exception() for future in sent if future.exception() is not None]
    assert all(isinstance(error, DatabaseUnavailable) for error in lost)
    with opened_ledger(database.app_dsn, secrets_dir) as again:
        for future in done:
            outcome = future.result()
            (record, *_) = again.stream(outcome.stream, outcome.version - 1, 1)
            assert record.leaf_hash == outcome.leaf_hash


def test_a_caller_who_gave_up_does_not_disturb_the_lane(ledger: TicketLedger) -> None:
    """A client that hangs up cancels its waiting, not what it asked for."""
    ticket = open_ticket(ledger)

    async def give_up() -> Outcome:
        impatient = [
            asyncio.create_task(ledger.ask(asked(SendMessage(ticket=ticket, text="bye"))))
            for _ in range(20)
        ]
        await asyncio.sleep(0)  # let them send
        for one in impatient:
            one.cancel()
        await asyncio.gather(*impatient, return_exceptions=True)
        return await ledger.ask(asked(SendMessage(ticket=ticket, text="patient")))

    before = ledger.ticket(ticket).version
    assert asyncio.run(give_up()).version == before + 21
    cancelled = [ledger.submit(asked(SendMessage(ticket=ticket, text="x"))) for _ in range(50)]
    for one in cancelled:
        one.cancel()
    assert say(ledger, ticket).version == before + 72


def test_a_caller_on_an_event_loop_gets_outcomes_and_refusals(ledger: TicketLedger) -> None:
    """The routes await; the writer's thread settles their futures on their own loop."""
    tickets = [open_ticket(ledger) for _ in range(5)]

    async def ask() -> list[Outcome | BaseException]:
        return await asyncio.gather(
            *(ledger.ask(asked(SendMessage(ticket=one, text="hi"))) for one in tickets),
            ledger.ask(asked(CloseTicket(ticket=tickets[0]), OTHER_BUYER)),
            return_exceptions=True,
        )

    *outcomes, refused = asyncio.run(ask())
    assert all(isinstance(one, Outcome) for one in outcomes)
    assert isinstance(refused, errors.NotYourTicket)
    assert BUYER.ref not in str(refused)
