"""Many commands through one append: each judged on what is on record, answered once, and kept."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from domain import errors
from domain.commands import AcceptTicket, GrantRemedy, SendMessage
from domain.ledger.application import TicketLedger
from domain.ledger.recorder import Recorder
from domain.ledger.requests import Outcome
from domain.streams import ticket_lane
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.many import at_once, live
from tests.ledger.matters import (
    asked,
    check_lane,
    fresh,
    open_ticket,
    opened_ledger,
    opening,
    place,
    query,
    say,
)
from tests.ledger.rivals import holding_the_lane, wait_for_a_waiter
from tests.scenario import AGENT, OTHER_BUYER, SUPERVISOR

LANES = (1, 4)
WRITERS = 50


# --- many at once -----------------------------------------------------------------------------


def test_fifty_writers_on_one_ticket_lose_nothing(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """No lost update, no duplicate, no gap; over two processes' worth of caches."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    before = ledger.ticket(ticket).version
    texts = [f"{writer} writes" for writer in range(WRITERS)]
    answers = at_once(
        *(
            lambda to=to, text=text: say(to, ticket, text, key=f"{ticket} {text}")
            for to, text in zip([ledger, other] * (WRITERS // 2), texts, strict=True)
        )
    )
    assert sorted(answer.version for answer in answers) == list(
        range(before + 1, before + WRITERS + 1)
    )
    records = ledger.stream(f"ticket:{ticket}", before)
    assert [record.version for record in records] == list(range(before + 1, before + WRITERS + 1))
    opened = ledger.open_values(records)
    assert sorted(text or "" for text in opened.values()) == sorted(texts)
    by_version = {answer.version: answer.leaf_hash for answer in answers}
    assert all(by_version[record.version] == record.leaf_hash for record in records)


def test_of_fifty_who_act_on_the_same_version_one_succeeds(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """If-Match is a promise to each of them."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    version = ledger.ticket(ticket).version
    answers = at_once(
        *(
            lambda to=to: say(to, ticket, expected_version=version)
            for to in [ledger, other] * (WRITERS // 2)
        )
    )
    assert sum(isinstance(answer, Outcome) for answer in answers) == 1
    assert sum(isinstance(answer, errors.TicketChanged) for answer in answers) == WRITERS - 1


def test_commands_on_one_ticket_keep_the_order_in_which_they_were_sent(
    ledger: TicketLedger,
) -> None:
    """One client's messages are read in the order they were written."""
    tickets = [open_ticket(ledger) for _ in range(3)]
    sent = [
        (ticket, ledger.submit(asked(SendMessage(ticket=ticket, text=f"{number}"))))
        for number in range(60)
        for ticket in tickets
    ]
    for ticket in tickets:
        versions = [future.result().version for of, future in sent if of == ticket]
        assert versions == sorted(versions)
        assert len(set(versions)) == 60


def test_four_processes_of_sixteen_threads_leave_one_gap_free_order(
    database: Database, secrets_dir: Path, ledger: TicketLedger, lanes: int
) -> None:
    """A follower that polls positions sees each event once, in order, and none comes in late."""
    shared = open_ticket(ledger)
    recorder = Recorder.connect(database.app_dsn)
    seen = [ledger.position(lane) for lane in range(lanes)]
    before = sum(seen)
    commands: Counter[str] = Counter()

    def read_on() -> None:
        for lane in range(lanes):
            for row in recorder.read(lane, seen[lane], 1_000):
                assert row.position == seen[lane] + 1
                seen[lane] = row.position
                commands[row.command] += 1

    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        writing: list[Future[int]] = [
            pool.submit(live, database.app_dsn, str(secrets_dir), 16, 3, shared) for _ in range(4)
        ]
        while not all(one.done() for one in writing):
            read_on()
        done = sum(one.result() for one in writing)
    read_on()
    recorder.close()
    assert done >= 4 * 16 * 3 * 3
    assert len(commands) == done, "every acknowledged command is there once, and no other"
    assert seen == [ledger.position(lane) for lane in range(lanes)]
    assert sum(seen) - before == commands.total()
    for lane in range(lanes):
        check_lane(ledger, lane)


# --- one among many ---------------------------------------------------------------------------


def test_who_breaks_the_judge_fails_alone(ledger: TicketLedger, lanes: int) -> None:
    """A fault of ours in one command is not the neighbours' misfortune."""
    tickets = [open_ticket(ledger) for _ in range(6)]
    broken = GrantRemedy(ticket=tickets[0], terms=None)  # type: ignore[arg-type]  # on purpose
    with ThreadPoolExecutor(1) as pool:
        blocked = pool.submit(
            ledger.handle,
            asked(
                broken, SUPERVISOR, key=fresh(), expected_version=ledger.ticket(tickets[0]).version
            ),
        )
        good = [ledger.submit(asked(SendMessage(ticket=one, text="hello"))) for one in tickets[1:]]
        assert all(one.result().events for one in good)
        assert isinstance(blocked.exception(30), AttributeError)
    assert say(ledger, tickets[0]).events


def test_a_stream_that_can_not_be_read_fails_alone(
    make_database: Callable[[int], Database], secrets_dir: Path
) -> None:
    """One damaged ticket does not stop the lane."""
    database = make_database(1)
    with opened_ledger(database.app_dsn, secrets_dir) as ledger:
        tickets = [open_ticket(ledger) for _ in range(4)]
        damaged = f"ticket:{tickets[0]}"
        query(
            database.superuser_dsn,
            "update ledger.event set state = '{}' where stream = %s and version = 1",
            damaged,
        )
    with opened_ledger(database.app_dsn, secrets_dir) as ledger:
        recorder = Recorder.connect(database.app_dsn)
        with holding_the_lane(database, recorder, 0, []):
            first = ledger.submit(asked(SendMessage(ticket=tickets[1], text="1")))
            wait_for_a_waiter(database)
            # These wait behind the first one and so come in one batch.
            sent = [ledger.submit(asked(SendMessage(ticket=one, text="2"))) for one in tickets]
        recorder.close()
        assert first.result().events
        assert isinstance(sent[0].exception(30), msgspec.ValidationError)
        assert all(future.result().events for future in sent[1:])


def test_a_conflict_fails_its_own_command_only(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """One batch holds a command on a stale head beside many that are level."""
    other = make_ledger()
    tickets = [open_ticket(ledger) for _ in range(10)]
    say(other, tickets[0])
    sent = [ledger.submit(asked(SendMessage(ticket=one, text="hello"))) for one in tickets]
    assert all(one.result().events for one in sent)


def test_a_foreign_order_is_as_unknown_as_none(ledger: TicketLedger) -> None:
    """What is refused tells nothing about others."""
    order = place(ledger)
    with pytest.raises(errors.UnknownOrder):
        ledger.handle(asked(opening(order), OTHER_BUYER))


# --- judging while an append is on its way ----------------------------------------------------


def two_of_one_lane(ledger: TicketLedger) -> tuple[int, str, str]:
    """Return a lane and two tickets of it; among one more than there are lanes, two share one."""
    by_lane: dict[int, str] = {}
    while True:
        ticket = open_ticket(ledger)
        lane = ticket_lane(ticket)
        if lane in by_lane:
            return lane, by_lane[lane], ticket
        by_lane[lane] = ticket


def test_what_comes_in_is_judged_while_an_append_is_on_its_way(
    ledger: TicketLedger, database: Database
) -> None:
    """A writer that only waits for the database would keep a refusal from its caller."""
    lane, written, refused = two_of_one_lane(ledger)
    recorder = Recorder.connect(database.app_dsn)
    with holding_the_lane(database, recorder, lane, []):
        first = ledger.submit(asked(SendMessage(ticket=written, text="first")))
        wait_for_a_waiter(database)
        second = ledger.submit(asked(SendMessage(ticket=refused, text="no"), OTHER_BUYER))
        with pytest.raises(errors.Refusal):
            second.result(30)
        assert not first.done()
    recorder.close()
    assert first.result(30).events


def test_what_concerns_a_stream_that_is_being_written_waits_for_it(
    ledger: TicketLedger, database: Database
) -> None:
    """It is judged on what the append before has made, and so never in vain."""
    lane, one, other = two_of_one_lane(ledger)
    recorder = Recorder.connect(database.app_dsn)
    sent: dict[str, list[Future[Outcome]]] = {one: [], other: []}
    with holding_the_lane(database, recorder, lane, []):
        sent[one].append(ledger.submit(asked(AcceptTicket(ticket=one), AGENT)))
        wait_for_a_waiter(database)
        for ticket in (one, other, one, other):
            message = asked(SendMessage(ticket=ticket, text="next"))
            sent[ticket].append(ledger.submit(message))
    recorder.close()
    for ticket, futures in sent.items():
        outcomes = [future.result(30) for future in futures]
        assert [outcome.replayed for outcome in outcomes] == [False] * len(outcomes), ticket
        versions = [written.version for outcome in outcomes for written in outcome.events]
        assert versions == list(range(versions[0], versions[0] + len(versions))), ticket
    check_lane(ledger, lane)
