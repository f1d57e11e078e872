"""Forgetting a person: what stands against it, what is destroyed, and what stays whole."""

from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg2.errors import InsufficientPrivilege

from domain import errors
from domain.commands import (
    AddNote,
    ErasePersonalData,
    PlaceLegalHold,
    PlaceOrder,
    RefuseClaim,
    ReleaseLegalHold,
    RequestErasure,
    StageEvidence,
)
from domain.events import (
    EVENTS,
    ErasureRequested,
    PersonalDataErased,
    personal_fields,
)
from domain.ledger.application import TicketLedger
from domain.ledger.committing import Committer
from domain.ledger.connections import AppendUnknown
from domain.ledger.erasure import Eraser
from domain.ledger.sealing import key_name, subject_of
from domain.values import (
    Actor,
    ActorKind,
    ErasureGround,
    EvidenceKind,
    HoldGround,
    Instant,
    Party,
    Pointed,
    Sha256,
    Standing,
    instant,
    later,
    moment_of,
    years_later,
)
from projections.runner import Views
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import (
    accept,
    asked,
    check_lane,
    close,
    fresh,
    line,
    open_ticket,
    opening,
    query,
    say,
)
from tests.ledger.searching import columns, files, spellings, table_files
from tests.scenario import AGENT, MERCHANT, ORDERS, SUPERVISOR

LANES = (1, 4)
ADMIN = Actor(ActorKind.ADMIN, "admin-1")
WITHDRAWN = ErasureGround.CONSENT_WITHDRAWN
FOUR_YEARS = timedelta(days=4 * 366)
BEGIN = Instant("2026-11-22T03:00:00.000000Z")


class Now:
    """The time of a test."""

    def __init__(self) -> None:
        """Begin on the day of the book."""
        self.at = BEGIN

    def __call__(self) -> Instant:
        """Return the time it is."""
        return self.at

    def pass_by(self, within: timedelta) -> None:
        """Move on."""
        self.at = later(self.at, within)


@pytest.fixture
def now() -> Now:
    """A clock that is held."""
    return Now()


@pytest.fixture
def ledger(make_ledger: MakeLedger, now: Now) -> TicketLedger:
    """A ledger under the held clock."""
    return make_ledger(now=now)


@pytest.fixture
def eraser(ledger: TicketLedger, database: Database, now: Now) -> Eraser:
    """Who erases in it."""
    return Eraser(ledger, database.eraser_dsn, now)


@pytest.fixture
def clerk() -> Actor:
    """A person at the desk: of those, too, something is kept."""
    return Actor(ActorKind.AGENT, fresh("a"))


@pytest.fixture
def buyer() -> Actor:
    """A person nobody else's test knows."""
    return Actor(ActorKind.BUYER, fresh("b"))


class House(NamedTuple):
    """What most tests need, together."""

    ledger: TicketLedger
    eraser: Eraser
    database: Database
    now: Now
    buyer: Actor
    clerk: Actor


@pytest.fixture
def house(
    ledger: TicketLedger, eraser: Eraser, database: Database, now: Now, request: Any
) -> House:
    """A ledger with its eraser and two persons."""
    persons = (request.getfixturevalue(name) for name in ("buyer", "clerk"))
    return House(ledger, eraser, database, now, *persons)


def opened_by(ledger: TicketLedger, buyer: Actor, text: str, *, over: bool = True) -> str:
    """Return a ticket of a buyer about no order, closed unless told otherwise."""
    command = opening(None, buyer=buyer.ref, statement=text)
    ticket = ledger.handle(asked(command, buyer)).stream.removeprefix("ticket:")
    if over:
        close(ledger, ticket, by=buyer)
    return ticket


def texts(ledger: TicketLedger, ticket: str) -> list[str | None]:
    """Return what can be read of a ticket's personal values, in order."""
    opened = ledger.open_values(ledger.stream(f"ticket:{ticket}"))
    return [opened[place] for place in sorted(opened, key=lambda place: place[1])]


def kept(database: Database, buyer: Actor) -> tuple[int, int]:
    """Return how many keys and sealed texts of a person are in the database."""
    counted = (
        query(
            database.superuser_dsn,
            f"select count(*) from personal.{table} where split_part(subject, '~', 1) = %s",
            subject(buyer),
        )[0][0]
        for table in ("subject_key", "disclosure")
    )
    return next(counted), next(counted)


def subject(person: Actor) -> str:
    """Return a person as a data subject."""
    return f"{person.kind}:{person.ref}"


def note(ledger: TicketLedger, ticket: str, text: str, by: Actor) -> None:
    """Have a clerk leave a note, which may be done on a closed ticket too."""
    ledger.handle(asked(AddNote(ticket=ticket, text=text), by))


# --- what is erased -------------------------------------------------------------------------


def test_a_person_is_forgotten_on_all_tickets_and_the_chain_stays_whole(
    ledger: TicketLedger, eraser: Eraser, database: Database, now: Now, buyer: Actor
) -> None:
    """TR-02: keys and texts go, every hash stays, and others lose nothing."""
    tickets = [opened_by(ledger, buyer, f"secret {number}") for number in range(3)]
    ledger.handle(asked(AddNote(ticket=tickets[0], text="the desk's own"), AGENT))
    hashes = [record.leaf_hash for one in tickets for record in ledger.stream(f"ticket:{one}")]
    assert kept(database, buyer) == (3, 3)
    now.pass_by(FOUR_YEARS)
    told = eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    assert (told.carried_out, told.destroyed) == (True, True)
    assert {one.ticket for one in told.tickets} == set(tickets)
    assert all((one.texts, one.standing) == (1, None) for one in told.tickets)
    assert kept(database, buyer) == (0, 0)
    assert [texts(ledger, one) for one in tickets] == [[None, "the desk's own"], [None], [None]]
    after = [record.leaf_hash for one in tickets for record in ledger.stream(f"ticket:{one}")]
    assert set(hashes) < set(after)
    for lane in range(ledger.lanes):
        check_lane(ledger, lane)


def test_the_fact_names_person_ground_and_every_place(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """Auditors see that a field existed, its commitment, who erased it and why."""
    ticket = opened_by(ledger, buyer, "secret", over=False)
    say(ledger, ticket, "more", by=buyer)
    close(ledger, ticket, by=buyer)
    now.pass_by(FOUR_YEARS)
    told = eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    records = ledger.stream(f"ticket:{ticket}")
    fact = records[-1].event
    assert records[-1].actor == ADMIN
    assert isinstance(fact, PersonalDataErased)
    assert (fact.subject, fact.ground, fact.erasure) == (subject(buyer), WITHDRAWN, told.erasure)
    named = [(one.version, one.pointer) for one in fact.places]
    assert [pointer for _, pointer in named] == ["/data/statement", "/data/text"]
    for version, pointer in named:
        # The commitment stays: who has the text can still show that it was this one.
        assert getattr(records[version - 1].event, pointer.removeprefix("/data/")).sd
    request = ledger.stream("ledger:privacy", told.erasure - 1, 1)[0]
    assert request.event == ErasureRequested(subject=subject(buyer), ground=WITHDRAWN)
    assert request.actor == ADMIN


def test_only_tickets_hold_what_is_personal() -> None:
    """Erasing goes through tickets; a personal field anywhere else would be left behind."""
    families = {one.FAMILY for one in EVENTS.values() if personal_fields(one)}
    assert families == {"ticket"}


def test_erasing_again_finds_nothing_and_changes_nothing(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """A repetition is harmless, with the same key and without one."""
    ticket = opened_by(ledger, buyer, "secret")
    now.pass_by(FOUR_YEARS)
    first = eraser.erase(subject(buyer), WITHDRAWN, ADMIN, key="k-1" + buyer.ref)
    version = ledger.ticket(ticket).version
    assert eraser.erase(subject(buyer), WITHDRAWN, ADMIN, key="k-1" + buyer.ref) == first
    again = eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    assert (again.erasure > first.erasure, again.tickets) == (True, ())
    assert ledger.ticket(ticket).version == version


def test_many_texts_are_named_in_several_facts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record has an end; a ticket with more texts than one record names is erased whole."""
    ledger, eraser, database, now, buyer, _ = house
    monkeypatch.setattr("domain.ticket.privacy.PLACES_MAX", 2)
    ticket = opened_by(ledger, buyer, "secret", over=False)
    for number in range(4):
        say(ledger, ticket, f"text {number}", by=buyer)
    close(ledger, ticket, by=buyer)
    now.pass_by(FOUR_YEARS)
    (one,) = eraser.erase(subject(buyer), WITHDRAWN, ADMIN).tickets
    assert one.texts == 5
    assert kept(database, buyer) == (0, 0)
    erased = ledger.ticket(ticket).forgotten[subject(buyer)]
    assert len(erased) == 3


def in_evidence(ledger: TicketLedger, buyer: Actor, content: bytes) -> tuple[str, Sha256]:
    """Return a closed ticket on which a buyer wrote nothing and put a content in evidence."""
    order = fresh()
    placed = PlaceOrder(
        order=order,
        buyer=buyer.ref,
        merchant=MERCHANT.ref,
        lines=(line(),),
        placed_at=Instant("2026-11-10T00:00:00.000000Z"),
    )
    ledger.handle(asked(placed, ORDERS, key=order))
    ticket = ledger.handle(asked(opening(order), buyer)).stream.removeprefix("ticket:")
    attachment = ledger.keep_content(content, "image/png")
    accept(ledger, ticket)
    ledger.handle(asked(RefuseClaim(ticket=ticket, reasons="no"), MERCHANT))
    staged = StageEvidence(
        ticket=ticket, kind=EvidenceKind.PHOTO, attachment=attachment, obtained="photographed"
    )
    ledger.handle(asked(staged, buyer))
    close(ledger, ticket, by=buyer)
    return ticket, attachment.sha256


def test_what_a_person_put_in_evidence_leaves_the_vault(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """A photograph is personal though its ticket holds no text; its digest stays on record."""
    ticket, digest = in_evidence(ledger, buyer, b"a face " + buyer.ref.encode())
    assert ledger.vault.get(digest)
    now.pass_by(FOUR_YEARS)
    (one,) = eraser.erase(subject(buyer), WITHDRAWN, ADMIN).tickets
    assert (one.ticket, one.texts, one.contents) == (ticket, 0, 1)
    with pytest.raises(KeyError):
        ledger.vault.get(digest)
    (item,) = [one for one in ledger.ticket(ticket).evidence.values() if one.erased]
    assert item.attachment.sha256 == digest


def test_a_content_somebody_else_relies_on_stays_until_the_last_is_erased(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """The vault keeps the same content once; erasing one person must not take another's proof."""
    other, content = fresh_buyer(), b"a picture of the goods " + buyer.ref.encode()
    ticket, digest = in_evidence(ledger, buyer, content)
    in_evidence(ledger, buyer, content)
    in_evidence(ledger, other, content)
    now.pass_by(FOUR_YEARS)
    assert len(eraser.erase(subject(buyer), WITHDRAWN, ADMIN).tickets) == 2
    assert all(one.erased or one.party is Party.PLATFORM
               for one in ledger.ticket(ticket).evidence.values())  # fmt: skip
    assert ledger.vault.get(digest) == content
    eraser.erase(subject(other), WITHDRAWN, ADMIN)
    with pytest.raises(KeyError):
        ledger.vault.get(digest)


def test_a_content_that_a_backup_of_the_vault_brings_back_is_destroyed_again(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """Reconcile looks into the vault as it looks into the tables."""
    content = b"a face " + buyer.ref.encode()
    _, digest = in_evidence(ledger, buyer, content)
    now.pass_by(FOUR_YEARS)
    eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    ledger.keep_content(content, "image/png")
    assert eraser.reconcile().contents == 1
    with pytest.raises(KeyError):
        ledger.vault.get(digest)
    assert eraser.reconcile().contents == 0


# --- what stands against it -----------------------------------------------------------------


def test_an_open_matter_is_not_erased_but_restricted(
    ledger: TicketLedger, eraser: Eraser, database: Database, buyer: Actor
) -> None:
    """A claim that runs can not be decided on what was forgotten."""
    ticket = opened_by(ledger, buyer, "secret", over=False)
    (one,) = eraser.erase(subject(buyer), WITHDRAWN, ADMIN).tickets
    assert (one.standing, one.until, one.texts) == (Standing.OPEN, None, 1)
    assert texts(ledger, ticket) == ["secret"]
    assert kept(database, buyer) == (1, 1)


@pytest.mark.parametrize("ordered", [True, False])
def test_retention_runs_to_its_very_instant(
    ledger: TicketLedger, eraser: Eraser, now: Now, *, ordered: bool
) -> None:
    """Transactions are kept for three years of the calendar, the rest as the book says."""
    ticket = open_ticket(ledger, statement="secret") if ordered else ""
    buyer = Actor(ActorKind.BUYER, ledger.ticket(ticket).buyer) if ordered else fresh_buyer()
    ticket = ticket or opened_by(ledger, buyer, "secret", over=False)
    close(ledger, ticket, by=buyer)
    until = years_later(now.at, 3) if ordered else later(now.at, timedelta(days=180))
    now.at = later(until, timedelta(microseconds=-1))
    found = {one.ticket: one for one in eraser.erase(subject(buyer), WITHDRAWN, ADMIN).tickets}
    assert (found[ticket].standing, found[ticket].until) == (Standing.RETENTION, until)
    assert texts(ledger, ticket) == ["secret"]
    now.at = until
    assert eraser.carry_out_what_is_due() >= 1
    assert texts(ledger, ticket) == [None]


def fresh_buyer() -> Actor:
    """Return a person nobody knows."""
    return Actor(ActorKind.BUYER, fresh("b"))


def test_years_are_those_of_the_calendar() -> None:
    """29 February has no anniversary in most years."""
    leap = Instant("2028-02-29T10:00:00.000001Z")
    assert years_later(leap, 3) == "2031-03-01T10:00:00.000001Z"
    assert years_later(BEGIN, 3) == "2029-11-22T03:00:00.000000Z"
    assert moment_of(years_later(leap, 4)) == moment_of(leap).replace(year=2032)
    assert instant(moment_of(leap)) == leap


def test_a_legal_hold_stands_against_it_until_the_last_one_is_released(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """Two proceedings may need the same ticket, and a closed one too."""
    ticket = opened_by(ledger, buyer, "secret")
    now.pass_by(FOUR_YEARS)
    for hold in ("court-1", "court-2", "court-1"):
        command = PlaceLegalHold(ticket=ticket, hold=hold, ground=HoldGround.LITIGATION)
        ledger.handle(asked(command, SUPERVISOR))
    (one,) = eraser.erase(subject(buyer), WITHDRAWN, ADMIN).tickets
    assert (one.standing, one.until) == (Standing.LEGAL_HOLD, None)
    for hold in ("court-1", "court-2"):
        assert eraser.carry_out_what_is_due() == 0
        assert texts(ledger, ticket) == ["secret"]
        ledger.handle(asked(ReleaseLegalHold(ticket=ticket, hold=hold), SUPERVISOR))
    with pytest.raises(errors.WrongState):
        ledger.handle(asked(ReleaseLegalHold(ticket=ticket, hold="court-1"), SUPERVISOR))
    assert eraser.carry_out_what_is_due() == 1
    assert texts(ledger, ticket) == [None]
    assert ledger.ticket(ticket).restrictions == {}


def test_a_preview_tells_the_same_and_records_nothing(
    ledger: TicketLedger, eraser: Eraser, now: Now, buyer: Actor
) -> None:
    """Whoever erases for good looks first."""
    over, running = opened_by(ledger, buyer, "one"), opened_by(ledger, buyer, "two", over=False)
    now.pass_by(FOUR_YEARS)
    positions = [ledger.position(lane) for lane in range(ledger.lanes)]
    found = {one.ticket: (one.texts, one.standing) for one in eraser.preview(subject(buyer))}
    assert found == {over: (1, None), running: (1, Standing.OPEN)}
    assert [ledger.position(lane) for lane in range(ledger.lanes)] == positions


def test_only_an_administrator_has_a_person_forgotten(ledger: TicketLedger, buyer: Actor) -> None:
    """Not even a supervisor, and on no single ticket past the request."""
    ticket = opened_by(ledger, buyer, "secret")
    request = RequestErasure(subject=subject(buyer), ground=WITHDRAWN)
    on_ticket = ErasePersonalData(
        ticket=ticket, erasure=1, subject=subject(buyer), ground=WITHDRAWN, places=()
    )
    for command in (request, on_ticket):
        for actor in (SUPERVISOR, AGENT, buyer):
            with pytest.raises(errors.NotYourRole):
                ledger.handle(asked(command, actor))


# --- nothing is sealed under an erased key --------------------------------------------------


def test_what_is_written_afterwards_is_sealed_with_another_key_by_every_process(
    house: House, make_ledger: MakeLedger
) -> None:
    """The other process still has the old key in memory; it must neither use nor revive it."""
    ledger, eraser, database, now, buyer, clerk = house
    other = make_ledger(now=now)
    ticket = opened_by(ledger, buyer, "of the buyer")
    note(ledger, ticket, "secret", clerk)
    note(other, ticket, "from the other", clerk)
    now.pass_by(FOUR_YEARS)
    held = dict(committer(other, ticket)._data_keys)
    wrapped = query(
        database.superuser_dsn,
        "select wrapped from personal.subject_key where subject = %s",
        subject(clerk),
    )
    assert (f"ticket:{ticket}", subject(clerk)) in held
    eraser.erase(subject(clerk), WITHDRAWN, ADMIN)
    note(other, ticket, "afterwards", clerk)
    note(ledger, ticket, "and again", clerk)
    read = ["of the buyer", None, None, "afterwards", "and again"]
    assert texts(ledger, ticket) == texts(other, ticket) == read
    erased = ledger.ticket(ticket).forgotten[subject(clerk)]
    rows = query(
        database.superuser_dsn,
        "select subject, wrapped from personal.subject_key where subject like %s",
        f"{subject(clerk)}%",
    )
    assert [name for name, _ in rows] == [key_name(subject(clerk), erased)]
    assert wrapped[0][0] != rows[0][1]
    for one in (ledger, other):
        assert (f"ticket:{ticket}", subject(clerk)) not in committer(one, ticket)._data_keys
    # A second erasure takes what came afterwards, and its key.
    eraser.erase(subject(clerk), WITHDRAWN, ADMIN)
    assert kept(database, clerk) == (0, 0)
    assert texts(other, ticket) == ["of the buyer", *[None] * 4]


def committer(ledger: TicketLedger, ticket: str) -> Committer:
    """Return who writes a ticket's lane."""
    return ledger._writers[ledger._lane(f"ticket:{ticket}")].committer


def test_a_text_that_comes_in_between_is_erased_too(
    house: House, make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written between looking and recording makes the eraser look again."""
    ledger, eraser, database, now, buyer, clerk = house
    other = make_ledger(now=now)
    ticket = opened_by(ledger, buyer, "of the buyer")
    note(ledger, ticket, "secret", clerk)
    now.pass_by(FOUR_YEARS)
    look = eraser._places
    rivals = iter(["quickly"])

    def looked(*where: Any) -> tuple[Pointed, ...]:
        found = look(*where)
        for text in rivals:
            note(other, ticket, text, clerk)
        return found

    monkeypatch.setattr(eraser, "_places", looked)
    (one,) = eraser.erase(subject(clerk), WITHDRAWN, ADMIN).tickets
    assert one.texts == 2
    assert kept(database, clerk) == (0, 0)
    assert texts(ledger, ticket) == ["of the buyer", None, None]


def test_a_key_is_named_by_the_erasure_before_it() -> None:
    """A reference holds no tilde, so no person is taken for another one's second key."""
    assert key_name("buyer:b-1", ()) == "buyer:b-1"
    assert key_name("buyer:b-1", (7, 12)) == "buyer:b-1~12"
    assert subject_of("buyer:b-1~12") == subject_of("buyer:b-1") == "buyer:b-1"


# --- crashes, backups, privileges -----------------------------------------------------------


class Crash(Exception):  # noqa: N818 - an event, not an error of ours
    """The process ends here."""


def crash(*_anything: object) -> None:
    """End."""
    raise Crash


@pytest.mark.parametrize("step", ["_on_ticket", "_destroy"])
def test_what_a_crash_left_is_finished_by_reconcile(
    house: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the fact nothing is erased yet; after it nothing is read, destroyed or not."""
    ledger, eraser, database, now, buyer, _ = house
    tickets = [opened_by(ledger, buyer, "secret") for _ in range(2)]
    now.pass_by(FOUR_YEARS)
    with monkeypatch.context() as broken:
        broken.setattr(eraser, step, crash)
        with pytest.raises(Crash):
            eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    assert kept(database, buyer) == (2, 2)
    read = [text for one in tickets for text in texts(ledger, one)]
    assert read.count(None) == (1 if step == "_destroy" else 0)
    (number,) = ledger.erasures_pending()
    assert eraser.told(number).carried_out is False
    done = eraser.reconcile()
    assert done.erasures == 1
    assert kept(database, buyer) == (0, 0)
    told = eraser.told(number)
    assert (told.carried_out, told.destroyed, len(told.tickets)) == (True, True, 2)
    assert eraser.reconcile().keys == 0


def test_a_lost_reply_to_the_destruction_is_no_harm(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other kind of crash: it was destroyed, and nobody was told."""
    ledger, eraser, database, now, buyer, _ = house
    opened_by(ledger, buyer, "secret")
    now.pass_by(FOUR_YEARS)
    destroy = eraser._destroy

    def lost(stream: str) -> tuple[int, int, int]:
        destroy(stream)
        raise AppendUnknown

    with monkeypatch.context() as broken:
        broken.setattr(eraser, "_destroy", lost)
        with pytest.raises(AppendUnknown):
            eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    assert kept(database, buyer) == (0, 0)
    assert eraser.reconcile().erasures == 1
    assert ledger.erasures_pending() == {}


def test_reconcile_erases_again_what_an_older_backup_brings_back(house: House) -> None:
    """Schema personal has backups of its own; a restored key would open what was forgotten."""
    ledger, eraser, database, now, buyer, clerk = house
    ticket = opened_by(ledger, buyer, "of the buyer")
    note(ledger, ticket, "secret", clerk)
    saved = {
        table: query(database.superuser_dsn, f"select * from personal.{table}")
        for table in ("subject_key", "disclosure")
    }
    now.pass_by(FOUR_YEARS)
    eraser.erase(subject(clerk), WITHDRAWN, ADMIN)
    note(ledger, ticket, "afterwards", clerk)
    newer = kept(database, clerk)
    for table, rows in saved.items():
        for row in rows:
            marks = ", ".join(["%s"] * len(row))
            query(
                database.superuser_dsn,
                f"insert into personal.{table} values ({marks}) on conflict do nothing",
                *row,
            )
    assert kept(database, clerk) != newer
    # Not even then is it read: the record says that it was erased.
    assert texts(ledger, ticket) == ["of the buyer", None, "afterwards"]
    assert eraser.reconcile().texts >= 1
    assert kept(database, clerk) == newer
    assert texts(ledger, ticket) == ["of the buyer", None, "afterwards"]
    assert (eraser.reconcile().keys, eraser.reconcile().texts) == (0, 0)


def test_without_the_erasers_database_the_destruction_waits(
    ledger: TicketLedger, eraser: Eraser, database: Database, now: Now, buyer: Actor
) -> None:
    """Where this process is not the eraser the fact is recorded, read as erased, and told."""
    ticket = opened_by(ledger, buyer, "secret")
    now.pass_by(FOUR_YEARS)
    told = Eraser(ledger, None, now).erase(subject(buyer), WITHDRAWN, ADMIN)
    assert (told.carried_out, told.destroyed) == (True, False)
    assert texts(ledger, ticket) == [None]
    assert kept(database, buyer) == (1, 1)
    eraser.reconcile()
    assert kept(database, buyer) == (0, 0)
    assert eraser.told(told.erasure).destroyed


def test_the_eraser_destroys_nothing_that_is_not_on_record_as_erased(
    ledger: TicketLedger, database: Database, buyer: Actor
) -> None:
    """Stolen, its password destroys no evidence; and the application may not even call it."""
    ticket = opened_by(ledger, buyer, "secret")
    stream = f"ticket:{ticket}"
    lane = ledger._lane(stream)
    forget = "select keys, texts from personal.forget(%s, %s)"
    assert query(database.eraser_dsn, forget, lane, stream) == [(0, 0)]
    assert texts(ledger, ticket) == ["secret"]
    for dsn, statement in (
        (database.app_dsn, f"select personal.forget({lane}, '{stream}')"),
        (database.notary_dsn, f"select personal.forget({lane}, '{stream}')"),
        (database.eraser_dsn, "delete from personal.subject_key"),
        (database.app_dsn, "delete from personal.subject_key"),
    ):
        with pytest.raises(InsufficientPrivilege):
            query(dsn, statement)


def test_unknown_numbers_are_refused(eraser: Eraser) -> None:
    """No number is guessed into an answer."""
    for number in (-1, 0, 10**6):
        with pytest.raises(errors.UnknownErasure):
            eraser.told(number)


# --- no byte is left ------------------------------------------------------------------------


def test_no_byte_of_the_person_is_left_in_any_table_file_or_log(
    house: House, secrets_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every column of every table, the vault, the log, and the files behind the tables.

    Clear text was never there, so the sealed texts and the wrapped keys are searched for too:
    in the tables at once, in the tables' files after a full vacuum of schema personal.
    """
    ledger, eraser, database, now, buyer, _ = house
    secrets = [f"张伟 of 12 Peace Road, {fresh('s')}", f"call me on 13{fresh('9')}"]
    ticket = opened_by(ledger, buyer, secrets[0], over=False)
    say(ledger, ticket, secrets[1], by=buyer)
    close(ledger, ticket, by=buyer)
    sealed = [bytes(one) for (one,) in query(
        database.superuser_dsn,
        "select sealed from personal.disclosure where stream = %s union all"
        " select wrapped from personal.subject_key where stream = %s",
        f"ticket:{ticket}", f"ticket:{ticket}",
    )]  # fmt: skip
    assert len(sealed) == 3
    now.pass_by(FOUR_YEARS)
    with caplog.at_level("DEBUG"):
        eraser.erase(subject(buyer), WITHDRAWN, ADMIN)
    views = Views(database.app_dsn, ledger, lanes=ledger.lanes)
    try:
        views.prepare()
        assert views.catch_up(timeout=60)
    finally:
        views.close()
    needles = sealed + spellings(*secrets)
    searched = 0
    for where, content in (*columns(database), *files(secrets_dir), ("log", caplog.text.encode())):
        searched += 1
        assert not any(needle in content for needle in needles), where
    assert searched > 100
    for where, content in table_files(database):
        assert not any(needle in content for needle in needles), where
