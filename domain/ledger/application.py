"""The ledger as the rest of the program sees it: commands in, outcomes and records out.

It is an application of the eventsourcing library: its repository loads tickets with our fold, its
notification log is our record. Commands are written by the lanes' group commit.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, EnvType

from domain import errors
from domain.commands import AdoptBook, AnnouncePilot, EndPilot, RecordLook
from domain.ledger.books import AdoptedBooks
from domain.ledger.committing import Committer
from domain.ledger.factory import LedgerFactory
from domain.ledger.folding import Head
from domain.ledger.group_commit import Lane
from domain.ledger.judging import Bench, lane_of_request
from domain.ledger.log import Log, Newest
from domain.ledger.mapper import RecordMapper
from domain.ledger.opening import Disclosed, Opening
from domain.ledger.reading import RecordReader, project
from domain.ledger.recorder import Recorder
from domain.ledger.requests import Case, Outcome, Request
from domain.ledger.sealing import KeyEncryptionKey
from domain.ledger.signing import KEYS_STREAM, KeyRecord
from domain.ledger.stamping import Stamper
from domain.ledger.vault import Shelf, Vault, attachment_of
from domain.policies import book as books
from domain.policies.book import Book
from domain.record import Record, read_record
from domain.streams import customer_stream, notice_stream, order_stream, stream_lane, ticket_stream
from domain.ticket.adoption import BOOKS_STREAM, Adopted, decide_adoption
from domain.ticket.customers import standing
from domain.ticket.files import Descriptor
from domain.ticket.pilots import PILOTS_STREAM, Pilot
from domain.ticket.privacy import PRIVACY_STREAM, Requested
from domain.ticket.state import Agent, Order, Ticket
from domain.values import SYSTEM, Actor, Attachment, Customer, Instant, Sha256, instant

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
        self._opening = Opening(
            self.record, self.origins, grounds.key_encryption_key, self._forgotten
        )
        self._adopted = AdoptedBooks(self.adoptions, self.book_content, self.pilots)
        self._writers = [self._writer(lane) for lane in range(self.lanes)]
        self._adopted.look()

    def _writer(self, lane: int) -> Lane:
        grounds = self._grounds
        shelf = Shelf(grounds.vault)
        committer = Committer(
            lane,
            recorder=self.record,
            stamper=Stamper(self.origins[lane], grounds.key_encryption_key, grounds.new_id),
            bench=Bench(
                book=self.book_for,
                named=self.book_named,
                keep=shelf.put,
                agents=self.agent,
                pilots=self._adopted.pilots_at,
            ),
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

    def construct_recorder(self) -> RecordReader:
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

    def adopt(
        self,
        content: bytes,
        *,
        in_force_from: Instant | None = None,
        actor: Actor = SYSTEM,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Outcome:
        """Adopt a book, in force from an instant to come, its own unless another one is named.

        Nothing happens when it is adopted. Raises BookError when the bytes are no book.
        """
        book = books.parse(content)
        if all(one.digest != book.digest for one in self.adoptions()):
            books.require_adoptable(book)
        command = AdoptBook(
            version=book.version,
            digest=book.digest,
            in_force_from=in_force_from or instant(book.in_force_from),
        )
        decide_adoption(command, self.adoptions(), self._grounds.now())
        self.record.keep_book(self._lane(BOOKS_STREAM), content)
        with self._adopted.lent(book):
            outcome = self.handle(
                Request(command=command, actor=actor, key=key, expected_version=expected_version)
            )
        self._adopted.look()
        return outcome

    def pilot(
        self,
        command: AnnouncePilot | EndPilot,
        *,
        actor: Actor,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Outcome:
        """Announce or end a pilot; tickets that are opened when it runs are drawn."""
        outcome = self.handle(
            Request(command=command, actor=actor, key=key, expected_version=expected_version)
        )
        self._adopted.look()
        return outcome

    def pilots(self) -> tuple[Pilot, ...]:
        """Return the pilots on record now, in the order of their announcement."""
        heads = self._writers[self._lane(PILOTS_STREAM)].committer.heads
        announced: tuple[Pilot, ...] | None = self._current(heads, PILOTS_STREAM).state
        return announced or ()

    @property
    def books(self) -> tuple[Book, ...]:
        """Return the adopted books, the first in force first."""
        return self._adopted.known()

    def adoptions(self) -> tuple[Adopted, ...]:
        """Return what is on record now about adopted books, in the order of their adoption."""
        heads = self._writers[self._lane(BOOKS_STREAM)].committer.heads
        adopted: tuple[Adopted, ...] | None = self._current(heads, BOOKS_STREAM).state
        return adopted or ()

    def book_content(self, digest: Sha256) -> bytes | None:
        """Return the bytes of a kept book."""
        return self.record.book(self._lane(BOOKS_STREAM), bytes.fromhex(digest))

    def book_at(self, now: Instant) -> Book:
        """Return the book in force at an instant; the first one before any was."""
        return self._adopted.at(now)

    def book_for(self, now: Instant, version: str | None) -> Book:
        """Return the adopted book of a version, or the one in force when it is not known here."""
        named = None if version is None else self.book_named(version)
        return named or self.book_at(now)

    def book_named(self, version: str) -> Book | None:
        """Return the adopted book of a version, if there is one."""
        return self._adopted.named(version)

    @property
    def book(self) -> Book:
        """Return the book in force now."""
        return self.book_at(self._grounds.now())

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
            folded: Any = self.repository.get(stream, projector_func=project)
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

    def notices_ended(self, about: str) -> frozenset[str]:
        """Return the ids of the notices about a stream that were sent or will not be."""
        stream = notice_stream(about)
        heads = self._writers[self._lane(stream)].committer.heads
        ended: frozenset[str] = self._current(heads, stream).state or frozenset()
        return ended

    def customer(self, customer: str) -> Customer | None:
        """Return what a customer is to the platform, where anything was reported of them."""
        stream = customer_stream(customer)
        heads = self._writers[self._lane(stream)].committer.heads
        return standing(self._current(heads, stream).state)

    def agent(self, agent: str) -> Agent | None:
        """Return what is on record of an agent, where anything is."""
        stream = f"agent:{agent}"
        heads = self._writers[self._lane(stream)].committer.heads
        found: Agent | None = self._current(heads, stream).state
        return found

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
        return self._opening.disclosures(records)

    def open_content(self, record: Record) -> tuple[Descriptor, bytes] | None:
        """Return what the personal file of a record is and what opens it; None when erased."""
        return self._opening.content(record)

    def _forgotten(self, stream: str) -> Mapping[str, tuple[int, ...]]:
        """Return the versions of a stream that erased what was personal, by subject."""
        heads = self._writers[self._lane(stream)].committer.heads
        found: Mapping[str, tuple[int, ...]] = getattr(
            self._current(heads, stream).state, "forgotten", {}
        )
        return found

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
