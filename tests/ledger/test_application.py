"""The ledger as the rest of the program uses it: reading, books, looks, contents and imports."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from domain import errors
from domain.commands import RecordLook
from domain.events import EvidenceViewed, TicketOpened
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Outcome
from domain.policies.book import BookError
from domain.values import EvidenceKind, Instant
from tests.conftest import ORIGIN, Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.many import at_once
from tests.ledger.matters import (
    accept,
    asked,
    check_lane,
    fresh,
    open_ticket,
    opened_ledger,
    place,
    say,
)
from tests.ledger.test_record import imported
from tests.scenario import AGENT, BOOK, BOOK_FILE

LANES = (1, 4)


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ticket", ["", "x", "T", "T0", "T0-261122-NOBODY0", "T99-261122-NOBODY0", "T-1", "Tx-1-1"]
)
def test_an_id_that_nobody_has_is_an_unknown_ticket(ledger: TicketLedger, ticket: str) -> None:
    """For every way of asking, whatever the text looks like."""
    for ask in (
        ledger.ticket,
        ledger.case,
        lambda one: say(ledger, one),
        lambda one: accept(ledger, one),
    ):
        with pytest.raises(errors.UnknownTicket):
            ask(ticket)


def test_what_was_written_is_read_at_once_by_everybody(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """A case is what the next judgement would find, also where another process wrote last."""
    reader = make_ledger()
    order = place(ledger)
    ticket = open_ticket(ledger, order)
    for _ in range(3):
        outcome = say(ledger, ticket)
        for one in (reader, ledger):
            case = one.case(ticket)
            assert (case.ticket.version, case.leaf_hash) == (outcome.version, outcome.leaf_hash)
            assert case.ticket == one.ticket(ticket)
            assert case.order == one.order(order)
    with pytest.raises(errors.UnknownOrder):
        reader.order(fresh())


def test_an_outcome_tells_every_event_and_where_it_stands(ledger: TicketLedger, lanes: int) -> None:
    """So a client can wait for the position, prove the leaf and act on the version."""
    ticket = open_ticket(ledger)
    outcome = accept(ledger, ticket)
    records = ledger.stream(outcome.stream, outcome.version - len(outcome.events))
    assert [
        (one.stream, one.version, one.topic, one.position, one.leaf_hash) for one in outcome.events
    ] == [
        (r.stream, r.version, r.envelope.topic, f"{r.lane}-{r.position}", r.leaf_hash)
        for r in records
    ]
    assert (outcome.position, outcome.leaf_hash) == (
        outcome.events[-1].position,
        outcome.events[-1].leaf_hash,
    )
    lane = int(outcome.position.partition("-")[0])
    assert ledger.position(lane) == records[-1].position
    assert ledger.origins == tuple(f"{ORIGIN}/lane-{one}" for one in range(lanes))


def test_a_harmless_repetition_tells_where_the_ticket_stands(ledger: TicketLedger) -> None:
    """Nothing is recorded, and the caller may go on from there."""
    ticket = open_ticket(ledger)
    first = accept(ledger, ticket)
    again = accept(ledger, ticket)
    assert again == Outcome(
        stream=first.stream,
        version=first.version,
        position=first.position,
        leaf_hash=first.leaf_hash,
        events=(),
        replayed=False,
    )


def test_a_harmless_repetition_tells_the_same_after_a_cold_start(
    ledger: TicketLedger, make_ledger: MakeLedger
) -> None:
    """The position is read from the record, not remembered."""
    ticket = open_ticket(ledger)
    first = accept(ledger, ticket)
    assert accept(make_ledger(), ticket).position == first.position


def test_records_and_streams_come_in_pages(ledger: TicketLedger) -> None:
    """Every list has a limit, and its pages leave nothing out."""
    ticket = open_ticket(ledger)
    for _ in range(5):
        say(ledger, ticket)
    stream = f"ticket:{ticket}"
    whole = ledger.stream(stream)
    assert [record.version for record in whole] == list(range(1, len(whole) + 1))
    assert isinstance(whole[0].event, TicketOpened)
    assert ledger.stream(stream, 3, 2) == whole[3:5]
    assert ledger.stream(stream, len(whole)) == []
    lane = whole[0].lane
    assert [record.position for record in ledger.records(lane, 2, 3)] == [3, 4, 5]
    assert ledger.records(lane, ledger.position(lane), 10) == []


# --- books ------------------------------------------------------------------------------------


def test_a_book_is_adopted_once_however_often_it_is_offered(
    make_database: Callable[[int], Database], secrets_dir: Path
) -> None:
    """Every start of every process offers it; the record says once that it is in force."""
    database = make_database(1)
    with (
        opened_ledger(database.app_dsn, secrets_dir) as first,
        opened_ledger(database.app_dsn, secrets_dir) as second,
    ):
        assert first.book.digest == second.book.digest == BOOK.digest
        second.adopt(BOOK_FILE.read_bytes())
        assert [record.envelope.topic for record in first.stream("policy:book")] == [
            "policy.adopted.v1"
        ]


def test_the_book_in_force_is_the_latest_that_has_begun(
    make_database: Callable[[int], Database], secrets_dir: Path
) -> None:
    """A book may be adopted before its day; replays find the one a fact was judged under."""
    later = (
        BOOK_FILE.read_text()
        .replace('version = "2026-11-01"', 'version = "2027-01-01"')
        .replace("2026-11-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00")
        .encode()
    )
    database = make_database(1)
    with opened_ledger(database.app_dsn, secrets_dir) as ledger:
        ledger.adopt(later)
    with opened_ledger(database.app_dsn, secrets_dir) as again:
        before, begins = "2026-12-31T15:59:59.999999Z", "2026-12-31T16:00:00.000000Z"
        assert again.book_at(Instant(before)).version == "2026-11-01"
        assert again.book_at(Instant(begins)).version == "2027-01-01"
        with pytest.raises(BookError):
            again.adopt(b"version = 1")
        assert again.position(0) == 2


# --- looks and contents -----------------------------------------------------------------------


def test_a_look_is_on_record_once_a_quarter_of_an_hour(ledger: TicketLedger) -> None:
    """Whoever asks who has seen something finds it beside the ticket, in the ticket's lane."""
    ticket = open_ticket(ledger)
    for _ in range(3):
        ledger.look(AGENT, ticket, "evidence:E1")
    ledger.look(AGENT, ticket, "evidence:E2")
    looks = ledger.stream(f"access:{ticket}")
    assert [record.envelope.topic for record in looks] == [EvidenceViewed.TOPIC] * 2
    assert {record.actor for record in looks} == {AGENT}
    assert {record.lane for record in looks} == {ledger.stream(f"ticket:{ticket}")[0].lane}
    assert not ledger.handle(asked(RecordLook(ticket=ticket, what="evidence:E1"), AGENT)).events


def test_the_order_as_it_was_is_the_first_evidence_and_in_the_vault(ledger: TicketLedger) -> None:
    """It is there before the record names it."""
    ticket = open_ticket(ledger)
    item = ledger.ticket(ticket).evidence["E1"]
    assert item.kind is EvidenceKind.ORDER_SNAPSHOT
    content = ledger.vault.get(item.attachment.sha256)
    assert len(content) == item.attachment.size
    assert b'"buyer":"b-1"' in content


def test_a_kept_content_has_the_place_of_its_digest(ledger: TicketLedger) -> None:
    """The caller names it in a command afterwards."""
    attachment = ledger.keep_content(b"photo", "image/png")
    assert attachment.sha256 == hashlib.sha256(b"photo").hexdigest()
    assert (attachment.size, attachment.media_type) == (5, "image/png")
    assert ledger.vault.get(attachment.sha256) == b"photo"


# --- imports ----------------------------------------------------------------------------------


def test_rows_are_recorded_in_their_order_and_once(
    ledger: TicketLedger, make_ledger: MakeLedger, lanes: int
) -> None:
    """Importing the same file twice adds nothing, in whatever process."""
    case = fresh("case")
    rows = [
        imported(case, f"{case} {number}", lanes, state=f"S{number}", text=f"row {number}")
        for number in range(20)
    ]
    ticket = rows[0].command.ticket
    lane = int(ticket[1:].partition("-")[0])
    first = ledger.import_rows(lane, [*rows, rows[3]])
    assert not any(isinstance(answer, errors.Refusal) for answer in first)
    assert [answer.replayed for answer in first] == [False] * 20 + [True]
    positions = [int(answer.position.partition("-")[2]) for answer in first[:20]]
    assert positions == sorted(positions)
    before = ledger.position(lane)
    for importer in (ledger, make_ledger()):
        again = importer.import_rows(lane, rows)
        assert all(answer.replayed for answer in again)
        assert [answer.leaf_hash for answer in again] == [answer.leaf_hash for answer in first[:20]]
    assert ledger.position(lane) == before
    opened = ledger.open_values(ledger.stream(f"ticket:{ticket}"))
    assert sorted(opened.values()) == sorted(f"row {number}" for number in range(20))
    assert ledger.ticket(ticket).imported
    check_lane(ledger, lane)


def test_a_row_number_with_other_content_is_rejected_and_the_rest_is_kept(
    ledger: TicketLedger, lanes: int
) -> None:
    """The rejected row is answered in its place."""
    case = fresh("case")
    first = imported(case, f"{case} 1", lanes)
    lane = int(first.command.ticket[1:].partition("-")[0])
    ledger.import_rows(lane, [first])
    answers = ledger.import_rows(
        lane,
        [imported(case, f"{case} 1", lanes, state="Other"), imported(case, f"{case} 2", lanes)],
    )
    assert isinstance(answers[0], errors.KeyReused)
    assert isinstance(answers[1], Outcome)
    assert answers[1].events


def test_two_imports_of_one_file_at_once_record_each_row_once(
    ledger: TicketLedger, make_ledger: MakeLedger, lanes: int
) -> None:
    """Whichever process comes first with a row; every personal value opens."""
    other = make_ledger()
    case = fresh("case")
    rows = [imported(case, f"{case} {number}", lanes, text=f"row {number}") for number in range(60)]
    lane = int(rows[0].command.ticket[1:].partition("-")[0])
    answers = at_once(
        *(
            lambda to=to: [
                one for n in range(0, 60, 4) for one in to.import_rows(lane, rows[n : n + 4])
            ]
            for to in (ledger, other)
        )
    )
    assert all(isinstance(one, Outcome) for both in answers for one in both)
    records = ledger.stream(f"ticket:{rows[0].command.ticket}")
    commands = [record.envelope.cause.command for record in records]
    assert len(set(commands)) == len(rows)
    opened = ledger.open_values(records)
    assert sorted(opened.values()) == sorted(f"row {number}" for number in range(60))
    check_lane(ledger, lane)
