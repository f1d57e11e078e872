"""One ticket at a moment, from a real record: what counts by then, and nothing is read twice."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import errors
from domain.events import Event, SourceReported, TicketOpened
from domain.ledger.batch import GENESIS, Attempt, Line, Link, VerdictKind
from domain.ledger.recorder import Recorder
from domain.proof.canonical import canonical
from domain.proof.chain import leaf_hash
from domain.record import Record, read_record
from domain.streams import ticket_stream
from domain.values import Awaiting, Channel, Instant, Kind, Reason, Scenario, Stage, instant, later
from projections import instants
from projections.runner import Views
from replay import as_of
from replay.as_of import At, NoSuchMoment, Past
from replay.as_of.reading import LOOK
from tests.conftest import ORIGIN, Database

BEGAN: Final = datetime(2026, 11, 22, tzinfo=UTC)
EVER: Final = Instant("9999-01-01T00:00:00.000000Z")
TICKETS: Final = tuple(f"T0-desk-000000000{number}" for number in range(6))
STRANGER: Final = "T0-desk-0000000099"
LENGTH: Final = 3 * LOOK
"""Positions; so many that what is behind the view of instants is looked at in several goes."""
OPENED: Final = TicketOpened(
    channel=Channel.IMPORT,
    kind=Kind.COMPLAINT,
    scenario=Scenario.SERVICE,
    reason=Reason.OTHER,
    priority=3,
    policy="2026-11-22",
    buyer="b-1",
)


class Book:
    """A record in which the clocks of two streams differ, with a plain copy to compare with."""

    lanes = 1
    origins = (f"{ORIGIN}/lane-0",)

    def __init__(self, recorder: Recorder) -> None:
        """Use a recorder on an empty ledger."""
        self.record = recorder
        self.copy: list[tuple[str, Instant]] = []
        """Of each position the ticket and the instant."""
        self._heads: dict[str, Link] = {}

    def position(self, lane: int) -> int:
        """Return the last position."""
        return self.record.position(lane)

    def write(self, ticket: str, at: datetime) -> None:
        """Record one more fact of a ticket, never before its last one."""
        stream = ticket_stream(ticket)
        known = [instant(at), *(when for one, when in self.copy if one == ticket)]
        at = datetime.fromisoformat(max(known))
        head = self._heads.get(stream, Link(stream, 0, GENESIS))
        command = f"command-{len(self.copy)}"
        event: Event = OPENED
        if head.version:
            state = f"state-{head.version}"
            event = SourceReported(state=state, stage=Stage.INTAKE, awaiting=Awaiting.AGENT)
        content = canonical(
            {
                "format": 1,
                "ledger": self.origins[0],
                "stream": stream,
                "version": head.version + 1,
                "prev": head.leaf_hash.hex(),
                "id": command,
                "topic": event.TOPIC,
                "at": instant(at),
                "actor": {"kind": "system", "ref": "platform"},
                "cause": {"command": command, "correlation": command},
                "data": event,
            }
        )
        line = Line(stream, head.version + 1, event.TOPIC, at, content)
        attempt = Attempt(command, bytes(32), (head,), (line,), (), (), (), ())
        assert self.record.append(0, [attempt])[0].kind is VerdictKind.ACCEPTED
        self._heads[stream] = Link(stream, line.version, leaf_hash(content))
        self.copy.append((ticket, instant(at)))

    def place(self, at: Instant) -> int:
        """Return the end of the longest beginning with nothing recorded after an instant."""
        later_ones = [place for place, (_, when) in enumerate(self.copy) if when > at]
        return min(later_ones, default=len(self.copy))

    def places_of(self, ticket: str, upto: int) -> list[int]:
        """Return where the records of a ticket stand, up to a position."""
        return [place for place, (one, _) in enumerate(self.copy[:upto], 1) if one == ticket]


@pytest.fixture(scope="module")
def book(database: Database) -> Iterator[Book]:
    """A record of some hundred facts; the last ticket is opened in the middle."""
    chance = random.Random(5)
    with closing(Recorder.connect(database.app_dsn)) as recorder:
        found = Book(recorder)
        # Asked while the tables are empty, so that what the server plans then is used later too.
        with pytest.raises(errors.UnknownTicket):
            seen(found, STRANGER, At(position={0: 0}))
        with pytest.raises(errors.UnknownTicket):
            seen(found, STRANGER, At(time=instant(BEGAN)))
        for place in range(LENGTH):
            ticket = chance.choice(TICKETS[: 5 + (place > LENGTH // 2)])
            found.write(ticket, BEGAN + timedelta(seconds=2 * place + chance.randrange(-90, 90)))
        yield found


def seen(book: Book, ticket: str, at: At, marked: int | None = 0) -> Past:
    """Return a ticket's past where the view of instants names a position.

    None: as it does where it lies in the record's own database.
    """
    last_before = None if marked is None else lambda _lane, _at: marked
    return as_of.past(book, ticket, at, now=EVER, last_before=last_before)


def test_where_the_view_lies_beside_the_record_it_is_read_with_it(
    book: Book, database: Database
) -> None:
    """Level, far behind, or with nothing in it: what is found is the same."""
    whole = [book.place(instant(BEGAN + timedelta(seconds=one))) for one in range(0, 1_000, 9)]
    for upto in (0, LENGTH // 3, LENGTH):
        view = closing(Views(database.app_dsn, _Begun(book, upto), views=(instants.VIEW,)))
        with view as views:
            views.prepare()
            assert views.catch_up(60)
        for number, place in enumerate(whole):
            at = At(time=instant(BEGAN + timedelta(seconds=9 * number)))
            for ticket in TICKETS:
                if book.places_of(ticket, place):
                    check(book, ticket, seen(book, ticket, at, None), place)
            if place:
                assert as_of.resolve(book, at, EVER, None, _told).places == {0: place}


def _told(_at: Instant) -> bool:
    """Return that another system told of something, whenever it was."""
    return True


def test_only_what_another_system_told_had_occurred_before_the_record_begins(book: Book) -> None:
    """An empty answer would say that nothing was open then; in truth nobody knows."""
    before = At(occurred=instant(BEGAN - timedelta(days=9_999)))
    assert as_of.resolve(book, before, EVER, _nothing_yet, _told).places == {0: LENGTH}
    with pytest.raises(NoSuchMoment) as told:
        as_of.resolve(book, before, EVER, _nothing_yet, lambda _at: False)
    assert told.value.code == "before_the_beginning"
    begun = At(occurred=EVER)
    found = as_of.resolve(book, begun, EVER, _nothing_yet, lambda _at: False)
    assert (found.places, found.occurred) == ({0: LENGTH}, EVER)


def _nothing_yet(_lane: int, _at: Instant) -> int:
    """Return where looking begins when the view of instants has read nothing."""
    return 0


class _Begun(NamedTuple):
    """A record of which a view has only read the beginning."""

    book: Book
    upto: int

    def records(self, lane: int, after: int, limit: int) -> list[Record]:
        """Return up to `limit` records behind a position."""
        rows = self.book.record.read(lane, after, min(limit, self.upto - after))
        return [read_record(row.lane, row.position, row.state, row.leaf_hash) for row in rows]

    def position(self, lane: int) -> int:
        """Return where it ends."""
        return self.upto


asking = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
tickets = st.sampled_from(TICKETS)
positions = st.integers(0, LENGTH)


def check(book: Book, ticket: str, found: Past, upto: int) -> None:
    """Compare what was found with the plain copy."""
    assert found.upto.places == {0: upto}
    assert [one.position for one in found.records] == book.places_of(ticket, upto)
    assert found.verified is True
    assert as_of.ticket_state(found).version == len(found.records)


@asking
@given(tickets, positions)
def test_at_a_position_the_ticket_is_what_stands_up_to_there(
    book: Book, ticket: str, position: int
) -> None:
    """Also at positions of other tickets, and before it was opened there is nothing."""
    if book.places_of(ticket, position):
        check(book, ticket, seen(book, ticket, At(position={0: position})), position)
        return
    with pytest.raises(NoSuchMoment) as told:
        seen(book, ticket, At(position={0: position}))
    assert told.value.code == "not_yet_opened"


@asking
@given(tickets, st.integers(-200, 2 * LENGTH + 200), st.floats(0, 1))
def test_at_an_instant_it_is_the_longest_beginning_however_far_the_view_has_read(
    book: Book, ticket: str, seconds: int, read: float
) -> None:
    """What the view of instants says is only where looking begins; it may be far behind."""
    at = instant(BEGAN + timedelta(seconds=seconds))
    upto = book.place(at)
    marked = int(upto * read)
    if book.places_of(ticket, upto):
        check(book, ticket, seen(book, ticket, At(time=at), marked), upto)
        return
    with pytest.raises(NoSuchMoment) as told:
        seen(book, ticket, At(time=at), marked)
    assert told.value.code == ("not_yet_opened" if upto else "before_the_beginning")


@asking
@given(tickets, st.integers(1, LENGTH))
def test_a_version_counts_the_records_up_to_it(book: Book, ticket: str, version: int) -> None:
    """And a version that the ticket has not come to is told as such."""
    places = book.places_of(ticket, LENGTH)
    if version <= len(places):
        check(book, ticket, seen(book, ticket, At(version=version)), places[version - 1])
        return
    with pytest.raises(NoSuchMoment) as told:
        seen(book, ticket, At(version=version))
    assert told.value.code == "version_unknown"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (At(position={0: LENGTH + 1}), "position_unknown"),
        (At(position={0: 2**70}), "position_unknown"),
        (At(position={1: 1}), "lane_missing"),
        (At(version=2**70), "version_unknown"),
        (At(time=later(EVER, timedelta(seconds=1))), "instant_ahead"),
        (At(occurred=later(EVER, timedelta(seconds=1))), "instant_ahead"),
        (At(time=instant(BEGAN - timedelta(days=1))), "before_the_beginning"),
        (At(occurred=instant(BEGAN - timedelta(days=1))), "not_yet_opened"),
    ],
)
def test_where_there_is_nothing_to_be_seen_it_is_said_why_but_not_of_strangers(
    book: Book, at: At, code: str
) -> None:
    """Of a ticket that is not there nothing else is told, whatever moment is asked for."""
    with pytest.raises(NoSuchMoment) as told:
        seen(book, TICKETS[0], at)
    assert told.value.code == code
    for unknown in (STRANGER, "T7-desk-0000000001", "no ticket"):
        with pytest.raises(errors.UnknownTicket):
            seen(book, unknown, at)


@pytest.mark.parametrize(
    "at", [At(position={0: LENGTH}), At(time=instant(BEGAN + timedelta(seconds=2 * LENGTH - 200)))]
)
def test_one_ticket_costs_its_own_records_and_a_short_look(book: Book, at: At) -> None:
    """By plans that were made while the tables were empty and had no statistics."""
    marked = 0 if at.time is None else book.place(at.time)
    before = _counted(book.record)
    found = seen(book, TICKETS[5], at, marked)
    scanned, fetched = (now - then for now, then in zip(_counted(book.record), before, strict=True))
    assert scanned == 0
    assert fetched <= len(book.places_of(TICKETS[5], LENGTH)) + 1
    assert len(found.records) < LENGTH // 5


def _counted(recorder: Recorder) -> tuple[int, int]:
    """Return how many events were read by scans of the table, and how many through an index."""
    recorder.connections.read(lambda db: db.execute("select pg_stat_force_next_flush()"))
    with closing(recorder.connections.open()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select seq_tup_read, idx_tup_fetch from pg_stat_user_tables "
            "where schemaname = 'ledger' and relname = 'event'"
        )
        scanned, fetched = cursor.fetchone() or (0, 0)
    return int(scanned), int(fetched)
