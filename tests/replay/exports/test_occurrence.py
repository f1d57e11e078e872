"""Exports stand in the order of what happened, whenever it was told and in whatever order."""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.commands import (
    EndLiveSession,
    PlaceOrder,
    ReportFact,
    SettlePayment,
    ShipOrder,
    SignOrder,
)
from domain.ledger.application import TicketLedger
from domain.milestones import Milestone
from domain.record import Record
from domain.values import Actor, ActorKind, Instant, later
from replay.as_of.occurred import by_occurrence
from replay.as_of.views import queue_row
from replay.exports.checking import check
from replay.exports.ocel_json import export_json
from replay.exports.ocel_sqlite import export_sqlite
from replay.exports.reading import Span
from replay.exports.xes import export_xes
from tests.conftest import Database
from tests.imports.conftest import Desk, all_records, row
from tests.ledger.matters import PRICE, asked, line, open_ticket, opened_ledger, say
from tests.replay.exports.conftest import Interrupting, unwatched
from tests.replay.exports.test_xes import traces
from tests.replay.scenes import BEGIN, Clock
from tests.scenario import AGENT, BUYER, MERCHANT, ORDERS

SHOWN = {
    "state": "source_state",
    "stage": "stage",
    "awaiting": "awaiting",
    "routed": "source_queue",
    "agent": "assignee",
    "priority": "priority",
}
"""Attribute of a ticket → where the queue tells the same."""
CARRIER = Actor(ActorKind.CARRIER, "sf")


def whole(ledger: TicketLedger) -> Span:
    """Return all of a ledger."""
    ends = {lane: ledger.position(lane) for lane in range(ledger.lanes)}
    return Span(dict.fromkeys(ends, 0), ends)


def log_of(ledger: TicketLedger, path: Path) -> dict[str, Any]:
    """Return the log of a ledger as plain data, after its own checks."""
    export_json(ledger.record, whole(ledger), path, unwatched)
    assert check(path).findings == []
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def known(thing: dict[str, Any], name: str, at: str) -> str | None:
    """Return what a reader takes an attribute to be at an instant."""
    told = [one for one in thing["attributes"] if one["name"] == name and one["time"] <= at]
    return max(told, key=lambda one: one["time"])["value"] or None if told else None


# --- history that came backward ---------------------------------------------------------------


def rows_of(seed: int) -> list[str]:
    """Return the rows of a few cases, whose times are in no order and often the same."""
    chance = random.Random(seed)
    return [
        row(
            f"c{case}",
            seq,
            f"2026-01-{chance.randint(5, 9):02}T10:00:00Z",
            state=chance.choice(("new", "waiting", "waiting", "solved", "closed")),
            worker=chance.choice(("w1", "w2")),
            desk=chance.choice(("front", "back")),
        )
        for case in range(9)
        for seq in range(1, 8)
    ]


@pytest.fixture(params=[1, 2, 4])
def backward(request: pytest.FixtureRequest, desk: Desk) -> dict[str, list[Record]]:
    """Cases of which some rows came first and the others later; by ticket."""
    rows = rows_of(request.param)
    some = [one for number, one in enumerate(rows) if (number * 7 + request.param) % 3 == 0]
    assert desk.bring(*some).accepted == len(some)
    assert desk.bring(*rows).accepted == len(rows) - len(some)
    found: dict[str, list[Record]] = {}
    for record in desk.records():
        found.setdefault(record.subject, []).append(record)
    assert any(
        a.occurred_at > b.occurred_at for records in found.values() for a, b in pairwise(records)
    )
    return found


def test_objects_are_at_every_instant_what_had_occurred_by_then(
    desk: Desk, backward: dict[str, list[Record]], tmp_path: Path
) -> None:
    """A row that came late takes its place between the others, and no longer than until the next.

    The queue as of what had occurred is folded anew for every instant, and keeps nothing.
    """
    log = log_of(desk.ledger, tmp_path / "log.json")
    things = {one["id"]: one for one in log["objects"]}
    compared = 0
    for ticket, records in backward.items():
        for at in sorted({record.occurred_at for record in records}):
            stood = queue_row(by_occurrence(records, at))
            for attribute, column in SHOWN.items():
                wanted = getattr(stood, column)
                told = known(things[f"ticket:{ticket}"], attribute, at)
                assert told == (None if wanted is None else str(wanted)), (ticket, at, attribute)
                compared += 1
    assert compared > 150


def test_history_that_came_backward_is_told_by_changes_alone(
    desk: Desk, backward: dict[str, list[Record]], tmp_path: Path
) -> None:
    """Each attribute once an instant, never the same again, and the first row is the earliest."""
    log = log_of(desk.ledger, tmp_path / "log.json")
    for one in log["objects"]:
        told: dict[str, list[tuple[str, str]]] = {}
        for each in one["attributes"]:
            told.setdefault(each["name"], []).append((each["time"], each["value"]))
        for values in told.values():
            values.sort()
            assert all(a[0] < b[0] and a[1] != b[1] for a, b in pairwise(values)), one["id"]
    path = tmp_path / "log.sqlite"
    export_sqlite(desk.ledger.record, whole(desk.ledger), path, unwatched)
    with closing(sqlite3.connect(path)) as db:
        late = db.execute(
            "select f.ocel_id from object_ticket f join object_ticket c using (ocel_id)"
            " where f.ocel_changed_field is null and c.ocel_time < f.ocel_time"
        ).fetchall()
        assert late == []
        assert db.execute("select count(*) from ticketledger_untidy").fetchone() == (0,)
        count = db.execute(
            "select count(*) from object_ticket where ocel_changed_field is null"
        ).fetchone()
    tickets = [one for one in log["objects"] if one["type"] == "ticket"]
    assert count == (len(tickets),)
    assert len(backward) == 9


def test_an_interrupted_export_of_such_history_goes_on_to_the_same(
    desk: Desk,
    backward: dict[str, list[Record]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is to be put in order is kept with the page that told it."""
    assert backward
    monkeypatch.setattr("replay.exports.reading.pages.__defaults__", (17,))
    at_once = log_of(desk.ledger, tmp_path / "whole.json")
    with pytest.raises(KeyboardInterrupt):
        export_json(desk.ledger.record, whole(desk.ledger), tmp_path / "half.json", Interrupting(5))
    assert log_of(desk.ledger, tmp_path / "half.json") == at_once


# --- facts that say when they happened --------------------------------------------------------


@pytest.fixture
def told_late(
    make_database: Callable[[int], Database], tmp_path: Path
) -> Iterator[tuple[TicketLedger, str, str]]:
    """A ledger, an order whose parcels were told of late and backward, and a ticket on it."""
    clock = Clock()

    def ago(hours: int) -> Instant:
        return later(BEGIN, timedelta(hours=-hours))

    with opened_ledger(make_database(1).app_dsn, tmp_path / "own", now=clock) as ledger:
        placed = PlaceOrder(
            order="order-late",
            buyer=BUYER.ref,
            merchant=MERCHANT.ref,
            lines=(line(),),
            placed_at=ago(479),
            live_session="live-1",
        )
        ledger.handle(asked(placed, ORDERS))
        for said in (
            EndLiveSession(order="order-late", ended_at=ago(478)),
            SettlePayment(order="order-late", amount=PRICE, reference="pay-1", settled_at=ago(477)),
        ):
            ledger.handle(asked(said, ORDERS))
        for command in (
            ShipOrder(order="order-late", carrier="sf", tracking="p1", shipped_at=ago(400)),
            ShipOrder(order="order-late", carrier="sf", tracking="p2", shipped_at=ago(200)),
            SignOrder(order="order-late", tracking="p1", signed_at=ago(300)),
        ):
            ledger.handle(asked(command, CARRIER))
        clock.pass_by(timedelta(hours=1))
        ticket = open_ticket(ledger, "order-late")
        clock.pass_by(timedelta(hours=3))
        say(ledger, ticket)
        clock.pass_by(timedelta(hours=2))
        heard = ReportFact(
            ticket=ticket,
            fact=Milestone.NEGATIVE_SENTIMENT,
            occurred_at=later(BEGIN, timedelta(hours=2)),
        )
        ledger.handle(asked(heard, AGENT))
        yield ledger, "order-late", ticket


def test_a_fact_stands_where_it_happened_and_not_where_it_was_told(
    told_late: tuple[TicketLedger, str, str], tmp_path: Path
) -> None:
    """Orders, parcels and what was reported of a ticket have times of their own."""
    ledger, order, ticket = told_late
    log = log_of(ledger, tmp_path / "log.json")
    own = {"placed_at", "ended_at", "settled_at", "shipped_at", "signed_at", "occurred_at"}
    seen = set()
    for event in log["events"]:
        told = {each["name"]: each["value"] for each in event["attributes"]}
        named = [name for name in own if name in told]
        assert event["time"] == (told[named[0]] if named else told["ledger_recorded_at"])
        seen.update(named)
    assert seen == own
    things = {one["id"]: one for one in log["objects"]}
    states = {
        hours: known(things[f"order:{order}"], "state", later(BEGIN, timedelta(hours=-hours)))
        for hours in (480, 479, 400, 300, 200, 0)
    }
    assert states == {
        480: None,
        479: "placed",
        400: "shipped",
        300: "signed",
        200: "shipped",
        0: "shipped",
    }
    path = tmp_path / "log.xes"
    export_xes(ledger.record, whole(ledger), path, unwatched)
    assert check(path).findings == []
    (trace,) = traces(path).values()
    times = [one["time:timestamp"] for one in trace]
    assert times == sorted(times)
    (heard,) = [one for one in trace if one["concept:name"] == "ticket.fact_reported.v1"]
    assert heard["time:timestamp"] == heard["occurred_at"] == later(BEGIN, timedelta(hours=2))
    assert heard["ledger_recorded_at"] > later(BEGIN, timedelta(hours=6))
    positions = [int(one["ledger_position"]) for one in trace]
    assert positions != sorted(positions)
    assert {one.subject for one in all_records(ledger)} >= {order, ticket}
