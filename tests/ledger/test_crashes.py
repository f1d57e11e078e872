"""Broken on purpose: what was acknowledged is on record once, and no command is there by half.

Each failure comes in two kinds: nothing was persisted, and it was persisted anyway.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from api import embedded
from domain import errors
from domain.commands import CloseTicket, SendMessage
from domain.ledger import committing
from domain.ledger.application import TicketLedger
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.migrations import migrate
from domain.ledger.recorder import Recorder
from domain.ledger.requests import Outcome, command_id
from tests.api.embedded_cases import HOUSE, server_pid
from tests.conftest import ORIGIN, Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.lossy import Cut, LossyWay, lossy_way
from tests.ledger.matters import (
    asked,
    check_lane,
    fresh,
    give_back,
    open_ticket,
    opened_ledger,
    opening,
    place,
    query,
    say,
    ticket_of,
)
from tests.ledger.rivals import holding_the_lane, wait_for_a_waiter
from tests.ledger.test_record import imported
from tests.scenario import BUYER, yuan

LOST = (Cut.BEFORE, Cut.AFTER)


@pytest.fixture
def way(database: Database) -> Iterator[LossyWay]:
    """A way to the database that can be cut."""
    with (
        tempfile.TemporaryDirectory(prefix="tl-way-") as directory,  # short: it names a socket
        lossy_way(database.app_dsn, Path(directory)) as opened,
    ):
        yield opened


@pytest.fixture
def far(way: LossyWay, secrets_dir: Path) -> Iterator[TicketLedger]:
    """A ledger whose database is at the other end of that way."""
    with opened_ledger(way.dsn, secrets_dir) as opened:
        yield opened


def recorded(database: Database, key: str) -> list[tuple[str, int]]:
    """Return stream and version of what the buyer's key has on record."""
    return query(
        database.superuser_dsn,
        "select stream, version from ledger.event where command = %s order by position",
        command_id(BUYER, key),
    )


# --- a lost reply -----------------------------------------------------------------------------


@pytest.mark.parametrize("cut", LOST)
def test_a_command_whose_reply_is_lost_is_recorded_once_and_answered(
    far: TicketLedger, ledger: TicketLedger, way: LossyWay, database: Database, cut: Cut
) -> None:
    """The caller notices nothing: it is asked for by the command's id, never blindly sent again."""
    ticket = open_ticket(far)
    key = fresh("key")
    way.lose(cut)
    outcome = say(far, ticket, "hello", key=key)
    assert way.losses == 1
    assert not outcome.replayed
    assert recorded(database, key) == [(f"ticket:{ticket}", outcome.version)]
    (record,) = ledger.stream(outcome.stream, outcome.version - 1)
    assert record.leaf_hash == outcome.leaf_hash
    assert list(ledger.open_values([record]).values()) == ["hello"]
    assert say(far, ticket).version == outcome.version + 1


@pytest.mark.parametrize("cut", LOST)
def test_an_opening_whose_reply_is_lost_is_one_ticket(
    far: TicketLedger, ledger: TicketLedger, way: LossyWay, cut: Cut
) -> None:
    """It draws a new id when it is judged again, and must not become a second ticket."""
    order = place(far)
    way.lose(cut)
    ticket = ticket_of(far.handle(asked(opening(order, statement="it broke"))))
    assert ticket_of(ledger.handle(asked(opening(order)))) == ticket
    assert ledger.ticket(ticket).order == order
    assert say(far, ticket).events


@pytest.mark.parametrize("cut", LOST)
def test_a_payment_whose_reply_is_lost_is_made_once(
    far: TicketLedger, ledger: TicketLedger, way: LossyWay, cut: Cut
) -> None:
    """Money, two streams, one transaction."""
    order = place(far)
    ticket = open_ticket(far, order)
    way.lose(cut)
    outcome = give_back(far, ticket, yuan(600))
    assert outcome.stream == f"ticket:{ticket}"
    assert [one.amount for one in ledger.order(order).grants.values()] == [yuan(600)]
    with pytest.raises(errors.CapExceeded):
        give_back(far, ticket, yuan(600))


def test_a_repetition_whose_reply_is_lost_gets_the_first_answer(
    far: TicketLedger, ledger: TicketLedger, way: LossyWay, database: Database
) -> None:
    """What is found on record is not taken for what was sent just now."""
    ticket = open_ticket(far)
    key = fresh("key")
    first = say(ledger, ticket, "hello", key=key)
    way.lose(Cut.AFTER)
    again = say(far, ticket, "hello", key=key)
    assert way.losses == 1
    assert again.replayed
    assert (again.version, again.leaf_hash) == (first.version, first.leaf_hash)
    assert len(recorded(database, key)) == 1
    assert say(far, ticket, "and on").version == first.version + 1
    opened = ledger.open_values(ledger.stream(f"ticket:{ticket}"))
    assert [opened[place] for place in sorted(opened, key=lambda one: one[1])] == [
        "hello",
        "and on",
    ]


def test_a_key_used_for_another_request_is_told_though_the_reply_is_lost(
    far: TicketLedger, ledger: TicketLedger, way: LossyWay
) -> None:
    """The other half of the same case."""
    ticket = open_ticket(far)
    key = fresh("key")
    say(ledger, ticket, "one", key=key)
    way.lose(Cut.AFTER)
    with pytest.raises(errors.KeyReused):
        say(far, ticket, "two", key=key)


def test_an_append_that_is_still_on_its_way_is_not_doubled(
    far: TicketLedger, way: LossyWay, database: Database
) -> None:
    """The connection is gone, the server works on: asked at that moment, nothing is on record."""
    ticket = open_ticket(far)
    version = far.ticket(ticket).version
    recorder = Recorder.connect(database.app_dsn)
    with holding_the_lane(database, recorder, 0, []):
        way.lose(Cut.MEANWHILE)
        sent = far.submit(asked(SendMessage(ticket=ticket, text="hello")))
        wait_for_two_waiters(database)
    recorder.close()
    assert sent.result(30).version == version + 1
    assert far.ticket(ticket).version == version + 1


def wait_for_two_waiters(database: Database) -> None:
    """Wait until the lost append and the one that was sent in its place wait for the lane."""
    pause = Event()
    for _ in range(6_000):
        waiting = query(
            database.superuser_dsn,
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and usename = 'ticketledger_app' and wait_event_type = 'Lock'",
        )
        if waiting[0][0] >= 2:
            return
        pause.wait(0.005)
    raise AssertionError("the append was not sent again")


def test_a_session_that_is_ended_while_it_waits_loses_nothing(
    ledger: TicketLedger, database: Database
) -> None:
    """An operator ends what hangs."""
    ticket = open_ticket(ledger)
    key = fresh("key")
    recorder = Recorder.connect(database.app_dsn)
    with holding_the_lane(database, recorder, 0, []):
        sent = ledger.submit(asked(SendMessage(ticket=ticket, text="hello"), key=key))
        wait_for_a_waiter(database, then="select pg_terminate_backend(%s)")
        wait_for_a_waiter(database)
    recorder.close()
    assert not sent.result(30).replayed
    assert len(recorded(database, key)) == 1


def test_a_database_that_stays_away_is_told_and_the_key_finds_out(
    far: TicketLedger,
    way: LossyWay,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be on record or not, and saying so is the only honest answer."""
    monkeypatch.setattr(committing, "DATABASE_WAIT_S", 0.1)
    ticket = open_ticket(far)
    say(far, ticket)
    key = fresh("key")
    with way.leaving(Cut.AFTER), pytest.raises(AppendUnknown):
        say(far, ticket, "hello", key=key)
    assert len(recorded(database, key)) == 1
    again = say(far, ticket, "hello", key=key)
    assert again.replayed
    assert len(recorded(database, key)) == 1


@pytest.mark.parametrize("cut", LOST)
def test_rows_of_an_import_that_failed_can_be_imported_again(
    far: TicketLedger,
    ledger: TicketLedger,
    way: LossyWay,
    monkeypatch: pytest.MonkeyPatch,
    cut: Cut,
) -> None:
    """Resumed, each row is there once, and every personal value opens with a stored key."""
    monkeypatch.setattr(committing, "DATABASE_WAIT_S", 0.1)
    case = fresh("case")
    rows = [imported(case, f"{case} {number}", 1, text=f"row {number}") for number in range(5)]
    with way.leaving(cut), pytest.raises((AppendUnknown, DatabaseUnavailable)):
        far.import_rows(0, rows)
    answers = far.import_rows(0, rows)
    assert all(isinstance(answer, Outcome) for answer in answers)
    (stream,) = {answer.stream for answer in answers if isinstance(answer, Outcome)}
    records = ledger.stream(stream)
    commands = [record.envelope.cause.command for record in records]
    assert len(set(commands)) == len(rows)
    opened = ledger.open_values(records)
    assert sorted(text or "" for text in opened.values()) == [f"row {n}" for n in range(5)]


def test_under_load_every_lost_reply_is_found_again(
    far: TicketLedger, way: LossyWay, database: Database
) -> None:
    """Twelve batches are lost in turn, in both ways; each message is there once."""
    tickets = [open_ticket(far) for _ in range(20)]
    way.lose(*LOST * 6)
    sent: list[tuple[str, Future[Outcome]]] = []
    for number in range(15):
        for ticket in tickets:
            key = fresh("key")
            command = SendMessage(ticket=ticket, text=f"{number}")
            sent.append((key, far.submit(asked(command, key=key))))
        sent[-1][1].result(60)
    for key, future in sent:
        outcome = future.result(60)
        assert recorded(database, key) == [(outcome.stream, outcome.version)]
    assert way.losses == 12
    check_lane(far, 0)


# --- a rival in between -----------------------------------------------------------------------


def test_an_opening_does_not_join_a_ticket_that_was_closed_meanwhile(
    ledger: TicketLedger, make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding who holds the name and judging again, the holder may be over."""
    order = place(ledger)
    first = open_ticket(ledger, order)
    late = make_ledger()
    find = late.record.holders

    def find_and_be_late(lane: int, names: list[str]) -> dict[str, str]:
        found = find(lane, names)
        if found:
            ledger.handle(asked(CloseTicket(ticket=first)))
        return found

    monkeypatch.setattr(late.record, "holders", find_and_be_late)
    opened = ticket_of(late.handle(asked(opening(order))))
    assert opened != first
    assert ledger.ticket(opened).holds


# --- the end of a process ---------------------------------------------------------------------


def whole(ledger: TicketLedger, lane: int = 0) -> Counter[str]:
    """Return how often each command opened a ticket, after checking that none did so by half."""
    topics: dict[str, list[str]] = {}
    for record in _all(ledger, lane):
        topics.setdefault(record.envelope.cause.command, []).append(record.envelope.topic)
    for told in topics.values():
        if "ticket.opened.v1" in told:
            assert told == ["ticket.opened.v1", "evidence.gathered.v1", "deadline.given.v1"]
    return Counter(
        record.envelope.cause.command
        for record in _all(ledger, lane)
        if record.envelope.topic in {"ticket.opened.v1", "message.sent.v1", "order.placed.v1"}
    )


def _all(ledger: TicketLedger, lane: int) -> Iterator:  # type: ignore[type-arg]  # of records
    after = 0
    while page := ledger.records(lane, after, 1_000):
        yield from page
        after = page[-1].position


def test_after_a_kill_of_the_server_every_acknowledged_command_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power is cut under load; what was not acknowledged is asked again under its key."""
    monkeypatch.setattr(committing, "DATABASE_WAIT_S", 0.1)
    data_dir = tmp_path / "var"
    acknowledged: dict[str, Outcome] = {}
    unknown: dict[str, str] = {}
    stop = Event()
    with ExitStack() as opened:
        server = opened.enter_context(embedded.start(data_dir))
        migrate(server.owner_dsn, lanes=1, origin=ORIGIN)
        ledger = opened.enter_context(opened_ledger(server.app_dsn, tmp_path))
        orders = [place(ledger) for _ in range(8)]

        def client(order: str) -> None:
            while not stop.is_set():
                key = fresh("key")
                unknown[key] = order
                try:
                    outcome = ledger.handle(asked(opening(order, channel="chat"), key=key))
                    outcome = say(ledger, ticket_of(outcome), "hello", key=f"say {key}")
                    acknowledged[f"say {key}"] = outcome
                    del unknown[key]
                    ledger.handle(asked(CloseTicket(ticket=ticket_of(outcome)), key=f"end {key}"))
                except (DatabaseUnavailable, AppendUnknown):
                    return

        with ThreadPoolExecutor(len(orders)) as pool:
            clients = [pool.submit(client, order) for order in orders]
            pause = Event()
            for _ in range(6_000):
                if len(acknowledged) > 60:
                    break
                pause.wait(0.005)
            os.kill(server_pid(data_dir), signal.SIGKILL)
            for one in clients:
                one.result(60)
        assert len(acknowledged) > 60
        server.close()
    with (
        embedded.start(data_dir) as again,
        opened_ledger(again.app_dsn, tmp_path) as survivor,
    ):
        check_lane(survivor, 0)
        counted = whole(survivor)
        for key, outcome in acknowledged.items():
            assert counted[command_id(BUYER, key)] == 1
            (record,) = survivor.stream(outcome.stream, outcome.version - 1, 1)
            assert record.leaf_hash == outcome.leaf_hash
        for key, order in unknown.items():
            survivor.handle(asked(opening(order, channel="chat"), key=key))
        assert max(whole(survivor).values()) == 1
        check_lane(survivor, 0)


def test_after_a_kill_of_a_writer_every_acknowledged_command_is_there_once(
    make_database: Callable[[int], Database], secrets_dir: Path
) -> None:
    """The process that serves is ended in the middle of everything."""
    database = make_database(1)
    code = (
        "import sys; from tests.ledger.many import write_until_killed;"
        " write_until_killed(sys.argv[1], sys.argv[2], 16)"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, database.app_dsn, str(secrets_dir)],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: list[str] = []
    with writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            told.append(line)
            if len(told) == 200:
                writer.kill()
    acknowledged = [line.split() for line in told[1:] if line.endswith("\n")]
    assert len(acknowledged) >= 199
    with opened_ledger(database.app_dsn, secrets_dir) as ledger:
        check_lane(ledger, 0)
        counted = whole(ledger)
        assert max(counted.values()) == 1
        for key, stream, position in acknowledged:
            assert counted[command_id(BUYER, key)] == 1
            after = int(position.partition("-")[2]) - 1
            (record,) = ledger.records(0, after, 1)
            assert (record.stream, record.envelope.cause.command) == (
                stream,
                command_id(BUYER, key),
            )
