"""The command that publishes the log as files: `tiles publish`."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.progress import Bar
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
    """Add the command of this group, below `tiles`."""
    group = typer.Typer(help="The log as files.", rich_markup_mode=None, no_args_is_help=True)
    group.callback()(_group)
    group.command()(publish)
    app.add_typer(group, name="tiles")


def _group() -> None:
    """Publish the log as files."""


def publish(
    directory: Annotated[Path, typer.Argument(help="Where lane-0, lane-1 … are to stand.")],
    *,
    lane: Annotated[int | None, typer.Option(min=0, help="One lane instead of all.")] = None,
    entries: Annotated[
        bool, typer.Option("--entries", help="Whole records too: for auditors, not for everybody.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Bring a directory to the newest checkpoints, as C2SP tlog-tiles that any program can read."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.tiles import OtherHistory, publish  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    told: dict[str, object] = {}
    with services(settings) as parts:
        lanes = range(parts.ledger.lanes)
        if lane is not None and lane not in lanes:
            raise CommandError(
                "There is no such lane.",
                why=f"this ledger has {len(lanes)}",
                remedy="leave --lane away to publish all",
                code=Exit.NOT_FOUND,
            )
        for one in lanes if lane is None else (lane,):
            try:
                with Bar() as bar:
                    done = publish(
                        parts.ledger.merkle_log,
                        one,
                        directory / f"lane-{one}",
                        entries=entries,
                        progress=bar.counting("entries published"),
                    )
            except OtherHistory as error:
                raise CommandError(
                    f"Lane {one} was not published.",
                    why=str(error),
                    remedy="keep that directory: either it is another ledger's, or this one was "
                    "changed; `ticketledger verify against` tells",
                    code=Exit.CONFLICT,
                ) from error
            if done is None:
                say(f"lane {one}: nothing has been signed yet")
            told[f"lane-{one}"] = {} if done is None else done._asdict()
    answer(told, as_json=as_json)
