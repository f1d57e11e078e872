"""What is wrong with a stream that could not be told: its chain, a record's bytes, or their sum.

Asked after something failed, to say whether the record is at fault. It is no audit: a forger who
makes the chain anew is found by checkpoints and copies elsewhere.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.ledger.application import TicketLedger
from domain.ledger.folding import FOLDS
from domain.ledger.recorder import StoredRow
from domain.record import read_record
from domain.streams import stream_lane
from domain.ticket.state import Stamp
from replay.verify.one import rows_of
from replay.verify.span import Lane, check_stream


class Damage(msgspec.Struct, frozen=True):
    """The first thing that is wrong with a stream."""

    stream: str
    version: int | None
    finding: str
    """A code of the audit's (E01 …), `unreadable`, or `does_not_follow`: no fact that comes after
    those before it, because it was forged with a whole chain or because this version has a fault.
    """


def damage(ledger: TicketLedger, stream: str) -> Damage | None:
    """Return what is wrong with a stream as it lies in the database; None when nothing shows."""
    lane = stream_lane(stream, ledger.lanes)
    stored = list(ledger.record.read_streams(lane, [stream]))
    found = check_stream(Lane(lane, ledger.origins[lane]), stream, rows_of(stored)).findings
    chain = [Damage(stream, one.version, one.code) for one in found]
    told = [one for one in (_unfolded(stream, stored), *chain) if one is not None]
    # A changed record shows in the chain where the next one does not follow it.
    return min(told, key=lambda one: one.version or 0, default=None)


def _unfolded(stream: str, stored: Sequence[StoredRow]) -> Damage | None:
    """Return the first record that can not be read, or not have come after those before it."""
    fold = FOLDS[stream.partition(":")[0]]
    state: Any = None
    for row in stored:
        finding = "unreadable"
        try:
            record = read_record(row.lane, row.position, row.state, row.leaf_hash)
            finding = "does_not_follow"
            stamp = Stamp(record.subject, record.version, record.at, record.actor, record.imported)
            state = fold(state, record.event, stamp)
        except MemoryError:  # says nothing of the record
            raise
        except Exception:  # no fold refuses what was decided; how a forged one fails is open
            return Damage(stream, row.version, finding)
    return None
