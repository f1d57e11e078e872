"""What becomes of rows: accepted once, skipped when known, rejected with a reason, never lost."""

import gzip
import json
import shutil
from itertools import count

import pytest

from api.imports.engine import Totals
from api.imports.files import FileError
from domain.events import (
    DeadlineGiven,
    SourceBreachReported,
    SourceOutcomeReported,
    SourceReported,
    TicketOpened,
    TicketTransferred,
)
from domain.streams import ticket_lane
from domain.values import Awaiting, Instant, Stage
from tests.imports.conftest import Desk, row

LANES = (1, 4)


def outcome_of(totals: Totals) -> tuple[int, int, int]:
    """Accepted, skipped, rejected; every row read is one of them."""
    assert totals.rows == totals.accepted + totals.skipped + totals.rejected + totals.later
    return totals.accepted, totals.skipped, totals.rejected


def test_every_row_becomes_a_record_of_what_the_source_said(desk: Desk) -> None:
    """A row that changed nothing we know of is still history."""
    totals = desk.bring(row(seq=1), row(seq=2), row(seq=3, state="waiting"))

    assert outcome_of(totals) == (3, 0, 0)
    assert totals.tickets == 1
    reports = [one.event for one in desk.records() if isinstance(one.event, SourceReported)]
    assert [one.state for one in reports] == ["new", "new", "waiting"]
    assert [one.awaiting for one in reports] == [Awaiting.AGENT, Awaiting.AGENT, Awaiting.BUYER]
    assert totals.events == len(desk.records())


def test_a_record_says_where_it_comes_from_and_never_forges_when_it_was_made(desk: Desk) -> None:
    """An auditor tells the source's time from ours, and finds the row."""
    desk.bring(row(seq=1, time="2020-02-03T04:05:06Z"))

    (reported,) = [one for one in desk.records() if isinstance(one.event, SourceReported)]
    source = reported.envelope.source
    assert source is not None
    assert source.imported
    assert source.system == desk.mapping.source
    assert source.ref == "c1/1 row 1"
    assert source.occurred_at == "2020-02-03T04:05:06.000000Z"
    assert reported.at > "2026"


def test_imported_history_starts_no_deadline(desk: Desk) -> None:
    """It is for looking: no clock of ours may fire on what ended years ago."""
    desk.bring(row(seq=1), row(seq=2, state="waiting"), row(seq=3, state="solved"))

    records = desk.records()
    assert all(record.imported for record in records)
    assert not [record for record in records if isinstance(record.event, DeadlineGiven)]


def test_importing_twice_adds_nothing(desk: Desk) -> None:
    """Nobody should have to remember whether a file was imported."""
    desk.bring(row("c1", 1), row("c2", 1), row("c1", 2))
    before = len(desk.records())

    again = desk.bring()

    assert outcome_of(again) == (0, 3, 0)
    assert (again.events, again.tickets) == (0, 0)
    assert len(desk.records()) == before


def test_a_file_that_comes_back_shuffled_is_known(desk: Desk) -> None:
    """A row is told by source, case and sequence, wherever it stands in the file."""
    rows = [row("c1", 1), row("c1", 2, state="waiting"), row("c2", 1), row("c1", 3)]
    desk.bring(*rows)

    assert outcome_of(desk.bring(*reversed(rows))) == (0, 4, 0)


def test_rows_are_recorded_in_the_order_of_the_file(desk: Desk) -> None:
    """The file's order is the order the source recorded; a time that goes back is kept."""
    desk.bring(
        row(seq=1, time="2026-01-05T11:10:00Z"),
        row(seq=2, time="2026-01-05T09:52:00Z", state="waiting"),
        row(seq=3, time="2026-01-05T12:00:00Z"),
    )

    times = [
        one.envelope.source.occurred_at[11:16]
        for one in desk.records()
        if isinstance(one.event, SourceReported)
        and one.envelope.source is not None
        and one.envelope.source.occurred_at is not None
    ]
    assert times == ["11:10", "09:52", "12:00"]


def test_a_duplicate_row_in_one_file_is_skipped(desk: Desk) -> None:
    """The same line twice is one fact, in one batch or in two."""
    totals = desk.bring(row(seq=1), row(seq=1), row(seq=2), row(seq=1), batch_rows=2)

    assert outcome_of(totals) == (2, 2, 0)


def test_the_same_row_with_other_content_is_rejected(desk: Desk) -> None:
    """History is not rewritten: what is on record stays, and the contradiction is told."""
    desk.bring(row(seq=1))

    totals = desk.bring(
        row(seq=1, topic="scanner"), row(seq=2), row(seq=2, topic="fax"), row(seq=3)
    )

    assert outcome_of(totals) == (2, 0, 2)
    assert totals.rejects is not None
    told = [json.loads(line) for line in totals.rejects.read_text().splitlines()]
    assert sorted((one["row"], one["code"]) for one in told) == [
        (1, "row_known_otherwise"),
        (3, "row_known_otherwise"),
    ]


def test_a_bad_row_is_told_by_number_and_reason_and_the_good_ones_are_kept(desk: Desk) -> None:
    """A clerk must be able to correct the file without our repeating what may be personal."""
    totals = desk.bring(
        row(seq=1),
        row(case="", seq=2),
        row(seq=3, time="yesterday-secret"),
        row(seq=4, state="secret-state"),
        row(seq="secret"),
        row(seq=6, moves="many-secret"),
        "secret,1,2",
        row(seq=8),
    )

    assert outcome_of(totals) == (2, 0, 6)
    assert totals.rejects is not None
    assert totals.rejects.name == "desk.csv.rejected.jsonl"
    content = totals.rejects.read_text()
    assert "secret" not in content
    assert [(one["row"], one["code"]) for one in map(json.loads, content.splitlines())] == [
        (2, "no_case"),
        (3, "bad_time"),
        (4, "unknown_state"),
        (5, "bad_number"),
        (6, "bad_number"),
        (7, "ragged"),
    ]


def test_a_run_without_bad_rows_leaves_no_file_of_rejects(desk: Desk) -> None:
    """What an earlier run told of a file that is correct by now would mislead."""
    desk.bring(row(case=""), row(seq=2))
    assert list(desk.rejects_dir.glob("*.rejected.jsonl"))

    totals = desk.bring(row(seq=1), row(seq=2))

    assert outcome_of(totals) == (1, 1, 0)
    assert not list(desk.rejects_dir.glob("*.rejected.jsonl"))


def test_only_columns_that_changed_are_recorded_again(desk: Desk) -> None:
    """A record holds what is new; what stays is known from the row before."""
    desk.bring(
        row(seq=1, topic="printer"),
        row(seq=2, topic="printer"),
        row(seq=3, topic="?"),
        row(seq=4, topic="scanner"),
    )

    fields = [
        {field.name: field.value for field in one.event.fields or ()}
        for one in desk.records()
        if isinstance(one.event, SourceReported)
    ]
    assert fields == [
        {"topic": "printer", "in_time": "yes"},
        {},
        {"topic": ""},
        {"topic": "scanner"},
    ]


def test_a_personal_column_is_sealed_and_a_dropped_one_is_nowhere(desk: Desk) -> None:
    """What is about a person can be erased; what nobody asked for is not kept."""
    desk.bring(row(seq=1, address="Rua das Flores 7"))

    (reported,) = [one for one in desk.records() if isinstance(one.event, SourceReported)]
    assert b"Flores" not in bytes(reported.envelope.data)
    opened = desk.ledger.open_values([reported])
    assert opened[reported.stream, reported.version, "text"] == '{"address":"Rua das Flores 7"}'
    assert not any(b"noise" in bytes(one.envelope.data) for one in desk.records())


def test_a_later_outcome_enters_with_the_row_that_made_it_true(desk: Desk) -> None:
    """Every row of such a log tells the end; a replay of the past must not know the future."""
    end = {"solved_at": "2026-01-06T08:00:00Z", "solution": "new toner"}
    desk.bring(
        row(seq=1, **end),
        row(seq=2, state="solved", time="2026-01-05T12:00:00Z", **end),
        row(seq=3, state="new", time="2026-01-05T13:00:00Z", **end),
        row(seq=4, state="solved", time="2026-01-06T08:00:00Z", **end),
        row(seq=5, state="closed", time="2026-01-09T08:00:00Z", **end),
    )

    (told,) = [one for one in desk.records() if isinstance(one.event, SourceOutcomeReported)]
    assert told.envelope.source is not None
    assert told.envelope.source.ref == "c1/4 row 4"
    assert isinstance(told.event, SourceOutcomeReported)
    assert told.event.at == "2026-01-06T08:00:00.000000Z"
    before = [one for one in desk.records() if one.position < told.position]
    assert not any(b"new toner" in bytes(one.envelope.data) for one in before)


def test_counters_and_promises_become_facts_once(desk: Desk) -> None:
    """Columns that repeat themselves on every row are told when they change."""
    desk.bring(
        row(seq=1),
        row(seq=2, moves=1, in_time="no"),
        row(seq=3, moves=3, in_time="no"),
        row(seq=4, moves=3, in_time="no"),
    )

    events = [one.event for one in desk.records()]
    assert [one.count for one in events if isinstance(one, TicketTransferred)] == [1, 2, 3]
    assert [one.promise for one in events if isinstance(one, SourceBreachReported)] == ["answer"]
    ticket = desk.ledger.ticket(desk.records()[0].subject)
    assert (ticket.transfers, ticket.queue, ticket.imported) == (3, "front", True)


def test_a_case_is_one_ticket_in_one_lane(desk: Desk) -> None:
    """The lane follows source and case, so a later file finds the same ticket."""
    desk.bring(*(row(f"c{number}", 1) for number in range(20)))
    desk.bring(*(row(f"c{number}", 2) for number in range(20)))

    opened = [one for one in desk.records() if isinstance(one.event, TicketOpened)]
    assert len(opened) == 20
    assert {ticket_lane(one.subject) == one.lane for one in opened} == {True}
    assert len({one.lane for one in opened}) == min(desk.ledger.lanes, 4)


def test_until_merges_cases_by_time_and_stops_there(desk: Desk) -> None:
    """The ledger then stands as the source stood at that moment."""
    rows = (
        row("c1", 1, "2026-01-01T00:00:00Z"),
        row("c1", 2, "2026-01-03T00:00:00Z", state="waiting"),
        row("c1", 3, "2026-01-05T00:00:00Z", state="closed"),
        row("c2", 1, "2026-01-02T00:00:00Z"),
        row("c2", 2, "2026-01-03T00:00:00Z", state="solved"),
        row("c3", 1, "2026-01-04T00:00:00Z"),
    )
    until = Instant("2026-01-03T00:00:00.000000Z")

    totals = desk.bring(*rows, until=until)

    assert outcome_of(totals) == (4, 0, 0)
    assert (totals.later, totals.tickets) == (2, 2)
    by_lane: dict[int, list[str]] = {}
    for record in desk.records():
        if record.envelope.source is not None and record.envelope.source.occurred_at is not None:
            by_lane.setdefault(record.lane, []).append(record.envelope.source.occurred_at)
    assert all(times == sorted(times) for times in by_lane.values())
    stages = {desk.ledger.ticket(one.subject).source_state for one in desk.records()}
    assert stages == {"waiting", "solved"}

    rest = desk.bring()

    assert outcome_of(rest) == (2, 4, 0)
    assert {desk.ledger.ticket(one.subject).stage for one in desk.records()} == {
        Stage.CLOSED,
        Stage.REMEDY,
        Stage.INTAKE,
    }


def test_a_stopped_import_goes_on_where_it_stopped(desk: Desk) -> None:
    """Ctrl-C loses nothing and doubles nothing."""
    rows = [row(f"c{number // 3}", number % 3 + 1) for number in range(60)]
    asked = count()

    first = desk.bring(*rows, batch_rows=10, stopped=lambda: next(asked) > 25)

    assert first.interrupted
    assert 0 < first.accepted < 60

    second = desk.bring(batch_rows=10)

    assert not second.interrupted
    assert outcome_of(second) == (60 - first.accepted, first.accepted, 0)
    reports = [one for one in desk.records() if isinstance(one.event, SourceReported)]
    assert len(reports) == 60
    assert outcome_of(desk.bring()) == (0, 60, 0)


def test_a_file_that_breaks_off_keeps_what_was_read(desk: Desk) -> None:
    """A torn download tells so; its good rows are in and the whole file completes them."""
    whole = "\n".join(row(f"c{number}", 1, topic=f"{number:x}" * 9) for number in range(3_000))
    desk.write(*whole.split("\n"))
    packed = desk.path.with_suffix(".csv.gz")
    with desk.path.open("rb") as plain, gzip.open(packed, "wb") as gz:
        shutil.copyfileobj(plain, gz)
    desk.path = packed
    complete = packed.read_bytes()
    packed.write_bytes(complete[: len(complete) // 2])

    with pytest.raises(FileError, match="in the middle"):
        desk.bring(batch_rows=100)
    known = len([one for one in desk.records() if isinstance(one.event, SourceReported)])
    assert 0 < known < 3_000

    packed.write_bytes(complete)
    totals = desk.bring()
    assert outcome_of(totals) == (3_000 - known, known, 0)


def test_the_watcher_hears_how_far_the_import_is(desk: Desk) -> None:
    """Somebody in front of a terminal sees that it goes on."""
    heard: list[tuple[float, int]] = []

    desk.bring(
        *(row(f"c{number}", 1) for number in range(30)),
        batch_rows=10,
        watch=lambda share, totals: heard.append((share, totals.accepted)),
    )

    assert [accepted for _, accepted in heard] == [10, 20, 30]
    assert heard[-1][0] == 1.0
