"""Commands of the sealed archive that write and verify it: `archive write`, `archive verify`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.moments import written_moment
from api.cli.progress import Bar
from api.cli.signed import ledger_of
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    say,
    settings_of,
    terminable,
)
from api.cli.verifying import NOT_ANCHORED, LogKeys

if TYPE_CHECKING:
    from domain.ledger.application import TicketLedger
    from replay.archive.checking import ArchiveReport
    from replay.engines import Engine
    from replay.verify.outside import Copies
    from replay.verify.report import Finding

group = typer.Typer(
    help="The record as sealed Parquet files that verify by themselves.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Directory = Annotated[Path, typer.Argument(help="The directory of the archive, and of it alone.")]
EngineName = Annotated[
    str, typer.Option("--engine", help="Who does the work: inline, processes, dask or ray.")
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Of a Dask or Ray cluster; without, one is started here."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, max=1024, help="Processes that are started here.")
]


def register(app: typer.Typer) -> None:
    """Add the group `archive` and the commands of this module."""
    group.command(name="write")(write_archive)
    group.command(name="verify")(verify_archive)
    app.add_typer(group, name="archive")


def write_archive(
    directory: Directory,
    *,
    upto: Annotated[
        str | None,
        typer.Option("--upto", help="End with this moment; default: all there is."),
    ] = None,
    parts: Annotated[
        int | None, typer.Option("--parts", min=1, max=4096, help="Parts of a new archive.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write the record, as far as signed checkpoints cover it, or add what is new to an archive."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    with in_words("Run the same command again: what was written whole is kept.") as bar:
        from api.auditing import public_keys  # noqa: PLC0415 - heavy
        from domain.values import KeyPurpose  # noqa: PLC0415 - heavy
        from replay.archive.source import Source  # noqa: PLC0415 - an extra
        from replay.archive.writing import Order, write  # noqa: PLC0415 - an extra

        with ledger_of(settings, signed=True) as (ledger, _):
            order = Order(
                directory=directory,
                moment=_moment(upto, ledger),
                log_keys=public_keys(settings.data_dir / "keys", KeyPurpose.LOG),
                parts=parts,
            )
            with Source(ledger.record.connections.dsn) as source:
                whole = write(source, order, bar.counting("events"))
    for lane in whole.lanes:
        if order.moment is not None and lane.size != order.moment[lane.lane]:
            asked = order.moment[lane.lane]
            say(f"Lane {lane.lane} ends at {lane.size}, not {asked}: no command is cut in two.")
    ranges = sum(len(lane.ranges) for lane in whole.lanes)
    told = {"directory": str(directory), "upto": whole.moment, "events": whole.events}
    answer(told | {"ranges": ranges, "parts": whole.parts}, as_json=as_json)


def verify_archive(
    directory: Directory,
    *,
    engine: EngineName = "inline",
    scheduler: Scheduler = None,
    workers: Workers = None,
    key: LogKeys = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="Checkpoints that others have kept; again for each."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check an archive by itself: no database, no network, no keys but those you give."""
    with in_words() as bar:
        from domain.proof.keys import parse_vkey  # noqa: PLC0415 - heavy
        from replay.archive.checking import digest, verify  # noqa: PLC0415 - an extra

        known = [parse_vkey(one) for one in key or ()]
        log_keys = tuple(one.public for one in known)
        copies = _copies(directory, against, log_keys)
        with engine_of(engine, scheduler, workers) as chosen:
            report = verify(
                directory,
                chosen,
                log_keys=log_keys,
                origins={one.name for one in known},
                copies=copies,
                progress=bar.counting("events"),
            )
    if as_json:
        answer(report.table() | {"digest": digest(report)}, as_json=True)
    else:
        for line in _lines(report):
            typer.echo(line)
    if report.findings:
        raise typer.Exit(Exit.FINDINGS)
    if report.unfinished:
        raise typer.Exit(Exit.CONFLICT)


@contextmanager
def engine_of(name: str, scheduler: str | None, workers: int | None) -> Iterator["Engine"]:
    """Give an engine; a wrong choice is told before anything is started."""
    from replay.engines import ENGINES, open_engine  # noqa: PLC0415 - heavy

    if name not in ENGINES:
        raise CommandError(
            "There is no such engine here.",
            why=f"{name!r} is none of {', '.join(ENGINES)}",
            remedy="choose one of them",
            code=Exit.USAGE,
        )
    if scheduler is not None and name not in {"dask", "ray"}:
        raise CommandError(
            "--scheduler is of no use here.",
            why=f"the engine {name} works on this machine",
            remedy="add --engine dask or --engine ray",
            code=Exit.USAGE,
        )
    with open_engine(name, workers=workers, scheduler=scheduler) as engine:
        yield engine


@contextmanager
def in_words(interrupted: str = "Nothing was changed.") -> Iterator[Bar]:
    """Give a bar, tell what goes wrong with an archive in words, and let Ctrl-C end in order."""
    try:
        with terminable(), Bar() as bar:
            yield bar
    except KeyboardInterrupt:
        say(f"Interrupted. {interrupted}")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"pyarrow", "duckdb"}:
            raise
        raise CommandError(
            "Archives need packages that are not installed.",
            why=str(error),
            remedy="pip install 'ticketledger[archive]'",
        ) from error
    except OSError as error:
        raise CommandError(
            "A file can not be read or written.",
            why=str(error),
            remedy="name a directory that is there, with room in it",
        ) from error
    except Exception as error:
        told = _meaning(error)
        if told is None:
            raise
        raise told from error


def _meaning(error: Exception) -> CommandError | None:
    """Return what an error of archives or engines means; None for any other."""
    from domain.proof.errors import MalformedKey  # noqa: PLC0415 - heavy
    from replay.archive.manifest import DamagedArchive  # noqa: PLC0415 - heavy
    from replay.archive.refusals import (  # noqa: PLC0415 - heavy
        CannotArchive,
        NotYetSigned,
        RecordDamaged,
    )
    from replay.engines import EngineFailed, EngineMissing  # noqa: PLC0415 - heavy
    from replay.verify.outside import UnusableCopy  # noqa: PLC0415 - heavy

    meanings: Mapping[type[Exception], tuple[str, str, Exit]] = {
        DamagedArchive: (
            "The archive is damaged, or is none.",
            "take another copy of it, or write it anew; `archive verify` tells what is wrong",
            Exit.INVALID,
        ),
        NotYetSigned: (
            "--upto names a moment that is not signed.",
            "start `ticketledger worker` with the notary's database, or end earlier",
            Exit.NOT_FOUND,
        ),
        CannotArchive: (
            "The archive can not be written there.",
            "name another directory",
            Exit.CONFLICT,
        ),
        RecordDamaged: ("The record is damaged.", "see `ticketledger verify self`", Exit.FINDINGS),
        EngineFailed: (
            "The engine did not do its work.",
            "see that its scheduler and workers run and have this program, or take another engine",
            Exit.FAILURE,
        ),
        UnusableCopy: (
            "A copy can not be used.",
            "give checkpoints of this ledger, and --key if its keys are not the archive's",
            Exit.INVALID,
        ),
        MalformedKey: (
            "A key can not be used.",
            "give --key the whole vkey of a log: name+id+base64",
            Exit.USAGE,
        ),
    }
    if isinstance(error, EngineMissing):
        return CommandError(
            "The engine is not installed.", why=str(error), remedy=error.remedy, code=Exit.USAGE
        )
    for kind, (what, remedy, code) in meanings.items():
        if isinstance(error, kind):
            return CommandError(what, why=str(error), remedy=remedy, code=code)
    return None


def _moment(text: str | None, ledger: "TicketLedger") -> dict[int, int] | None:
    """Return the moment that is asked for; lanes that it leaves out end where they are signed."""
    if text is None:
        return None
    moment = written_moment(text, "--upto")
    newest = {lane: ledger.merkle_log.checkpoint(lane) for lane in range(ledger.lanes)}
    return {lane: one.size if one is not None else 0 for lane, one in newest.items()} | moment


def _copies(
    directory: Path, paths: list[Path] | None, log_keys: tuple[bytes, ...]
) -> "Copies | None":
    """Return the copies that an auditor brings, held against the archive's own origins."""
    if not paths:
        return None
    from domain.proof.keys import parse_vkey  # noqa: PLC0415 - heavy
    from replay.archive import manifest  # noqa: PLC0415 - heavy
    from replay.verify.outside import read_copies  # noqa: PLC0415 - heavy

    lanes = manifest.read(directory).lanes
    own = tuple(parse_vkey(vkey).public for lane in lanes for vkey in lane.keys)
    return read_copies(paths, tuple(lane.origin for lane in lanes), log_keys or own, ())


def _lines(report: "ArchiveReport") -> Iterator[str]:
    """Yield a report for a person."""
    yield f"{report.events} events checked in {report.seconds:.1f} s"
    for one in report.findings:
        yield _line(one)
    if report.left_out:
        yield f"and {report.left_out} more findings"
    yield f"{len(report.findings)} findings." if report.findings else "Nothing was found."
    if report.unfinished:
        yield "Unfinished additions: run `archive write` again; they are no part of it yet."
    for words in report.not_checked:
        yield f"Not checked: {words}."
    if report.anchored_outside:
        agree = ", ".join(f"{lane}-{size}" for lane, size in report.anchored_upto.items())
        yield f"Outside copies agree up to: {agree or 'nothing'}."
    else:
        yield NOT_ANCHORED


def _line(finding: "Finding") -> str:
    from replay.verify.report import MEANINGS  # noqa: PLC0415 - heavy

    told = str(finding) if finding.lane is not None else f"{finding.code}: {finding.what}"
    return f"{told}  ({MEANINGS[finding.code]})"
