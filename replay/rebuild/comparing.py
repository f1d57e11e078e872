"""Two sets of a view's tables compared row by row, both ways: what is read, and what was rebuilt.

Everything here is asked of one transaction's snapshot; who brings both to one moment is elsewhere.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.streams import position_text
from replay.rebuild.shadow import SCHEMA, Bare

LIVE: Final = "view"
_ASIDE: Final = ("lane", "position", "stream", "version", "topic")
"""What is compared of records that were put aside; the error names lines of code, which move."""


class Difference(msgspec.Struct, frozen=True):
    """One row that is not the same."""

    kind: str
    """`missing`: only the rebuilt view has it; `extra`: only the live one has it; `differing`."""
    key: list[str]
    """The values of the table's key."""
    columns: list[str]
    """Which columns differ, of a row that both have; no values are shown."""


class TableCompared(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a view."""

    table: str
    live_rows: int
    rebuilt_rows: int
    missing: int = 0
    extra: int = 0
    differing: int = 0
    only_live: tuple[str, ...] = ()
    """Columns that the rebuilt table has not; the others alone are compared."""
    only_rebuilt: tuple[str, ...] = ()
    examples: tuple[Difference, ...] = ()
    """Some of the rows that differ; the numbers count them all."""

    @property
    def same(self) -> bool:
        """Return whether both hold the same."""
        wrong = self.missing + self.extra + self.differing
        return not (wrong or self.only_live or self.only_rebuilt)


class ViewCompared(msgspec.Struct, frozen=True, kw_only=True):
    """One view, at the moment both had read to."""

    view: str
    moment: str
    live_version: int | None
    """None when nobody has built it yet: there is nothing that could differ."""
    version: int
    """Of the program that rebuilt it."""
    tables: tuple[TableCompared, ...]

    @property
    def same(self) -> bool:
        """Return whether all its tables hold the same."""
        return all(table.same for table in self.tables)


class Comparison(msgspec.Struct, frozen=True):
    """What was found of all views."""

    views: tuple[ViewCompared, ...]

    @property
    def same(self) -> bool:
        """Return whether nothing differs."""
        return all(view.same for view in self.views)


def compare(
    db: Cursor, view: Bare, moment: dict[int, int], live_version: int, examples: int
) -> ViewCompared:
    """Return how a view's live tables and the rebuilt ones differ, as the cursor sees them."""
    tables = [_table(db, name.partition(".")[2], examples) for name in view.tables]
    tables.append(_aside(db, view.name, examples))
    return ViewCompared(
        view=view.name,
        moment=_moment(moment),
        live_version=live_version,
        version=view.version,
        tables=tuple(tables),
    )


def new(view: Bare, moment: dict[int, int]) -> ViewCompared:
    """Return what is told of a view that is not there yet but for the rebuilt one."""
    return ViewCompared(
        view=view.name,
        moment=_moment(moment),
        live_version=None,
        version=view.version,
        tables=(),
    )


def _moment(moment: dict[int, int]) -> str:
    return ",".join(position_text(lane, at) for lane, at in sorted(moment.items()))


def _table(db: Cursor, table: str, examples: int) -> TableCompared:
    live, rebuilt = _columns(db, LIVE, table), _columns(db, SCHEMA, table)
    common = [name for name in rebuilt if name in live]
    key = [name for name in _key(db, table) if name in live]
    assert key or not live, "every table of a view has a key, and keeps it"
    if not live:
        db.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, table)))
        (rows,) = db.fetchone() or (0,)
        return TableCompared(
            table=table,
            live_rows=0,
            rebuilt_rows=rows,
            missing=rows,
            only_rebuilt=tuple(rebuilt),
        )
    return _compared(
        db,
        table,
        [sql.Identifier(schema, table) for schema in (LIVE, SCHEMA)],
        key=key,
        others=[name for name in common if name not in key],
        only_live=[name for name in live if name not in rebuilt],
        only_rebuilt=[name for name in rebuilt if name not in live],
        examples=examples,
    )


def _aside(db: Cursor, view: str, examples: int) -> TableCompared:
    """Compare the records that could not be folded: a view that lacks them is another view."""
    sources = [
        sql.SQL("(select {} from {} where view = {})").format(
            sql.SQL(", ").join(map(sql.Identifier, _ASIDE)),
            sql.Identifier(schema, "set_aside"),
            sql.Literal(view),
        )
        for schema in (LIVE, SCHEMA)
    ]
    return _compared(db, "set_aside", sources, key=_ASIDE[:2], others=_ASIDE[2:], examples=examples)


def _compared(
    db: Cursor,
    table: str,
    sources: Sequence[sql.Composable],
    *,
    key: Sequence[str],
    others: Sequence[str],
    only_live: Sequence[str] = (),
    only_rebuilt: Sequence[str] = (),
    examples: int,
) -> TableCompared:
    live, rebuilt = sources
    parts = {
        "live": live,
        "rebuilt": rebuilt,
        "same_key": _joined(" and ", "l.{0} = r.{0}", key),
        "key": _joined(", ", "coalesce(l.{0}, r.{0})::text", key),
        "first": sql.Identifier(key[0]),
        "differs": _joined(" or ", "l.{0} is distinct from r.{0}", others) if others else _NEVER,
        "columns": (
            _joined(", ", "case when l.{0} is distinct from r.{0} then {1} end", others)
            if others
            else sql.SQL("null")
        ),
    }
    db.execute(sql.SQL(_DIFFERENCES).format(**parts), {"examples": examples})
    rows = db.fetchall()
    totals = {kind: number for kind, number, _, _ in rows if number is not None}
    return TableCompared(
        table=table,
        live_rows=totals["live"],
        rebuilt_rows=totals["rebuilt"],
        missing=totals.get("missing", 0),
        extra=totals.get("extra", 0),
        differing=totals.get("differing", 0),
        only_live=tuple(only_live),
        only_rebuilt=tuple(only_rebuilt),
        examples=tuple(
            Difference(kind, list(found), list(columns) if kind == "differing" else [])
            for kind, number, found, columns in rows
            if number is None
        ),
    )


_NEVER: Final = sql.SQL("false")
_DIFFERENCES: Final = """
with found as materialized (
  select case when l.{first} is null then 'missing' when r.{first} is null then 'extra'
              else 'differing' end as kind,
    array[{key}] as key, array_remove(array[{columns}]::text[], null) as columns
  from {live} l full join {rebuilt} r on {same_key}
  where l.{first} is null or r.{first} is null or {differs})
select kind, count(*), null::text[], null::text[] from found group by kind
union all select 'live', (select count(*) from {live} l), null, null
union all select 'rebuilt', (select count(*) from {rebuilt} r), null, null
union all (select kind, null, key, columns from found order by key limit %(examples)s)
"""


def _joined(between: str, each: str, names: Iterable[str]) -> sql.Composable:
    return sql.SQL(between).join(
        sql.SQL(each).format(sql.Identifier(name), sql.Literal(name)) for name in names
    )


def _columns(db: Cursor, schema: str, table: str) -> list[str]:
    """Return a table's columns in their order, none when it is not there."""
    return _names(
        db,
        "select attname from pg_attribute where attrelid = to_regclass(%s) "
        "and attnum > 0 and not attisdropped order by attnum",
        schema,
        table,
    )


def _key(db: Cursor, table: str) -> list[str]:
    return _names(
        db,
        "select a.attname from pg_index i join pg_attribute a "
        "on a.attrelid = i.indrelid and a.attnum = any(i.indkey) "
        "where i.indrelid = to_regclass(%s) and i.indisprimary "
        "order by array_position(i.indkey::int2[], a.attnum)",
        SCHEMA,
        table,
    )


def _names(db: Cursor, statement: str, schema: str, table: str) -> list[Any]:
    db.execute(statement, (sql.Identifier(schema, table).as_string(db),))
    return [name for (name,) in db.fetchall()]
