"""Commands that write the record in forms that others read, and the one that checks such files."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.moments import known_moment
from api.cli.progress import Bar, Counting
from api.cli.signed import ledger_of
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    say,
    settings_of,
    terminable,
)

if TYPE_CHECKING:
    from domain.ledger.application import TicketLedger
    from replay.exports.checked import Checked
    from replay.exports.reading import Span

group = typer.Typer(
    help="Write the record in forms that others read.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
File = Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Begin after this moment, like 0-123 or 0-12,1-7.")
]
Upto = Annotated[
    str | None, typer.Option("--upto", help="End with this moment; default: all there is.")
]
Tickets = Annotated[
    list[str] | None,
    typer.Option("--ticket", "--tickets", help="This ticket alone; again for each."),
]
Write = Callable[["Span", Path, Counting], int]


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `export`."""
    group.command(name="jsonl")(export_jsonl)
    group.command(name="xes")(export_xes)
    group.command(name="ocel-json")(export_ocel_json)
    group.command(name="ocel-sqlite")(export_ocel_sqlite)
    group.command(name="check")(check_file)
    app.add_typer(group, name="export")


def export_jsonl(
    file: File,
    *,
    since: Since = None,
    upto: Upto = None,
    ticket: Tickets = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write the records themselves, as far as signed checkpoints cover them, with the proof."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from replay.exports.jsonl import begun, export_lines  # noqa: PLC0415 - heavy

    with ledger_of(settings, signed=True) as (ledger, ends):
        span = _span(ledger, since, upto, ticket, ends=ends, begun=_begun(file, begun))
        _export("jsonl", partial(export_lines, ledger), span, file, as_json=as_json)


def export_xes(
    file: File,
    *,
    since: Since = None,
    upto: Upto = None,
    ticket: Tickets = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write the tickets as traces of an XES log (IEEE 1849)."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from replay.exports import xes  # noqa: PLC0415 - heavy

    with ledger_of(settings) as (ledger, ends):
        span = _span(ledger, since, upto, ticket, ends=ends, begun=_begun(file, xes.begun))
        _export("xes", partial(xes.export_xes, ledger.record), span, file, as_json=as_json)


def export_ocel_json(
    file: File,
    *,
    since: Since = None,
    upto: Upto = None,
    ticket: Tickets = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write tickets, orders, parties, evidence, offers, rulings and agents as OCEL 2.0 in JSON."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from replay.exports import ocel_json, ocel_sqlite  # noqa: PLC0415 - heavy

    with ledger_of(settings) as (ledger, ends):
        begun = ocel_sqlite.begun(ocel_json.gathered_at(file))
        span = _span(ledger, since, upto, ticket, ends=ends, begun=begun)
        write = partial(ocel_json.export_json, ledger.record)
        _export("ocel-json", write, span, file, as_json=as_json)


def export_ocel_sqlite(
    file: File,
    *,
    since: Since = None,
    upto: Upto = None,
    ticket: Tickets = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write the same as OCEL 2.0 in SQLite."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from replay.exports import ocel_sqlite  # noqa: PLC0415 - heavy

    with ledger_of(settings) as (ledger, ends):
        begun = _begun(file, ocel_sqlite.begun)
        span = _span(ledger, since, upto, ticket, ends=ends, begun=begun)
        write = partial(ocel_sqlite.export_sqlite, ledger.record)
        _export("ocel-sqlite", write, span, file, as_json=as_json)


def check_file(
    file: Annotated[Path, typer.Argument(help="JSON lines, XES or OCEL 2.0, ours or others'.")],
    *,
    vkey: Annotated[
        list[str] | None,
        typer.Option("--vkey", help="The log's key, as you got it from elsewhere; one a lane."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check an exported file by itself: no database, no network, no keys but those you give."""
    from domain.proof.errors import MalformedKey  # noqa: PLC0415 - heavy
    from domain.proof.keys import parse_vkey  # noqa: PLC0415 - heavy
    from replay.exports.checked import UnreadableExport  # noqa: PLC0415 - heavy
    from replay.exports.checking import check  # noqa: PLC0415 - heavy

    try:
        checked = check(file, [parse_vkey(one) for one in vkey or ()])
    except MalformedKey as error:
        raise CommandError(
            "A key can not be used.",
            why=str(error),
            remedy="give --vkey the whole vkey of a log: name+id+base64",
            code=Exit.USAGE,
        ) from error
    except UnreadableExport as error:
        raise CommandError(
            "This is no export.",
            why=str(error),
            remedy="give a file of JSON lines, XES, or OCEL 2.0 in JSON or SQLite",
            code=Exit.INVALID,
        ) from error
    except OSError as error:
        raise CommandError(
            "The file can not be read.",
            why=str(error),
            remedy="give a file that is there",
            code=Exit.NOT_FOUND,
        ) from error
    _tell(checked, as_json=as_json)


def _tell(checked: "Checked", *, as_json: bool) -> None:
    """Print what was found; exit with 6 when that is anything."""
    if as_json:
        answer(checked.table(), as_json=True)
    else:
        typer.echo(f"{checked.form}: {checked.events} events, {checked.things} things")
        for one in checked.findings:
            typer.echo(one)
        if checked.left_out:
            typer.echo(f"and {checked.left_out} more findings")
        typer.echo("Nothing was found." if checked.clean else f"{len(checked.findings)} findings.")
        for words in checked.not_checked:
            typer.echo(f"Not checked: {words}.")
    if not checked.clean:
        raise typer.Exit(Exit.FINDINGS)


def _begun(file: Path, begun: "Callable[[Path], Span | None]") -> "Span | None":
    """Return the span of an export that was begun beside a file, which must not be there."""
    from replay.exports.files import Taken, part_of  # noqa: PLC0415 - heavy

    try:
        return begun(part_of(file))
    except Taken as error:
        raise _taken(error) from error


def _taken(error: Exception) -> CommandError:
    """Return what is said where the file is there already."""
    return CommandError(
        "The file can not be written.",
        why=str(error),
        remedy="name a new file; an export replaces nothing",
        code=Exit.USAGE,
    )


def _span(
    ledger: "TicketLedger",
    since: str | None,
    upto: str | None,
    tickets: list[str] | None,
    *,
    ends: Mapping[int, int],
    begun: "Span | None",
) -> "Span":
    """Return what is to be exported; what was begun without an end goes on to where it was to."""
    from replay.exports.reading import TICKETS_MAX, Span  # noqa: PLC0415 - heavy

    first = dict.fromkeys(ends, 0) | _moment("--since", since, ledger)
    last = dict(ends) | _moment("--upto", upto, ledger)
    named = tuple(sorted(set(tickets or ())))
    if len(named) > TICKETS_MAX:
        raise CommandError(
            "Too many tickets are named.",
            why=f"an export of named tickets holds at most {TICKETS_MAX}",
            remedy="leave --ticket away and take everything",
            code=Exit.USAGE,
        )
    for ticket in named:
        ledger.ticket(ticket)
    same = begun is not None and (dict(begun.since), begun.tickets) == (first, named)
    if upto is None and same and begun is not None:
        last = dict(begun.upto)
    for lane in ends:
        if first[lane] > last[lane]:
            raise CommandError(
                "There is nothing to export.",
                why=f"lane {lane} would begin after {first[lane]} and end with {last[lane]}",
                remedy="give moments that follow one another; JSON lines end where a checkpoint "
                "covers them",
                code=Exit.USAGE,
            )
    return Span(first, last, named)


def _moment(option: str, text: str | None, ledger: "TicketLedger") -> dict[int, int]:
    """Return the positions that a moment names, which are all on record."""
    if text is None:
        return {}
    moment = known_moment(text, option, ledger)
    for lane, position in moment.items():
        if position > ledger.position(lane):
            raise CommandError(
                f"{option} names a moment that has not come.",
                why=f"lane {lane} ends at {ledger.position(lane)}",
                remedy="`ticketledger tail` shows the newest positions",
                code=Exit.NOT_FOUND,
            )
    return moment


def _export(form: str, write: Write, span: "Span", file: Path, *, as_json: bool) -> None:
    """Write a file; Ctrl-C leaves beside it what the same command goes on with."""
    from replay.exports.files import OtherExport, Taken  # noqa: PLC0415 - heavy
    from replay.exports.jsonl import NotCovered  # noqa: PLC0415 - heavy
    from replay.exports.reading import DamagedRecord  # noqa: PLC0415 - heavy

    began = monotonic()
    try:
        with terminable(), Bar() as bar:
            events = write(span, file, bar.counting("records"))
    except KeyboardInterrupt:
        say("Interrupted. Run the same command again to have the whole file.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Taken as error:
        raise _taken(error) from error
    except OtherExport as error:
        raise CommandError(
            "What was begun can not be gone on with.",
            why=str(error),
            remedy=f"name another file, or remove what stands beside {file.name}",
            code=Exit.CONFLICT,
        ) from error
    except NotCovered as error:
        raise CommandError(
            "The export can not be proved yet.",
            why=str(error),
            remedy="start `ticketledger worker` with the notary's database, or end earlier",
            code=Exit.CONFLICT,
        ) from error
    except DamagedRecord as error:
        raise CommandError(
            "The record is damaged.",
            why=str(error),
            remedy="see `ticketledger verify self`",
            code=Exit.FINDINGS,
        ) from error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise CommandError(
            "The file can not be written.",
            why=str(error),
            remedy="name a new file in a directory that is there, and that you may write to",
            code=Exit.USAGE,
        ) from error
    except OSError as error:
        raise CommandError(
            "The file can not be written to its end.",
            why=str(error),
            remedy="make room for it, and run the same command again to have the whole file",
            code=Exit.FAILURE,
        ) from error
    told = {
        "form": form,
        "file": str(file),
        "since": _told(span.since),
        "upto": _told(span.upto),
        "events": events,
        "bytes": file.stat().st_size,
        "seconds": round(monotonic() - began, 3),
    }
    answer(told, as_json=as_json)


def _told(moment: Mapping[int, int]) -> str:
    from domain.streams import position_text  # noqa: PLC0415 - heavy

    return ",".join(position_text(lane, position) for lane, position in sorted(moment.items()))
