"""Making and upgrading the ledger's schemas from numbered SQL files; no SQL of reads or writes."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

_FILE_NAME: Final = re.compile(r"(\d{4})_[a-z_]+\.sql")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_TOKEN: Final = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|;|[^;$'-]+|.", re.DOTALL)
_LOCK_TIMEOUT: Final = "30s"


class MigrationError(Exception):
    """The schemas cannot be brought to this version; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The schemas and roles that the SQL files speak of in braces."""

    ledger: str = "ledger"
    personal: str = "personal"
    view: str = "view"
    owner: str = "ticketledger_owner"
    app: str = "ticketledger_app"
    notary: str = "ticketledger_notary"
    eraser: str = "ticketledger_eraser"

    @classmethod
    def beside(cls, schema: str) -> "Names":
        """Return names for a second record in the same database, with the usual roles."""
        return cls(ledger=schema, personal=f"{schema}_personal", view=f"{schema}_view")

    @property
    def rebuild(self) -> str:
        """Return the schema in which views are built anew beside those that are read."""
        return f"{self.view}_rebuild"

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles that must exist before the first migration."""
        return (self.owner, self.app, self.notary, self.eraser)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the file's bytes, which stands in the database once applied."""
        return hashlib.sha256(self.text.encode()).digest()


def migrations() -> list[Migration]:
    """Return the SQL files of this version in the order of their numbers."""
    found = []
    for file in files(__package__).joinpath("sql").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), file.name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def holds_ledger(dsn: str, names: Names = Names()) -> bool:
    """Return whether the database of a DSN was ever made a ledger of, of whichever version."""
    with (
        closing(psycopg2.connect(dsn)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS one"
            " JOIN pg_catalog.pg_namespace AS place ON place.oid = one.relnamespace"
            " WHERE place.nspname = %s AND one.relname = 'genesis')",
            (names.ledger,),
        )
        (found,) = cursor.fetchone() or (False,)
    return bool(found)


def migrate(
    owner_dsn: str,
    *,
    lanes: int | None = None,
    origin: str = "ledger.example",
    names: Names = Names(),
) -> None:
    """Bring the database to this version; lanes and origin are settled by the first call for life.

    Who names no number of lanes gets those there are, or one; asking for another number than there
    is is an error. A later call's origin is not looked at: it is stored at creation and read from
    there.
    """
    if lanes is not None and lanes < 1:
        raise MigrationError("a ledger has at least one lane")
    if not re.fullmatch(r"[!-*,-~]+", origin):
        raise MigrationError("an origin is ASCII without spaces and without '+'")
    connection = psycopg2.connect(owner_dsn, options=f"-c lock_timeout={_LOCK_TIMEOUT}")
    try:
        _require_roles(connection, names)
        _keep_others_out(connection, names)
        _prepare(connection, names)
        applied = _applied(connection, names)
        settled = _settled_lanes(connection, names, lanes) if applied else lanes or 1
        values = placeholders(names, lanes=settled, origin=origin)
        for migration in migrations():
            digest = applied.pop(migration.number, None)
            if digest is None:
                _apply(connection, migration, values, names)
            elif digest != migration.digest:
                raise MigrationError(
                    f"{migration.name} was changed after it was applied: "
                    "an applied file is never edited, write a new one"
                )
        if applied:
            raise MigrationError(
                f"the database is newer than this program: it has migration {max(applied)}"
            )
    finally:
        connection.close()


def placeholders(
    names: Names, *, lanes: int = 1, origin: str = "ledger.example", partition: str = ""
) -> dict[str, str]:
    """Return what the braces of the SQL files stand for, quoted for SQL."""
    quoted = {
        field: '"' + getattr(names, field).replace('"', '""') + '"'
        for field in (
            "ledger",
            "personal",
            "view",
            "rebuild",
            "owner",
            "app",
            "notary",
            "eraser",
        )
    }
    text = "'" + origin.replace("'", "''") + "'"
    return quoted | {"lanes": str(lanes), "origin": text, "partition": partition}


def render(text: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the statements of a file one by one: distributed tables refuse several in one call."""
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], text)
    statement: list[str] = []
    for match in _TOKEN.finditer(filled):
        piece = match[0]
        if piece == ";":
            yield "".join(statement).strip()
            statement = []
        elif not (piece.startswith("--") and not "".join(statement).strip()):
            statement.append(piece)
    if "".join(statement).strip():
        raise MigrationError("the last statement of a file ends with a semicolon")


def _require_roles(connection: psycopg2.extensions.connection, names: Names) -> None:
    """Refuse to begin without the roles: making them is for the operator or the launcher."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select rolname from pg_roles where rolname = any(%s)", (list(names.roles),))
        missing = set(names.roles) - {name for (name,) in cursor.fetchall()}
    if missing:
        raise MigrationError(
            f"these roles do not exist: {', '.join(sorted(missing))}; "
            "migrate creates no role, let the database's administrator create them"
        )


def _keep_others_out(connection: psycopg2.extensions.connection, names: Names) -> None:
    """Wait until no other migration of this ledger runs; the lock goes with the connection."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_lock(hashtextextended(%s, 0))", (_migration_schema(names),)
        )


def _prepare(connection: psycopg2.extensions.connection, names: Names) -> None:
    """Make the table of applied migrations, which is of this database and in no lane."""
    table = _migration_table(names)
    with connection, connection.cursor() as cursor:
        _become_owner(cursor, names)
        cursor.execute("select to_regclass(%s) is null", (table.as_string(connection),))
        (absent,) = cursor.fetchone() or (True,)
        if absent:
            cursor.execute(
                sql.SQL("create schema if not exists {}").format(
                    sql.Identifier(_migration_schema(names))
                )
            )
            cursor.execute(
                sql.SQL(
                    "create table if not exists {}("
                    "number int primary key, name text not null, digest bytea not null,"
                    " applied_at timestamptz not null default now())"
                ).format(table)
            )
            cursor.execute(
                sql.SQL("grant usage on schema {} to {}").format(
                    sql.Identifier(_migration_schema(names)), sql.Identifier(names.app)
                )
            )
            cursor.execute(
                sql.SQL("grant select on {} to {}").format(table, sql.Identifier(names.app))
            )


def _applied(connection: psycopg2.extensions.connection, names: Names) -> dict[int, bytes]:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("select number, digest from {}").format(_migration_table(names)))
        return {number: bytes(digest) for number, digest in cursor.fetchall()}


def _settled_lanes(
    connection: psycopg2.extensions.connection, names: Names, lanes: int | None
) -> int:
    """Return how many lanes there are; refuse when another number is asked for."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("select lanes from {} where lane = 0").format(
                sql.Identifier(names.ledger, "genesis")
            )
        )
        row = cursor.fetchone()
    if row is None:
        return lanes or 1
    if lanes is not None and row[0] != lanes:
        raise MigrationError(
            f"this ledger has {row[0]} lane(s) and keeps them for life; asked for {lanes}"
        )
    return int(row[0])


def _apply(
    connection: psycopg2.extensions.connection,
    migration: Migration,
    values: Mapping[str, str],
    names: Names,
) -> None:
    """Run one file and note it, all or nothing."""
    table = _migration_table(names)
    with connection, connection.cursor() as cursor:
        _become_owner(cursor, names)
        for statement in render(migration.text, values):
            cursor.execute(statement)
        cursor.execute(
            sql.SQL("insert into {}(number, name, digest) values (%s, %s, %s)").format(table),
            (migration.number, migration.name, migration.digest),
        )


def _become_owner(cursor: psycopg2.extensions.cursor, names: Names) -> None:
    """Own what is made, also when an administrator runs the migration."""
    cursor.execute(sql.SQL("set local role {}").format(sql.Identifier(names.owner)))


def _migration_schema(names: Names) -> str:
    return f"{names.ledger}_migration"


def _migration_table(names: Names) -> sql.Identifier:
    return sql.Identifier(_migration_schema(names), "applied")
