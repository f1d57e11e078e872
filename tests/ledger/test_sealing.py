"""Personal values: committed to in the record, sealed beside it, and gone when they are erased."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.application import TicketLedger
from domain.ledger.sealing import (
    KeyEncryptionKey,
    Unopenable,
    commitment,
    disclosed_value,
    disclosure,
    place,
    seal,
    unseal,
)
from domain.values import Commitment
from projections.runner import Views
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import accept, open_ticket, query, say
from tests.scenario import AGENT, BUYER

LANES = (1, 4)
SECRET = "My number is 13800138000, 李华, 😀"
KEY = bytes(range(32))
PLACE = ("ledger.test/lane-0", "ticket:T0-1", 3, "/data/text", "d" * 43)


# --- the forms, by themselves -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("disclosed", "digest", "value"),
    [
        (
            b"WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
            "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY",
            "Möbius",
        ),
        (
            b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
            "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
            "Möbius",
        ),
    ],
)
def test_the_examples_of_rfc_9901_open(disclosed: bytes, digest: str, value: str) -> None:
    """A commitment is a published format, so programs that are not ours can check it."""
    assert commitment(disclosed) == digest
    assert disclosed_value(disclosed, digest) == value


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_disclosure_is_salt_name_and_value(value: str) -> None:
    """In the form of RFC 9901: unpadded base64url of a JSON array with a salt of 128 bits."""
    disclosed = disclosure("statement", value)
    assert b"=" not in disclosed
    salt, name, told = json.loads(base64.urlsafe_b64decode(disclosed + b"=="))
    assert (name, told) == ("statement", value)
    assert len(base64.urlsafe_b64decode(salt + "==")) == 16
    digest = hashlib.sha256(disclosed).digest()
    assert commitment(disclosed) == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert len(commitment(disclosed)) == 43
    assert disclosed_value(disclosed, commitment(disclosed)) == value


def test_the_same_value_is_committed_to_differently_each_time() -> None:
    """Otherwise a telephone number could be guessed by trying them all."""
    assert disclosure("text", "yes") != disclosure("text", "yes")


def test_a_value_other_than_the_committed_one_is_not_shown() -> None:
    """The record is the measure, not what happens to be stored beside it."""
    with pytest.raises(Unopenable):
        disclosed_value(disclosure("text", "no"), commitment(disclosure("text", "yes")))


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("ledger.test/lane-1", *PLACE[1:]),
        (PLACE[0], "ticket:T0-2", *PLACE[2:]),
        (*PLACE[:2], 4, *PLACE[3:]),
        (*PLACE[:3], "/data/statement", PLACE[4]),
        (*PLACE[:4], "e" * 43),
        ("ledger.test/lane-0\x1fticket:T0-1", "3", 3, *PLACE[3:]),
    ],
)
def test_a_sealed_value_opens_only_in_its_place(elsewhere: tuple[str, str, int, str, str]) -> None:
    """Whoever may write to the table can not show one person's words as another's."""
    sealed = seal(KEY, b"disclosed", place=place(*PLACE))
    assert unseal(KEY, sealed, place=place(*PLACE)) == b"disclosed"
    with pytest.raises(Unopenable):
        unseal(KEY, sealed, place=place(*elsewhere))


def test_a_sealed_value_opens_only_with_its_key_and_unchanged() -> None:
    """One flipped bit, a cut and another key are all the same: nothing is shown."""
    sealed = seal(KEY, b"disclosed", place=place(*PLACE))
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key, stored in [(KEY[::-1], sealed), (KEY, flipped), (KEY, sealed[:5]), (KEY, b"")]:
        with pytest.raises(Unopenable):
            unseal(key, stored, place=place(*PLACE))
    assert sealed != seal(KEY, b"disclosed", place=place(*PLACE))


def test_a_subjects_key_is_wrapped_and_opens_under_ours_alone() -> None:
    """AES-256-KW of a fresh key of 256 bits; a backup of the table alone opens nothing."""
    own = KeyEncryptionKey(KEY)
    key, wrapped = own.new_key()
    assert (len(key), len(wrapped)) == (32, 40)
    assert aes_key_unwrap(KEY, wrapped) == key == own.unwrap(wrapped)
    with pytest.raises(Unopenable):
        KeyEncryptionKey(KEY[::-1]).unwrap(wrapped)
    with pytest.raises(ValueError, match="32 bytes"):
        KeyEncryptionKey(KEY[:16])


# --- in the ledger ----------------------------------------------------------------------------


def clear_texts(ledger: TicketLedger, ticket: str) -> list[str | None]:
    """Return what can still be read of a ticket's personal values, in order."""
    opened = ledger.open_values(ledger.stream(f"ticket:{ticket}"))
    return [opened[place] for place in sorted(opened, key=lambda place: place[1])]


def erase(database: Database, table: str, ticket: str, subject: str) -> None:
    """Lose a table's rows of one subject on one ticket, as a restore may."""
    statement = f"delete from personal.{table} where stream = %s and subject = %s returning 1"
    assert query(database.superuser_dsn, statement, f"ticket:{ticket}", subject)


def test_the_record_commits_to_a_value_that_can_be_opened(
    ledger: TicketLedger, database: Database
) -> None:
    """The path of the field in the record is the pointer of the sealed value."""
    ticket = open_ticket(ledger, statement=SECRET)
    say(ledger, ticket, "and again")
    assert clear_texts(ledger, ticket) == [SECRET, "and again"]
    (first, *_) = ledger.stream(f"ticket:{ticket}")
    sd = json.loads(bytes(first.envelope.data))["statement"]["sd"]
    assert first.event.statement == Commitment(sd)
    stored = query(
        database.superuser_dsn,
        "select version, pointer, subject from personal.disclosure where stream = %s order by 1",
        f"ticket:{ticket}",
    )
    assert stored[0] == (1, "/data/statement", f"buyer:{BUYER.ref}")
    assert [pointer for _, pointer, _ in stored[1:]] == ["/data/text"]


def test_a_stream_has_one_key_for_each_of_its_subjects(
    ledger: TicketLedger, database: Database, make_ledger: MakeLedger
) -> None:
    """Erasing one person on one ticket is deleting one key, whoever wrote the values."""
    ticket = open_ticket(ledger, statement=SECRET)
    for text in ("one", "two"):
        say(ledger, ticket, text)
        say(make_ledger(), ticket, text)
    say(ledger, ticket, "from the desk", by=AGENT)
    keys = query(
        database.superuser_dsn,
        "select subject from personal.subject_key where stream = %s order by subject",
        f"ticket:{ticket}",
    )
    assert keys == [(f"agent:{AGENT.ref}",), (f"buyer:{BUYER.ref}",)]
    assert clear_texts(ledger, ticket) == [SECRET, "one", "one", "two", "two", "from the desk"]


def test_no_table_holds_a_personal_value_in_clear(ledger: TicketLedger, database: Database) -> None:
    """Views, indexes and the record alike: what is nowhere in clear need be erased nowhere."""
    ticket = open_ticket(ledger, statement=SECRET)
    say(ledger, ticket, SECRET)
    views = Views(database.app_dsn, ledger, lanes=ledger.lanes)
    try:
        views.prepare()
        assert views.catch_up(timeout=60)
    finally:
        views.close()
    columns = query(
        database.superuser_dsn,
        "select table_schema, table_name, column_name from information_schema.columns"
        " join information_schema.tables using (table_schema, table_name)"
        " where table_type = 'BASE TABLE'"
        " and table_schema not in ('pg_catalog', 'information_schema')",
    )
    assert {schema for schema, _, _ in columns} >= {"ledger", "personal", "view"}
    spellings = (SECRET, "13800138000", "李华", "😀", ascii("李华")[1:-1])
    needles = [one.encode() for one in spellings]
    needles += [base64.b64encode(needle)[1:-4] for needle in needles if len(needle) > 5]
    searched = 0
    for schema, table, column in columns:
        for (value,) in query(
            database.superuser_dsn, f'select "{column}" from "{schema}"."{table}"'
        ):
            searched += 1
            content = bytes(value) if isinstance(value, memoryview) else str(value).encode()
            assert not any(needle in content for needle in needles), (schema, table, column)
    assert searched > 100


def test_the_write_ahead_log_holds_no_personal_value_in_clear(
    ledger: TicketLedger, database: Database
) -> None:
    """The log is copied to replicas and archives, where nobody could erase anything."""
    (directory,) = query(database.superuser_dsn, "show data_directory")[0]
    if not (Path(directory) / "pg_wal").is_dir():
        pytest.skip("the server's files are not on this machine")
    mark = "ZxWitnessZx13900139000"
    # A slot keeps the log from here on; the server recycles what is older whenever it likes.
    with closing(psycopg2.connect(database.superuser_dsn)) as keeping, keeping.cursor() as cursor:
        cursor.execute(
            "select pg_create_physical_replication_slot('t' || pg_backend_pid(), true, true)"
        )
        ticket = open_ticket(ledger, statement=mark)
        say(ledger, ticket, mark)
        query(database.superuser_dsn, "select pg_switch_wal()")
        logs = list(_contents(Path(directory) / "pg_wal"))
    assert any(ticket.encode() in log for log in logs), "this test's own records were looked at"
    assert not any(mark.encode() in log for log in logs)


def _contents(directory: Path) -> Iterator[bytes]:
    """Yield what the files of a directory hold, but those that are gone when they are read."""
    for path in directory.iterdir():
        with suppress(FileNotFoundError, IsADirectoryError):
            yield path.read_bytes()


@pytest.mark.parametrize("table", ["subject_key", "disclosure"])
def test_an_erased_value_is_gone_and_everything_else_goes_on(
    ledger: TicketLedger, database: Database, make_ledger: MakeLedger, table: str
) -> None:
    """Every hash still holds, the other subjects' values open, and the ticket lives on."""
    ticket = open_ticket(ledger, statement=SECRET)
    say(ledger, ticket, "from the desk", by=AGENT)
    before = ledger.stream(f"ticket:{ticket}")
    erase(database, table, ticket, f"buyer:{BUYER.ref}")
    for reader in (ledger, make_ledger()):
        assert clear_texts(reader, ticket) == [None, "from the desk"]
        assert reader.stream(f"ticket:{ticket}") == before
    accept(ledger, ticket)
    say(make_ledger(), ticket, "I write again")
    assert clear_texts(ledger, ticket) == [None, "from the desk", "I write again"]


def test_a_value_moved_to_another_place_does_not_open(
    ledger: TicketLedger, database: Database
) -> None:
    """Swapped rows are found even by who holds every key."""
    ticket = open_ticket(ledger, statement="mine")
    say(ledger, ticket, "first")
    say(ledger, ticket, "second")
    *_, first, second = ledger.stream(f"ticket:{ticket}")
    query(
        database.superuser_dsn,
        "update personal.disclosure d set sealed = o.sealed from personal.disclosure o"
        " where d.stream = %s and d.version = %s and o.stream = d.stream and o.version = %s",
        f"ticket:{ticket}",
        first.version,
        second.version,
    )
    assert list(ledger.open_values([second]).values()) == ["second"]
    assert list(ledger.open_values([first]).values()) == [None]


def test_no_representation_shows_a_personal_value(ledger: TicketLedger) -> None:
    """It may reach a log."""
    ticket = open_ticket(ledger, statement=SECRET)
    assert SECRET not in repr(ledger.stream(f"ticket:{ticket}"))
    assert SECRET not in repr(ledger.case(ticket))
