"""Two sets of a view's tables compared row by row, both ways: what is read, and what was rebuilt.

Everything here is asked of one transaction's snapshot; who brings both to one moment is elsewhere.
"""

from collections.abc import Mapping, Sequence
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
    retyped: tuple[str, ...] = ()
    """Columns that have another type or collation; their values are compared as texts."""
    examples: tuple[Difference, ...] = ()
    """Some of the rows that differ; the numbers count them all."""

    @property
    def same(self) -> bool:
        """Return whether both hold the same."""
        wrong = self.missing + self.extra + self.differing
        return not (wrong or self.only_live or self.only_rebuilt or self.retyped)


class ViewCompared(msgspec.Struct, frozen=True, kw_only=True):
    """One view, at the moment both had read to."""

    view: str
    moment: str
    live_version: int | None
    """None when nobody has built it yet: there is nothing that could differ."""
    version: int
    """Of the program that rebuilt it."""
    tables: tuple[TableCompared, ...]
    beyond: tuple[str, ...] = ()
    """Where the live view says it has read to, in lanes whose record ends before."""

    @property
    def same(self) -> bool:
        """Return whether all its tables hold the same, and it read what is on record."""
        return not self.beyond and all(table.same for table in self.tables)


class Comparison(msgspec.Struct, frozen=True):
    """What was found of all views."""

    views: tuple[ViewCompared, ...]

    @property
    def same(self) -> bool:
        """Return whether nothing differs."""
        return all(view.same for view in self.views)


def compare(  # noqa: PLR0917 - two moments and two versions of one view
    db: Cursor,
    view: Bare,
    moment: Mapping[int, int],
    live_moment: Mapping[int, int],
    live_version: int,
    examples: int,
) -> ViewCompared:
    """Return how a view's live tables and the rebuilt ones differ, as the cursor sees them.

    Where the live view is ahead it has read what is not on record, and passes over what comes.
    """
    tables = [_table(db, name.partition(".")[2], examples) for name in view.tables]
    tables.append(_aside(db, view.name, examples))
    return ViewCompared(
        view=view.name,
        moment=_moment(moment),
        live_version=live_version,
        version=view.version,
        tables=tuple(tables),
        beyond=tuple(
            position_text(lane, at)
            for lane, at in sorted(live_moment.items())
            if at > moment.get(lane, 0)
        ),
    )


def new(view: Bare, moment: Mapping[int, int]) -> ViewCompared:
    """Return what is told of a view that is not there yet but for the rebuilt one."""
    return ViewCompared(
        view=view.name,
        moment=_moment(moment),
        live_version=None,
        version=view.version,
        tables=(),
    )


def _moment(moment: Mapping[int, int]) -> str:
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
        retyped=[name for name in common if live[name] != rebuilt[name]],
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
    retyped: Sequence[str] = (),
    examples: int,
) -> TableCompared:
    live, rebuilt = sources
    differs = {name: _each(_DIFFERS, name, as_text=name in retyped) for name in others}
    parts = {
        "live": live,
        "rebuilt": rebuilt,
        "same_key": sql.SQL(" and ").join(
            _each("{l} = {r}", name, as_text=name in retyped) for name in key
        ),
        "key": sql.SQL(", ").join(_each("coalesce({l}, {r})", name, as_text=True) for name in key),
        "first": sql.Identifier(key[0]),
        "differs": sql.SQL(" or ").join(differs.values()) if others else sql.SQL("false"),
        "columns": sql.SQL(", ").join(
            sql.SQL("case when {} then {} end").format(condition, sql.Literal(name))
            for name, condition in differs.items()
        )
        if others
        else sql.SQL("null"),
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
        retyped=tuple(retyped),
        examples=tuple(
            Difference(kind, list(found), list(columns) if kind == "differing" else [])
            for kind, number, found, columns in rows
            if number is None
        ),
    )


_DIFFERS: Final = "{l} is distinct from {r}"
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


def _each(condition: str, name: str, *, as_text: bool) -> sql.Composable:
    """Return an expression of a column of the live table and of the rebuilt one."""
    form = '{}.{}::text collate "C"' if as_text else "{}.{}"
    live, rebuilt = (
        sql.SQL(form).format(sql.Identifier(table), sql.Identifier(name)) for table in ("l", "r")
    )
    return sql.SQL(condition).format(l=live, r=rebuilt)


def _columns(db: Cursor, schema: str, table: str) -> dict[str, str]:
    """Return a table's columns in their order, each with its type; none when it is not there."""
    found = _asked(
        db,
        "select attname, concat_ws(' collate ', format_type(atttypid, atttypmod), "
        "(select collname from pg_collation c where c.oid = attcollation)) "
        "from pg_attribute where attrelid = to_regclass(%s) "
        "and attnum > 0 and not attisdropped order by attnum",
        schema,
        table,
    )
    return dict(found)


def _key(db: Cursor, table: str) -> list[str]:
    found = _asked(
        db,
        "select a.attname from pg_index i join pg_attribute a "
        "on a.attrelid = i.indrelid and a.attnum = any(i.indkey) "
        "where i.indrelid = to_regclass(%s) and i.indisprimary "
        "order by array_position(i.indkey::int2[], a.attnum)",
        SCHEMA,
        table,
    )
    return [name for (name,) in found]


def _asked(db: Cursor, statement: str, schema: str, table: str) -> list[tuple[Any, ...]]:
    db.execute(statement, (sql.Identifier(schema, table).as_string(db),))
    return db.fetchall()
