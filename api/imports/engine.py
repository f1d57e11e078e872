"""Taking the history of a file into the ledger: batches, order, totals; rows are read elsewhere."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple, Protocol

import msgspec

from api.imports.files import BadRow, Row, SourceFile, open_source
from api.imports.mapping import Mapping
from api.imports.rejects import Rejects
from api.imports.rows import Fact, RowReader
from domain.errors import KeyReused, Refusal
from domain.ledger.requests import Outcome, Request
from domain.values import Instant

BATCH_ROWS: Final = 2_000
"""Rows sent at once: enough to keep the database busy, few enough to lose little by a Ctrl-C."""

KNOWN_OTHERWISE: Final = ("row_known_otherwise", "the row is known with other content")

Answer = Outcome | Refusal
Watch = Callable[[float, "Totals"], None]
"""Is told how much of the file is read, from 0 to 1, and the totals so far."""


class ImportLedger(Protocol):
    """What an import asks of the ledger."""

    @property
    def lanes(self) -> int:
        """How many lanes the ledger has."""

    def import_rows(self, lane: int, rows: Sequence[Request]) -> Sequence[Answer]:
        """Record imported rows of one lane; each gets its own answer, in their order."""


@dataclass
class Totals:
    """What became of the rows of a file; every row read is in exactly one of the four."""

    rows: int = 0
    accepted: int = 0
    """Rows that are in the ledger now and were not before."""
    skipped: int = 0
    """Rows the ledger knew already, or had a moment before from the same file."""
    rejected: int = 0
    later: int = 0
    """Rows after the moment given by `--until`."""
    events: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    rejects: Path | None = None
    """Where the rejected rows are told."""
    touched: set[str] = field(default_factory=set, repr=False)
    """The tickets of accepted rows."""

    @property
    def tickets(self) -> int:
        """Return how many tickets the accepted rows belong to."""
        return len(self.touched)

    def table(self) -> dict[str, object]:
        """Return the totals as they are printed."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "skipped": self.skipped,
            "rejected": self.rejected,
            "later": self.later,
            "tickets": self.tickets,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "rejects": str(self.rejects) if self.rejects is not None else None,
        }


class _Place(NamedTuple):
    """A fact's place when cases are merged by time, and where to find it again."""

    occurred_at: Instant
    seq: int
    number: int
    step: int
    content: bytes


class Rows:
    """What became of each row, of which every one may hold several facts."""

    REJECTED: Final = 3
    ACCEPTED: Final = 2
    SKIPPED: Final = 1

    def __init__(self, totals: Totals, rejects: Rejects) -> None:
        """Count into the totals and tell rejections."""
        self._totals = totals
        self._rejects = rejects
        self._became = bytearray(1)

    def read(self, row: Row) -> None:
        """Count a row that was read."""
        self._totals.rows = row.number
        self._became.extend(bytes(row.number + 1 - len(self._became)))

    def accept(self, number: int, ticket: str, events: int) -> None:
        """Count what a row brought."""
        self._totals.events += events
        self._totals.touched.add(ticket)
        self._weigh(number, self.ACCEPTED)

    def skip(self, number: int) -> None:
        """Count a row that was known."""
        self._weigh(number, self.SKIPPED)

    def reject(self, number: int, code: str, reason: str) -> None:
        """Count and tell a row that can not be taken in; one reason a row is enough."""
        if self._became[number] != self.REJECTED:
            self._rejects.add(number, code, reason)
        self._weigh(number, self.REJECTED)

    def refuse(self, number: int, refusal: Refusal) -> None:
        """Count and tell a row that the ledger refused."""
        if isinstance(refusal, KeyReused):
            self.reject(number, *KNOWN_OTHERWISE)
        else:
            self.reject(number, refusal.code, str(refusal))

    def count(self) -> None:
        """Bring the totals up to date."""
        self._totals.accepted = self._became.count(self.ACCEPTED)
        self._totals.skipped = self._became.count(self.SKIPPED)
        self._totals.rejected = self._became.count(self.REJECTED)

    def _weigh(self, number: int, became: int) -> None:
        """Let the heaviest of a row's facts speak for the row."""
        self._became[number] = max(self._became[number], became)


def unstopped() -> bool:
    """Let an import go on to its end."""
    return False


def unwatched(_share: float, _totals: Totals) -> None:
    """Let an import go on with nobody looking."""


def import_history(
    path: Path,
    mapping: Mapping,
    ledger: ImportLedger,
    rejects: Rejects,
    *,
    until: Instant | None = None,
    batch_rows: int = BATCH_ROWS,
    watch: Watch = unwatched,
    stopped: Callable[[], bool] = unstopped,
) -> Totals:
    """Return the totals after taking in a file's rows, in its order or merged by time until T.

    A row that is known is skipped, so an import that was stopped is simply run again.
    Raises FileError for a file that can not be read as a whole.
    """
    began = monotonic()
    totals = Totals()
    rows = Rows(totals, rejects)
    reader = RowReader(mapping, lanes=ledger.lanes)
    with open_source(path, mapping) as source, ThreadPoolExecutor(1) as sender:
        read = _until_stopped(source, rows, stopped)
        facts = _in_file_order(read, reader, rows)
        if until is not None:
            facts = _merged(read, reader, rows, until)
        under_way: deque[tuple[list[Fact], Future[list[Answer]]]] = deque()

        def settle(under_way_max: int) -> None:
            while len(under_way) > under_way_max:
                sent, future = under_way.popleft()
                _tell(rows, sent, future.result())
                rows.count()
                totals.seconds = monotonic() - began
                watch(source.share_read, totals)

        for batch in _batches(facts, batch_rows, rows):
            if stopped():
                break
            under_way.append((batch, sender.submit(_send, ledger, batch)))
            # One batch is under way while the next is read: the two use different processors.
            settle(1)
        settle(0)
        totals.interrupted = stopped()
    rows.count()
    if until is not None and not totals.interrupted:
        totals.later = totals.rows - totals.accepted - totals.skipped - totals.rejected
    totals.seconds = monotonic() - began
    totals.rejects = rejects.path
    return totals


def _until_stopped(source: SourceFile, rows: Rows, stopped: Callable[[], bool]) -> Iterator[Row]:
    """Give the rows of a file, counted, until somebody wants to stop."""
    for row in source.rows():
        if stopped():
            return
        rows.read(row)
        yield row


def _in_file_order(read: Iterable[Row], reader: RowReader, rows: Rows) -> Iterator[Fact]:
    """Give the facts of rows as they come; the file's order is the recorded order."""
    for row in read:
        try:
            if row.bad is not None:
                raise row.bad
            yield from reader.facts(row.number, row.values)
        except BadRow as bad:
            rows.reject(row.number, bad.code, bad.reason)


def _merged(read: Iterable[Row], reader: RowReader, rows: Rows, until: Instant) -> Iterator[Fact]:
    """Give the facts up to an instant over all cases, by time, then by the source's own order.

    What waits to be merged is kept as packed rows, a tenth of what the facts take.
    """
    places: list[_Place] = []
    for row in read:
        try:
            if row.bad is not None:
                raise row.bad
            moments = reader.moments(row.values)
        except BadRow as bad:
            rows.reject(row.number, bad.code, bad.reason)
            continue
        if min(moments)[0] > until:
            continue
        content = msgspec.msgpack.encode(row.values)
        for step, (occurred_at, seq) in enumerate(moments):
            if occurred_at <= until:
                places.append(_Place(occurred_at, seq, row.number, step, content))
    places.sort()
    unpack = msgspec.msgpack.Decoder(dict[str, str])
    for place in places:
        try:
            yield reader.facts(place.number, unpack.decode(place.content))[place.step]
        except BadRow as bad:
            rows.reject(place.number, bad.code, bad.reason)


def _batches(facts: Iterable[Fact], size: int, rows: Rows) -> Iterator[list[Fact]]:
    """Give facts in batches, each key once: a row twice in one file is known or contradicts."""
    given = iter(facts)
    while found := list(islice(given, size)):
        batch: dict[str | None, Fact] = {}
        for fact in found:
            first = batch.setdefault(fact.request.key, fact)
            if first is fact:
                continue
            if first.command == fact.command:
                rows.skip(fact.number)
            else:
                rows.reject(fact.number, *KNOWN_OTHERWISE)
        yield list(batch.values())


def _send(ledger: ImportLedger, batch: list[Fact]) -> list[Answer]:
    """Return the ledger's answer to each fact; lanes are independent of one another."""
    by_lane: dict[int, list[int]] = {}
    for place, fact in enumerate(batch):
        by_lane.setdefault(fact.lane, []).append(place)
    answers: dict[int, Answer] = {}
    for lane, places in by_lane.items():
        told = ledger.import_rows(lane, [batch[place].request for place in places])
        answers.update(zip(places, told, strict=True))
    return [answers[place] for place in range(len(batch))]


def _tell(rows: Rows, batch: list[Fact], answers: list[Answer]) -> None:
    """Count what the ledger answered."""
    for fact, answer in zip(batch, answers, strict=True):
        if isinstance(answer, Refusal):
            rows.refuse(fact.number, answer)
        elif answer.replayed or not answer.events:
            rows.skip(fact.number)
        else:
            rows.accept(fact.number, fact.command.ticket, len(answer.events))
