"""A record of any length that no database holds, for what is measured on files.

Its chains, leaf hashes, log and signed checkpoints are those that append and notary would have
made of the same events, which a verification confirms; only the personal values are nowhere. It is
made page by page and once, so its length costs time and hardly memory.
"""

import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from domain.ledger.log import Signed
from domain.ledger.sealing import commitment
from domain.proof import base64text
from domain.proof.canonical import canonical
from domain.proof.chain import GENESIS, leaf_hash
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.keys import SigningKey
from domain.proof.merkle import CompactRange
from domain.values import instant
from replay.archive.layout import Extent
from replay.verify.checkpoints import Stored
from replay.verify.rows import PAGE, Rows, microseconds_of
from tests.benchmarks.history import BEGAN, EVENTS_EACH, ORIGIN

LIVING: Final = 10_000
"""Tickets that live at the same time, in a record of any length: the events of one lie as many
positions apart."""
CHECKPOINT_EVERY: Final = 1_024
"""Events a second of a busy ledger, one checkpoint each; a page has whole ones."""
_TELL_EVERY: Final = 1 << 18


class LongRecord:
    """The record of one lane, told page by page from its beginning."""

    def __init__(self, events: int, living: int = LIVING) -> None:
        """Have so many events, of so many tickets at a time."""
        self.events = events
        self.size = 0
        """How many were told."""
        self._key = SigningKey(ORIGIN, secrets.token_bytes(32))
        self.public = self._key.verifier.public
        self._tree = CompactRange()
        self._edges = {0: self._tree.state}
        self._signed: list[Signed] = []
        self._after: dict[str, Any] | None = None
        self._last = [GENESIS] * living
        """The leaf hash of each living ticket's newest event."""

    def origins(self) -> tuple[str, ...]:
        """Return the origin of the one lane."""
        return (ORIGIN,)

    def signed_upto(self, _lane: int) -> int:
        """Return where the record ends: its end is signed."""
        return self.events

    def deed(self, _lane: int, position: int) -> Extent:
        """Return that every command recorded one event."""
        return Extent(position, position)

    def rows(self, _lane: int, extent: Extent) -> Iterator[Rows]:
        """Yield the rows of the next positions, page by page."""
        assert self.size == extent.first - 1, "it is told once, from the beginning"
        for after in range(extent.first - 1, extent.last, PAGE):
            yield self._page(min(after + PAGE, extent.last))

    def orders(self, _lane: int, tickets: Iterable[str]) -> dict[str, str | None]:
        """Return that no ticket is of an order."""
        return dict.fromkeys(tickets)

    def tree(self, _lane: int, size: int) -> CompactRange:
        """Return the right edge of the log at the size of a checkpoint."""
        return CompactRange.restore(self._edges[size])

    def checkpoints(self, _lane: int, extent: Extent) -> list[Stored]:
        """Return the checkpoints within some positions; the last one covers them all."""
        begun = (extent.first - 1) // CHECKPOINT_EVERY
        return [
            Stored(one.size, one.root, one.note, microseconds_of(one.published_at))
            for one in self._signed[begun:]
            if extent.first <= one.size <= extent.last
        ]

    def covering(self, _lane: int, size: int) -> Signed | None:
        """Return the first checkpoint that covers so many positions."""
        return next((one for one in self._signed if one.size >= size), None)

    def note(self, checkpoint: Signed) -> str:
        """Return a checkpoint, which nobody else signed."""
        return checkpoint.note.decode()

    def consistency(self, _lane: int, size: int, checkpoint: Signed) -> tuple[str, ...]:
        """Return that nothing needs a proof: what is archived ends with a checkpoint."""
        assert checkpoint.size == size
        return ()

    def books(self, _lanes: Mapping[int, Iterable[str]]) -> dict[str, bytes]:
        """Return that no books were adopted."""
        return {}

    def _page(self, upto: int) -> Rows:
        page = Rows([], [], [], [], [], [], [], [])
        while self.size < upto:
            self._tell(page)
            if self.size % CHECKPOINT_EVERY == 0 or self.size == self.events:
                self._sign(page.leaf_hashes)
        return page

    def _tell(self, page: Rows) -> None:
        """Add the next event to a page."""
        number = self.size
        turn, place = divmod(number, len(self._last))
        generation, age = divmod(turn, EVENTS_EACH)
        ticket, version = generation * len(self._last) + place, age + 1
        stream, before = f"ticket:T0-261122-{ticket:07d}", self._last[place] if age else GENESIS
        topic = "ticket.routed.v1"
        data: dict[str, Any] = {"queue": "after-sales"}
        if version in {2, 3}:
            topic, sd = "message.sent.v1", commitment(f"message {number}".encode())
            data = {"author": "buyer", "channel": "app", "text": {"sd": sd}}
        at = BEGAN + timedelta(milliseconds=number)
        command = f"{number:032x}"
        record = {
            "actor": {"kind": "buyer", "ref": f"b-{ticket}"},
            "at": instant(at),
            "cause": {"command": command, "correlation": command},
            "data": data,
            "format": 1,
            "id": f"01a2-{command}",
            "ledger": ORIGIN,
            "prev": before.hex(),
            "stream": stream,
            "topic": topic,
            "version": version,
        }
        state = canonical(record if self._after is None else record | {"after": self._after})
        leaf = self._last[place] = leaf_hash(state)
        self.size += 1
        page.positions.append(self.size)
        page.streams.append(stream)
        page.versions.append(version)
        page.topics.append(topic)
        page.commands.append(command)
        page.recorded_at.append(microseconds_of(at))
        page.states.append(state)
        page.leaf_hashes.append(leaf)

    def _sign(self, leaves: list[bytes]) -> None:
        """Take the newest leaves into the log, and sign what it has become."""
        self._tree.extend(leaves[self._tree.size - self.size :])
        root = self._tree.root()
        note = str(sign_checkpoint(Checkpoint(ORIGIN, self.size, root), self._key)).encode()
        published = BEGAN + timedelta(milliseconds=self.size)
        self._signed.append(Signed(0, self.size, root, note, published))
        self._edges[self.size] = self._tree.state
        self._after = {"size": self.size, "root": base64text.encode(root)}
        if self.size % _TELL_EVERY == 0:
            words = f"{self.size:,} of {self.events:,} events are told and signed"
            print(words, file=sys.stderr)  # noqa: T201 - words go to stderr
