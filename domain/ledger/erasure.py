"""Carrying out erasures: first the fact on every ticket, then the destruction of keys and texts.

What may be erased is judged in `domain.ticket.privacy`; what is destroyed is what the record says
was erased, so doing it again after a crash, or after an older backup came back, is harmless.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any, Final

import msgspec
import psycopg2

from domain import errors
from domain.commands import ErasePersonalData, FinishErasure, RequestErasure
from domain.events import (
    ErasureRequested,
    PersonalDataErased,
    PersonalDataRestricted,
    TicketOpened,
)
from domain.ledger.application import TicketLedger
from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.migrations import placeholders
from domain.ledger.requests import Request
from domain.ledger.sealing import subject_of
from domain.record import Record, read_record
from domain.streams import stream_lane, ticket_stream
from domain.ticket.privacy import PRIVACY_STREAM, contents_of, pending_of, stands_against
from domain.ticket.state import Ticket
from domain.values import SYSTEM, Actor, ErasureGround, Instant, Pointed, Sha256, Standing

TRIES_MAX: Final = 50
"""How often a ticket that keeps changing is looked at again."""


class TicketErasure(msgspec.Struct, frozen=True):
    """What became, or would become, of an erasure on one ticket."""

    ticket: str
    texts: int
    """How many personal values were erased, or are kept."""
    contents: int
    """How many contents of evidence were, or are."""
    standing: Standing | None = None
    """What stands against it; None when it was erased."""
    until: Instant | None = None
    """When it can be erased, where that is known."""


class Erasure(msgspec.Struct, frozen=True):
    """One requested erasure as the record tells it."""

    erasure: int
    subject: str
    ground: ErasureGround
    requested_at: Instant
    requested_by: str
    carried_out: bool
    """Whether every ticket was gone through."""
    destroyed: bool
    """Whether no key and no text of what was erased is left in the database."""
    tickets: tuple[TicketErasure, ...]


class Reconciled(msgspec.Struct, frozen=True):
    """What had to be done again."""

    erasures: int
    """Requests that had not been carried out to their end."""
    tickets: int
    """Tickets on which something is erased, all of them gone through."""
    keys: int
    texts: int
    contents: int
    """Keys, texts and contents of evidence that were still there, or there again."""


class Eraser:
    """Erases in one ledger; without the eraser's DSN it records, and the destruction waits."""

    def __init__(self, ledger: TicketLedger, dsn: str | None, now: Callable[[], Instant]) -> None:
        """Erase through the ledger and, with the eraser role's DSN, in its database."""
        self._ledger = ledger
        self._dsn = dsn
        self._now = now
        self._names = placeholders(ledger.record.names)

    def erase(
        self,
        subject: str,
        ground: ErasureGround,
        actor: Actor,
        *,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Erasure:
        """Erase what is personal of a subject wherever it is, and return what became of it."""
        command = RequestErasure(subject=subject, ground=ground)
        outcome = self._ledger.handle(
            Request(command=command, actor=actor, key=key, expected_version=expected_version)
        )
        pending = self._ledger.erasures_pending()
        number = outcome.events[-1].version if outcome.events else pending_of(subject, pending)
        if number is None:  # it was finished by somebody else in this very moment
            number = outcome.version
        if number in pending:
            self._carry_out(number, subject, ground, actor)
        return self.told(number)

    def preview(self, subject: str) -> tuple[TicketErasure, ...]:
        """Return what an erasure would come to now; nothing is recorded."""
        found = []
        for stream in self._streams_of(subject):
            ticket = self._ledger.case(_ticket(stream)).ticket
            against = stands_against(ticket, self._ledger.book, self._now()) or (None, None)
            texts = len(self._places(stream, ticket, subject))
            contents = len(contents_of(ticket, subject))
            if texts or contents:
                found.append(TicketErasure(_ticket(stream), texts, contents, *against))
        return tuple(found)

    def told(self, number: int) -> Erasure:
        """Return what is on record of an erasure; raise UnknownErasure."""
        found = self._ledger.stream(PRIVACY_STREAM, number - 1, 1) if number > 0 else []
        if not found or not isinstance(found[0].event, ErasureRequested):
            raise errors.UnknownErasure
        request, asked = found[0], found[0].event
        tickets: dict[str, TicketErasure] = {}
        erased: list[str] = []
        for record in self._facts():
            event = record.event
            if not isinstance(event, PersonalDataErased | PersonalDataRestricted):
                continue
            if event.erasure != number:
                continue
            before = tickets.get(record.stream)
            if isinstance(event, PersonalDataErased):
                erased.append(record.stream)
                texts, contents = len(event.places), len(event.contents or ())
                if before is not None and before.standing is None:
                    texts, contents = texts + before.texts, contents + before.contents
                tickets[record.stream] = TicketErasure(record.subject, texts, contents)
            else:
                ticket = self._ledger.case(record.subject).ticket
                texts = len(self._places(record.stream, ticket, asked.subject))
                contents = len(contents_of(ticket, asked.subject))
                tickets[record.stream] = TicketErasure(
                    record.subject, texts, contents, event.standing, event.until
                )
        return Erasure(
            erasure=number,
            subject=asked.subject,
            ground=asked.ground,
            requested_at=request.at,
            requested_by=f"{request.actor.kind}:{request.actor.ref}",
            carried_out=number not in self._ledger.erasures_pending(),
            destroyed=not any(self._left(stream, asked.subject) for stream in set(erased)),
            tickets=tuple(tickets[stream] for stream in sorted(tickets)),
        )

    def carry_out_what_is_due(self) -> int:
        """Erase what only had to wait and waits no more; return on how many tickets."""
        return sum(self.carry_out_due_on(ticket) for ticket in self.waiting())

    def waiting(self) -> list[str]:
        """Return the tickets on which an erasure had to wait at some time, in order.

        A reading of the whole record.
        """
        return sorted({_ticket(record.stream) for record in self._facts()})

    def carry_out_due_on(self, ticket: str) -> int:
        """Erase on one ticket what waits no more; return of how many subjects."""
        found = self._ledger.case(ticket).ticket
        against = stands_against(found, self._ledger.book, self._now())
        done = 0
        for subject, one in found.restrictions.items():
            if against == (one.standing, one.until):
                continue
            after = self._on_ticket(ticket_stream(ticket), one.erasure, subject, one.ground, SYSTEM)
            done += subject not in after.restrictions
        return done

    def reconcile(self) -> Reconciled:
        """Finish what was begun, and destroy again whatever the record says was erased."""
        pending = self._ledger.erasures_pending()
        for number, asked in sorted(pending.items()):
            self._carry_out(number, asked.subject, asked.ground, asked.actor)
        erased = sorted(
            {one.stream for one in self._facts() if isinstance(one.event, PersonalDataErased)}
        )
        gone = [self._destroy(stream) for stream in erased]
        keys, texts, contents = (sum(column) for column in zip((0, 0, 0), *gone, strict=True))
        return Reconciled(
            erasures=len(pending), tickets=len(erased), keys=keys, texts=texts, contents=contents
        )

    # --- one erasure --------------------------------------------------------------------------

    def _carry_out(self, number: int, subject: str, ground: ErasureGround, actor: Actor) -> None:
        erased = restricted = 0
        for stream in self._streams_of(subject):
            ticket = self._on_ticket(stream, number, subject, ground, actor)
            restricted += subject in ticket.restrictions
            erased += subject in ticket.forgotten and subject not in ticket.restrictions
        finish = FinishErasure(erasure=number, erased=erased, restricted=restricted)
        self._ledger.handle(Request(command=finish, actor=actor))

    def _on_ticket(
        self, stream: str, number: int, subject: str, ground: ErasureGround, actor: Actor
    ) -> Ticket:
        """Erase a subject on one ticket, or have recorded what stands against it."""
        for _ in range(TRIES_MAX):
            # The version first: what is written after it makes the judgement start again, so the
            # places on record are all there are.
            ticket = self._ledger.case(_ticket(stream)).ticket
            command = ErasePersonalData(
                ticket=ticket.ticket,
                erasure=number,
                subject=subject,
                ground=ground,
                places=self._places(stream, ticket, subject),
            )
            if not command.places and not contents_of(ticket, subject):
                self._destroy(stream)
                return ticket
            try:
                self._ledger.handle(
                    Request(command=command, actor=actor, expected_version=ticket.version)
                )
            except errors.TicketChanged:
                continue
            self._destroy(stream)
            return self._ledger.case(ticket.ticket).ticket
        raise errors.Contended

    def _destroy(self, stream: str) -> tuple[int, int, int]:
        """Destroy keys, texts and contents that the stream's facts say were erased; count them."""
        if self._dsn is None:
            return 0, 0, 0
        statement = "select keys, texts from {personal}.forget(%s, %s)".format_map(self._names)
        try:
            with (
                closing(psycopg2.connect(self._dsn)) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(statement, (stream_lane(stream, self._ledger.lanes), stream))
                keys, texts = cursor.fetchone() or (0, 0)
        except psycopg2.OperationalError as error:
            raise DatabaseUnavailable("the eraser's database did not answer") from error
        return keys, texts, self._destroy_contents(stream)

    def _destroy_contents(self, stream: str) -> int:
        """Destroy what the vault holds of erased items, unless somebody else relies on it."""
        evidence = self._ledger.case(_ticket(stream)).ticket.evidence.values()
        erased = {one.attachment.sha256 for one in evidence if one.erased}
        there = [one for one in sorted(erased) if not self._relied_on(one)]
        return sum(self._ledger.vault.destroy(one) for one in there)

    def _relied_on(self, sha256: Sha256) -> bool:
        """Return whether a content is named anywhere but by items that were erased.

        A reading of the whole record, as rare as what asks for it.
        """
        rows = self._read(
            "select distinct stream from {ledger}.event"
            " where position(convert_to(%(sha256)s, 'UTF8') in state) > 0",
            {"sha256": sha256},
        )
        for (stream,) in rows:
            family, _, ticket = stream.partition(":")
            if family == "access":
                continue  # an alarm about it keeps nothing
            if family != "ticket":
                return True
            evidence = self._ledger.case(ticket).ticket.evidence.values()
            if any(one.attachment.sha256 == sha256 and not one.erased for one in evidence):
                return True
        return False

    # --- what there is ------------------------------------------------------------------------

    def _streams_of(self, subject: str) -> list[str]:
        """Return every stream that holds something personal of a subject.

        A reading of whole tables: an index would cost every append for what is done rarely.
        """
        kind, _, reference = subject.partition(":")
        rows = self._read(
            "select lane, stream from {personal}.subject_key"
            " where split_part(subject, '~', 1) = %(subject)s"
            # A side that wrote nothing may have put something in evidence.
            " union select lane, stream from {ledger}.event where version = 1"
            " and topic = %(opened)s and %(side)s in ('buyer', 'merchant')"
            " and position(convert_to(%(party)s, 'UTF8') in state) > 0"
            " order by lane, stream",
            {
                "subject": subject,
                "opened": TicketOpened.TOPIC,
                "side": kind,
                "party": f'"{kind}":"{reference}"',
            },
        )
        return [str(stream) for _, stream in rows]

    def _places(self, stream: str, ticket: Ticket, subject: str) -> tuple[Pointed, ...]:
        """Return where something personal of a subject stands and is not erased."""
        after = max(ticket.forgotten.get(subject, (0,)))
        sealed = self._ledger.record.disclosures(
            stream_lane(stream, self._ledger.lanes), stream, after=after
        )
        return tuple(
            Pointed(one.version, one.pointer)
            for one in sealed
            if subject_of(one.subject) == subject
        )

    def _left(self, stream: str, subject: str) -> bool:
        """Return whether something of what was erased is still in the database."""
        lane = stream_lane(stream, self._ledger.lanes)
        until = max(self._ledger.case(_ticket(stream)).ticket.forgotten.get(subject, (0,)))
        rows = self._ledger.record.disclosures(lane, stream, upto=until)
        return any(subject_of(one.subject) == subject for one in rows)

    def _facts(self) -> Iterable[Record]:
        """Return every fact about something erased or kept from view, by lane and position."""
        rows = self._read(
            "select lane, position, state, leaf_hash from {ledger}.event where topic in"
            " ('personal_data.erased.v1', 'personal_data.restricted.v1') order by lane, position",
            {},
        )
        for lane, position, state, leaf_hash in rows:
            yield read_record(lane, position, bytes(state), bytes(leaf_hash))

    def _read(self, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        def work(cursor: psycopg2.extensions.cursor) -> list[tuple[Any, ...]]:
            cursor.execute(statement.format_map(self._names), values)
            return cursor.fetchall()

        return self._ledger.record.connections.read(work)


def _ticket(stream: str) -> str:
    """Return the ticket of a stream; only tickets hold what is personal."""
    family, _, ticket = stream.partition(":")
    assert family == "ticket", "only tickets hold what is personal"
    return ticket
