"""Views that list several things of a ticket: how their rows are read, folded, written and paged.

What the rows are, and what each fact means for them, stands in the view's own module.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import Event
from domain.record import Record
from projections.columns import booleans, integers, texts, upsert
from projections.projection import MOMENT, PAGE_SIZE_MAX, Fact, Poisoned, where

T = TypeVar("T", bound=msgspec.Struct)
Apply = Callable[[dict[str, T], Record], None]
"""Folds a fact into the rows of its ticket, by their key."""
_ARRAYS: Final[dict[str, Callable[[Iterable[Any]], str]]] = {
    "text": texts,
    "int": integers,
    "bigint": integers,
    "boolean": booleans,
}


class Table(Generic[T]):
    """The rows of a view: one for each thing of a ticket, in the order of the row's fields."""

    def __init__(self, view: str, name: str, row: type[T], columns: Sequence[tuple[str, str]]):
        """Name the view and its table; `columns` are (name, type), ticket and key first."""
        self.view = view
        self.name = name
        self.row = row
        self.key = columns[1][0]
        self.read = ", ".join(column for column, _ in columns)
        self._kinds = [kind for _, kind in columns]
        self._upsert = upsert(name, (*columns, ("lane", "int")), ["ticket", self.key])

    def decode(self, found: Sequence[object]) -> T:
        """Return the row that columns of the table hold."""
        return msgspec.convert(dict(zip(self.row.__struct_fields__, found, strict=True)), self.row)

    def key_of(self, row: T) -> tuple[str, str]:
        """Return the ticket of a row and its key there."""
        ticket, key, *_ = msgspec.structs.astuple(row)
        return ticket, key

    def of(self, db: Cursor, tickets: Iterable[str]) -> list[T]:
        """Return every row of some tickets."""
        db.execute(
            f"select {self.read} from {self.name} where ticket = any(%s::text[])",
            (texts(tickets),),
        )
        return [self.decode(found) for found in db.fetchall()]

    def put(self, db: Cursor, rows: Sequence[T], lane: int) -> None:
        """Write rows, each in the place of the one before it."""
        if not rows:
            return
        columns = zip(
            self._kinds, zip(*map(msgspec.structs.astuple, rows), strict=True), strict=True
        )
        arrays = [_ARRAYS[kind](values) for kind, values in columns]
        db.execute(self._upsert, (*arrays, integers(lane for _ in rows)))

    def drop(self, db: Cursor, gone: Sequence[tuple[str, str]]) -> None:
        """Delete rows by ticket and key."""
        if gone:
            db.execute(
                f"delete from {self.name} t using unnest(%s::text[], %s::text[]) "
                f"as gone(ticket, key) where t.ticket = gone.ticket and t.{self.key} = gone.key",
                (texts(ticket for ticket, _ in gone), texts(key for _, key in gone)),
            )


class ListPage(Generic[T]):
    """The rows of the tickets that one page of records touches; imported history lists nothing."""

    def __init__(
        self, table: Table[T], lane: int, *, concerned: frozenset[type[Event]], apply: Apply[T]
    ) -> None:
        """Begin with nothing; only facts of the concerned classes are applied."""
        self.lane = lane
        self._table = table
        self._concerned = concerned
        self._apply = apply
        self._rows: dict[str, dict[str, T]] = {}
        self._before: set[tuple[str, str]] = set()

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the rows of the tickets that the facts concern."""
        self._rows = {ticket: {} for ticket, record in facts if self._is_concerned(record)}
        if not self._rows:
            return
        for row in self._table.of(db, self._rows):
            ticket, key = self._table.key_of(row)
            self._rows[ticket][key] = row
            self._before.add((ticket, key))

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for ticket, record in facts:
            if self._is_concerned(record):
                try:
                    self._apply(self._rows[ticket], record)
                except Exception as error:
                    raise Poisoned(record, where(error)) from error

    def write(self, db: Cursor) -> None:
        """Write what is listed and delete what is not any more."""
        rows = [row for listed in self._rows.values() for row in listed.values()]
        self._table.drop(db, sorted(self._before - {self._table.key_of(row) for row in rows}))
        self._table.put(db, rows, self.lane)

    def _is_concerned(self, record: Record) -> bool:
        return type(record.event) in self._concerned and not record.imported


def page(
    db: Cursor,
    table: Table[T],
    *,
    where: Sequence[tuple[str, Sequence[object]]],
    order: Sequence[str],
    after: msgspec.Struct | None,
    limit: int,
) -> tuple[str, tuple[T, ...], tuple[Any, ...] | None]:
    """Return the view's moment, up to `limit` rows behind a key, and the key to go on behind.

    `where` holds conditions with their values, `order` the columns that the key is made of and an
    index holds in this order.
    """
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    conditions = [condition for condition, _ in where] or ["true"]
    values = [value for _, given in where for value in given]
    ordered = ", ".join(order)
    if after is not None:
        conditions.append(f"({ordered}) > ({', '.join('%s' for _ in order)})")
        values += msgspec.structs.astuple(after)
    db.execute(
        f"select m.moment, r.* from (select {MOMENT} as moment) m left join lateral ("
        f"select {table.read} from {table.name} where {' and '.join(conditions)} "
        f"order by {ordered} limit %s) r on true",
        (table.view, *values, limit + 1),
    )
    rows = db.fetchall()
    found = [table.decode(row[1:]) for row in rows if row[1] is not None]
    more = len(found) > limit
    key = tuple(getattr(found[limit - 1], column) for column in order) if more else None
    return rows[0][0], tuple(found[:limit]), key
