"""One ticket, checked whenever its case file is read: cheap, and no substitute for an audit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.ledger.log import Signed
from domain.ledger.recorder import StoredRow
from domain.ledger.signing import verifier
from domain.proof.chain import leaf_hash
from domain.proof.errors import ProofError
from domain.proof.keys import VerifierKey
from domain.proof.merkle import verify_inclusion
from domain.streams import ticket_lane, ticket_stream
from domain.values import KeyPurpose
from replay.verify.checkpoints import Stored, check_checkpoint
from replay.verify.report import Finding
from replay.verify.rows import Rows, microseconds_of
from replay.verify.span import Lane, check_stream

if TYPE_CHECKING:  # the whole application would be read by every worker of an archive
    from domain.ledger.application import TicketLedger


def ticket(ledger: "TicketLedger", ticket: str) -> Finding | None:
    """Return the first thing that is wrong with a ticket's evidence; None when nothing is.

    Every event is hashed again from its bytes and the chain is followed. The last event that the
    newest checkpoint covers is proved to be under it, and with it all before it.
    """
    number, stream = ticket_lane(ticket), ticket_stream(ticket)
    lane = Lane(number, ledger.origins[number])
    rows = rows_of(ledger.record.read_streams(number, [stream]))
    found = check_stream(lane, stream, rows).findings
    if found:
        return min(found, key=lambda finding: finding.version or 0)
    newest = ledger.merkle_log.checkpoint(number)
    size = newest.size if newest is not None else 0
    covered = [at for at, position in enumerate(rows.positions) if position <= size]
    if newest is None or not covered:
        return None
    wrong = check_checkpoint(
        lane, Stored(newest.size, newest.root, newest.note, 0), _keys(ledger, lane.origin)
    )
    return wrong[0] if wrong else _under(ledger, rows, covered[-1], newest)


def rows_of(stored: Sequence[StoredRow]) -> Rows:
    """Return rows as the application reads them, column by column."""
    return Rows(
        [row.position for row in stored],
        [row.stream for row in stored],
        [row.version for row in stored],
        [row.topic for row in stored],
        [row.command for row in stored],
        [microseconds_of(row.recorded_at) for row in stored],
        [row.state for row in stored],
        [row.leaf_hash for row in stored],
    )


def _under(ledger: "TicketLedger", rows: Rows, at: int, newest: Signed) -> Finding | None:
    """Return what is wrong when an event is not under a checkpoint that covers its position."""
    try:
        proof = ledger.merkle_log.inclusion(newest.lane, rows.positions[at], newest.size)
        verify_inclusion(
            index=rows.positions[at] - 1,
            size=newest.size,
            leaf=leaf_hash(rows.states[at]),
            proof=proof,
            root=newest.root,
        )
    except (ProofError, LookupError) as error:
        what = f"it is not under the checkpoint of size {newest.size}: {error}"
        return Finding("E11", newest.lane, *rows.place(at), what)
    return None


def _keys(ledger: "TicketLedger", origin: str) -> list[VerifierKey]:
    """Return the log's keys that are in use now, by the record."""
    in_use = ledger.keys_on_record().in_use.get(KeyPurpose.LOG)
    if in_use is None:
        return []
    keys = [key for key in (in_use.key, in_use.former) if key is not None]
    return [verifier(origin, KeyPurpose.LOG, key) for key in keys]
