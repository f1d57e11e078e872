"""The command that shows the program at work on made-up matters."""

from typing import Annotated, Any

import typer

from api.cli.instants import instant_of
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    settings_of,
)


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command()(demo)


def demo(
    *,
    story: Annotated[
        bool, typer.Option("--story", help="Tell the worked case step by step through the API.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=365, help="How many days to make.")] = 1,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same days.")] = None,
    tickets_per_day: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="How many matters open a day.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--end",
            help="When the days end, like 2026-11-22T12:00:00+08:00, not after now; with it the "
            "same seed makes the very same instants.",
        ),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Fill an empty ledger with believable days, or tell the worked case."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api import demo as demonstration  # noqa: PLC0415 - heavy

    chosen: dict[str, Any] = {
        "days": days,
        "seed": seed,
        "tickets_per_day": tickets_per_day,
        "end": None if end is None else instant_of(end, "--end"),
    }
    chosen = {name: value for name, value in chosen.items() if value is not None}
    try:
        if story:
            demonstration.tell_story(settings, as_json=as_json)
        else:
            answer(demonstration.run(settings, **chosen), as_json=as_json)
    except demonstration.NotEmpty as error:
        raise CommandError(
            "The demo was not loaded.",
            why="this ledger is not empty, and made-up matters do not belong among real ones",
            remedy="give it a directory of its own: --data-dir var/demo",
            code=Exit.CONFLICT,
        ) from error
