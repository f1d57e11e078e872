"""The command that judges every case again with buyer and merchant exchanged."""

import json
from typing import Annotated

import typer

from api.cli.progress import Bar
from api.cli.terminal import DatabaseUrl, DataDir, Exit, Json, settings_of
from api.cli.trials import book_named, in_order, surveyed


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command()(fairness)


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

    with services(settings) as parts, in_order():
        history = History(parts.ledger)
        tried = None if book is None else parse(book_named(history.adopted().content, book))
        known = {one.version: one for one in parts.ledger.books}
        rules = Rules(*(named(known) if tried is None else (lambda _v: tried),) * 2)
        with Bar() as bar:
            found = over_ledger(
                history,
                rules,
                matters=surveyed(parts, history, frozenset(ticket or ())).matters,
                progress=bar.counting("matters"),
            )
    if as_json:
        typer.echo(json.dumps(found.plain(), ensure_ascii=False))
    else:
        typer.echo(f"cases  {found.asked}, of them {found.fair} fair")
        for one, number in sorted(found.differently.items()):
            why = one.reason or f"NO REASON IS GIVEN, first at {found.examples[one]}"
            typer.echo(f"{number:>7}  {one.command:<22} {one.what:<22} {why}")
    if found.unfair:
        raise typer.Exit(Exit.FINDINGS)
