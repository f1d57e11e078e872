"""Many commands through one append: each judged on what is on record, answered once, and kept."""

import asyncio
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest

from domain import errors
from domain.commands import (
    AcceptTicket,
    CloseTicket,
    GrantRemedy,
    ReleaseAssignment,
    ReopenTicket,
    SendMessage,
    TakeAssignment,
)
from domain.ledger import group_commit
from domain.ledger.application import TicketLedger
from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.recorder import Recorder
from domain.ledger.requests import Outcome
from domain.streams import ticket_lane
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.many import live
from tests.ledger.matters import (
    accept,
    asked,
    check_lane,
    close,
    fresh,
    give_back,
    open_ticket,
    opened_ledger,
    opening,
    place,
    query,
    refund,
    say,
    ticket_of,
)
from tests.ledger.rivals import holding_the_lane, wait_for_a_waiter
from tests.ledger.test_record import imported
from tests.scenario import AGENT, BUYER, OTHER_AGENT, OTHER_BUYER, SUPERVISOR, yuan

LANES = (1, 4)
WRITERS = 50


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Return what each work answers, or the refusal it raised, all begun at the same moment."""
    begin = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        begin.wait(30)
        try:
            return work()
        except errors.Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def replay_of(first: Outcome) -> Outcome:
    """Return what a repetition of the request must be answered."""
    return msgspec.structs.replace(first, replayed=True)


# --- idempotency ------------------------------------------------------------------------------


def test_a_repeated_request_gets_the_first_answer_though_the_state_has_moved_on(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A client that lost the answer asks again, much later, of another process: nothing is lost."""
    ticket = open_ticket(ledger)
    first = accept(ledger, ticket, key="once")
    close(ledger, ticket)
    with pytest.raises(errors.TicketClosedAlready):
        ledger.handle(asked(AcceptTicket(ticket=ticket), OTHER_AGENT, key="once"))
    for asked_again in (ledger, make_ledger()):
        assert accept(asked_again, ticket, key="once") == replay_of(first)
        again = accept(asked_again, ticket, key="once", expected_version=1)
        assert again == replay_of(first)


def test_the_repetition_of_an_opening_is_the_same_ticket(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Each opening draws an id before it is judged; the stored answer names the first one."""
    order = place(ledger)
    first = ledger.handle(asked(opening(order), key=f"open {order}"))
    close(ledger, ticket_of(first))
    for asked_again in (ledger, make_ledger()):
        again = asked_again.handle(asked(opening(order), key=f"open {order}"))
        assert again == replay_of(first)


def test_the_repetition_of_a_payment_is_answered_about_its_ticket(ledger: TicketLedger) -> None:
    """It wrote to the order before it wrote to the ticket; it is still a command on the ticket."""
    ticket = open_ticket(ledger)
    key = fresh("key")
    first = give_back(ledger, ticket, yuan(10), key=key)
    assert first.stream == f"ticket:{ticket}"
    assert {written.stream.partition(":")[0] for written in first.events} == {"order", "ticket"}
    version = first.version
    say(ledger, ticket)
    again = ledger.handle(
        asked(refund(ticket, yuan(10)), SUPERVISOR, key=key, expected_version=version)
    )
    assert again == replay_of(first)


def test_a_key_with_another_request_is_refused_whatever_else_stands_against_it(
    ledger: TicketLedger,
) -> None:
    """The caller's mistake is named, and not hidden behind a refusal of the second request."""
    ticket = open_ticket(ledger)
    accept(ledger, ticket, key="mine")
    others = [
        asked(SendMessage(ticket=ticket, text="hello"), AGENT, key="mine"),
        asked(AcceptTicket(ticket=ticket), AGENT, key="mine"),
        asked(SendMessage(ticket=ticket, text="x"), AGENT, key="mine", expected_version=1),
    ]
    with pytest.raises(errors.KeyReused):
        ledger.handle(others[0])
    assert ledger.handle(others[1]).replayed
    with pytest.raises(errors.KeyReused):
        ledger.handle(others[2])
    close(ledger, ticket)
    with pytest.raises(errors.KeyReused):
        ledger.handle(others[0])


def test_a_key_is_its_actors_own(ledger: TicketLedger) -> None:
    """Nobody gets somebody else's answer by guessing a key."""
    ticket = open_ticket(ledger)
    key = fresh("key")
    by_buyer = say(ledger, ticket, "hello", key=key)
    by_agent = say(ledger, ticket, "hello", key=key, by=AGENT)
    assert not by_agent.replayed
    assert by_agent.version == by_buyer.version + 1


def test_one_key_sent_twice_at_once_is_one_record(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """The double click that reaches two processes."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    before = ledger.ticket(ticket).version
    rounds = 15
    for number in range(rounds):
        key = f"{ticket} {number}"
        answers = at_once(
            *(
                lambda to=to, key=key: say(to, ticket, "hello", key=key)
                for to in (ledger, other, ledger, other)
            )
        )
        assert Counter(answer.replayed for answer in answers) == {True: 3, False: 1}
        assert len({msgspec.structs.replace(one, replayed=False) for one in answers}) == 1
    assert ledger.ticket(ticket).version == before + rounds


def test_one_key_with_two_requests_at_once_is_one_record_and_one_refusal(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """Whoever comes second has reused the key."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    for number in range(10):
        key = f"{ticket} {number}"
        answers = at_once(
            lambda key=key: say(ledger, ticket, "one", key=key),
            lambda key=key: say(other, ticket, "two", key=key),
        )
        assert sum(isinstance(answer, errors.KeyReused) for answer in answers) == 1
        assert sum(isinstance(answer, Outcome) for answer in answers) == 1


def test_a_refusal_stores_nothing_and_is_judged_anew(ledger: TicketLedger, lanes: int) -> None:
    """A key that was refused is still good: the same request may succeed later."""
    ticket = open_ticket(ledger)
    close(ledger, ticket)
    before = [ledger.position(lane) for lane in range(lanes)]
    for _ in range(2):
        with pytest.raises(errors.Refusal):
            say(ledger, ticket, "hello", key=f"late {ticket}")
    assert [ledger.position(lane) for lane in range(lanes)] == before
    ledger.handle(asked(ReopenTicket(ticket=ticket)))
    assert not say(ledger, ticket, "hello", key=f"late {ticket}").replayed


# --- versions ---------------------------------------------------------------------------------


def test_who_acts_on_a_former_version_is_told_what_was_missed(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """And may decide again, knowing it; whichever process wrote it."""
    ticket = open_ticket(ledger)
    seen = ledger.ticket(ticket).version
    missed = [say(make_ledger(), ticket), accept(make_ledger(), ticket)]
    with pytest.raises(errors.TicketChanged) as refused:
        say(ledger, ticket, "on what I saw", expected_version=seen)
    now = ledger.ticket(ticket).version
    facts = refused.value.facts
    assert (facts["expected_version"], facts["actual_version"]) == (seen, now)
    written = [one for outcome in missed for one in outcome.events]
    assert [(one["topic"], one["version"], one["position"]) for one in facts["missed"]] == [
        (one.topic, one.version, one.position) for one in written
    ]
    assert not say(ledger, ticket, expected_version=now).replayed


@pytest.mark.parametrize("version", [-1, 0, 2**31, 10**20])
def test_a_version_that_never_was_is_a_changed_ticket(ledger: TicketLedger, version: int) -> None:
    """Whatever number a caller makes up."""
    ticket = open_ticket(ledger)
    with pytest.raises(errors.TicketChanged):
        say(ledger, ticket, expected_version=version)


def test_money_moves_only_with_a_key_and_on_a_version_that_was_seen(ledger: TicketLedger) -> None:
    """A repetition would cost money, and acting on an unseen state would be wrong."""
    ticket = open_ticket(ledger)
    version = ledger.ticket(ticket).version
    command = refund(ticket, yuan(1))
    with pytest.raises(errors.VersionRequired) as refused:
        ledger.handle(asked(command, SUPERVISOR, key=fresh()))
    assert refused.value.facts == {"actual_version": version}
    with pytest.raises(errors.KeyRequired):
        ledger.handle(asked(command, SUPERVISOR, expected_version=version))
    assert ledger.ticket(ticket).version == version


def test_nothing_is_refused_on_what_another_process_has_changed(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A warm cache that is behind the record may cost a second look, never a wrong answer."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    close(ledger, ticket)  # here the ticket is known as closed
    other.handle(asked(ReopenTicket(ticket=ticket)))
    assert say(ledger, ticket).events
    close(other, ticket)  # here as open
    with pytest.raises(errors.TicketClosedAlready):
        say(ledger, ticket)
    other.handle(asked(ReopenTicket(ticket=ticket)))
    version = other.ticket(ticket).version
    assert say(ledger, ticket, expected_version=version).version == version + 1


def test_nothing_counts_as_done_that_another_process_has_undone(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A harmless repetition is harmless only while it is one."""
    other = make_ledger()
    ticket = open_ticket(ledger)
    take = asked(TakeAssignment(ticket=ticket), AGENT)
    assert ledger.handle(take).events
    assert not ledger.handle(take).events
    other.handle(asked(ReleaseAssignment(ticket=ticket), AGENT))
    assert ledger.handle(take).events
    other.handle(asked(ReleaseAssignment(ticket=ticket), AGENT))
    other.handle(asked(TakeAssignment(ticket=ticket), OTHER_AGENT))
    with pytest.raises(errors.AssignedToAnother):
        ledger.handle(take)


def test_an_unknown_ticket_becomes_known_when_another_process_opens_it(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """That a stream is empty is not remembered as a truth."""
    order = fresh()
    with pytest.raises(errors.UnknownOrder):
        ledger.handle(asked(opening(order)))
    place(make_ledger(), order)
    assert ledger.handle(asked(opening(order))).events


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


# --- limits and the end -----------------------------------------------------------------------


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
