"""Commands that run the program: serve, worker, migrate."""

from secrets import token_hex
from socket import gethostname
from typing import Annotated

import typer

from api.cli.terminal import DatabaseUrl, DataDir, Json, Lanes, Parent, answer, settings_of


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)


def serve(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Fill an empty ledger with a believable day first.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    lanes: Lanes = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Serve the API, with a worker beside it."""
    settings = settings_of(
        host=host, port=port, lanes=lanes, data_dir=data_dir, database_url=database_url
    )
    from api import server  # noqa: PLC0415 - heavy

    server.run(settings, demo=demo)


def worker(
    *, data_dir: DataDir = None, database_url: DatabaseUrl = None, parent: Parent = None
) -> None:
    """Keep views level and let deadlines fire, beside an API that runs elsewhere."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api import worker as working  # noqa: PLC0415 - heavy

    working.run(settings, parent=parent)


def migrate(
    *,
    lanes: Lanes = None,
    data_dir: DataDir = None,
    database_url: Annotated[
        str | None, typer.Option("--database-url", help="DSN of the owner role.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring the database to this version; nothing happens to one that is there already."""
    settings = settings_of(lanes=lanes, data_dir=data_dir, owner_database_url=database_url)
    from api.embedded import start  # noqa: PLC0415 - heavy
    from domain.ledger.migrations import migrate, migrations  # noqa: PLC0415 - heavy

    origin = settings.origin or f"{gethostname()}/{token_hex(4)}"
    if settings.migration_dsn is not None:
        migrate(settings.migration_dsn, lanes=settings.lanes, origin=origin)
    else:
        with start(settings.data_dir) as server:
            migrate(server.owner_dsn, lanes=settings.lanes, origin=origin)
    answer({"migrated": True, "migration": migrations()[-1].number}, as_json=as_json)
