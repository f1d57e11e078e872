"""The command that takes another system's file in."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.progress import Bar
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    say,
    settings_of,
)

if TYPE_CHECKING:
    from api.imports.engine import Totals, Watch
    from domain.values import Instant


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or JSON lines, plain or gzip.")],
    *,
    mapping: Annotated[str, typer.Option(help="Name of a mapping that ships, or a TOML file.")],
    until: Annotated[
        str | None, typer.Option(help="Merge rows over cases by time and stop at this instant.")
    ] = None,
    intake: Annotated[
        bool, typer.Option("--intake", help="Open live tickets, with clocks, one for each case.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, max=50_000, help="Rows sent at once.")] = 2_000,
    rejects: Annotated[
        Path | None, typer.Option(help="Directory for FILE.rejected.jsonl; default: beside FILE.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Take in the history of another system; run it again to go on, or to see nothing happen."""
    if intake and until is not None:
        raise CommandError(
            "--intake and --until do not go together.",
            why="live tickets are opened now, whatever the time in the file",
            remedy="leave one of them out",
            code=Exit.USAGE,
        )
    moment = _instant(until) if until is not None else None
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.imports.engine import import_history  # noqa: PLC0415 - heavy
    from api.imports.files import FileError  # noqa: PLC0415 - heavy
    from api.imports.intake import open_tickets  # noqa: PLC0415 - heavy
    from api.imports.mapping import MappingError, load_mapping  # noqa: PLC0415 - heavy
    from api.imports.rejects import Rejects  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    try:
        read = load_mapping(mapping)
        with ExitStack() as stack:
            watch = _watch(stack.enter_context(Bar()))
            parts = stack.enter_context(services(settings, makes=True))
            told = stack.enter_context(
                Rejects(file, directory=rejects, fallback=settings.data_dir / "rejected")
            )
            stopped = stack.enter_context(_interruptible()).is_set
            totals = (
                open_tickets(file, read, parts.ledger, told, watch=watch, stopped=stopped)
                if intake
                else import_history(
                    file,
                    read,
                    parts.ledger,
                    told,
                    until=moment,
                    batch_rows=batch,
                    watch=watch,
                    stopped=stopped,
                )
            )
    except MappingError as error:
        raise CommandError(
            "The mapping can not be used.",
            why=str(error),
            remedy="correct the mapping; api/imports/mappings holds examples",
            code=Exit.INVALID,
        ) from error
    except FileError as error:
        raise CommandError(
            "The file can not be imported.",
            why=str(error),
            remedy="correct the file or the mapping and run it again: rows that are in are skipped",
            code=Exit.INVALID if file.is_file() else Exit.NOT_FOUND,
        ) from error
    answer(totals.table(), as_json=as_json)
    if totals.rejects is not None:
        say(f"{totals.rejected} rows were rejected; {totals.rejects} tells why.")
    if totals.interrupted:
        say("Interrupted. Run the same command again to go on where it stopped.")
        raise typer.Exit(Exit.INTERRUPTED)


def _watch(bar: Bar) -> "Watch":
    """Return what tells by a bar how much of the file is read, and what is in it."""

    def tell(share: float, totals: "Totals") -> None:
        bar.draw(share, lambda: _so_far(totals))

    return tell


def _so_far(totals: "Totals") -> str:
    words = f"{totals.rows:,} rows, {totals.tickets:,} tickets"
    return f"{words}, {totals.rejected:,} rejected" if totals.rejected else words


@contextmanager
def _interruptible() -> Iterator[Event]:
    """Let the first Ctrl-C ask for an orderly end; the second one ends at once, as ever."""
    asked = Event()
    before = signal.getsignal(signal.SIGINT)

    def ask(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _instant(text: str) -> "Instant":
    """Return the instant a text names, which has a zone."""
    from datetime import datetime  # noqa: PLC0415 - only this option needs it

    from domain.values import instant  # noqa: PLC0415 - heavy

    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return instant(at)
    except (ValueError, OverflowError):
        pass
    raise CommandError(
        "--until names no instant.",
        why="an instant has date, time and zone",
        remedy="write it like 2016-04-01T00:00:00Z",
        code=Exit.USAGE,
    )
