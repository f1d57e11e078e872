"""The heads of streams: what the next judgement finds, folded from the record and cached."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any, Final

import msgspec

from domain.events import Event
from domain.ledger.batch import GENESIS
from domain.ledger.recorder import Recorder
from domain.ledger.signing import evolve_keys
from domain.record import read_record
from domain.ticket.access import evolve_looks
from domain.ticket.adoption import Adopted, evolve_adoptions
from domain.ticket.agents import evolve_agent
from domain.ticket.customers import evolve_customer
from domain.ticket.evolve import evolve
from domain.ticket.notices import evolve_notices
from domain.ticket.order import evolve_order
from domain.ticket.overflow import evolve_queue
from domain.ticket.piloting import evolve_pilots
from domain.ticket.pilots import Pilot
from domain.ticket.privacy import evolve_privacy
from domain.ticket.state import Stamp
from domain.ticket.training import evolve_training
from domain.values import Instant

Fold = Callable[[Any, Event, Stamp], Any]


def _count_only(_state: object, _event: Event, _stamp: Stamp) -> None:
    """Fold a stream whose facts no judgement needs: its head alone counts."""


def _of_policy(state: Any, event: Any, stamp: Stamp) -> tuple[Adopted, ...] | tuple[Pilot, ...]:
    """Fold the books that were adopted, or the pilots of books, in that order."""
    if stamp.subject == "pilots":
        return evolve_pilots(state, event)
    return evolve_adoptions(state, event)


def _of_the_ledger(state: Any, event: Event, stamp: Stamp) -> Any:
    """Fold a stream of the ledger itself; where no judgement needs it, the head alone counts."""
    if stamp.subject == "keys":
        return evolve_keys(state, event)
    if stamp.subject == "privacy":
        return evolve_privacy(state, event, version=stamp.version, actor=stamp.actor)
    return None


FOLDS: Final[Mapping[str, Fold]] = {
    "ticket": evolve,
    "order": evolve_order,
    "access": evolve_looks,
    "notice": evolve_notices,
    "policy": _of_policy,
    "customer": evolve_customer,
    "merchant": _count_only,
    "supplier": _count_only,
    "ledger": _of_the_ledger,
    "agent": evolve_agent,
    "queue": evolve_queue,
    "training": evolve_training,
}
"""Family of streams → what its facts add up to."""


class Head(msgspec.Struct, frozen=True):
    """Where a stream ends, and what its facts add up to there."""

    stream: str
    version: int = 0
    leaf_hash: bytes = GENESIS
    at: Instant = Instant("")
    position: int = 0
    state: Any = None


class Heads:
    """The heads of one lane, the most recently used of them kept in memory."""

    def __init__(self, recorder: Recorder, lane: int, *, size_max: int = 50_000) -> None:
        """Read from a recorder; hold at most `size_max` heads."""
        self._recorder = recorder
        self._lane = lane
        self._size_max = size_max
        self._kept: OrderedDict[str, Head] = OrderedDict()
        self._lock = Lock()

    def find(self, streams: Iterable[str]) -> dict[str, Head]:
        """Return the heads of streams, read in one query where they are not in memory.

        What is in memory may be behind another process; the append finds that out.
        """
        found: dict[str, Head] = {}
        with self._lock:
            for stream in streams:
                head = self._kept.get(stream)
                if head is not None:
                    self._kept.move_to_end(stream)
                    found[stream] = head
        missing = [stream for stream in dict.fromkeys(streams) if stream not in found]
        if missing:
            read = self._read(missing)
            self.keep(read.values())
            found |= {stream: read.get(stream) or Head(stream) for stream in missing}
        return found

    def keep(self, heads: Iterable[Head]) -> None:
        """Keep heads that are on record."""
        with self._lock:
            for head in heads:
                self._kept[head.stream] = head
                self._kept.move_to_end(head.stream)
            while len(self._kept) > self._size_max:
                self._kept.popitem(last=False)

    def forget(self, streams: Iterable[str]) -> None:
        """Read these streams again when they are next asked for."""
        with self._lock:
            for stream in streams:
                self._kept.pop(stream, None)

    def _read(self, streams: list[str]) -> dict[str, Head]:
        heads: dict[str, Head] = {}
        for row in self._recorder.read_streams(self._lane, streams):
            before = heads.get(row.stream) or Head(row.stream)
            record = read_record(row.lane, row.position, row.state, row.leaf_hash)
            stamp = Stamp(record.subject, record.version, record.at, record.actor, record.imported)
            heads[row.stream] = Head(
                stream=row.stream,
                version=row.version,
                leaf_hash=row.leaf_hash,
                at=record.at,
                position=row.position,
                state=FOLDS[row.stream.partition(":")[0]](before.state, record.event, stamp),
            )
        return heads
