"""What an archive is made of, as the database has it: rows, first records, log, books.

The record only grows, so what lies before a signed checkpoint is read without holding anything up.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Final, Protocol, Self

from domain.ledger.anchors import cosigned
from domain.ledger.connections import Connections
from domain.ledger.log import CHECKPOINTS_MAX, Log, Signed
from domain.ledger.migrations import Names, placeholders
from domain.proof import base64text
from domain.proof.merkle import CompactRange
from domain.streams import ticket_stream
from replay.archive.layout import Extent, order_of
from replay.verify.checkpoints import Stored
from replay.verify.lanes import Lanes
from replay.verify.reading import open_snapshot
from replay.verify.rows import PAGE, Rows, microseconds_of, read_rows


class Recorded(Protocol):
    """A record that can be archived, wherever it lies."""

    def origins(self) -> tuple[str, ...]:
        """Return the lanes' origins, lane 0 first."""
        ...

    def signed_upto(self, lane: int, /) -> int:
        """Return the size of a lane's newest checkpoint, 0 without one."""
        ...

    def deed(self, lane: int, position: int, /) -> Extent:
        """Return the positions of the records that one command made, one of which is given."""
        ...

    def rows(self, lane: int, extent: Extent, /) -> Iterator[Rows]:
        """Yield the rows of some positions, page by page."""
        ...

    def orders(self, lane: int, tickets: Iterable[str], /) -> dict[str, str | None]:
        """Return the order of each ticket, as its first record says."""
        ...

    def tree(self, lane: int, size: int, /) -> CompactRange:
        """Return the right edge of a lane's log at a size."""
        ...

    def checkpoints(self, lane: int, extent: Extent, /) -> list[Stored]:
        """Return the checkpoints within some positions, and the first one that covers them all."""
        ...

    def covering(self, lane: int, size: int, /) -> Signed | None:
        """Return the first checkpoint that covers so many positions of a lane."""
        ...

    def note(self, checkpoint: Signed, /) -> str:
        """Return a checkpoint with all who signed it."""
        ...

    def consistency(self, lane: int, size: int, checkpoint: Signed, /) -> tuple[str, ...]:
        """Return what shows that a checkpoint begins with the log of a size."""
        ...

    def books(self, lanes: Mapping[int, Iterable[str]], /) -> dict[str, bytes]:
        """Return the books that were adopted in each lane and are kept."""
        ...


class Source:
    """A ledger's database that is archived."""

    def __init__(self, dsn: str, names: Names = Names()) -> None:  # noqa: B008
        """Connect."""
        self._names = names
        with ExitStack() as ending:
            connections = ending.enter_context(closing(Connections(dsn, readers_max=1)))
            self._log = Log(connections, names=names)
            rows = ending.enter_context(closing(open_snapshot(dsn, None)))
            self._cursor = ending.enter_context(rows.cursor())
            self._ending = ending.pop_all()
        quoted = placeholders(names)
        self._lanes = Lanes(self._cursor, quoted)
        self._openings = _OPENINGS.format_map(quoted)
        self._deed = _DEED.format_map(quoted)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._ending.close()

    def origins(self) -> tuple[str, ...]:
        """Return the lanes' origins, lane 0 first."""
        return self._lanes.origins()

    def signed_upto(self, lane: int) -> int:
        """Return the size of a lane's newest checkpoint, 0 without one."""
        newest = self._log.checkpoint(lane)
        return 0 if newest is None else newest.size

    def deed(self, lane: int, position: int) -> Extent:
        """Return the positions of the records that one command made, one of which is given."""
        self._cursor.execute(self._deed, {"lane": lane, "position": position})
        ((first, last),) = self._cursor.fetchall()
        return Extent(first or position, last or position)

    def covering(self, lane: int, size: int) -> Signed | None:
        """Return the first checkpoint that covers so many positions of a lane."""
        return self._log.covering(lane, size)

    def rows(self, lane: int, extent: Extent) -> Iterator[Rows]:
        """Yield the rows of some positions, page by page."""
        for after in range(extent.first - 1, extent.last, PAGE):
            upto = min(after + PAGE, extent.last)
            yield read_rows(self._cursor, self._names, lane, after=after, upto=upto)

    def orders(self, lane: int, tickets: Iterable[str]) -> dict[str, str | None]:
        """Return the order of each ticket, as its first record says."""
        orders: dict[str, str | None] = dict.fromkeys(tickets)
        streams = {ticket_stream(ticket): ticket for ticket in orders}
        self._cursor.execute(self._openings, {"lane": lane, "streams": list(streams)})
        for stream, state in self._cursor.fetchall():
            orders[streams[stream]] = order_of(bytes(state))
        return orders

    def tree(self, lane: int, size: int) -> CompactRange:
        """Return the right edge of a lane's log at a size, by its own tiles."""
        return CompactRange.read(size, self._log.hashes(lane, size))

    def checkpoints(self, lane: int, extent: Extent) -> list[Stored]:
        """Return the checkpoints within some positions, and the first one that covers them all."""
        found: list[Stored] = []
        after = extent.first - 1
        while page := self._log.checkpoints(lane, after, CHECKPOINTS_MAX):
            for one in page:
                at = microseconds_of(one.published_at)
                found.append(Stored(one.size, one.root, one.note, at))
                if one.size >= extent.last:
                    return found
            after = page[-1].size
        return found

    def note(self, checkpoint: Signed) -> str:
        """Return a checkpoint with all who signed it."""
        return str(cosigned(checkpoint, self._log.anchors(checkpoint.lane, checkpoint.size)))

    def consistency(self, lane: int, size: int, checkpoint: Signed) -> tuple[str, ...]:
        """Return what shows that a checkpoint begins with the log of a size."""
        if size == checkpoint.size:
            return ()
        return tuple(map(base64text.encode, self._log.consistency(lane, size, checkpoint.size)))

    def books(self, lanes: Mapping[int, Iterable[str]]) -> dict[str, bytes]:
        """Return the books that were adopted in each lane and are kept."""
        found = {}
        for lane, digests in lanes.items():
            for digest in digests:
                content = self._lanes.book(lane, digest)
                if content is not None:
                    found[digest] = content
        return found


_OPENINGS: Final = (
    "select stream, state from {ledger}.event"
    " where lane = %(lane)s and stream = any(%(streams)s) and version = 1"
)
_DEED: Final = (
    "select min(position), max(position) from {ledger}.event where lane = %(lane)s and command ="
    " (select command from {ledger}.event where lane = %(lane)s and position = %(position)s)"
)
