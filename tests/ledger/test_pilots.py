"""Pilots in the ledger: on record once, known to every process in time, and free of cost else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from domain import errors
from domain.commands import AnnouncePilot, EndPilot
from domain.events import ArmDrawn
from domain.ledger.application import TicketLedger
from domain.ledger.books import AdoptedBooks
from domain.streams import ticket_stream
from domain.ticket.adoption import NOTICE, Adopted
from domain.ticket.pilots import PILOTS_STREAM, Pilot
from domain.values import Instant, Sha256, later
from tests.conftest import Database
from tests.ledger.matters import grounds, open_ticket
from tests.scenario import ADMIN, BOOK, BOOK_FILE, NOW, named, whole_bytes

FAR: Final = Instant("2100-01-01T00:00:00.000000Z")
WEEK: Final = timedelta(days=7)
BEGUN: Final = later(NOW, NOTICE)


class Held:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Instant:
        """Return the time it is."""
        return self.at


@contextmanager
def opened(database: Database, directory: Path, held: Held) -> Iterator[TicketLedger]:
    """Give a ledger as a process opens it."""
    ledger = TicketLedger(database.app_dsn, grounds(directory, now=held.now))
    try:
        yield ledger
    finally:
        ledger.close()


@pytest.fixture
def held() -> Held:
    """The time of the test, which several processes share."""
    return Held()


@pytest.fixture
def database(make_database: Callable[[int], Database]) -> Database:
    """A ledger of several lanes: pilots, books and tickets lie in different ones."""
    return make_database(4)


@pytest.fixture
def ledger(database: Database, tmp_path: Path, held: Held) -> Iterator[TicketLedger]:
    """A ledger with a book in force and another one to try."""
    with opened(database, tmp_path, held) as found:
        found.adopt(BOOK_FILE.read_bytes())
        found.adopt(whole_bytes(named("tried-1")), in_force_from=FAR)
        yield found


def announcing(**terms: Any) -> AnnouncePilot:
    """Return the command that announces a pilot of a week."""
    usual = {"begins_at": BEGUN, "ends_at": later(BEGUN, WEEK), "why": "try_first"}
    return AnnouncePilot(**{"pilot": "p-1", "policy": "tried-1", **usual, **terms})


def drawn(ledger: TicketLedger, ticket: str) -> list[ArmDrawn]:
    """Return what is on record of a ticket's arm."""
    records = ledger.stream(ticket_stream(ticket))
    return [one.event for one in records if isinstance(one.event, ArmDrawn)]


def test_an_announcement_is_on_record_once_and_its_key_stands_for_it(ledger: TicketLedger) -> None:
    """A lost answer is asked for again; another command under the key is refused."""
    first = ledger.pilot(announcing(), actor=ADMIN, key="k-1")
    again = ledger.pilot(announcing(), actor=ADMIN, key="k-1")
    assert (again.events, again.replayed) == (first.events, True)
    with pytest.raises(errors.KeyReused):
        ledger.pilot(announcing(share_bp=1), actor=ADMIN, key="k-1")
    assert [one.event.TOPIC for one in ledger.stream(PILOTS_STREAM)] == [
        "policy.pilot_announced.v1"
    ]
    assert [one.pilot for one in ledger.pilots()] == ["p-1"]


def test_another_process_draws_too_and_so_does_one_that_starts_later(
    ledger: TicketLedger, database: Database, tmp_path: Path, held: Held
) -> None:
    """A pilot is the ledger's, not the process's that announced it."""
    with opened(database, tmp_path, held) as other:
        ledger.pilot(announcing(), actor=ADMIN)
        assert other.book_named("nobody-s") is None, "so it looks, as it does within the notice"
        held.at = BEGUN
        assert [one.arm for one in drawn(other, open_ticket(other))] == ["piloted"]
    with opened(database, tmp_path, held) as later_one:
        ticket = open_ticket(later_one)
        assert later_one.ticket(ticket).policy == "tried-1"
        assert drawn(ledger, ticket) == drawn(later_one, ticket) != []
        later_one.pilot(EndPilot(pilot="p-1", why="seen_enough"), actor=ADMIN)
        held.at = later(BEGUN, NOTICE)
        assert drawn(later_one, open_ticket(later_one)) == []


def test_the_record_of_pilots_is_folded_again_from_its_beginning(
    ledger: TicketLedger, database: Database, tmp_path: Path, held: Held
) -> None:
    """A process that starts knows what one that ran on knows."""
    ledger.pilot(announcing(category="phone"), actor=ADMIN)
    ledger.pilot(announcing(pilot="p-2", category="tea", share_bp=1), actor=ADMIN)
    ledger.pilot(EndPilot(pilot="p-1", why="seen_enough"), actor=ADMIN)
    with opened(database, tmp_path, held) as other:
        assert other.pilots() == ledger.pilots()
        assert [(one.pilot, one.ended) for one in other.pilots()] == [("p-1", True), ("p-2", False)]


def test_pilots_are_looked_for_with_the_books_and_not_for_every_ticket() -> None:
    """An opening asks what is known in the process; a look is one a while."""
    looks: list[str] = []
    running = Pilot("p-1", "tried-1", NOW, later(NOW, WEEK), 10_000, "try_first")

    def announced() -> tuple[Pilot, ...]:
        looks.append("look")
        return (running,)

    adopted = [Adopted(BOOK.version, Sha256(BOOK.digest), NOW)]
    content = BOOK_FILE.read_bytes()
    shelf = AdoptedBooks(lambda: adopted, lambda _digest: content, announced, refresh_s=3_600)
    for _ in range(100):
        assert shelf.pilots_at(NOW) == (running,)
    assert shelf.pilots_at(later(NOW, WEEK)) == ()
    assert looks == ["look"]
    eager = AdoptedBooks(lambda: adopted, lambda _digest: content, announced, refresh_s=-1.0)
    eager.pilots_at(NOW)
    eager.pilots_at(NOW)
    assert looks == ["look"] * 3
