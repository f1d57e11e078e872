"""The command that takes a ticket's evidence away: bundle."""

from contextlib import nullcontext
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Final

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

if TYPE_CHECKING:
    from api.bundling import Begun
    from api.wiring import Services
    from domain.ledger.log import Signed

WAIT_S: Final = 5.0
PAUSE_S: Final = 0.1


def register(app: typer.Typer) -> None:
    """Add the command of this group."""
    app.command()(bundle)


def bundle(
    ticket: Annotated[str, typer.Argument(help="A ticket's id.")],
    *,
    recipient: Annotated[str, typer.Option("--for", help="buyer, merchant, arbitrator or court.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write; it must not exist.")],
    purpose: Annotated[
        str | None, typer.Option(help="own_copy, arbitration, litigation or audit.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write a ticket's evidence to a file that its recipient can check without us."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api import bundling  # noqa: PLC0415 - heavy
    from api.problems import Problem  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.values import SYSTEM, ExportPurpose, Recipient  # noqa: PLC0415 - heavy

    try:
        whom = Recipient(recipient)
        what_for = ExportPurpose(purpose) if purpose is not None else None
    except ValueError as error:
        raise CommandError(
            "It is not said for whom the bundle is, or what for.",
            why=str(error),
            remedy=f"for: {', '.join(Recipient)}; purpose: {', '.join(ExportPurpose)}",
            code=Exit.USAGE,
        ) from error
    try:
        target = out.open("xb")
    except OSError as error:
        raise CommandError(
            "The bundle can not be written.",
            why=str(error),
            remedy="name a new file in a directory that is there",
            code=Exit.USAGE,
        ) from error
    done = False
    try:
        with target, services(settings) as parts:
            begun = bundling.begin(parts, SYSTEM, ticket, whom, what_for)
            bundling.write(parts, begun, _covered(parts, begun), target)
        done = True
    except Problem as problem:
        raise CommandError(
            "The bundle can not be made.",
            why=problem.detail,
            remedy="see `ticketledger verify self`",
            code=Exit.CONFLICT,
        ) from problem
    finally:
        if not done:
            out.unlink()
    told = {
        "ticket": ticket,
        "recipient": whom.value,
        "upto_version": begun.upto_version,
        "file": str(out),
    }
    answer(told, as_json=as_json)


def _covered(parts: "Services", begun: "Begun") -> "Signed":
    """Return a checkpoint that covers the export: made here where this process may sign."""
    from api import bundling  # noqa: PLC0415 - heavy
    from api.worker import notary_of  # noqa: PLC0415 - heavy

    dsn = parts.dsns.notary
    signing: Any = notary_of(parts, dsn) if dsn is not None else nullcontext()
    until, pause = monotonic() + WAIT_S, Event()
    with signing as notary:
        while True:
            if notary is not None:
                notary.step(begun.export.lane)
            signed = bundling.covering(parts, begun)
            if signed is not None:
                return signed
            if monotonic() >= until:
                raise CommandError(
                    "The export is on record, and no checkpoint covers it yet.",
                    why="the notary signs every second, and none runs or its keys are frozen",
                    remedy="start `ticketledger worker` with the notary's database, and try again",
                    code=Exit.CONFLICT,
                )
            pause.wait(PAUSE_S)
