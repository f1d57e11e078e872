"""A ledger's matters read a few at a time, so a trial needs little memory however large it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from domain.events import PolicyAdopted
from domain.ledger.application import TicketLedger
from domain.ledger.sealing import subject_of
from domain.record import Record, read_record
from domain.streams import order_stream, stream_lane, ticket_lane, ticket_stream
from domain.ticket.adoption import BOOKS_STREAM
from domain.ticket.diagnosing import JUDGED
from domain.values import Instant
from replay.as_of.moments import Upto, heads
from replay.what_if.differing import Found, merge
from replay.what_if.lives import books_under
from replay.what_if.trying import Trying, no_texts

PAGE: Final = 1_000
BATCH: Final = 50
"""How many matters are read at once."""
Streams = tuple[str, ...]
"""The streams of one matter."""
Matters = Sequence[tuple[int, Streams]]
"""Matters, each with its lane."""


class Adopted(NamedTuple):
    """The books of rules on record, by version."""

    content: Mapping[str, bytes]
    begins: Mapping[str, Instant]
    """From when each is in force."""


class Surveyed(NamedTuple):
    """What is gone through, and under which books it was."""

    matters: Matters
    named: frozenset[str]


class History:
    """What a ledger holds up to a moment; nothing that is recorded later is seen."""

    def __init__(self, ledger: TicketLedger, ends: Mapping[int, int] | None = None) -> None:
        """See what is on record now, or what was up to a position of each lane."""
        self._ledger = ledger
        self._ends = heads(ledger) if ends is None else ends

    @property
    def moment(self) -> str:
        """Return up to where the record is seen."""
        return Upto(self._ends).moment

    def end(self, lane: int) -> int:
        """Return the last position of a lane that is seen."""
        return self._ends[lane]

    def until(self) -> Instant:
        """Return the instant of the newest record; empty for an empty ledger."""
        newest = [
            record.at
            for lane, end in self._ends.items()
            if end
            for record in self._ledger.records(lane, end - 1, 1)
        ]
        return max(newest, default=Instant(""))

    def adopted(self) -> Adopted:
        """Return the books of rules, as they were adopted."""
        lane = stream_lane(BOOKS_STREAM, self._ledger.lanes)
        events = (one.event for one in self.read(lane, [BOOKS_STREAM]))
        known = [one for one in events if isinstance(one, PolicyAdopted)]
        return Adopted(
            {one.version: self._ledger.book_content(one.digest) or b"" for one in known},
            {one.version: one.in_force_from for one in known},
        )

    def matters(self) -> Matters:
        """Return the streams of every matter, with its lane, in the order of their beginning."""
        return self.survey().matters

    def survey(self) -> Surveyed:
        """Return every matter, and the books that tickets were under; all is read once."""
        found: list[tuple[int, Streams]] = []
        named: set[str] = set()
        for lane in self._ends:
            matters: dict[str, Streams] = {}
            for page in self._pages(lane):
                named.update(books_under(page))
                _gather(page, matters)
            found += [(lane, streams) for streams in matters.values()]
        return Surveyed(found, frozenset(named))

    def survey_of(self, matters: Matters) -> Surveyed:
        """Return these matters, and the books that their tickets were under."""
        read = (self.read(lane, streams) for lane, streams in matters)
        return Surveyed(matters, frozenset(one for page in read for one in books_under(page)))

    def matter_of(
        self, ticket: str, of_order: Callable[[str], Sequence[str]]
    ) -> tuple[int, Streams]:
        """Return the streams of the matter a ticket belongs to; raise UnknownTicket.

        `of_order` finds the tickets of an order, as far as a view knows them.
        """
        order = self._ledger.ticket(ticket).order
        tickets = {ticket} if order is None else {ticket, *of_order(order)}
        streams = sorted(map(ticket_stream, tickets))
        first = () if order is None else (order_stream(order),)
        return ticket_lane(ticket), (*first, *streams)

    def read(self, lane: int, streams: Sequence[str]) -> list[Record]:
        """Return the records of streams, in the order of their lane."""
        rows = self._ledger.record.read_streams(lane, streams)
        records = (read_record(one.lane, one.position, one.state, one.leaf_hash) for one in rows)
        known = [one for one in records if one.position <= self._ends[lane]]
        return sorted(known, key=lambda one: one.position)

    def _pages(self, lane: int) -> Iterator[Sequence[Record]]:
        after, end = 0, self._ends[lane]
        while after < end:
            page = self._ledger.records(lane, after, min(PAGE, end - after))
            yield page
            after = page[-1].position


def _gather(records: Sequence[Record], found: dict[str, Streams]) -> None:
    """Put tickets that are opened here to the matter they belong to."""
    for record in records:
        if record.version == 1 and record.event.FAMILY == "ticket":
            order = getattr(record.event, "order", None)
            matter = record.stream if order is None else order_stream(order)
            first = () if order is None else (matter,)
            found[matter] = (*found.get(matter, first), record.stream)


def over_ledger(
    ledger: TicketLedger,
    history: History,
    trying: Trying,
    *,
    matters: Matters,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Found:
    """Return what a trial finds on matters of a ledger; nothing is written.

    Words are opened for the machine that judges them alone, and only where the other book could
    judge them otherwise and no erasure of them was asked for.
    """
    found = Found()
    for start in range(0, len(matters), BATCH):
        progress(start, len(matters))
        of_batch = Found()
        for lane, streams in matters[start : start + BATCH]:
            records = history.read(lane, streams)
            of_batch = merge(of_batch, trying.matter(records, _texts(ledger, records, trying)))
        found = merge(found, of_batch)
    progress(len(matters), len(matters))
    return found


def _texts(
    ledger: TicketLedger, records: Sequence[Record], trying: Trying
) -> Callable[[Record, str], str | None]:
    if not trying.judges_words:
        return no_texts
    spoken = [one for one in records if one.event.TOPIC in _SPOKEN]
    kept = {place for stream in {one.stream for one in spoken} for place in _kept(ledger, stream)}
    opened = ledger.open_values([one for one in spoken if (one.stream, one.version) not in kept])
    return lambda record, field: opened.get((record.stream, record.version, field))


def _kept(ledger: TicketLedger, stream: str) -> Iterator[tuple[str, int]]:
    """Yield which facts of a ticket hold words that are kept for proceedings alone.

    Their erasure was asked for and something stands against it; a trial is no such proceeding.
    """
    ticket = stream.partition(":")[2]
    waiting = ledger.ticket(ticket).restrictions
    if not waiting:
        return
    for one in ledger.record.disclosures(ticket_lane(ticket), stream):
        restriction = waiting.get(subject_of(one.subject))
        if restriction is not None and one.version < restriction.version:
            yield stream, one.version


_SPOKEN: Final = frozenset(one.TOPIC for one in JUDGED)
