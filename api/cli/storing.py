"""Commands about what is stored where: `db dsn`, `db stop` and `vault sweep`."""

from typing import Annotated

import typer

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


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `db` and `vault`."""
    group = typer.Typer(help="The embedded database.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(dsn)
    group.command()(stop)
    app.add_typer(group, name="db")
    vault = typer.Typer(
        help="The contents of evidence.", no_args_is_help=True, rich_markup_mode=None
    )
    vault.callback()(lambda: None)  # with one command alone, its name would be left out
    vault.command()(sweep)
    app.add_typer(vault, name="vault")


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


def sweep(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Remove uploads that no event ever came to name, thirty days after they came in."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.ledger.sweeping import Sweeper  # noqa: PLC0415 - heavy

    with services(settings) as parts:
        sweeper = Sweeper(parts.ledger, parts.now)
        if dry_run:
            found, before = sweeper.find()
            count, size = len(found), sum(one.size for one in found)
        else:
            swept = sweeper.sweep()
            count, size, before = swept.contents, swept.bytes, swept.uploaded_before
    told = {"contents": count, "bytes": size, "uploaded_before": before, "dry_run": dry_run}
    answer(told, as_json=as_json)
