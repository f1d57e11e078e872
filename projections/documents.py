"""How views that keep a document a ticket store it and write it; what is in one is theirs."""

from collections.abc import Collection
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.cells import add, encoded, integer, text
from projections.columns import DOCUMENT, documents, integers, texts, upsert
from projections.projection import Row

_COLUMNS: Final = (
    ("ticket", "text"),
    ("lane", "int"),
    ("version", "int"),
    ("position", "text"),
    ("item", DOCUMENT),
)
_NAMES: Final = [name for name, _ in _COLUMNS]
_ENCODER: Final = msgspec.json.Encoder()


class Documents:
    """The table that holds a document of each ticket."""

    def __init__(self, table: str) -> None:
        """Take the table's name."""
        self.table = table
        self.create = f"""create table {table}(
          ticket text collate "C" primary key,
          lane int not null,
          version int not null,
          position text not null,
          item text not null)"""
        """The statement that makes it."""
        self.select = f"select item from {table} where ticket = any(%s::text[])"
        """The statement that reads the documents of an array of tickets."""
        self._upsert = upsert(table, _COLUMNS, ["ticket"])

    def write(self, db: Cursor, rows: Collection[Row]) -> None:
        """Put documents in the place of those that are there."""
        if not rows:
            return
        db.execute(
            self._upsert,
            (
                texts(row.ticket for row in rows),
                integers(row.lane for row in rows),
                integers(row.version for row in rows),
                texts(row.position for row in rows),
                documents(_ENCODER.encode(row).decode() for row in rows),
            ),
        )

    def add(self, db: Cursor, rows: Collection[Row]) -> None:
        """Add the documents of tickets that have none yet."""
        add(
            db,
            self.table,
            _NAMES,
            [
                (
                    text(row.ticket),
                    integer(row.lane),
                    integer(row.version),
                    text(row.position),
                    encoded(_ENCODER.encode(row)),
                )
                for row in rows
            ],
        )
