"""Looking for a text in everything an installation keeps: tables, files, the files of tables."""

import base64
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.embedded.postmaster import wait_until
from tests.conftest import Database
from tests.ledger.matters import query

OTHERS_S: Final = 120
"""How long a transaction of another test, on the same server, may keep dead rows alive."""


def spellings(*texts: str) -> list[bytes]:
    """Return the bytes that texts, and beginnings of them, are stored as in one form or another."""
    return [
        needle
        for text in texts
        for part in (text, text[:9], ascii(text)[1:-1])
        for needle in (part.encode(), base64.b64encode(part.encode())[1:-4])
    ]


def columns(database: Database) -> Iterator[tuple[str, bytes]]:
    """Return every value of every column of every table of ours."""
    found = query(
        database.superuser_dsn,
        "select table_schema, table_name, column_name from information_schema.columns"
        " join information_schema.tables using (table_schema, table_name)"
        " where table_type = 'BASE TABLE'"
        " and table_schema not in ('pg_catalog', 'information_schema')",
    )
    assert {schema for schema, _, _ in found} >= {"ledger", "personal", "view"}
    for schema, table, column in found:
        for (value,) in query(
            database.superuser_dsn, f'select "{column}" from "{schema}"."{table}"'
        ):
            content = bytes(value) if isinstance(value, memoryview) else str(value).encode()
            yield f"{schema}.{table}.{column}", content


def files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file beside the database."""
    for path in directory.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


def table_files(database: Database) -> Iterator[tuple[str, bytes]]:
    """Return the bytes of the tables' files after a vacuum, as far as the server shows them."""
    connection = psycopg2.connect(database.superuser_dsn)
    connection.autocommit = True
    try:
        with connection.cursor() as db:
            for table in ("personal.subject_key", "personal.disclosure", "ledger.event"):
                assert wait_until(partial(_vacuumed, db, table), seconds=OTHERS_S), (
                    connection.notices
                )
            db.execute("checkpoint")
            db.execute(
                "select c.oid::regclass::text, pg_relation_filepath(c.oid) from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname in ('ledger', 'personal', 'view')"
                " and pg_relation_filepath(c.oid) is not null"
            )
            for name, path in db.fetchall():
                db.execute("select pg_read_binary_file(%s)", (path,))
                (content,) = db.fetchone() or (b"",)
                yield name, bytes(content)
    finally:
        connection.close()


def _vacuumed(db: Cursor, table: str) -> bool:
    """Return whether a full vacuum left no dead row for a transaction that is still open."""
    db.connection.notices.clear()
    db.execute(f"vacuum full verbose {table}")
    return any(" 0 dead row versions cannot be removed yet" in one for one in db.connection.notices)
