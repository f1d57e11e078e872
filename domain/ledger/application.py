"""The ledger as the rest of the program sees it: commands in, outcomes and records out.

It is an application of the eventsourcing library: its repository loads tickets with our fold, its
notification log is our record. Commands are written by the lanes' group commit.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment, EnvType

from domain import errors
from domain.commands import AdoptBook, RecordLook
from domain.ledger.committing import Committer
from domain.ledger.factory import LedgerFactory
from domain.ledger.folding import FOLDS, Head
from domain.ledger.group_commit import Lane
from domain.ledger.judging import Bench, lane_of_request
from domain.ledger.library import LedgerApplicationRecorder
from domain.ledger.log import Log, Newest
from domain.ledger.mapper import RecordMapper
from domain.ledger.recorder import Recorder
from domain.ledger.requests import Case, Outcome, Request
from domain.ledger.sealing import (
    KeyEncryptionKey,
    Unopenable,
    disclosed_value,
    place,
    subject_of,
    unseal,
)
from domain.ledger.signing import KEYS_STREAM, KeyRecord
from domain.ledger.stamping import Stamper
from domain.ledger.vault import Shelf, Vault, attachment_of
from domain.policies import book as books
from domain.policies.book import Book
from domain.record import Record, read_record
from domain.streams import order_stream, stream_lane, ticket_stream
from domain.ticket.privacy import PRIVACY_STREAM, Requested
from domain.ticket.state import Order, Stamp, Ticket
from domain.values import SYSTEM, Actor, Attachment, Commitment, Instant, instant

log = logging.getLogger(__name__)

__all__ = ["Case", "Disclosed", "Grounds", "Outcome", "Request", "TicketLedger"]


class Grounds(NamedTuple):
    """What the ledger is given by the composition root: time, ids, secrets, and where to write."""

    now: Callable[[], Instant]
    new_id: Callable[[], str]
    draw_ticket: Callable[[int, Instant], str]
    key_encryption_key: KeyEncryptionKey
    hmac_secret: bytes
    vault: Vault
    on_commit: Callable[[int, int], None]
    """Told (lane, position) after each commit: a hint for those who follow the record."""


class Disclosed(NamedTuple):
    """A personal value, and the disclosure that proves it to be the one on record."""

    disclosure: bytes
    value: str


class TicketLedger(Application[str]):
    """The ledger of one database."""

    name = "ticketledger"

    def __init__(self, dsn: str, grounds: Grounds) -> None:
        """Open the ledger that `migrate` has made, with one writer a lane."""
        self._grounds = grounds
        self._dsn = dsn
        super().__init__()
        self.origins: tuple[str, ...] = self._lanes_found
        self.vault = grounds.vault
        self.merkle_log = Log(self.record.connections, names=self.record.names)
        self._newest = Newest(self.merkle_log, self.lanes)
        self._books: tuple[Book, ...] = ()
        self._writers = [self._writer(lane) for lane in range(self.lanes)]
        self._read_books()

    def _writer(self, lane: int) -> Lane:
        grounds = self._grounds
        shelf = Shelf(grounds.vault)
        committer = Committer(
            lane,
            recorder=self.record,
            stamper=Stamper(self.origins[lane], grounds.key_encryption_key, grounds.new_id),
            bench=Bench(book=self.book_at, keep=shelf.put),
            shelf=shelf,
            key_encryption_key=grounds.key_encryption_key,
            now=grounds.now,
            covered=partial(self._newest.covered, lane),
            on_commit=grounds.on_commit,
        )
        return Lane(
            lane,
            committer,
            hmac_secret=grounds.hmac_secret,
            now=grounds.now,
            new_id=grounds.new_id,
            draw_ticket=grounds.draw_ticket,
        )

    # --- what the library asks for ------------------------------------------------------------

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Return the library's environment: ours alone, not the process's."""
        return Environment(name, {"LEDGER_DSN": self._dsn, "CREATE_TABLE": "no", **(env or {})})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return the factory of recorders on our record."""
        factory = LedgerFactory(env)
        self.record: Recorder = factory.recorder
        self._lanes_found = self.record.genesis().origins
        return factory

    def construct_mapper(self) -> RecordMapper:
        """Return the mapper from stored bytes to records."""
        return RecordMapper(len(self._lanes_found))

    def construct_recorder(self) -> "RecordReader":
        """Return the library's view of the record."""
        return RecordReader(self.record, lanes=len(self._lanes_found))

    # --- commands -----------------------------------------------------------------------------

    @property
    def lanes(self) -> int:
        """Return the number of lanes."""
        return len(self.origins)

    def submit(self, request: Request) -> Future[Outcome]:
        """Return the future outcome of a request; it fails with the Refusal, if there is one."""
        future: Future[Outcome] = Future()
        self._writers[lane_of_request(request, self.lanes)].submit(request, future)
        return future

    def handle(self, request: Request) -> Outcome:
        """Return the outcome of a request, or raise the Refusal."""
        return self.submit(request).result()

    async def ask(self, request: Request) -> Outcome:
        """Return the outcome of a request without blocking the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._writers[lane_of_request(request, self.lanes)].submit(request, future, loop)
        return await future

    def import_rows(self, lane: int, rows: Sequence[Request]) -> list[Outcome | errors.Refusal]:
        """Record rows of imported history in their order and return an answer for each."""
        return self._writers[lane].import_rows(rows)

    def look(self, actor: Actor, ticket: str, what: str) -> None:
        """Put on record that an actor looks at a ticket's evidence or personal data."""
        self.handle(Request(command=RecordLook(ticket=ticket, what=what), actor=actor))

    def keep_content(self, content: bytes, media_type: str) -> Attachment:
        """Keep content in the vault, durably, and return its place for a command to name."""
        attachment = attachment_of(content, media_type)
        self.vault.keep({attachment.sha256: content})
        return attachment

    # --- books --------------------------------------------------------------------------------

    def adopt(self, content: bytes) -> Book:
        """Put a book in force unless it is; raise BookError when the bytes are no book."""
        book = books.parse(content)
        lane = stream_lane("policy:book", self.lanes)
        self.record.keep_book(lane, content)
        self._books = self._books or (book,)  # the first one is adopted under itself
        command = AdoptBook(
            version=book.version,
            digest=book.digest,
            in_force_from=instant(book.in_force_from),
        )
        self.handle(Request(command=command, actor=SYSTEM))
        self._read_books()
        return book

    def book_at(self, now: Instant) -> Book:
        """Return the book in force at an instant; the first one before any was."""
        assert self._books, "a ledger judges under an adopted book"
        current = self._books[0]
        for book in self._books:
            if instant(book.in_force_from) <= now:
                current = book
        return current

    @property
    def book(self) -> Book:
        """Return the book in force now."""
        return self.book_at(self._grounds.now())

    def _read_books(self) -> None:
        lane = stream_lane("policy:book", self.lanes)
        adopted = (
            self._writers[lane].committer.heads.find(["policy:book"])["policy:book"].state or ()
        )
        contents = [self.record.book(lane, bytes.fromhex(digest)) for digest in adopted]
        found = [books.parse(content) for content in contents if content is not None]
        self._books = tuple(sorted(found, key=lambda book: (book.in_force_from, book.version)))

    # --- keys ---------------------------------------------------------------------------------

    def keys_on_record(self) -> KeyRecord:
        """Return what is on record now about the keys the ledger signs with."""
        heads = self._writers[self._lane(KEYS_STREAM)].committer.heads
        record: KeyRecord | None = self._current(heads, KEYS_STREAM).state
        return record or KeyRecord()

    # --- erasures -----------------------------------------------------------------------------

    def erasures_pending(self) -> Mapping[int, Requested]:
        """Return the requested erasures that are not carried out yet, by number."""
        heads = self._writers[self._lane(PRIVACY_STREAM)].committer.heads
        pending: Mapping[int, Requested] | None = self._current(heads, PRIVACY_STREAM).state
        return pending or {}

    # --- reading ------------------------------------------------------------------------------

    def position(self, lane: int) -> int:
        """Return a lane's last position."""
        return self.record.position(lane)

    def records(self, lane: int, after: int, limit: int) -> list[Record]:
        """Return a lane's records after a position, in order."""
        return [
            read_record(row.lane, row.position, row.state, row.leaf_hash)
            for row in self.record.read(lane, after, limit)
        ]

    def stream(self, stream: str, after_version: int = 0, limit: int = 1_000) -> list[Record]:
        """Return a stream's records after a version, at most `limit` of them."""
        rows = self.record.read_streams(self._lane(stream), [stream], {stream: after_version})
        return [
            read_record(row.lane, row.position, row.state, row.leaf_hash) for row in rows[:limit]
        ]

    def ticket(self, ticket: str) -> Ticket:
        """Return a ticket as it stands on record; raise UnknownTicket."""
        stream = ticket_stream(ticket)
        self._lane(stream)
        try:
            folded: Any = self.repository.get(stream, projector_func=_project)
        except AggregateNotFoundError:
            raise errors.UnknownTicket from None
        assert isinstance(folded, Head), "the repository folds with our projector"
        state: Ticket = folded.state
        return state

    def case(self, ticket: str) -> Case:
        """Return a ticket with its order, as the next judgement would find them."""
        stream = ticket_stream(ticket)
        heads = self._writers[self._lane(stream)].committer.heads
        head = self._current(heads, stream)
        if head.state is None:
            raise errors.UnknownTicket
        order = None
        if head.state.order:
            order = self._current(heads, order_stream(head.state.order)).state
        return Case(ticket=head.state, order=order, leaf_hash=head.leaf_hash.hex())

    def order(self, order: str) -> Order:
        """Return an order as after-sales knows it; raise UnknownOrder."""
        stream = order_stream(order)
        state = self._current(self._writers[self._lane(stream)].committer.heads, stream).state
        if state is None:
            raise errors.UnknownOrder
        known: Order = state
        return known

    def open_values(self, records: Sequence[Record]) -> dict[tuple[str, int, str], str | None]:
        """Return the personal values of records by (stream, version, field).

        None for one that was erased, or that does not open and is reported as an error.
        """
        return {
            where: None if one is None else one.value
            for where, one in self.open_disclosures(records).items()
        }

    def open_disclosures(
        self, records: Sequence[Record]
    ) -> dict[tuple[str, int, str], Disclosed | None]:
        """Return the disclosures of records' personal values as `open_values` names them."""
        opened: dict[tuple[str, int, str], Disclosed | None] = {}
        wanted: dict[tuple[str, int, str], str] = {}
        for record in records:
            for name in record.event.__struct_fields__:
                value = getattr(record.event, name)
                if isinstance(value, Commitment):
                    wanted[record.stream, record.version, name] = value.sd
        for stream in {stream for stream, _, _ in wanted}:
            opened |= self._open_stream(
                stream, {where: sd for where, sd in wanted.items() if where[0] == stream}
            )
        return opened

    def _open_stream(
        self, stream: str, wanted: Mapping[tuple[str, int, str], str]
    ) -> dict[tuple[str, int, str], Disclosed | None]:
        lane = self._lane(stream)
        # What the record says was erased is not opened, destroyed yet or not.
        state = self._current(self._writers[lane].committer.heads, stream).state
        forgotten: Mapping[str, tuple[int, ...]] = getattr(state, "forgotten", {})
        sealed = {
            (stream, value.version, value.pointer.removeprefix("/data/")): value
            for value in self.record.disclosures(lane, stream)
            if value.version > max(forgotten.get(subject_of(value.subject), (0,)))
        }
        pairs = {(stream, sealed[where].subject) for where in wanted if where in sealed}
        kek = self._grounds.key_encryption_key
        keys = {
            pair: kek.unwrap(wrapped) for pair, wrapped in self.record.keys(lane, pairs).items()
        }
        opened: dict[tuple[str, int, str], Disclosed | None] = {}
        for where, sd in wanted.items():
            value = sealed.get(where)
            key = keys.get((stream, value.subject)) if value else None
            if value is None or key is None:
                opened[where] = None
                continue
            bound = place(self.origins[lane], stream, value.version, value.pointer, sd)
            try:
                disclosed = unseal(key, value.sealed, place=bound)
                opened[where] = Disclosed(disclosed, disclosed_value(disclosed, sd))
            except Unopenable:
                # The rest of the ticket stays readable: verify tells damage from erasure.
                log.error("%s of %s at %d does not open", value.pointer, stream, value.version)  # noqa: TRY400 - where says enough
                opened[where] = None
        return opened

    def _current(self, heads: Any, stream: str) -> Head:
        """Return a stream's head as it is on record now, whatever other processes wrote."""
        lane = self._lane(stream)
        head: Head = heads.find([stream])[stream]
        if self.record.heads(lane, [stream])[stream].leaf_hash != head.leaf_hash:
            heads.forget([stream])
            head = heads.find([stream])[stream]
        return head

    def _lane(self, stream: str) -> int:
        try:
            lane = stream_lane(stream, self.lanes)
        except ValueError as error:
            raise errors.UnknownTicket from error
        if lane >= self.lanes:
            raise errors.UnknownTicket
        return lane

    def close(self) -> None:
        """Write what waits and close every connection."""
        for writer in self._writers:
            writer.close()
        self._newest.close()
        super().close()


class RecordReader(LedgerApplicationRecorder):
    """The record for the library: each stream from its own lane, the log of lane 0."""

    def __init__(self, recorder: Recorder, *, lanes: int) -> None:
        """Read a ledger with so many lanes."""
        super().__init__(recorder, lane=0)
        self._by_lane = [LedgerApplicationRecorder(recorder, lane=lane) for lane in range(lanes)]

    def select_events(self, originator_id: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        """Return a stream's events between two versions."""
        lane = stream_lane(str(originator_id), len(self._by_lane))
        return self._by_lane[lane].select_events(originator_id, **kwargs)


def _project(head: Any, events: Iterable[Any]) -> Any:
    """Fold records onto a head, as the library's repository wants it; None when there are none."""
    current: Head | None = head
    for record in events:
        before = current or Head(record.stream)
        family, _, subject = record.stream.partition(":")
        stamp = Stamp(subject, record.version, record.at, record.actor, record.imported)
        current = Head(
            stream=record.stream,
            version=record.version,
            leaf_hash=bytes.fromhex(record.leaf_hash),
            at=record.at,
            position=record.position,
            state=FOLDS[family](before.state, record.event, stamp),
        )
    return current
