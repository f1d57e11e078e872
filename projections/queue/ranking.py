"""Where a ticket stands: how many come before it, in its queue and in all queues together.

Buckets count the open tickets of an hour; only the tickets of one's own bucket are counted one by
one. So the answer takes as long with a million tickets as with a thousand.
"""

from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import planned
from projections.projection import MOMENT
from projections.queue.rows import PREFIX_LENGTH, TIMELESS, QueueRow, decode_row

_STANDING: Final = f"""
with mine as (
  select ticket, queue, priority, due_at, item,
    case when due_at = 'infinity' then '{TIMELESS}' || left(ticket, {PREFIX_LENGTH})
         else to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24') end as bucket,
    date_trunc('hour', due_at, 'UTC') as first_due_at,
    case when due_at = 'infinity' then left(ticket, {PREFIX_LENGTH}) else '' end as first_ticket
  from view.queue where ticket = %s and open),
counted as (
  select b.queue = m.queue as here, b.open,
    (b.priority, b.bucket) < (m.priority, m.bucket) as ahead
  from mine m cross join view.queue_bucket b)
select m.item,
  coalesce((select sum(open) from counted where here and ahead), 0)::bigint,
  coalesce((select sum(open) from counted where here), 0)::bigint,
  coalesce((select sum(open) from counted where ahead), 0)::bigint,
  coalesce((select sum(open) from counted), 0)::bigint,
  (select count(*) from view.queue q where q.open and q.queue = m.queue
    and (q.priority, q.due_at, q.ticket) >= (m.priority, m.first_due_at, m.first_ticket)
    and (q.priority, q.due_at, q.ticket) <= (m.priority, m.due_at, m.ticket)),
  (select count(*) from view.queue q where q.open
    and (q.priority, q.due_at, q.ticket) >= (m.priority, m.first_due_at, m.first_ticket)
    and (q.priority, q.due_at, q.ticket) <= (m.priority, m.due_at, m.ticket))
from mine m"""


class Rank(msgspec.Struct, frozen=True):
    """A place among others, the first being 1."""

    rank: int
    total: int


class Standing(msgspec.Struct, frozen=True):
    """Where a ticket stands, as far as the view has read."""

    moment: str
    row: QueueRow | None
    """None when the view knows no such ticket."""
    in_queue: Rank | None = None
    """None for a ticket that is resolved or closed: it waits no more."""
    overall: Rank | None = None


def standing(db: Cursor, ticket: str) -> Standing:
    """Return a ticket's place in the queue's order, by counters and one short range."""
    planned.execute(
        db,
        f"select {MOMENT}, (select item from view.queue where ticket = %s), s.* "
        f"from (values (1)) as one left join lateral ({_STANDING}) as s on true",
        ("queue", ticket, ticket),
    )
    moment, stored, item, *numbers = db.fetchone() or ("", None, None)
    if item is None:
        return Standing(moment, None if stored is None else decode_row(stored))
    ahead_here, here, ahead, everything, among_here, among = numbers
    return Standing(
        moment,
        decode_row(item),
        Rank(ahead_here + among_here, here),
        Rank(ahead + among, everything),
    )
