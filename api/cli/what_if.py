"""The command that tells what another book would have done: differences and what they come to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.archiving import EngineName, Scheduler, Workers, engine_of, in_words
from api.cli.instants import instant_of
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    end_progress,
    say,
    settings_of,
    show_progress,
)

if TYPE_CHECKING:
    from api.wiring import Services
    from projections.queue import Filters, Key, QueueList
    from replay.engines import Engine
    from replay.what_if import Difference, Found, History, Totals, Trying


PAGE: Final = 200
"""So many tickets of an order are looked up at once."""


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command("what-if")(what_if)
    app.command()(fairness)


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
    fields = {
        "opened_from": None if opened_from is None else instant_of(opened_from, "--from"),
        "opened_before": None if opened_before is None else instant_of(opened_before, "--to"),
        "category": category,
        "tickets": frozenset([drill] if drill is not None else ticket or ()),
    }
    listed = every or drill is not None
    if archive is not None and judge is not None:
        raise CommandError(
            "Nobody can judge the texts of an archive.",
            why="an archive holds no words that can be read",
            remedy="leave out --judge, or ask the ledger",
            code=Exit.USAGE,
        )
    with _in_order():
        if archive is not None:
            with in_words(), engine_of(engine, scheduler, workers) as chosen:
                found, trying = _archived(archive, book, chosen, fields, listed=listed)
        else:
            settings = settings_of(data_dir=data_dir, database_url=database_url)
            from api.wiring import services  # noqa: PLC0415 - heavy

            with services(settings) as parts:
                found, trying = _found(parts, book, judge, fields, listed=listed)
    if not found.totals.tickets:
        say("No ticket is asked about: see --from, --to and --category.")
    if found.totals.early:
        say(
            f"{found.totals.early} of {found.totals.tickets} tickets were opened before this book "
            f"begins to be in force ({trying.book.in_force_from.isoformat()}): for them it is only "
            "tried."
        )
    if as_json:
        typer.echo(
            json.dumps(_plain(found, trying, daily=daily, listed=listed), ensure_ascii=False)
        )
        return
    for one in found.differences:
        typer.echo(_line(one))
    _tell(found.totals, daily=daily)


def fairness(
    *,
    book: Annotated[
        str | None,
        typer.Option(help="Judge by this book; else by the book each ticket was under."),
    ] = None,
    ticket: Annotated[
        list[str] | None, typer.Option(help="Only this ticket's matter; may be repeated.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Judge every case again with buyer and merchant exchanged; nothing is written."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.policies.book import parse  # noqa: PLC0415 - heavy
    from replay.what_if import History  # noqa: PLC0415 - heavy
    from replay.what_if.fairness import over_ledger  # noqa: PLC0415 - heavy
    from replay.what_if.lives import Rules, named  # noqa: PLC0415 - heavy

    with services(settings) as parts, _in_order():
        tried = None if book is None else parse(_book(parts, book))
        known = {one.version: one for one in parts.ledger.books}
        rules = Rules(*(named(known) if tried is None else (lambda _v: tried),) * 2)
        history = History(parts.ledger)
        try:
            found = over_ledger(
                history,
                rules,
                matters=_matters(parts, history, frozenset(ticket or ())),
                progress=lambda done, whole: show_progress(done / max(whole, 1), "matters"),
            )
        finally:
            end_progress()
    if as_json:
        typer.echo(json.dumps(found.plain(), ensure_ascii=False))
    else:
        typer.echo(f"cases  {found.asked}, of them {found.fair} fair")
        for one, number in sorted(found.differently.items()):
            why = one.reason or f"NO REASON IS GIVEN, first at {found.examples[one]}"
            typer.echo(f"{number:>7}  {one.command:<22} {one.what:<22} {why}")
    if found.unfair:
        raise typer.Exit(Exit.FINDINGS)


def _archived(
    directory: Path, book: str, engine: "Engine", fields: dict[str, Any], *, listed: bool
) -> tuple["Found", "Trying"]:
    """Return what is found in an archive, and by which trial."""
    from replay.what_if import Trial, Trying, Window  # noqa: PLC0415 - heavy
    from replay.what_if.archived import held, over_archive  # noqa: PLC0415 - an extra

    known = held(directory, engine, progress=_progress)
    trial = Trial(
        adopted=known.adopted,
        begins=known.begins,
        other=known.adopted.get(book) or _read(book),
        until=known.until,
        window=Window(**fields),
        listed=listed,
    )
    trying = Trying(trial)
    _require_covered(trying)
    try:
        return over_archive(directory, trial, engine, progress=_progress), trying
    finally:
        end_progress()


def _progress(done: int, whole: int) -> None:
    show_progress(done / max(whole, 1), f"{done} events")


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
    trial = Trial(
        adopted=books.content,
        begins=books.begins,
        other=_book(parts, book),
        judge=None if judge is None else _book(parts, judge),
        until=history.until(),
        window=Window(**fields),
        listed=listed,
    )
    trying = Trying(trial)
    _require_covered(trying)
    matters = _matters(parts, history, fields["tickets"])
    try:
        found = over_ledger(
            parts.ledger,
            history,
            trying,
            matters=matters,
            progress=lambda done, whole: show_progress(done / max(whole, 1), f"{done} matters"),
        )
    finally:
        end_progress()
    return found, trying


def _matters(
    parts: "Services", history: "History", tickets: frozenset[str]
) -> list[tuple[int, tuple[str, ...]]]:
    """Return the matters to go through: those of the named tickets, or all."""
    from projections import queue  # noqa: PLC0415 - heavy

    def of_order(order: str) -> list[str]:
        """Return the tickets of an order, the closed ones too, as far as the queue knows them."""
        asked = queue.Filters(open=None, order=order)
        found: list[str] = []
        after: Key | None = None
        while True:
            page = parts.read_now(partial(_page, asked=asked, after=after))
            found += [json.loads(one)["ticket"] for one in page.items]
            after = page.next
            if after is None:
                return found

    if not tickets:
        return history.matters()
    if not parts.views.catch_up():
        raise CommandError(
            "The views are not level with the record.",
            why=parts.views.failure() or "the process that folds them is too slow",
            remedy="see `ticketledger doctor`, or try again in a while",
        )
    return list(dict.fromkeys(history.matter_of(one, of_order) for one in sorted(tickets)))


def _page(connection: Any, *, asked: "Filters", after: "Key | None") -> "QueueList":
    from projections import queue  # noqa: PLC0415 - heavy

    with connection.cursor() as db:
        return queue.page(db, asked, after, PAGE)


def _require_covered(trying: "Trying") -> None:
    """Refuse a book that says nothing of what books on record decided."""
    if trying.uncovered:
        raise CommandError(
            "The book does not cover this history.",
            why=f"no rows of {', '.join(trying.uncovered)}, by which books on record decided",
            remedy="give a whole book; `ticketledger books diff` tells what it lacks",
            code=Exit.INVALID,
        )


@contextmanager
def _in_order() -> Iterator[None]:
    """End in words: after Ctrl-C nothing is lost, and a book that is missing is named."""
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted. Nothing was written; the same command begins anew.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Exception as error:
        from replay.what_if.lives import UnknownBook  # noqa: PLC0415 - heavy

        if not isinstance(error, UnknownBook):
            raise
        raise CommandError(
            "A book of this history is missing.",
            why=str(error),
            remedy="ask the ledger, or an archive all of whose lanes end after its adoption",
            code=Exit.INVALID,
        ) from error


def _book(parts: "Services", name: str) -> bytes:
    """Return the bytes of the book to try: a file's, a folder's, or an adopted one's."""
    for one in parts.ledger.adoptions():
        if name in {one.version, one.digest}:
            content = parts.ledger.book_content(one.digest)
            assert content is not None, "an adopted book's bytes are kept before its adoption"
            return content
    return _read(name)


def _read(name: str) -> bytes:
    """Return the bytes of a book that lies in a file or a folder, proved whole."""
    from api.wiring import book_bytes  # noqa: PLC0415 - heavy
    from domain.policies.book import BookError, parse  # noqa: PLC0415 - heavy

    path = Path(name)
    try:
        content = book_bytes(path)
        parse(content)
    except BookError as error:
        raise CommandError(
            "The book is refused.",
            why="; ".join(error.problems),
            remedy="correct it; `ticketledger books check` proves it whole",
            code=Exit.INVALID,
        ) from error
    except OSError as error:
        raise CommandError(
            "There is no such book.",
            why="neither a file nor an adopted version or digest is called so",
            remedy="`ticketledger books list` tells which are adopted",
            code=Exit.INVALID if path.exists() else Exit.NOT_FOUND,
        ) from error
    return content


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
    what = " ".join(part for part in (one.kind.value, one.subject, one.row) if part)
    place = one.by if one.event is None else f"{one.event.position} v{one.event.version}"
    return f"{one.ticket}  {one.at}  {place:<14} {what}: {one.before or '-'} -> {one.after or '-'}"
