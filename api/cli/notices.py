"""Commands about notices: `notices list`, `notices dismiss`."""

from typing import Annotated

import typer

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
    """Add the commands of this group, below `notices`."""
    group = typer.Typer(
        help="Notices to buyers, desks and departments.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list")(listed)
    group.command()(dismiss)
    app.add_typer(group, name="notices")


def listed(
    *,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="What waits, instead of what failed.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000)] = 100,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the notices nobody could be given and why, or those that still wait."""
    from api.notifying import outbox  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    settings = settings_of(data_dir=data_dir, database_url=database_url)
    with services(settings) as parts:
        found = parts.read_now(
            lambda db: outbox.listed(db.cursor(), failed=not waiting, limit=limit)
        )
    if as_json:
        told = [{**one._asdict(), "ticket": one.ticket} for one in found]
        answer({"notices": told}, as_json=True)
        return
    for one in found:
        state = one.why or f"from {one.next_at}"
        typer.echo(
            f"{one.notice}  {one.ticket or one.about}  {one.rule} to {one.to} by {one.channel}  "
            f"tries {one.tries}  {state}"
        )


def dismiss(
    notice: Annotated[str, typer.Argument(help="The id of a notice that failed.")],
    *,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take a failed notice off the list; that it failed stays on record."""
    from contextlib import closing  # noqa: PLC0415 - only here

    from api.notifying import outbox  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy
    from projections.session import connect  # noqa: PLC0415 - heavy

    settings = settings_of(data_dir=data_dir, database_url=database_url)
    with services(settings) as parts, closing(connect(parts.dsns.views)) as connection:
        if not outbox.dismiss(connection, notice):
            raise CommandError(
                "There is no such failed notice.",
                why="it is not on the list",
                remedy="take its id from `ticketledger notices list`",
                code=Exit.NOT_FOUND,
            )
