"""Scenarios whose facts are kept as records too, as an explanation reads them; no test is here."""

import hashlib
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Self

import msgspec
from msgspec.structs import replace as with_fields

from domain.events import Event
from domain.policies.book import Book
from domain.record import Cause, Envelope, Record
from domain.streams import order_stream, ticket_stream
from domain.ticket.context import Context
from domain.ticket.diagnosing import by_words
from domain.values import SYSTEM, Actor, Personal, Sha256
from tests.scenario import ORDER, TICKET, Scenario


@dataclass(frozen=True)
class Told(Scenario):
    """A scenario with the record a ledger would have made of it."""

    records: tuple[Record, ...] = ()

    def given(self, *facts: Event, by: Actor = SYSTEM) -> Self:
        """Put facts on the record, one behind the other."""
        following = super().given(*facts, by=by)
        return changed(following, records=(*self.records, *self._recorded(facts, by)))

    def context(self, by: Actor) -> Context:
        """Return what a judgement may know; a ticket is judged under the book it is promised by."""
        known = super().context(by)
        book = None if self.ticket is None else known.books(self.ticket.policy)
        return known if book is None else with_fields(known, book=book, diagnose=by_words(book))

    @property
    def live_book(self) -> Book:
        """Return the book the ticket is promised under."""
        return self.context(SYSTEM).book

    @property
    def of_ticket(self) -> list[Record]:
        """Return the ticket's records."""
        return [one for one in self.records if one.stream == ticket_stream(TICKET)]

    @property
    def of_order(self) -> list[Record]:
        """Return the order's records."""
        return [one for one in self.records if one.stream == order_stream(ORDER)]

    @property
    def texts(self) -> dict[tuple[int, str], str]:
        """Return what was said, by version and field, as a reader's key opens it."""
        return {
            (record.version, name): value.value
            for record in self.of_ticket
            for name in record.event.__struct_fields__
            if isinstance(value := getattr(record.event, name), Personal)
        }

    def _recorded(self, facts: tuple[Event, ...], by: Actor) -> tuple[Record, ...]:
        made: list[Record] = []
        command = f"c-{len(self.records) + 1}"
        versions = {"order": len(self.of_order), "ticket": len(self.of_ticket)}
        for fact in facts:
            versions[fact.FAMILY] += 1
            position = len(self.records) + len(made) + 1
            stream = order_stream(ORDER) if fact.FAMILY == "order" else ticket_stream(TICKET)
            digest = Sha256(hashlib.sha256(str(position).encode()).hexdigest())
            envelope = Envelope(
                format=1,
                ledger="ledger.test/lane-0",
                stream=stream,
                version=versions[fact.FAMILY],
                prev=digest,
                id=str(position),
                topic=fact.TOPIC,
                at=self.now,
                actor=by,
                cause=Cause(command=command, correlation=command),
                data=msgspec.Raw(b"{}"),
            )
            made.append(Record(0, position, digest, envelope, fact))
        return tuple(made)
