"""The command `rebuild`: views built anew beside those that are read, compared and exchanged."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from api.settings import Settings
    from projections.projection import View
    from replay.rebuild import Comparison, Rebuild, TableCompared


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(rebuild)


def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="VIEW", help="Default: every view.")
    ] = None,
    *,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare with the views that are read, row by row.")
    ] = False,
    swap: Annotated[
        bool,
        typer.Option("--swap", help="Put them in the place of those; after --compare, if equal."),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin anew; do not go on with what is there.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what was built after it was compared.")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, max=64, help="So many build; default: one a core."),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, max=10_000, help="Show so many rows of a table that differ.")
    ] = 20,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Build views anew from the record beside those that are read, while these go on.

    An interrupted rebuild is gone on with. Without --compare or --swap, what was built stays.
    """
    views = _views(names or [])
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    with _told(), _rebuild(settings, views, processes) as work:
        with Bar() as bar:
            work.build(bar.counting("facts folded"), anew=anew)
        found = work.compare(examples) if compare else None
        swapped = swap and (found is None or found.same)
        if swapped:
            work.swap()
        elif compare and not keep:
            work.drop()
        _tell([view.name for view in views], found, swapped=swapped, as_json=as_json)
    if found is not None and not found.same:
        raise typer.Exit(Exit.FINDINGS)


def _views(names: list[str]) -> "list[View]":
    from projections.views import VIEWS  # noqa: PLC0415 - heavy

    known = {view.name: view for view in VIEWS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandError(
            f"There is no view {', '.join(unknown)}.",
            why="only what is a function of the record alone can be built anew from it",
            remedy=f"name some of {', '.join(known)}, or none for all",
            code=Exit.NOT_FOUND,
        )
    return [view for view in VIEWS if not names or view.name in names]


@contextmanager
def _rebuild(
    settings: "Settings", views: "list[View]", processes: int | None
) -> "Iterator[Rebuild]":
    """Give the rebuild of views; the live ones are not touched by entering.

    So they may be of another version, which the program would drop where it starts to fold.
    """
    import os  # noqa: PLC0415 - beside its use
    from contextlib import closing  # noqa: PLC0415 - beside its use

    from api.wiring import database  # noqa: PLC0415 - heavy
    from domain.ledger.recorder import Recorder  # noqa: PLC0415 - heavy
    from replay.rebuild import Helpers, Rebuild, RecordSource  # noqa: PLC0415 - heavy

    helpers = (processes or os.cpu_count() or 1) - 1
    with (
        database(settings) as dsns,
        closing(Recorder.connect(dsns.app, readers_max=2)) as recorder,
        Rebuild(
            dsns.views,
            RecordSource(recorder),
            lanes=recorder.genesis().lanes,
            views=views,
            helpers=Helpers(dsns.app, dsns.views, helpers) if helpers else None,
        ) as work,
    ):
        yield work


@contextmanager
def _told() -> "Iterator[None]":
    """Tell why a rebuild can not go on: what, why, and what to do."""
    from psycopg2.errors import InsufficientPrivilege  # noqa: PLC0415 - heavy

    from replay.rebuild import Busy, HelperLost, NothingToCompare, Overtaken  # noqa: PLC0415

    try:
        yield
    except KeyboardInterrupt:
        say("interrupted; the same command goes on where this one ended")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except (Busy, Overtaken) as error:
        raise CommandError(
            "The views can not be rebuilt now.",
            why=str(error),
            remedy="try again in a while; what is built is kept",
            code=Exit.CONFLICT,
        ) from error
    except HelperLost as error:
        raise CommandError(
            "The views were not rebuilt.",
            why=str(error),
            remedy="run the same command again, with fewer --processes; it goes on",
        ) from error
    except NothingToCompare as error:
        raise CommandError(
            "There is nothing to compare with.",
            why=str(error),
            remedy="start `ticketledger worker`, or leave --compare away",
            code=Exit.NOT_FOUND,
        ) from error
    except InsufficientPrivilege as error:
        raise CommandError(
            "The views can not be rebuilt by this role.",
            why=str(error).strip(),
            remedy="run `ticketledger migrate` with an owner's DSN first; in a database of the "
            "views' own, let the role create schemas",
        ) from error


def _tell(names: list[str], found: "Comparison | None", *, swapped: bool, as_json: bool) -> None:
    """Print what was done, and what differs."""
    import msgspec  # noqa: PLC0415 - heavy

    if as_json:
        table = {"rebuilt": names, "swapped": swapped}
        if found is not None:
            table |= {"same": found.same, **msgspec.to_builtins(found)}
        answer(table, as_json=True)
        return
    for line in _lines(found):
        typer.echo(line)
    if swapped:
        typer.echo(f"Now read: {', '.join(names)}, as rebuilt.")
    elif found is None:
        typer.echo(
            f"Built: {', '.join(names)}. `rebuild --compare` or `rebuild --swap` goes on from here."
        )


def _lines(found: "Comparison | None") -> Iterator[str]:
    """Yield a comparison for a person."""
    if found is None:
        return
    for view in found.views:
        if view.live_version is None:
            yield f"{view.view} at {view.moment} (version {view.version}): new, nobody reads it yet"
            continue
        versions = f"version {view.version}"
        if view.live_version != view.version:
            versions = f"version {view.live_version} against {view.version}"
        verdict = "the same" if view.same else "DIFFERENT"
        yield f"{view.view} at {view.moment} ({versions}): {verdict}"
        if view.beyond:
            yield f"  it has read up to {', '.join(view.beyond)}, beyond the end of the record"
        for table in view.tables:
            yield from _of_table(table)
    yield "Nothing differs." if found.same else "The views are not what the record says."


def _of_table(table: "TableCompared") -> Iterator[str]:
    numbers = f"{table.live_rows:,} rows, {table.rebuilt_rows:,} rebuilt"
    yield (
        f"  {table.table}: {numbers}"
        if table.same
        else f"  {table.table}: {numbers}; {table.missing:,} missing, {table.extra:,} too many, "
        f"{table.differing:,} differing"
    )
    for words, columns in (
        ("columns that only the live table has", table.only_live),
        ("columns that only the rebuilt table has", table.only_rebuilt),
        ("columns of another type", table.retyped),
    ):
        if columns:
            yield f"    {words}: {', '.join(columns)}"
    for one in table.examples:
        told = f": {', '.join(one.columns)}" if one.columns else ""
        yield f"    {one.kind} {'/'.join(one.key)}{told}"
    left_out = table.missing + table.extra + table.differing - len(table.examples)
    if left_out and table.examples:
        yield f"    and {left_out:,} more"
