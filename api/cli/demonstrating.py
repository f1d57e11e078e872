"""The command that shows the program at work on made-up matters."""

from typing import Annotated

import typer

from api.cli.terminal import CommandError, DatabaseUrl, DataDir, Exit, Json, answer, settings_of


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
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Fill an empty ledger with believable days, or tell the worked case."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api import demo as demonstration  # noqa: PLC0415 - heavy

    chosen = {} if seed is None else {"seed": seed}
    try:
        if story:
            demonstration.tell_story(settings, as_json=as_json)
        else:
            answer(demonstration.run(settings, days=days, **chosen), as_json=as_json)
    except demonstration.NotEmpty as error:
        raise CommandError(
            "The demo was not loaded.",
            why="this ledger is not empty, and made-up matters do not belong among real ones",
            remedy="give it a directory of its own: --data-dir var/demo",
            code=Exit.CONFLICT,
        ) from error
