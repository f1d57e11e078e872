"""The command `archive figures`: what an archive adds up to, and the tickets behind each number."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.archiving import Directory, Scheduler, Workers, engine_of, group, in_words
from api.cli.progress import Bar
from api.cli.reading import promise_of
from api.cli.terminal import CommandError, Exit, Json, answer, say

if TYPE_CHECKING:
    from replay.archive.listing import Behind
    from replay.engines import Engine
    from replay.promises import Promise

SQL: Final = "duckdb"
LISTED: Final = 1_000


def register(_app: typer.Typer) -> None:
    """Add the command to the group of archives."""
    group.command(name="figures")(tell_figures)


def tell_figures(
    directory: Directory,
    *,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="inline, processes, dask or ray; or duckdb, for what columns tell.",
        ),
    ] = "inline",
    scheduler: Scheduler = None,
    workers: Workers = None,
    promise: Annotated[
        Path | None,
        typer.Option(help="Tell instead how often this promise was kept: a TOML file."),
    ] = None,
    listed: Annotated[
        str | None,
        typer.Option(
            "--list",
            help="Tell instead which tickets a number counts: open, by_stage=closed, broken_net.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="With --list: so many tickets.")] = LISTED,
    as_json: Json = False,
) -> None:
    """Tell how many tickets there are and where they stand, by folding the archive again."""
    if engine == SQL and (promise is not None or listed is not None):
        raise CommandError(
            "SQL can not tell this.",
            why="a promise, and which tickets are counted, is told by folding each ticket",
            remedy="choose another engine",
            code=Exit.USAGE,
        )
    rule = None if promise is None else promise_of(promise)
    with in_words() as bar:
        if engine == SQL:
            answer(_by_sql(directory), as_json=as_json)
            return
        with engine_of(engine, scheduler, workers) as chosen:
            if listed is None:
                answer(_folded(directory, rule, chosen, bar), as_json=as_json)
                return
            behind = _behind(directory, rule, listed, chosen, limit=limit, bar=bar)
    if as_json:
        import msgspec  # noqa: PLC0415 - heavy

        answer(msgspec.to_builtins(behind), as_json=True)
        return
    for ticket in behind.tickets:
        typer.echo(ticket)
    if behind.more:
        say(f"There are more than {limit}: see --limit.")


def _by_sql(directory: Path) -> dict[str, Any]:
    """Return what DuckDB counts, with a digest."""
    import msgspec  # noqa: PLC0415 - heavy

    from replay.archive import figures  # noqa: PLC0415 - an extra

    columns = figures.columns_by_sql(directory)
    told: dict[str, Any] = msgspec.to_builtins(columns)
    return {**told, "digest": figures.digest(columns)}


def _folded(
    directory: Path, promise: "Promise | None", engine: "Engine", bar: Bar
) -> dict[str, Any]:
    """Return the figures with a digest, or how often a promise was kept."""
    import msgspec  # noqa: PLC0415 - heavy

    from replay.archive import figures  # noqa: PLC0415 - an extra
    from replay.archive.matters import kept_promises  # noqa: PLC0415 - an extra

    progress = bar.counting("events")
    if promise is not None:
        return dict(kept_promises(directory, promise, engine, progress=progress))
    found = figures.figures(directory, engine, progress=progress)
    told: dict[str, Any] = msgspec.to_builtins(found)
    return {**told, "digest": figures.digest(found)}


def _behind(
    directory: Path,
    promise: "Promise | None",
    figure: str,
    engine: "Engine",
    *,
    limit: int,
    bar: Bar,
) -> "Behind":
    """Return the tickets behind a number, of the figures or of a promise's counts."""
    from replay.archive import listing  # noqa: PLC0415 - an extra

    try:
        counted = (
            listing.behind_figure(figure)
            if promise is None
            else listing.behind_promise(promise, figure)
        )
    except listing.NoSuchFigure as error:
        raise CommandError(
            "There is no such number of tickets.",
            why=str(error),
            remedy="name it as it is told without --list",
            code=Exit.USAGE,
        ) from error
    progress = bar.counting("events")
    return listing.listed(directory, counted, engine, limit=limit, progress=progress)
