"""Commands about the embedded database: `db dsn` and `db stop`."""

import typer

from api.cli.terminal import CommandError, DataDir, Exit, Json, answer, say, settings_of


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `db`."""
    group = typer.Typer(help="The embedded database.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(dsn)
    group.command()(stop)
    app.add_typer(group, name="db")


def dsn(*, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Print an owner's DSN for psql; an embedded server is started and runs until `db stop`."""
    settings = settings_of(data_dir=data_dir)
    owner = settings.migration_dsn
    if owner is None:
        from api import embedded  # noqa: PLC0415 - heavy

        with embedded.start(settings.data_dir, stay=True) as server:
            owner = server.owner_dsn
    if as_json:
        answer({"dsn": owner}, as_json=True)
    else:
        typer.echo(owner)


def stop(*, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Stop the embedded server that `db dsn` left running."""
    settings = settings_of(data_dir=data_dir)
    if not settings.is_embedded:
        raise CommandError(
            "There is no embedded server to stop.",
            why="the settings name a database of your own",
            remedy="stop that one by its own means",
            code=Exit.USAGE,
        )
    from api import embedded  # noqa: PLC0415 - heavy

    stopped = embedded.stop(settings.data_dir)
    if as_json:
        answer({"stopped": stopped}, as_json=True)
    else:
        say("Stopped." if stopped else "It was not running.")
