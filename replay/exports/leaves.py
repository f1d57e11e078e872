"""Records as they are told by an export: only where their bytes are those that the log took in.

JSON lines are held to a signed root as well; forms without proofs are held to the log's leaves.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from domain.ledger.log import Log
from domain.ledger.recorder import Recorder, StoredRow
from domain.proof.chain import leaf_hash
from domain.proof.errors import ProofError
from domain.proof.merkle import HASH_SIZE
from domain.proof.tiles import WIDTH, checked_tile
from domain.record import Record, read_record
from replay.exports.reading import DamagedRecord

TILES_KEPT: Final = 1_024
"""Records of a ticket lie far apart; so many tiles are 8 MiB."""


class Leaves:
    """The leaf hashes of every lane, read tile by tile."""

    def __init__(self, recorder: Recorder) -> None:
        """Read the log of the ledger whose record is exported."""
        self._log = Log(recorder.connections, names=recorder.names)
        self._sizes: dict[int, int] = {}
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def record_of(self, row: StoredRow) -> Record:
        """Return the record of a stored row; DamagedRecord where it is not what was recorded.

        What the log has not taken in yet is held to its own leaf hash alone.
        """
        where = f"what stands at position {row.lane}-{row.position}"
        if leaf_hash(row.state) != self._leaf(row):
            raise DamagedRecord(f"{where} is not what was recorded there: it has another leaf hash")
        try:
            return read_record(row.lane, row.position, row.state, row.leaf_hash)
        except (msgspec.ValidationError, msgspec.DecodeError, KeyError) as error:
            raise DamagedRecord(f"{where} is no record: {error}") from error

    def _leaf(self, row: StoredRow) -> bytes:
        """Return the leaf hash of a position, as the log has it where it does."""
        index, offset = divmod(row.position - 1, WIDTH)
        try:
            tile = self._tile(row.lane, index)
        except (LookupError, ProofError) as error:
            raise DamagedRecord(f"the log of lane {row.lane} is damaged: {error}") from error
        return tile[offset * HASH_SIZE : (offset + 1) * HASH_SIZE] or row.leaf_hash

    def _tile(self, lane: int, index: int) -> bytes:
        """Return the leaf hashes of a tile, as many as there were when the lane was first read."""
        if lane not in self._sizes:
            self._sizes[lane] = self._log.size(lane)
        width = min(WIDTH, self._sizes[lane] - index * WIDTH)
        if width <= 0:
            return b""
        found = self._tiles.get((lane, index))
        if found is None:
            found = checked_tile(self._log.tile(lane, 0, index, width), width)
            self._tiles[lane, index] = found
            if len(self._tiles) > TILES_KEPT:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end((lane, index))
        return found
