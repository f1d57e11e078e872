"""Commands that check the evidence: `verify self`, `verify against` and `verify bundle`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.progress import Bar, Counting
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

if TYPE_CHECKING:
    from replay.verify.report import Report

NOT_ANCHORED = (
    "NOT ANCHORED OUTSIDE: no copy was compared that lies elsewhere, so whoever holds the keys "
    "could have rewritten everything. This is a self-check, not evidence."
)
group = typer.Typer(help="Check the evidence chain.", no_args_is_help=True, rich_markup_mode=None)
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that read.")]
LogKeys = Annotated[
    list[str] | None,
    typer.Option("--key", help="The vkey of a lane's log, as you got it from elsewhere."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `verify`."""
    group.command(name="self")(verify_self)
    group.command(name="against")(verify_against)
    group.command(name="bundle")(verify_bundle)
    app.add_typer(group, name="verify")


def verify_self(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="From the beginning, even after an interruption.")
    ] = False,
    since: Annotated[
        int, typer.Option("--since", min=0, help="Begin after this position of every lane.")
    ] = 0,
    workers: Workers = 1,
    key: LogKeys = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Check the whole record, its log, its checkpoints and what is kept beside it."""
    if full and since:
        raise CommandError(
            "--full and --since can not go together.",
            why="one says from the beginning, the other from a position on",
            remedy="leave one of them away",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.auditing import Order, audit_ledger  # noqa: PLC0415 - heavy

    order = Order(since=since, workers=workers, vkeys=tuple(key or ()), afresh=full)
    _tell(_run(lambda told: audit_ledger(settings, order, told)), as_json=as_json)


def verify_against(
    copies: Annotated[
        list[Path],
        typer.Argument(help="Checkpoints, receipts, proofs, or directories that hold them."),
    ],
    *,
    workers: Workers = 1,
    key: LogKeys = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Check everything, and compare it with copies that others have kept."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.auditing import Order, audit_ledger  # noqa: PLC0415 - heavy

    order = Order(workers=workers, vkeys=tuple(key or ()), afresh=True, copies=tuple(copies))
    _tell(_run(lambda told: audit_ledger(settings, order, told)), as_json=as_json)


def verify_bundle(
    file: Annotated[Path, typer.Argument(help="A bundle, as `ticketledger bundle` makes it.")],
    *,
    vkey: Annotated[
        str | None, typer.Option("--vkey", help="The log's key, as you got it from elsewhere.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="Your own C2SP tlog-policy: logs, witnesses, quorum."),
    ] = None,
    receipt: Annotated[
        list[Path] | None,
        typer.Option("--receipt", help="A receipt you were given; again for each."),
    ] = None,
    receipt_key: Annotated[
        str | None,
        typer.Option("--receipt-key", help="The vkey of receipts, as you got it from elsewhere."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a bundle by itself: no database, no network, no keys but those you give."""
    from domain.proof.errors import MalformedKey, MalformedPolicy  # noqa: PLC0415 - heavy
    from replay.bundle import Trusted, check  # noqa: PLC0415 - heavy
    from replay.bundle.archive import MalformedBundle  # noqa: PLC0415 - heavy
    from replay.verify.report import MEANINGS  # noqa: PLC0415 - heavy

    if receipt and receipt_key is None:
        raise CommandError(
            "The receipts can not be checked.",
            why="no key of receipts was given, and the platform's own word is none",
            remedy="give --receipt-key with the vkey that you have from elsewhere",
            code=Exit.USAGE,
        )
    try:
        trusted = Trusted(
            vkey=vkey,
            policy=None if policy is None else policy.read_bytes(),
            receipt_key=receipt_key,
            receipts={str(path): path.read_bytes() for path in receipt or ()},
        )
        report = check(file, trusted=trusted)
    except MalformedBundle as error:
        raise CommandError(
            "This is no bundle.",
            why=str(error),
            remedy="give a ZIP file that `ticketledger bundle` or the API made",
            code=Exit.INVALID,
        ) from error
    except MalformedPolicy as error:
        raise CommandError(
            "The policy can not be used.",
            why=str(error),
            remedy="give --policy a file in the form of C2SP tlog-policy",
            code=Exit.USAGE,
        ) from error
    except MalformedKey as error:
        raise _unusable_key(error, "--vkey or --receipt-key") from error
    except OSError as error:
        raise CommandError(
            "A file can not be read.",
            why=str(error),
            remedy="give files that are there",
            code=Exit.NOT_FOUND,
        ) from error
    if as_json:
        answer(report.table(), as_json=True)
    else:
        typer.echo(
            f"{report.ticket} for {report.recipient}: {report.records} records "
            f"({report.withheld} withheld), {report.disclosures} disclosures, "
            f"{report.attachments} attachments, {report.stamps} stamps, "
            f"{report.receipts} receipts of yours"
        )
        for one in report.findings:
            place = f" v{one.version}" if one.version is not None else ""
            typer.echo(f"{one.code}{place}: {one.what}  ({MEANINGS[one.code]})")
        typer.echo("Nothing was found." if report.clean else f"{len(report.findings)} findings.")
        if report.trust is not None:
            typer.echo(report.trust.words)
        for words in report.not_checked:
            typer.echo(f"Not checked: {words}.")
    if not report.clean:
        raise typer.Exit(Exit.FINDINGS)


def _unusable_key(error: Exception, option: str) -> CommandError:
    return CommandError(
        "A key can not be used.",
        why=str(error),
        remedy=f"give {option} the whole vkey of a log: name+id+base64",
        code=Exit.USAGE,
    )


def _run(work: "Callable[[Counting], Report]") -> "Report":
    """Return what an audit comes to; Ctrl-C leaves a file from which the next one goes on."""
    from domain.proof.errors import MalformedKey  # noqa: PLC0415 - heavy
    from replay.verify.auditing import Interrupted  # noqa: PLC0415 - heavy
    from replay.verify.outside import UnusableCopy  # noqa: PLC0415 - heavy

    try:
        with terminable(), Bar() as bar:
            return work(bar.counting("events"))
    except (KeyboardInterrupt, Interrupted):
        say("Interrupted. Run the same command again and it goes on where it stopped.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except UnusableCopy as error:
        raise CommandError(
            "A copy can not be used.",
            why=str(error),
            remedy="give checkpoints, receipts or directories of this ledger, and --key if its "
            "keys are not here",
            code=Exit.INVALID,
        ) from error
    except MalformedKey as error:
        raise _unusable_key(error, "--key") from error


def _tell(report: "Report", *, as_json: bool) -> None:
    """Print a report; exit with 6 when it has findings."""
    if as_json:
        answer(report.table(), as_json=True)
    else:
        for line in _lines(report):
            typer.echo(line)
    if not report.clean:
        raise typer.Exit(Exit.FINDINGS)


def _lines(report: "Report") -> Sequence[str]:
    """Return a report for a person."""
    from replay.verify.report import MEANINGS  # noqa: PLC0415 - heavy

    lines = [f"{report.events} events checked in {report.seconds:.1f} s"]
    lines += [f"{one}  ({MEANINGS[one.code]})" for one in report.findings]
    if report.left_out:
        lines.append(f"and {report.left_out} more findings")
    lines.append("Nothing was found." if report.clean else f"{len(report.findings)} findings.")
    lines += [f"Not checked: {words}." for words in report.not_checked]
    if report.anchored_outside:
        agree = ", ".join(f"{lane}-{size}" for lane, size in report.anchored_upto.items())
        lines.append(f"Outside copies agree up to: {agree or 'nothing'}.")
    else:
        lines.append(NOT_ANCHORED)
    return lines
