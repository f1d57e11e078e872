"""Asking the queue: a page by filter and key, one row, the counters."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import planned
from domain.values import Instant
from projections.projection import MOMENT, PAGE_SIZE_MAX
from projections.queue.rows import FACETS, QueueRow, decode_row


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets of the queue are asked for; what is None is not looked at."""

    open: bool | None = True
    """Only those that are neither resolved nor closed."""
    queue: str | None = None
    stage: str | None = None
    awaiting: str | None = None
    assignee: str | None = None
    merchant: str | None = None
    buyer: str | None = None
    order: str | None = None
    kind: str | None = None
    priority: int | None = None
    source_state: str | None = None
    due_before: Instant | None = None


class Key(msgspec.Struct, frozen=True):
    """The place of a row in the queue's order: the next page begins behind it."""

    priority: int
    due_at: str
    """An instant, or "infinity"."""
    ticket: str


class QueueList(msgspec.Struct, frozen=True):
    """One page of the queue, each row as the JSON text it is stored as."""

    moment: str
    """How far the view had read when these rows were."""
    items: tuple[str, ...]
    next: Key | None
    """Where the next page begins, or None when this is the last."""

    def json(self) -> bytes:
        """Return the rows as one JSON array, without reading any of them."""
        return b"[" + ",".join(self.items).encode() + b"]"


FILTERED: Final = {
    "queue": "queue = %s",
    "stage": "stage = %s",
    "awaiting": "awaiting = %s",
    "assignee": "assignee = %s",
    "merchant": "merchant = %s",
    "buyer": "buyer = %s",
    "order": "order_ref = %s",
    "kind": "kind = %s",
    "priority": "priority = %s",
    "source_state": "source_state = %s",
    "due_before": "due_at < %s",
}
"""What a filter asks of a row."""


def page(db: Cursor, filters: Filters, after: Key | None, limit: int) -> QueueList:
    """Return up to `limit` rows (200 at most) that stand behind a key, in the queue's order.

    A keyset page on an index that holds the order: as fast at any depth.
    """
    planned.execute(db, *page_statement(filters, after, limit))
    moment, joined = db.fetchone() or ("", "")
    items = tuple(joined.split("\n")) if joined else ()
    more = len(items) > limit
    items = items[:limit]
    return QueueList(moment, items, _KEY.decode(items[-1]).key() if more else None)


def page_statement(filters: Filters, after: Key | None, limit: int) -> tuple[str, list[Any]]:
    """Return the statement of a page and its values; it asks for one row more than the page."""
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    conditions: list[str] = []
    values: list[Any] = ["queue"]
    if filters.open is not None:
        conditions.append("open" if filters.open else "not open")
    for name, condition in FILTERED.items():
        value = getattr(filters, name)
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if after is not None:
        conditions.append("(priority, due_at, ticket) > (%s, %s, %s)")
        values += [after.priority, after.due_at, after.ticket]
    where = f"where {' and '.join(conditions)} " if conditions else ""
    # An array of a subquery keeps its order, and JSON texts hold no raw line break. The limit
    # stands in the text: whoever plans must see how few rows are asked for.
    return (
        f"select {MOMENT}, array_to_string(array(select item from view.queue {where}"
        f"order by priority, due_at, ticket limit {limit + 1}), E'\\n')",
        values,
    )


def row(db: Cursor, ticket: str) -> tuple[str, QueueRow | None]:
    """Return the view's moment and a ticket's row, None when the view knows no such ticket."""
    planned.execute(
        db,
        f"select {MOMENT}, (select item from view.queue where ticket = %s)",
        ("queue", ticket),
    )
    moment, item = db.fetchone() or ("", None)
    return moment, None if item is None else decode_row(item)


def live_of_order(db: Cursor, order: str) -> list[str]:
    """Return the tickets of an order that are neither resolved nor closed."""
    db.execute(
        "select ticket from view.queue where order_ref = %s and open order by ticket limit %s",
        (order, OF_ORDER_MAX),
    )
    return [ticket for (ticket,) in db.fetchall()]


def open_after(db: Cursor, ticket: str, limit: int) -> list[str]:
    """Return the next tickets behind an id that are neither resolved nor closed, by their ids."""
    db.execute(
        "select ticket from view.queue where open and ticket > %s order by ticket limit %s",
        (ticket, limit),
    )
    return [one for (one,) in db.fetchall()]


class Counts(msgspec.Struct, frozen=True):
    """How many tickets stand where: facet → value → number, from counter rows."""

    moment: str
    open: Mapping[str, Mapping[str, int]]
    """Of those that are neither resolved nor closed."""
    everything: Mapping[str, Mapping[str, int]]
    """Of all tickets."""


def counts(db: Cursor) -> Counts:
    """Return the counters of every facet (`FACETS`, `tickets`, `reports`), over all lanes."""
    db.execute(
        f"select {MOMENT}, facet, value, sum(open)::bigint, sum(everything)::bigint "
        "from (values (1)) as one left join view.queue_count on true "
        "group by facet, value order by facet, value",
        ("queue",),
    )
    rows = db.fetchall()
    of_open: dict[str, dict[str, int]] = {facet: {} for facet in ("tickets", *FACETS, "reports")}
    of_all: dict[str, dict[str, int]] = {facet: {} for facet in of_open}
    for _, facet, value, still_open, everything in rows:
        if still_open:
            of_open[facet][value] = still_open
        if everything:
            of_all[facet][value] = everything
    return Counts(rows[0][0], of_open, of_all)


OF_ORDER_MAX: Final = 1_000
"""More live tickets no order has."""


class _KeyOf(msgspec.Struct):
    priority: int
    ticket: str
    due_at: str | None = None

    def key(self) -> Key:
        return Key(self.priority, self.due_at or "infinity", self.ticket)


_KEY: Final = msgspec.json.Decoder(_KeyOf)
