"""A record forged in the database is told as damaged to those it concerns, never as our failure.

To strangers it is as unknown as a whole one. The forger is the database's owner: no trigger, no
constraint and no key keeps him from the rows.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg2
import pytest

from api.app import openapi_document
from api.demo.client import Answer
from domain.proof.canonical import canonical
from replay.explain import What
from tests.acceptance.platform import (
    AGENT,
    ARBITRATOR,
    AUDITOR,
    BUYER,
    MERCHANT,
    OTHER_MERCHANT,
    RULING,
    STRANGER,
    Platform,
    platform_over,
)
from tests.acceptance.staff import adopt
from tests.conftest import Database

DOCUMENT: Final = openapi_document()
FORGED: Final = "record_damaged"
ORDERS: Final = "orders:oms"
PLACE: Final = {"stream", "version", "finding"}


def reads() -> Iterator[str]:
    """Yield the path of every read that is about one ticket or one order, with its choices."""
    for path, methods in DOCUMENT["paths"].items():
        if "get" not in methods or not ("{ticket}" in path or "{order}" in path):
            continue
        if path.endswith("/explain"):
            yield from (f"{path}?what={one}" for one in What)
        else:
            yield path
        names = {one["name"] for one in methods["get"].get("parameters", ())}
        if "at_version" in names:
            mark = "&what=due" if path.endswith("/explain") else ""
            yield f"{path}?at_time={{now}}{mark}"
            if not mark:
                yield f"{path}?at_occurred={{now}}"


class House:
    """One ticket that much has happened on, and who breaks in."""

    def __init__(self, platform: Platform, database: Database) -> None:
        """Let a matter be judged, enforced and closed; its last record is nothing to speak of."""
        self.platform = platform
        self.database = database
        self.ticket = platform.with_platform()
        self.item = platform.bring(AGENT, self.ticket, b'"The screen is cracked."')
        platform.judged_by(ARBITRATOR, self.ticket)
        platform.do(ARBITRATOR, self.ticket, "rulings", {**RULING, "relied_on": [self.item]})
        platform.settle()
        for _ in range(2):
            platform.do(AGENT, self.ticket, "notes", {"text": "Nothing new."})
        self.order = str(platform.ticket(AUDITOR, self.ticket)["order"])
        shown = platform.ticket(AUDITOR, self.ticket)["evidence"]
        (self.sha256,) = (one["attachment"]["sha256"] for one in shown if one["item"] == self.item)
        platform.settle()

    def rows(self, stream: str | None = None) -> list[tuple[int, dict[str, Any]]]:
        """Return position and record of all that lies on a stream, the ticket's own unless told."""
        found = self._query(
            "select position, state from ledger.event where stream = %s order by position",
            stream or f"ticket:{self.ticket}",
        )
        return [(position, json.loads(bytes(state))) for position, state in found]

    def write(self, position: int, content: bytes) -> None:
        """Put other bytes in the place of a record."""
        self._break_in("update ledger.event set state = %s where position = %s", content, position)

    @contextmanager
    def without(self, position: int) -> Iterator[None]:
        """Have a record elsewhere for a while."""
        move = "update ledger.event set stream = %s where position = %s"
        ((stream,),) = self._query("select stream from ledger.event where position = %s", position)
        self._break_in(move, "ticket:T0-261122-GONE", position)
        try:
            yield
        finally:
            self._break_in(move, stream, position)

    def ask(self, *everybody: str) -> dict[str, tuple[int, str]]:
        """Return what every read answers: a status, and the code of a problem."""
        return {
            path: (int(one.status), "" if one.ok else str(one.body["code"]))
            for path, one in self.answers(*everybody or (AUDITOR, BUYER)).items()
        }

    def answers(self, *everybody: str) -> dict[str, Answer]:
        """Return what every read answers to each of somebody."""
        told = {}
        for path in reads():
            filled = path.format(
                ticket=self.ticket,
                order=self.order,
                item=self.item,
                sha256=self.sha256,
                version=5,
                now=self.platform.now.at,
            )
            for who in everybody:
                role, _, subject = who.partition(":")
                told[f"{who} {filled}"] = self.platform.client.get(role, subject, filled)
        return told

    def _query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.database.superuser_dsn)
        try:
            with connection, connection.cursor() as db:
                db.execute(statement, values)
                return db.fetchall()
        finally:
            connection.close()

    def _break_in(self, statement: str, *values: object) -> None:
        connection = psycopg2.connect(self.database.superuser_dsn)
        try:
            with connection, connection.cursor() as db:
                db.execute("set session_replication_role = replica")
                db.execute(statement, values)
                assert db.rowcount == 1
        finally:
            connection.close()


@pytest.fixture(scope="module")
def house(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A platform with one ticket that much has happened on."""
    database = make_database(1)
    with platform_over(database, tmp_path_factory.mktemp("forged")) as platform:
        adopt(platform)
        house = House(platform, database)
        assert damaged(house.ask()) == {}
        yield house


def damaged(told: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """Return the answers that say that the record is damaged; insist that nothing else failed."""
    failed = {path: one for path, one in told.items() if one[0] >= 500}
    assert set(failed.values()) <= {(500, FORGED)}
    return failed


def again(record: dict[str, Any], last: dict[str, Any]) -> bytes:
    """Return a fact once more, in the place of the last record and with its chain whole."""
    kept = {name: last[name] for name in ("version", "prev", "id", "at", "cause")}
    return canonical({**record, **kept})


def test_every_fact_once_more_at_the_end_fails_no_read(house: House) -> None:
    """The chain is whole and the fact is one of ours; it can not have come after all the rest."""
    *before, (position, last) = house.rows()
    broken, kinds = 0, {record["topic"]: record for _, record in before}
    assert len(kinds) > 15
    for record in kinds.values():
        house.write(position, again(record, last))
        told = damaged(house.ask())
        broken += bool(told)
        if record["version"] == 1:
            assert len(told) > 10, "nobody opens a ticket twice"
    house.write(position, canonical(last))
    assert broken > 0
    assert damaged(house.ask()) == {}


NO_RECORDS: Final[dict[str, Callable[[dict[str, Any]], bytes]]] = {
    "no JSON": lambda _: b"\xff\x00{",
    "an empty object": lambda _: b"{}",
    "a list": lambda _: b"[]",
    "an unknown topic": lambda one: canonical({**one, "topic": "ticket.forged.v1"}),
    "other data": lambda one: canonical({**one, "data": {"forged": True}}),
    "no actor": lambda one: canonical({**one, "actor": {}}),
    "another version": lambda one: canonical({**one, "version": 9_999}),
    "a version that is none": lambda one: canonical({**one, "version": -1}),
}
READABLE: Final[dict[str, Callable[[dict[str, Any]], bytes]]] = {
    "another stream": lambda one: canonical({**one, "stream": "ticket:T0-261122-AAAAAAA"}),
    "another actor": lambda one: canonical({**one, "actor": {"kind": "bot", "ref": "b"}}),
    "an instant that is none": lambda one: canonical({**one, "at": "yesterday"}),
}


PLACES: Final = {"at the beginning": 0, "in the middle": 20, "at the end": -1}


@pytest.mark.parametrize("what", NO_RECORDS)
@pytest.mark.parametrize("where", PLACES)
def test_bytes_that_are_no_record_are_told_with_their_place(
    house: House, what: str, where: str
) -> None:
    """What, why and what to do next, to staff and parties alike; and nothing of what was forged."""
    position, record = house.rows()[PLACES[where]]
    house.write(position, NO_RECORDS[what](record))
    try:
        told = damaged(house.ask())
        answer = house.platform.client.get(
            "auditor", "aud-1", f"/v1/tickets/{house.ticket}/explain?what=due"
        )
    finally:
        house.write(position, canonical(record))
    assert any("/explain" in path for path in told)
    assert any("/events" in path for path in told)
    assert answer.body["code"] == FORGED
    assert "ticketledger verify" in answer.body["detail"]
    assert answer.body["stream"] == f"ticket:{house.ticket}"
    assert answer.body["version"] in {record["version"], -1}
    assert "forged" not in json.dumps(answer.body)


@pytest.mark.parametrize("what", READABLE)
@pytest.mark.parametrize("where", PLACES)
def test_a_record_that_still_reads_as_one_fails_no_read(
    house: House, what: str, where: str
) -> None:
    """Whatever is told of it, the program does not fail; the case file says what is wrong."""
    position, record = house.rows()[PLACES[where]]
    house.write(position, READABLE[what](record))
    try:
        damaged(house.ask())
        file = house.platform.client.get(
            "auditor", "aud-1", f"/v1/tickets/{house.ticket}/case-file"
        )
    finally:
        house.write(position, canonical(record))
    # The last record is followed by none, so only a checkpoint or a copy tells of its forgery.
    shows = (where, what) != ("at the end", "another actor")
    assert not shows or file.body.get("code") == FORGED or file.body["verified"] is not True


def test_a_record_that_is_gone_is_told(house: House) -> None:
    """A gap is seen by the record behind it."""
    rows = house.rows()
    position, _ = rows[len(rows) // 2]
    with house.without(position):
        told = damaged(house.ask())
    assert any("/explain" in path for path in told)
    assert damaged(house.ask()) == {}


def test_a_forged_order_is_told_by_the_reads_of_its_tickets(house: House) -> None:
    """What is explained of a ticket rests on its order too."""
    position, record = house.rows(f"order:{house.order}")[-1]
    house.write(position, canonical({**record, "data": {"forged": True}}))
    try:
        told = damaged(house.ask())
    finally:
        house.write(position, canonical(record))
    assert any("/explain" in path for path in told)
    assert any("/v1/orders/" in path for path in told)


def forged(house: House, where: str) -> tuple[int, bytes, bytes]:
    """Return a position, what is forged there, and what was there before."""
    if where == "in the order":
        position, record = house.rows(f"order:{house.order}")[-1]
        return position, canonical({**record, "data": {"forged": True}}), canonical(record)
    rows = house.rows()
    if where == "at the end of a whole chain":
        position, record = rows[-1]
        return position, again(rows[0][1], record), canonical(record)
    position, record = rows[PLACES[where]]
    return position, b"{}", canonical(record)


EVERYWHERE: Final = (*PLACES, "at the end of a whole chain", "in the order")


@pytest.mark.parametrize("where", EVERYWHERE)
def test_strangers_are_answered_as_if_the_record_were_whole(house: House, where: str) -> None:
    """A damage is no way to learn which tickets and orders there are."""
    position, content, before = forged(house, where)
    whole = house.ask(STRANGER, OTHER_MERCHANT)
    assert {status for status, _ in whole.values()} <= {403, 404, 422}
    house.write(position, content)
    try:
        told = house.ask(STRANGER, OTHER_MERCHANT)
        assert damaged(house.ask(BUYER)), "those it concerns are told"
    finally:
        house.write(position, before)
    assert told == whole


@pytest.mark.parametrize("where", EVERYWHERE)
def test_only_staff_are_told_where_the_damage_is(house: House, where: str) -> None:
    """The two sides and the order system learn that there is one; streams are the house's own."""
    position, content, before = forged(house, where)
    house.write(position, content)
    try:
        answers = house.answers(BUYER, MERCHANT, AUDITOR, ORDERS)
    finally:
        house.write(position, before)
    problems = {path: one.body for path, one in answers.items() if not one.ok}
    told = {path: body for path, body in problems.items() if body["code"] == FORGED}
    for path, body in told.items():
        assert set(body) & PLACE == (PLACE if path.startswith(AUDITOR) else set()), path
    assert {path.partition(" ")[0] for path in told} >= {BUYER, MERCHANT, AUDITOR}
    in_order = where == "in the order"
    assert (f"{ORDERS} /v1/orders/{house.order}" in told) is in_order


def test_a_damage_that_is_found_is_an_alarm_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever watches the log learns of it with its place, and of nothing that was forged."""
    position, record = house.rows()[3]
    house.write(position, canonical({**record, "data": {"forged": True}}))
    try:
        with caplog.at_level(logging.DEBUG):
            damaged(house.ask(STRANGER))
    finally:
        house.write(position, canonical(record))
    alarms = [one.getMessage() for one in caplog.records if one.levelno == logging.CRITICAL]
    place = f"damaged at ticket:{house.ticket}, version {record['version']}: unreadable"
    assert alarms
    assert all(place in one for one in alarms)
    assert "forged" not in caplog.text
