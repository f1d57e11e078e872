"""The command that tells what another book would have done: differences and what they come to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.archiving import EngineName, Scheduler, Workers, engine_of, in_words
from api.cli.instants import instant_of
from api.cli.progress import Bar, Counting
from api.cli.terminal import CommandError, DatabaseUrl, DataDir, Exit, Json, say, settings_of
from api.cli.trials import book_named, in_order, surveyed

if TYPE_CHECKING:
    from api.wiring import Services
    from replay.engines import Engine
    from replay.what_if import Difference, Found, Totals, Trying


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command("what-if")(what_if)


def what_if(
    *,
    book: Annotated[
        str, typer.Option(help="A TOML file, a folder of them, or the version of an adopted book.")
    ],
    judge: Annotated[
        str | None,
        typer.Option(help="Judge texts by the words of this book, named as --book is."),
    ] = None,
    opened_from: Annotated[
        str | None, typer.Option("--from", help="Only tickets opened at this instant or later.")
    ] = None,
    opened_before: Annotated[
        str | None, typer.Option("--to", help="Only tickets opened before this instant.")
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="Only tickets about an order line of this category.")
    ] = None,
    ticket: Annotated[
        list[str] | None,
        typer.Option("--ticket", "--tickets", help="Only this ticket; may be repeated."),
    ] = None,
    drill: Annotated[
        str | None, typer.Option("--drill", help="List every difference on one ticket.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--list", help="List every difference, before the table.")
    ] = False,
    daily: Annotated[
        bool, typer.Option("--daily", help="Count the differences of each day (UTC).")
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option(help="Read a sealed archive instead of the database."),
    ] = None,
    engine: EngineName = "inline",
    scheduler: Scheduler = None,
    workers: Workers = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Live history again under another book and tell what differs; nothing is written."""
    _require_one_question(
        archive=archive,
        judge=judge,
        clustered=engine != "inline" or scheduler is not None or workers is not None,
        twice=drill is not None and bool(ticket),
    )
    fields = {
        "opened_from": None if opened_from is None else instant_of(opened_from, "--from"),
        "opened_before": None if opened_before is None else instant_of(opened_before, "--to"),
        "category": category,
        "tickets": frozenset([drill] if drill is not None else ticket or ()),
    }
    listed = every or drill is not None
    with in_order():
        if archive is not None:
            with in_words() as bar, engine_of(engine, scheduler, workers) as chosen:
                told = bar.counting("events")
                found, trying = _archived(archive, book, chosen, fields, told, listed=listed)
        else:
            settings = settings_of(data_dir=data_dir, database_url=database_url)
            from api.wiring import services  # noqa: PLC0415 - heavy

            with services(settings) as parts:
                found, trying = _found(parts, book, judge, fields, listed=listed)
    if not found.totals.tickets:
        say("No ticket is asked about: see --from, --to, --category and --ticket.")
    if found.totals.early:
        say(
            f"{found.totals.early} of {found.totals.tickets} tickets were opened before this book "
            f"begins to be in force ({trying.in_force_from}): for them it is only tried."
        )
    if as_json:
        typer.echo(
            json.dumps(_plain(found, trying, daily=daily, listed=listed), ensure_ascii=False)
        )
        return
    if listed:
        _list(found, trying)
    _tell(found.totals, daily=daily)


def _archived(
    directory: Path,
    book: str,
    engine: "Engine",
    fields: dict[str, Any],
    progress: Counting,
    *,
    listed: bool,
) -> tuple["Found", "Trying"]:
    """Return what is found in an archive, and by which trial."""
    from domain import errors  # noqa: PLC0415 - heavy
    from replay.what_if import Trial, Trying, Window  # noqa: PLC0415 - heavy
    from replay.what_if.archived import held, over_archive  # noqa: PLC0415 - an extra

    known = held(directory, engine, tickets=fields["tickets"], progress=progress)
    other = book_named(known.adopted, book)
    if fields["tickets"] - known.tickets:
        raise errors.UnknownTicket
    trial = Trial(
        adopted=known.adopted,
        begins=known.begins,
        other=other,
        until=known.until,
        named=known.named,
        window=Window(**fields),
        listed=listed,
    )
    trying = Trying(trial)
    _require_covered(trying)
    return over_archive(directory, trial, engine, progress=progress), trying


def _found(
    parts: "Services", book: str, judge: str | None, fields: dict[str, Any], *, listed: bool
) -> tuple["Found", "Trying"]:
    """Return what is found, and by which trial."""
    from replay.what_if import (  # noqa: PLC0415 - heavy
        History,
        Trial,
        Trying,
        Window,
        over_ledger,
    )

    history = History(parts.ledger)
    books = history.adopted()
    other = book_named(books.content, book)
    words = None if judge is None else book_named(books.content, judge)
    asked = surveyed(parts, history, fields["tickets"])
    trial = Trial(
        adopted=books.content,
        begins=books.begins,
        other=other,
        judge=words,
        until=history.until(),
        named=asked.named,
        window=Window(**fields),
        listed=listed,
    )
    trying = Trying(trial)
    _require_covered(trying)
    with Bar() as bar:
        found = over_ledger(
            parts.ledger,
            history,
            trying,
            matters=asked.matters,
            progress=bar.counting("matters"),
        )
    return found, trying


def _require_one_question(
    *, archive: Path | None, judge: str | None, clustered: bool, twice: bool
) -> None:
    """Refuse options of which one would be left out silently."""
    if archive is not None and judge is not None:
        raise CommandError(
            "Nobody can judge the texts of an archive.",
            why="an archive holds no words that can be read",
            remedy="leave out --judge, or ask the ledger",
            code=Exit.USAGE,
        )
    if archive is None and clustered:
        raise CommandError(
            "Only an archive is gone through by an engine.",
            why="--engine, --scheduler and --workers are of archives; a ledger is read here",
            remedy="name one with --archive (`ticketledger archive write`), or leave them out",
            code=Exit.USAGE,
        )
    if twice:
        raise CommandError(
            "--drill is of one ticket, and --ticket names others.",
            why="the ticket to drill down to is the only one that is asked about",
            remedy="leave out --ticket, or give --list with --ticket in the place of --drill",
            code=Exit.USAGE,
        )


def _require_covered(trying: "Trying") -> None:
    """Refuse a book that says nothing of what books on record decided."""
    if trying.uncovered:
        raise CommandError(
            "The book does not cover this history.",
            why=f"no rows of {', '.join(trying.uncovered)}, by which books on record decided",
            remedy="give a whole book; `ticketledger books diff` tells what it lacks",
            code=Exit.INVALID,
        )


def _list(found: "Found", trying: "Trying") -> None:
    """Print every difference, below the books it is between."""
    known = sorted(trying.trial.named or ())
    typer.echo(f"books     {', '.join(known) or '-'} -> {trying.book.version}\n")
    for one in found.differences:
        under = f"  (under {one.book_before})" if len(known) > 1 else ""
        typer.echo(_line(one) + under)
    if found.differences:
        typer.echo("")


def _tell(totals: "Totals", *, daily: bool) -> None:
    """Print what the differences come to."""
    typer.echo(f"tickets   {totals.tickets}, of them {totals.changed} with a difference")
    if totals.imported:
        typer.echo(f"imported  {totals.imported}: another system's history, nothing follows on it")
    for currency in sorted({*totals.owed_before, *totals.owed_after}):
        before, after = totals.owed_before.get(currency, 0), totals.owed_after.get(currency, 0)
        typer.echo(f"owed      {before} -> {after} {currency}, in minor units")
    if totals.counts:
        wide = max(34, *(len(one.subject) for one in totals.counts))
        typer.echo(f"\n{'kind':<11} {'what':<{wide}} {'row':<6} {'change':<24} {'count':>7}")
        for one, number in sorted(totals.counts.items()):
            what = f"{one.kind:<11} {one.subject:<{wide}} {one.row:<6}"
            typer.echo(f"{what} {one.change:<24} {number:>7}")
    if daily:
        typer.echo(f"\n{'day':<11} {'kind':<11} {'count':>7}")
        for (day, kind), number in sorted(totals.by_day.items()):
            typer.echo(f"{day:<11} {kind:<11} {number:>7}")


def _plain(found: "Found", trying: "Trying", *, daily: bool, listed: bool) -> Mapping[str, Any]:
    """Return the answer as JSON has it."""
    import msgspec  # noqa: PLC0415 - heavy

    totals = found.totals
    told: dict[str, Any] = {
        "book": trying.book.version,
        "books_before": sorted(trying.trial.named or ()),
        "in_force_from": trying.in_force_from,
        "until": trying.trial.until,
        "tickets": totals.tickets,
        "changed": totals.changed,
        "imported": totals.imported,
        "opened_before_in_force": totals.early,
        "owed_minor": {
            currency: {
                "before": totals.owed_before.get(currency, 0),
                "after": totals.owed_after.get(currency, 0),
            }
            for currency in sorted({*totals.owed_before, *totals.owed_after})
        },
        "totals": [
            {**msgspec.to_builtins(one), "count": number}
            for one, number in sorted(totals.counts.items())
        ],
    }
    if daily:
        told["daily"] = [
            {"day": day, "kind": kind, "count": number}
            for (day, kind), number in sorted(totals.by_day.items())
        ]
    if listed:
        told["differences"] = msgspec.to_builtins(found.differences)
    return told


def _line(one: "Difference") -> str:
    """Return a difference as one line."""
    what = " ".join(part for part in (one.kind.value, one.subject, one.about, one.row) if part)
    place = one.by if one.event is None else f"{one.event.position} v{one.event.version}"
    figures = " ".join(f"{name}={value}" for name, value in one.figures.items())
    change = f"{one.before or '-'} -> {one.after or '-'}" + (f" ({figures})" if figures else "")
    return f"{one.ticket}  {one.at}  {place:<14} {what}: {change}"
