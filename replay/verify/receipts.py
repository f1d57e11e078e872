"""Receipts that others hold: the event that was acknowledged is on record, and is the same."""

from collections.abc import Iterator, Mapping, Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.proof.canonical import BYTES_MAX
from domain.proof.chain import leaf_hash
from domain.proof.receipt import Receipt
from replay.verify.report import Finding


def check_receipts(
    cursor: Cursor, names: Mapping[str, str], lane: int, receipts: Sequence[Receipt]
) -> Iterator[Finding]:
    """Yield receipts whose event is not on record, or hashes to something else."""
    statement = _EVENT.format_map(names)
    for one in receipts:
        values = {"lane": lane, "stream": one.stream, "version": one.version}
        cursor.execute(statement, values)
        row = cursor.fetchone()
        if row is None:
            what = f"a receipt of {one.at} acknowledges this event, and it is not on record"
            yield Finding("X03", lane, None, one.stream, one.version, what)
        elif leaf_hash(bytes(row[1])) != one.leaf:
            what = f"a receipt of {one.at} acknowledges another event than is on record"
            yield Finding("X03", lane, int(row[0]), one.stream, one.version, what)


_EVENT = (
    f"select position, substring(state from 1 for {BYTES_MAX + 1}) from {{ledger}}.event"
    " where lane = %(lane)s and stream = %(stream)s and version = %(version)s"
)
