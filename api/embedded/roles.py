"""The roles and the database the ledger expects on a server, and their passwords; no schema."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from api.embedded.error import EmbeddedError

SUPERUSER: Final = "postgres"
OWNER: Final = "ticketledger_owner"
APP: Final = "ticketledger_app"
NOTARY: Final = "ticketledger_notary"
ERASER: Final = "ticketledger_eraser"
ROLES: Final = (OWNER, APP, NOTARY, ERASER)
DATABASE: Final = "ticketledger"
_LOCK: Final = 0x7469636B


def read_or_draw_passwords(path: Path, *, new: bool) -> dict[str, str]:
    """The password of every role; drawn once, for a new cluster, and kept for us alone."""
    if new:
        drawn = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(drawn, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return drawn
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise EmbeddedError(
            f"The passwords of the embedded PostgreSQL cannot be read from {path}.",
            why=f"the cluster exists but this file does not go with it ({error})",
            remedy="bring the file back from a backup of the data directory, "
            "or use another TICKETLEDGER_DATA_DIR",
        ) from error
    return kept


def ensure_roles_and_database(
    superuser_dsn: str, passwords: Mapping[str, str], *, database: str = DATABASE
) -> None:
    """Create the roles and the database that are missing; change nothing that exists."""
    connection = psycopg2.connect(superuser_dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as db:
            db.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),))
            missing = set(ROLES) - {name for (name,) in db}
            db.execute("SELECT FROM pg_database WHERE datname = %s", (database,))
            if missing or db.rowcount == 0:
                db.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
                _create_roles(db, passwords)
                create_database(db, database)
    finally:
        connection.close()


def create_database(db: cursor, database: str) -> None:
    """Create an empty database of the owner, with an order of text that no system library sets."""
    db.execute("SELECT FROM pg_database WHERE datname = %s", (database,))
    if db.rowcount:
        return
    db.execute(
        sql.SQL(
            "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' "
            "LC_COLLATE 'C' LC_CTYPE 'C'"
        ).format(sql.Identifier(database), sql.Identifier(OWNER))
    )


def _create_roles(db: cursor, passwords: Mapping[str, str]) -> None:
    for role in ROLES:
        db.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
        if not db.rowcount:
            db.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(role)),
                (passwords[role],),
            )
    # The owner makes the schema of the views for the application, so it must be able to act as it.
    db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), sql.Identifier(OWNER)))
