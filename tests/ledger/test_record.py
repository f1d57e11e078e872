"""Records on the database: exactly the members of format 1, hashed by the database, chained."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import rfc8785

from domain import errors
from domain.commands import ImportRow, PlaceOrder
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Request
from domain.record import Source
from domain.streams import imported_ticket_id, lane_of, ticket_lane
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Instant,
    Kind,
    Reason,
    Scenario,
    Stage,
    later,
)
from tests.conftest import ORIGIN, Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import accept, asked, check_lane, fresh, line, open_ticket, query, say
from tests.scenario import BUYER, MERCHANT, MOMENT, NOW, ORDERS

LANES = (1, 4)
MEMBERS = {
    "format", "ledger", "stream", "version", "prev", "id", "topic", "at", "actor", "cause", "data",
}  # fmt: skip


def rows(database: Database, stream: str) -> list[tuple[int, bytes, bytes, str]]:
    """Return lane, canonical bytes, leaf hash and time of a stream's events."""
    found = query(
        database.superuser_dsn,
        """select lane, state, leaf_hash,
        to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        from ledger.event where stream = %s order by version""",
        stream,
    )
    return [(lane, bytes(state), bytes(leaf), at) for lane, state, leaf, at in found]


def imported(case: str, number: int, lanes: int, **said: object) -> Request:
    """Return a row of another system's history."""
    command = {
        "ticket": imported_ticket_id(lane_of(f"log\x1f{case}", lanes), "log", case),
        "buyer": "caller-1",
        "channel": Channel.IMPORT,
        "kind": Kind.COMPLAINT,
        "scenario": Scenario.SERVICE,
        "reason": Reason.OTHER,
        "priority": 3,
        "state": "New",
        "stage": Stage.INTAKE,
        "awaiting": Awaiting.AGENT,
        "resolved": False,
        "occurred_at": Instant("2016-02-29T01:16:00.000000Z"),
    } | said
    source = Source(
        system="log", ref=f"row {number}", imported=True, occurred_at=command["occurred_at"]
    )
    return Request(
        command=ImportRow(**command), actor=SYSTEM, key=f"log\x1f{number}", source=source
    )


def kept_ticket(ledger: TicketLedger, ticket: str) -> object:
    """Return a ticket as its lane's writer remembers it."""
    stream = f"ticket:{ticket}"
    return ledger._writers[ticket_lane(ticket)].committer.heads.find([stream])[stream].state


def read_ticket(ledger: TicketLedger, ticket: str) -> object:
    """Return a ticket as the record tells it to a writer that remembers nothing."""
    ledger._writers[ticket_lane(ticket)].committer.heads.forget([f"ticket:{ticket}"])
    return kept_ticket(ledger, ticket)


def test_a_record_has_the_members_of_its_format_and_no_others(
    ledger: TicketLedger, database: Database
) -> None:
    """What is not there is absent, never null: the bytes of one fact are one text."""
    ticket = open_ticket(ledger, statement="it broke")
    accept(ledger, ticket)
    found = rows(database, f"ticket:{ticket}")
    assert len(found) >= 3
    for version, (lane, state, _, at) in enumerate(found, 1):
        record = json.loads(state)
        assert record.keys() == MEMBERS
        assert state == rfc8785.dumps(record)
        assert b"null" not in state
        assert record["format"] == 1
        assert record["ledger"] == f"{ORIGIN}/lane-{lane}"
        assert (record["stream"], record["version"]) == (f"ticket:{ticket}", version)
        assert record["at"] == at
        assert len(record["at"]) == 27
        assert record["actor"].keys() == {"kind", "ref"}
        assert record["cause"].keys() == {"command", "correlation"}
        assert record["id"][14] == "7"
        assert record["id"][19] in "89ab"


def test_every_instant_in_the_data_has_27_characters(
    ledger: TicketLedger, database: Database
) -> None:
    """One encoder writes them: a shorter spelling of the same instant is another hash."""
    order = fresh()
    placed = PlaceOrder(
        order=order,
        buyer=BUYER.ref,
        merchant=MERCHANT.ref,
        lines=(line(),),
        placed_at=Instant("2024-11-01T00:00:00.000000Z"),
    )
    ledger.handle(asked(placed, ORDERS))
    ticket = open_ticket(ledger, order)
    ((_, state, _, _),) = rows(database, f"order:{order}")
    assert json.loads(state)["data"]["placed_at"] == "2024-11-01T00:00:00.000000Z"
    due = [
        json.loads(state)["data"]["due_at"]
        for _, state, _, _ in rows(database, f"ticket:{ticket}")
        if json.loads(state)["topic"] == "deadline.given.v1"
    ]
    assert due
    assert {len(at) for at in due} == {27}


def test_a_cause_and_a_source_are_told_where_there_are_any(
    ledger: TicketLedger, database: Database, lanes: int
) -> None:
    """Provenance is kept, and the time of recording is never forged to look like it."""
    ticket = open_ticket(ledger)
    ledger.handle(
        Request(
            command=PlaceOrder(
                order=(order := fresh()),
                buyer="b",
                merchant="m",
                lines=(line(),),
                placed_at=NOW,
            ),
            actor=ORDERS,
            by="0190-event",
            correlation="0190-request",
        )
    )
    ((_, state, _, _),) = rows(database, f"order:{order}")
    cause = json.loads(state)["cause"]
    assert (cause["by"], cause["correlation"]) == ("0190-event", "0190-request")
    row = imported(fresh("case"), 17, lanes)
    ledger.import_rows(int(row.command.ticket[1:].split("-")[0]), [row])
    (first, *_) = rows(database, f"ticket:{row.command.ticket}")
    record = json.loads(first[1])
    assert record.keys() == MEMBERS | {"source"}
    assert record["source"] == {
        "system": "log",
        "ref": "row 17",
        "occurred_at": "2016-02-29T01:16:00.000000Z",
        "imported": True,
    }
    assert record["at"] > "2026"
    assert ledger.ticket(ticket).ticket == ticket


def test_the_database_and_a_stranger_compute_the_same_leaf_hash(
    ledger: TicketLedger, database: Database, tmp_path: Path
) -> None:
    """A court's expert needs a shell and sha256sum, and no program of ours."""
    ticket = open_ticket(ledger)
    for _, state, leaf, _ in rows(database, f"ticket:{ticket}"):
        assert leaf == hashlib.sha256(b"\0" + state).digest()
        record = tmp_path / "record.json"
        record.write_bytes(state)
        told = subprocess.run(
            ["sh", "-c", "(printf '\\0'; cat record.json) | sha256sum"],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert told.stdout.split()[0] == leaf.hex()


def test_each_record_names_its_predecessor_from_zeros_on(
    ledger: TicketLedger, database: Database, lanes: int
) -> None:
    """The chain is per stream, so that one ticket's history can be shown alone."""
    ticket = open_ticket(ledger)
    accept(ledger, ticket)
    prev = "0" * 64
    for _, state, leaf, _ in rows(database, f"ticket:{ticket}"):
        assert json.loads(state)["prev"] == prev
        prev = leaf.hex()
    assert ledger.case(ticket).leaf_hash == prev
    for lane in range(lanes):
        check_lane(ledger, lane)


def test_the_recorded_time_never_goes_back_within_a_stream(make_ledger: MakeLedger) -> None:
    """A clock that is set back, on this machine or another one, does not date a fact earlier."""
    clock = [NOW]
    ledger = make_ledger(now=lambda: clock[0])
    ticket = open_ticket(ledger)
    clock[0] = later(NOW, -MOMENT * 1_000_000)
    say(ledger, ticket)
    assert {record.at for record in ledger.stream(f"ticket:{ticket}")} == {NOW}
    assert kept_ticket(ledger, ticket) == read_ticket(ledger, ticket)
    behind = make_ledger(now=lambda: later(NOW, -MOMENT))
    say(behind, ticket)
    clock[0] = later(NOW, MOMENT)
    say(ledger, ticket)
    times = [record.at for record in ledger.stream(f"ticket:{ticket}")]
    assert times[-2:] == [NOW, later(NOW, MOMENT)]
    assert times == sorted(times)
    assert kept_ticket(ledger, ticket) == read_ticket(ledger, ticket)


@pytest.mark.parametrize("text", ["x" * 70_000, "one\0two"])
def test_what_no_record_may_hold_is_refused_and_writes_nothing(
    ledger: TicketLedger, lanes: int, text: str
) -> None:
    """A record of more than 65,535 bytes, or with U+0000, is an answer and not an accident."""
    order = fresh()
    command = PlaceOrder(
        order=order, buyer=text, merchant="m", lines=(line(),), placed_at=NOW
    )  # fmt: skip
    before = [ledger.position(lane) for lane in range(lanes)]
    neighbours = [fresh() for _ in range(8)]
    futures = [
        ledger.submit(
            asked(
                PlaceOrder(order=one, buyer="b", merchant="m", lines=(line(),), placed_at=NOW),
                ORDERS,
            )
        )
        for one in neighbours
    ]
    with pytest.raises(errors.Unreasonable):
        ledger.handle(asked(command, ORDERS))
    assert all(future.result().version == 1 for future in futures)
    with pytest.raises(errors.UnknownOrder):
        ledger.order(order)
    assert sum(ledger.position(lane) for lane in range(lanes)) == sum(before) + len(neighbours)


def test_a_row_no_record_may_hold_is_rejected_and_its_neighbours_are_kept(
    ledger: TicketLedger, lanes: int
) -> None:
    """One bad row in a million does not stop an import."""
    lane = 0
    cases = [one for n in range(64) if lane_of(f"log\x1f{(one := fresh(str(n)))}", lanes) == lane]
    sent = [
        imported(cases[0], 1001, lanes),
        imported(cases[1], 1002, lanes, fields=(("note", "x" * 70_000),)),
        imported(cases[2], 1003, lanes, fields=(("note", "a\0b"),)),
        imported(cases[3], 1004, lanes),
    ]
    answers = ledger.import_rows(lane, sent)
    assert [isinstance(one, errors.Refusal) for one in answers] == [False, True, True, False]
