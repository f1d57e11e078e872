"""TR-01: personal data is encrypted at rest, seen by role and need, and each look is on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from domain.values import Instant, later
from tests.acceptance.platform import (
    AGENT,
    AUDITOR,
    BUYER,
    MERCHANT,
    OTHER_MERCHANT,
    PAYMENT,
    STRANGER,
    SUPERVISOR,
    Platform,
)
from tests.conftest import Database

SECRET = "I live at 12 Peace Road, call 138 0013 8000."
FILE = b"Passport of Zhang San, E12345678"
QUARTER, MICROSECOND = timedelta(minutes=15), timedelta(microseconds=1)


@contextmanager
def superuser(database: Database) -> Iterator[Connection]:
    """Give a connection that may read every table."""
    connection = psycopg2.connect(database.superuser_dsn)
    try:
        yield connection
    finally:
        connection.close()


def stored(database: Database) -> str:
    """Return every column of every table of a database, as text."""
    found = []
    with superuser(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"select t::text from {table} t")
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def files(directory: Path) -> bytes:
    """Return every byte that lies beside the database."""
    return b"\n".join(one.read_bytes() for one in directory.rglob("*") if one.is_file())


def personal_item(platform: Platform, ticket: str) -> str:
    """Have the buyer bring an item that tells something of a person."""
    path = f"/v1/tickets/{ticket}/contents?personal=true"
    kept = platform.client.upload("buyer", "b-1", path, FILE, "text/plain")
    assert kept.status == 201, kept
    body = {"kind": "statement", "obtained": "written_by_party", "attachment": kept.body}
    platform.do(BUYER, ticket, "evidence", body)
    return str(platform.ticket(BUYER, ticket)["evidence"][-1]["item"])


def test_tr_01_personal_data_is_encrypted_at_rest(platform: Platform, database: Database) -> None:
    """Neither a text nor a file of a person lies readable in any table or file; and it is there."""
    ticket = platform.with_platform(statement=SECRET)
    item = personal_item(platform, ticket)
    platform.settle()
    at_rest, beside = stored(database), files(platform.parts.settings.data_dir)
    assert ticket in at_rest, "the search finds what is there"
    for word in ("Peace Road", "138 0013 8000", "Zhang San", "E12345678"):
        assert word not in at_rest
        assert word.encode() not in beside
        assert word.encode().hex() not in at_rest
    texts = platform.read(SUPERVISOR, f"/v1/tickets/{ticket}/case-file")["texts"]
    assert SECRET in [one["text"] for one in texts]
    assert item in {one["item"] for one in platform.ticket(BUYER, ticket)["evidence"]}


def test_tr_01_access_is_by_role_and_need(platform: Platform) -> None:
    """Party and staff read the words; strangers know of no ticket; auditors see commitments."""
    ticket = platform.with_platform(statement=SECRET)
    item = personal_item(platform, ticket)
    for who in (BUYER, SUPERVISOR, AGENT):
        assert SECRET in str(platform.read(who, f"/v1/tickets/{ticket}/messages")), who
    for who in (STRANGER, OTHER_MERCHANT):
        for path in ("", "/messages", "/progress-board", f"/evidence/{item}/custody"):
            platform.unknown_to(who, f"/v1/tickets/{ticket}{path}")
    for who in (PAYMENT, "orders:oms", "carrier:sf"):
        assert not answered(platform, who, f"/v1/tickets/{ticket}/messages")
        assert not answered(platform, who, f"/v1/tickets/{ticket}/case-file")
    events = str(platform.read(AUDITOR, f"/v1/tickets/{ticket}/events?limit=200"))
    assert "Peace Road" not in events
    # What is not sealed is the buyer's alone: the other side knows of no item and no content.
    assert item not in {one["item"] for one in platform.ticket(MERCHANT, ticket)["evidence"]}


@pytest.mark.parametrize("what", ["case-file", "messages"])
def test_tr_01_one_look_in_fifteen_minutes(platform: Platform, what: str) -> None:
    """A second look a microsecond before is part of the first; at 15 minutes it is another."""
    ticket = platform.accepted(statement=SECRET)
    platform.settle()
    path = f"/v1/tickets/{ticket}/{what}"
    first = platform.now.at
    for within, looks in ((timedelta(0), 1), (QUARTER - MICROSECOND, 1), (QUARTER, 2)):
        platform.now.move(later(first, within))
        platform.read(SUPERVISOR, path)
        assert len(looked(platform, ticket, "sup-1")) == looks, within
    platform.read("supervisor:sup-2", path)
    assert len(looked(platform, ticket, "sup-2")) == 1, "another person's look is another"
    assert len(looked(platform, ticket, "sup-1")) == 2


def test_tr_01_each_look_at_evidence_stands_in_its_chain_of_custody(platform: Platform) -> None:
    """Who saw the item, and when, is told to whom the item is told."""
    ticket = platform.with_platform()
    item = platform.bring(BUYER, ticket, b'{"seen": "on the first day"}')
    platform.do(BUYER, ticket, "evidence/seal")
    href = next(
        one["href"] for one in platform.ticket(MERCHANT, ticket)["evidence"] if one["item"] == item
    )
    role, _, subject = MERCHANT.partition(":")
    for _ in range(2):
        platform.client.get(role, subject, href)
    chain = platform.read(AUDITOR, f"/v1/tickets/{ticket}/evidence/{item}/custody")["steps"]
    looks = [one for one in chain if one["actor"] == "m-1"]
    assert len(looks) == 1
    assert looks[0]["at"] == platform.now.at


def looked(platform: Platform, ticket: str, who: str) -> list[Instant]:
    """Return when a person's looks at a ticket are on record."""
    records = platform.parts.ledger.stream(f"access:{ticket}")
    return [record.at for record in records if record.actor.ref == who]


def answered(platform: Platform, who: str, path: str) -> bool:
    """Return whether somebody is answered at all."""
    role, _, subject = who.partition(":")
    return platform.client.get(role, subject, path).ok
