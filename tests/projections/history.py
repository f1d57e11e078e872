"""Records made by hand, and a source that holds them: a ledger without a ledger."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from domain.events import Event
from domain.record import Cause, Envelope, Record, Source
from domain.streams import stream_lane
from domain.values import Actor, ActorKind, Instant, Sha256, instant

BUYER = Actor(kind=ActorKind.BUYER, ref="b-1")
MERCHANT = Actor(kind=ActorKind.MERCHANT, ref="m-1")
AGENT = Actor(kind=ActorKind.AGENT, ref="a-1")
ARBITRATOR = Actor(kind=ActorKind.ARBITRATOR, ref="r-1")
PAYMENT = Actor(kind=ActorKind.PAYMENT, ref="pay")
SYSTEM = Actor(kind=ActorKind.SYSTEM, ref="platform")
START = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


def at(minutes: int) -> Instant:
    """Return the instant some minutes after the start of every history."""
    return instant(START + timedelta(minutes=minutes))


class History:
    """Facts in the order they were recorded, stamped with places, hashes and times."""

    def __init__(self, lanes: int = 1) -> None:
        """Begin with empty lanes."""
        self.lanes = lanes
        self.of_lane: list[list[Record]] = [[] for _ in range(lanes)]
        self._versions: dict[str, int] = {}
        self._minutes = 0

    def add(
        self, stream: str, *events: Event, by: Actor = SYSTEM, imported: bool = False
    ) -> list[Record]:
        """Record facts on a stream, a minute after those before."""
        self._minutes += 1
        made = []
        for event in events:
            lane = stream_lane(stream, self.lanes)
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            position = len(self.of_lane[lane]) + 1
            record = Record(
                lane=lane,
                position=position,
                leaf_hash=_digest(f"{lane} {position}"),
                envelope=Envelope(
                    format=1,
                    ledger=f"ledger.test/lane-{lane}",
                    stream=stream,
                    version=version,
                    prev=_digest(f"{stream} {version - 1}"),
                    id=f"{lane}-{position}",
                    topic=event.TOPIC,
                    at=at(self._minutes),
                    actor=by,
                    cause=Cause(command=f"c-{lane}-{position}", correlation="k"),
                    data=msgspec.Raw(b"{}"),
                    source=Source(system="elsewhere", ref="1", imported=True) if imported else None,
                ),
                event=event,
            )
            self.of_lane[lane].append(record)
            made.append(record)
        return made

    def ticket(self, ticket: str, *events: Event, by: Actor = SYSTEM) -> list[Record]:
        """Record facts on a ticket's stream."""
        return self.add(f"ticket:{ticket}", *events, by=by)

    # --- the source of the views ---------------------------------------------------------------

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` records of a lane behind a position."""
        return self.of_lane[lane][after : after + limit]

    def position(self, lane: int) -> int:
        """Return the lane's newest position."""
        return len(self.of_lane[lane])


def _digest(text: str) -> Sha256:
    return Sha256(hashlib.sha256(text.encode()).hexdigest())
