"""The records of a ticket in the order in which things occurred, which is not always the record's.

History of another system and facts reported later say when they occurred; everything else occurred
when it was recorded. What is folded here is copies: the record is as it is.
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import structs

from domain.record import Record
from domain.values import Instant


def by_occurrence(records: Sequence[Record], upto: Instant) -> list[Record]:
    """Return those of a ticket's records that had occurred by an instant, in that order.

    A ticket begins with its opening, which came no later than the first row a source told of it;
    other facts from before it count from then on. Versions are numbered anew where the order is
    another one, for views fold without gaps.
    """
    if not records:
        return []
    opening, *others = records
    begun = min(
        [opening.occurred_at, *(record.occurred_at for record in others if record.imported)]
    )
    if begun > upto:
        return []
    true = [record for record in others if record.occurred_at <= upto]
    true.sort(key=lambda record: (max(record.occurred_at, begun), record.version))
    return [_numbered(record, number) for number, record in enumerate([opening, *true], 1)]


def is_in_order(records: Sequence[Record]) -> bool:
    """Return whether positions go up, as they do in the record."""
    return all(before.position < after.position for before, after in pairwise(records))


def _numbered(record: Record, number: int) -> Record:
    if record.version == number:
        return record
    return structs.replace(record, envelope=structs.replace(record.envelope, version=number))
