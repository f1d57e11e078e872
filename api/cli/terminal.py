"""How every command speaks: data to stdout, words to stderr, exit codes with one meaning each.

Nothing heavy is imported before a command needs it; what an error of a library means is asked
only when there is one.
"""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from api.settings import Settings


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    INVALID = 5
    FINDINGS = 6
    """Something is not as it was written."""
    INTERRUPTED = 130
    """Nothing is lost: the same command, run again, goes on."""


class CommandError(Exception):
    """A command can not do what was asked: what, why, and what to do next."""

    def __init__(self, what: str, *, why: str, remedy: str, code: Exit = Exit.FAILURE) -> None:
        """Keep the three sentences and the exit code."""
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.code = code


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where keys, vault and the embedded database are."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="DSN of your own PostgreSQL instead of the embedded one."),
]
Lanes = Annotated[int | None, typer.Option("--lanes", min=1, help="Lanes of a new ledger.")]
Parent = Annotated[
    int | None, typer.Option("--parent", hidden=True, help="End with the process of this pid.")
]
"""Told by the process itself: it may be gone before its child could ask whose child it is."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def settings_of(**flags: object) -> "Settings":
    """Return the settings: flags that were given, then environment, then file."""
    from api.settings import Settings  # noqa: PLC0415 - heavy

    return Settings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type] # pydantic checks each


def say(words: str) -> None:
    """Tell a person something, on stderr."""
    typer.echo(words, err=True)


def answer(table: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a command's answer: one JSON object, or a line for each name."""
    if as_json:
        typer.echo(json.dumps(table, ensure_ascii=False))
        return
    width = max((len(name) for name in table), default=0)
    for name, value in table.items():
        if isinstance(value, Mapping):
            typer.echo(f"{name}:")
            inner = max((len(str(key)) for key in value), default=0)
            for key, one in value.items():
                typer.echo(f"  {key!s:<{inner}}  {_worded(one)}")
        elif value is not None and value not in ([], ()):
            typer.echo(f"{name:<{width}}  {_worded(value)}")


def _worded(value: object) -> str:
    """Return a value as a person reads it; what is nested deeper stays as a program wrote it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return "-" if value is None else str(value)


@contextmanager
def terminable() -> Iterator[None]:
    """Let an end that is asked for from outside (SIGTERM) be what Ctrl-C is: in order."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def explained(error: Exception) -> CommandError | None:
    """Return what an expected error means to a person, or None for a fault of the program."""
    if isinstance(error, CommandError):
        return error
    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    from api.settings import PREFIX, SettingsFileError  # noqa: PLC0415 - heavy

    if isinstance(error, ValidationError) and error.title == "Settings":
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        return CommandError(
            "The settings are not right.",
            why=wrong,
            remedy=f"correct the flag, the {PREFIX}... variable or the settings file",
            code=Exit.USAGE,
        )
    if isinstance(error, SettingsFileError):
        return CommandError(
            "The settings are not right.",
            why=str(error),
            remedy="correct the settings file",
            code=Exit.USAGE,
        )
    return _of_the_database(error) or _of_the_ledger(error)


def _of_the_database(error: Exception) -> CommandError | None:
    """Return what an error of the database or its launcher means."""
    import psycopg2  # noqa: PLC0415 - heavy

    from api.embedded import EmbeddedError  # noqa: PLC0415 - heavy
    from domain.ledger.connections import AppendUnknown, DatabaseUnavailable  # noqa: PLC0415
    from domain.ledger.migrations import MigrationError  # noqa: PLC0415 - heavy

    if isinstance(error, EmbeddedError):
        return CommandError(error.what, why=error.why, remedy=error.remedy)
    if isinstance(error, MigrationError):
        return CommandError(
            "The database does not fit this program.",
            why=str(error),
            remedy="use the program's version and the --lanes this ledger was made with",
        )
    if isinstance(error, psycopg2.errors.UndefinedTable | psycopg2.errors.InvalidSchemaName):
        return CommandError(
            "The database holds no ledger.",
            why="its tables are not there",
            remedy="run `ticketledger migrate` with an owner's DSN first",
        )
    if isinstance(error, psycopg2.ProgrammingError) and "invalid dsn" in str(error):
        return CommandError(
            "The database's address can not be used.",
            why="it is neither a URL nor a list of key=value",
            remedy="write it like postgresql://user@host/database",
            code=Exit.USAGE,
        )
    if isinstance(error, DatabaseUnavailable | AppendUnknown | psycopg2.OperationalError):
        return CommandError(
            "The database does not answer.",
            why=str(error).strip() or "the connection was lost",
            remedy="see that it runs and that TICKETLEDGER_DATABASE_URL is right, then try again; "
            "what was acknowledged is safe",
        )
    return None


def _of_the_ledger(error: Exception) -> CommandError | None:
    """Return what a refusal, a secret out of order, or no ledger at all means."""
    from api.anchoring.running import AnchorSettingsError  # noqa: PLC0415 - heavy
    from api.keys import KeyFileError  # noqa: PLC0415 - heavy
    from api.wiring import NoLedger  # noqa: PLC0415 - heavy
    from domain import errors  # noqa: PLC0415 - heavy
    from domain.policies.book import BookError  # noqa: PLC0415 - heavy

    if isinstance(error, NoLedger):
        return CommandError(
            "There is no ledger here.",
            why=str(error),
            remedy="correct --data-dir or --database-url; a new ledger is made by `ticketledger "
            "serve` or `ticketledger migrate`",
            code=Exit.NOT_FOUND,
        )
    if isinstance(error, KeyFileError):
        return CommandError(
            "The keys can not be used.", why=str(error), remedy="restore them from your backup"
        )
    if isinstance(error, AnchorSettingsError):
        return CommandError(
            "Checkpoints can not be anchored.",
            why=str(error),
            remedy="correct the setting, or leave it away",
            code=Exit.USAGE,
        )
    if isinstance(error, BookError):
        return CommandError(
            "A book of rules can not be used.",
            why=str(error),
            remedy="use a version of the program that knows the books this ledger has adopted",
        )
    if isinstance(error, errors.Refusal):
        if isinstance(error, errors.NotFound):
            code, remedy = Exit.NOT_FOUND, "check the id; `ticketledger tail` shows recent ones"
        elif isinstance(error, errors.Unreasonable):
            code, remedy = Exit.INVALID, "correct what was asked"
        else:
            code, remedy = Exit.CONFLICT, "look at the ticket as it stands and decide again"
        return CommandError(
            str(error), why=f"the ledger answers {error.code}", remedy=remedy, code=code
        )
    return None
