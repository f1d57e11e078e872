"""Plays whose facts are kept as the records a ledger would have made; no test is here."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.events import Event, OrderPlaced
from domain.policies.book import Book
from domain.record import Cause, Envelope, Record
from domain.streams import order_stream, ticket_stream
from domain.ticket.order import AnyOrderCommand
from domain.values import SYSTEM, Actor, Commitment, Confidential, Instant, Personal, Sha256
from replay.what_if.deeds import deeds
from replay.what_if.lives import Rules, Telling, Texts, in_force
from replay.what_if.running import Replay
from replay.what_if.trying import no_texts
from tests.domain.play import ORDER, T1
from tests.simulation.watched import Watched

_LEFT_OUT = frozenset({"attachment", "holds"})
"""What a judge is not asked for again: where contents lie, and names that are reserved."""


class Recorded(Watched):
    """A watched play that keeps records too."""

    def __init__(self, **options: Any) -> None:
        """Begin with the order on record."""
        self.records: list[Record] = []
        self.texts: dict[tuple[int, str], str] = {}
        """By position and field: what is sealed on record."""
        self._versions: dict[str, int] = {}
        self._commands = 0
        super().__init__(**options)
        order = self.order
        placed = OrderPlaced(
            buyer=order.buyer,
            merchant=order.merchant,
            lines=tuple(order.lines.values()),
            placed_at=order.placed_at,
            live_session=order.live_session,
            services=order.services or None,
        )
        self._keep((placed,), SYSTEM, T1)

    def do(self, actor: Actor, command: Any, ticket: str = T1) -> tuple[Event, ...]:
        """Judge and fold, and put what follows on record."""
        events = super().do(actor, command, ticket)
        self._keep(events, actor, ticket)
        return events

    def report(self, actor: Actor, command: AnyOrderCommand) -> None:
        """Judge a report about the order, and put what follows on record."""
        known = len(self.facts)
        super().report(actor, command)
        self._keep(tuple(self.facts[known:]), actor, T1)

    def _keep(self, events: Sequence[Event], actor: Actor, ticket: str) -> None:
        self._commands += 1
        for event in events:
            stream = order_stream(ORDER) if event.FAMILY == "order" else ticket_stream(ticket)
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            position = len(self.records) + 1
            digest = Sha256(hashlib.sha256(str(position).encode()).hexdigest())
            envelope = Envelope(
                format=1,
                ledger="ledger.test/lane-0",
                stream=stream,
                version=version,
                prev=digest,
                id=str(position),
                topic=event.TOPIC,
                at=self.now,
                actor=actor,
                cause=Cause(f"c-{self._commands}", f"c-{self._commands}"),
                data=msgspec.Raw(b"{}"),
            )
            sealed = self._sealed(event, position)
            self.records.append(Record(0, position, digest, envelope, sealed))

    def _sealed(self, event: Event, position: int) -> Event:
        """Return an event as a record holds it: what is personal is committed to."""
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if isinstance(value, Personal):
                self.texts[position, name] = value.value
                event = replace(event, **{name: Commitment(f"{position}/{name}")})
        return event

    def text(self, record: Record, field: str) -> str | None:
        """Return the words of a record."""
        return self.texts.get((record.position, field))


def lived(
    records: Sequence[Record],
    books: Mapping[str, Book],
    other: Book | None,
    texts: Texts = no_texts,
    *,
    until: Instant | None = None,
) -> Replay:
    """Return a history that was lived again: under each ticket's own book, or under another."""

    def under(version: str) -> Book:
        return books[version] if other is None else other

    telling = Telling(in_force(books.values()), in_force([other] if other else books.values()))
    replay = Replay(Rules(books.__getitem__, under, texts), telling)
    for deed in deeds(records):
        replay.take(deed)
    replay.finish(until or max(one.at for one in records))
    return replay


def plain(event: Event) -> tuple[str, dict[str, Any]]:
    """Return an event without words and without what no judge is asked for again."""
    fields = {
        name: value
        for name in event.__struct_fields__
        if not isinstance(value := getattr(event, name), Confidential) and name not in _LEFT_OUT
    }
    return event.TOPIC, {name: value for name, value in fields.items() if value is not None}


def differing(replay: Replay) -> list[tuple[str, int, Any, Any]]:
    """Return the first place of each ticket at which the second life is not the first."""
    found: list[tuple[str, int, Any, Any]] = []
    for life in replay.lives.values():
        before = [(plain(one.event), one.at) for one in life.record]
        after = [(plain(one.event), one.at) for one in life.otherwise]
        if before != after:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
            number = len(list(same))
            found.append((life.ticket, number, before[number:][:2], after[number:][:2]))
    return found
