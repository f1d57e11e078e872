"""Books in the ledger: adopted once, from an instant to come, known to every process in time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import AcceptTicket, AdoptBook, MoveToBook
from domain.events import PolicyAdopted
from domain.ledger.application import TicketLedger
from domain.ledger.books import REFRESH_S, AdoptedBooks
from domain.ledger.requests import Request
from domain.policies.book import BookError, parse
from domain.ticket.adoption import BOOKS_STREAM, NOTICE, Adopted
from domain.values import SYSTEM, Instant, Kind, Sha256, instant, later
from tests.conftest import Database
from tests.ledger.matters import asked, grounds, open_ticket
from tests.scenario import (
    ADMIN,
    AGENT,
    BOOK,
    BOOK_FILE,
    MOMENT,
    SUPERVISOR,
    named,
    whole_book,
    whole_bytes,
)

NOW: Final = Instant("2026-11-22T03:00:00.000000Z")
TOMORROW: Final = later(NOW, timedelta(days=1))
MakeDatabase = Callable[[int], Database]


class Held:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Instant:
        """Return the time it is."""
        return self.at


@pytest.fixture
def held() -> Held:
    """The time of the test, which several processes share."""
    return Held()


@contextmanager
def opened(database: Database, directory: Path, held: Held) -> Iterator[TicketLedger]:
    """Give a ledger as a process opens it: nothing is adopted by that."""
    ledger = TicketLedger(database.app_dsn, grounds(directory, now=held.now))
    try:
        yield ledger
    finally:
        ledger.close()


def whole(version: str = "2026-11-22", *changes: tuple[str, str]) -> bytes:
    """Return the bytes of the whole book under a version, with texts changed."""
    return whole_bytes(named(version), *changes)


TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
STRICTER: Final = (TAKEOVER, TAKEOVER.replace("30", "20"))


@pytest.fixture
def ledger(make_database: MakeDatabase, tmp_path: Path, held: Held) -> Iterator[TicketLedger]:
    """A ledger that began with the whole book, in force from the past."""
    with opened(make_database(1), tmp_path, held) as found:
        found.adopt(whole())
        yield found


def adoptions(ledger: TicketLedger) -> int:
    """Return how many adoptions are on record."""
    return len(ledger.stream(BOOKS_STREAM))


def test_the_first_book_of_an_empty_ledger_may_be_in_force_from_the_past(
    ledger: TicketLedger,
) -> None:
    """There is nothing yet that it could change; its digest and its instant go on record."""
    (record,) = ledger.stream(BOOKS_STREAM)
    assert isinstance(record.event, PolicyAdopted)
    assert record.event.in_force_from == "2026-11-21T16:00:00.000000Z" < NOW
    assert record.event.digest == ledger.book.digest
    assert ledger.book_content(record.event.digest) == whole()


def test_a_later_book_begins_a_notice_ahead_and_not_a_moment_sooner(ledger: TicketLedger) -> None:
    """Every process knows a book before it is in force."""
    soon = later(NOW, NOTICE)
    with pytest.raises(errors.BookNotAhead):
        ledger.adopt(whole("b-1"), in_force_from=later(soon, -MOMENT))
    with pytest.raises(errors.BookNotAhead):
        ledger.adopt(whole("b-1"))  # its own instant has passed
    assert adoptions(ledger) == 1
    assert ledger.record.books(0) == [bytes.fromhex(ledger.book.digest)]
    ledger.adopt(whole("b-1"), in_force_from=soon)
    assert [one.version for one in ledger.books] == ["2026-11-22", "b-1"]


def test_a_version_is_one_book_for_ever(ledger: TicketLedger) -> None:
    """Two contents of one version: a decision that names it would prove nothing."""
    with pytest.raises(errors.BookKnownOtherwise):
        ledger.adopt(whole("2026-11-22", STRICTER), in_force_from=TOMORROW)
    assert ledger.adopt(whole(), in_force_from=TOMORROW).events == ()
    assert adoptions(ledger) == 1


def test_a_book_from_before_every_table_had_a_source_stays_adopted_and_no_other_comes_so(
    ledger: TicketLedger,
) -> None:
    """What is on record is read as it was meant; what is new must say where it comes from."""
    bare = ('dispute = 2\nsource = "ours"\n', "dispute = 2\n")
    older = whole("b-1", bare)
    book = parse(older)
    ledger.record.keep_book(0, older)
    command = AdoptBook(version="b-1", digest=book.digest, in_force_from=TOMORROW)
    ledger.handle(Request(command=command, actor=SYSTEM))
    assert ledger.adopt(older).events == ()
    assert [one.version for one in ledger.books] == ["2026-11-22", "b-1"]
    with pytest.raises(BookError) as told:
        ledger.adopt(whole("b-2", bare), in_force_from=later(TOMORROW, MOMENT))
    assert told.value.problems == ("priority has no source",)
    assert adoptions(ledger) == 2


def test_two_books_do_not_begin_at_one_instant(ledger: TicketLedger) -> None:
    """Nobody could say which of them holds."""
    ledger.adopt(whole("b-1"), in_force_from=TOMORROW)
    with pytest.raises(errors.BookOverlaps):
        ledger.adopt(whole("b-2"), in_force_from=TOMORROW)
    ledger.adopt(whole("b-2"), in_force_from=later(TOMORROW, -MOMENT))
    assert [one.version for one in ledger.books] == ["2026-11-22", "b-2", "b-1"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(TAKEOVER, TAKEOVER.replace("PT30M", "-PT30M"), "complaint_takeover", id="fig"),
        pytest.param('owner = "payment_owner"', 'owner = "no"', "department finance", id="unknown"),
        pytest.param('name = "ruling"', 'name = "offer"', "deadline offer stands", id="overlap"),
        pytest.param('version = "2026-11-22"\nin', 'version = "Ours"\nin', "version", id="name"),
    ],
)
def test_an_unsound_book_is_refused_and_the_old_one_stays(
    ledger: TicketLedger, before: str, after: str, told: str
) -> None:
    """Nothing of it is kept, and what was in force goes on."""
    content = whole().decode()
    assert content.count(before) == 1
    with pytest.raises(BookError, match=told):
        ledger.adopt(content.replace(before, after).encode(), in_force_from=TOMORROW)
    assert adoptions(ledger) == 1
    assert len(ledger.record.books(0)) == 1
    assert ledger.book.version == "2026-11-22"


def test_a_ticket_keeps_what_was_promised_to_it(ledger: TicketLedger, held: Held) -> None:
    """A book that begins tomorrow changes nothing that is open today, and all that comes then."""
    ledger.adopt(whole("b-1", STRICTER), in_force_from=TOMORROW)
    today = open_ticket(ledger, kind=Kind.COMPLAINT)
    promised = ledger.ticket(today).clocks["complaint_takeover"]
    assert promised.due_at == later(NOW, timedelta(minutes=30))
    held.at = later(TOMORROW, -MOMENT)
    assert ledger.ticket(open_ticket(ledger)).policy == "2026-11-22"
    held.at = TOMORROW
    then = ledger.ticket(open_ticket(ledger, kind=Kind.COMPLAINT))
    assert then.policy == "b-1"
    assert then.clocks["complaint_takeover"].due_at == later(TOMORROW, timedelta(minutes=20))
    ledger.handle(asked(AcceptTicket(ticket=today), AGENT))
    assert ledger.ticket(today).policy == "2026-11-22"


@pytest.mark.parametrize("lanes", [1, 4])
def test_what_another_process_adopts_is_known_without_a_restart(
    make_database: MakeDatabase, tmp_path: Path, held: Held, lanes: int
) -> None:
    """It begins at its instant everywhere, and a ticket can be moved to it from then on."""
    database = make_database(lanes)
    begins = later(NOW, timedelta(minutes=5))
    with opened(database, tmp_path, held) as one:
        one.adopt(whole())
        with opened(database, tmp_path, held) as other:
            ticket = open_ticket(other, kind=Kind.COMPLAINT)
            one.adopt(whole("b-1", STRICTER), in_force_from=begins)
            move = asked(MoveToBook(ticket=ticket, policy="b-1", why="stricter"), SUPERVISOR)
            seen = other.ticket(ticket).version
            move = replace(move, key="move", expected_version=seen)
            with pytest.raises(errors.BookNotInForce):
                other.handle(move)
            assert other.book.version == "2026-11-22"
            held.at = begins
            other.handle(move)
            assert other.ticket(ticket).clocks["complaint_takeover"].target_s == 20 * 60
            assert other.ticket(open_ticket(other)).policy == "b-1"


def test_a_process_that_is_asked_nothing_of_a_book_hears_of_it_too(
    make_database: MakeDatabase, tmp_path: Path, held: Held
) -> None:
    """Nobody there names the version; the record is looked at before the notice is over."""
    database = make_database(1)
    with opened(database, tmp_path, held) as one, opened(database, tmp_path, held) as other:
        one.adopt(whole())
        assert _waits_for(lambda: bool(other.books))
        one.adopt(whole("b-1"), in_force_from=later(NOW, NOTICE))
        assert _waits_for(lambda: len(other.books) == 2)
        held.at = later(NOW, NOTICE)
        assert other.book.version == "b-1"


def _waits_for(condition: Callable[[], bool]) -> bool:
    """Return whether something comes true before the notice of a book is over."""
    until = time.monotonic() + NOTICE.total_seconds()
    while time.monotonic() < until:
        if condition():
            return True
    return False


def test_the_stream_of_books_is_looked_at_once_in_a_while() -> None:
    """What is promised is asked at every command; the record is not."""
    looks: list[None] = []
    content = BOOK_FILE.read_bytes()
    known = Adopted(BOOK.version, BOOK.digest, instant(BOOK.in_force_from))

    def adopted() -> list[Adopted]:
        looks.append(None)
        return [known]

    shelf = AdoptedBooks(adopted, lambda digest: content if digest == BOOK.digest else None)
    for _ in range(1_000):
        assert shelf.at(NOW).version == BOOK.version
        assert shelf.named(BOOK.version) is shelf.at(NOW)
    assert len(looks) <= 2
    assert shelf.named("no-such-book") is None
    eager = AdoptedBooks(adopted, lambda _digest: content, refresh_s=-1.0)
    before = len(looks)
    eager.at(NOW)
    eager.at(NOW)
    assert len(looks) == before + 2
    assert timedelta(seconds=REFRESH_S) < NOTICE


def test_the_instant_said_at_the_adoption_is_the_one_that_counts() -> None:
    """The bytes say what was meant; the record says what was decided."""
    said = Adopted(BOOK.version, BOOK.digest, TOMORROW)
    shelf = AdoptedBooks(lambda: [said], lambda _digest: BOOK_FILE.read_bytes())
    assert instant(shelf.known()[0].in_force_from) == TOMORROW
    assert shelf.known()[0].digest == Sha256(BOOK.digest)


def test_the_old_form_stands_beside_the_new_one(
    make_database: MakeDatabase, tmp_path: Path, held: Held
) -> None:
    """A ticket of a book without clocks keeps what it was promised, and follows no new ones."""
    with opened(make_database(1), tmp_path, held) as ledger:
        ledger.adopt(BOOK_FILE.read_bytes())
        old = open_ticket(ledger, kind=Kind.COMPLAINT)
        promised = ledger.ticket(old)
        assert (promised.policy, promised.clocks) == ("2026-11-01", {})
        ledger.adopt(whole(), in_force_from=TOMORROW, actor=ADMIN)
        held.at = later(TOMORROW, timedelta(minutes=1))
        new = open_ticket(ledger, kind=Kind.COMPLAINT)
        assert ledger.ticket(new).policy == whole_book().version
        assert "complaint_takeover" in ledger.ticket(new).clocks
        ledger.handle(asked(AcceptTicket(ticket=old), AGENT))
        after = ledger.ticket(old)
        assert (after.policy, after.clocks, after.queue) == ("2026-11-01", {}, None)
        kept = {name: one.due_at for name, one in promised.deadlines.items()}
        assert {name: after.deadlines[name].due_at for name in kept.keys() & after.deadlines} == {
            name: due for name, due in kept.items() if name in after.deadlines
        }


def test_who_adopted_a_book_is_on_record(ledger: TicketLedger) -> None:
    """A book is adopted by somebody."""
    ledger.adopt(whole("b-1"), in_force_from=TOMORROW, actor=ADMIN, key="k")
    assert ledger.stream(BOOKS_STREAM)[-1].actor == ADMIN
    again = ledger.adopt(whole("b-1"), in_force_from=TOMORROW, actor=ADMIN, key="k")
    assert again.replayed
