"""The command that runs a witness, for another organisation than the ledger's: `witness serve`."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import CommandError, Exit, Parent


def register(app: typer.Typer) -> None:
    """Add the command of this group, below `witness`."""
    group = typer.Typer(help="A witness of logs.", rich_markup_mode=None, no_args_is_help=True)
    group.callback()(_group)
    group.command()(serve)
    app.add_typer(group, name="witness")


def _group() -> None:
    """Watch that logs only grow."""


def serve(
    *,
    key: Annotated[Path, typer.Option(help="The file of the witness's private key.")],
    state: Annotated[Path, typer.Option(help="The directory of what it has cosigned.")],
    log_vkey: Annotated[
        list[str] | None,
        typer.Option("--log-vkey", help="A log's keys, one or several; again for each lane."),
    ] = None,
    logs: Annotated[
        Path | None,
        typer.Option("--logs", help="A file of logs' keys, a line each; read when it changes."),
    ] = None,
    listen: Annotated[str, typer.Option(help="Address and port.")] = "127.0.0.1:8100",
    name: Annotated[
        str | None, typer.Option(help="Make a new witness of this name, with a new key.")
    ] = None,
    parent: Parent = None,
) -> None:
    """Cosign the checkpoints of known logs as long as they only grow (C2SP tlog-witness)."""
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise CommandError(
            "The witness can not listen there.",
            why="it is not an address and a port",
            remedy="write it like 127.0.0.1:8100",
            code=Exit.USAGE,
        )
    if not log_vkey and logs is None:
        raise CommandError(
            "The witness knows no log.",
            why="it cosigns for those it was told of, and for nobody else",
            remedy="give --logs with a file of vkeys, or --log-vkey",
            code=Exit.USAGE,
        )
    from api.witness.service import serve as run  # noqa: PLC0415 - heavy
    from api.witness.state import WitnessStateError  # noqa: PLC0415 - heavy
    from domain.proof.errors import MalformedKey  # noqa: PLC0415 - heavy

    try:
        run(
            key_file=key,
            name=name,
            state=state,
            log_vkeys=log_vkey or (),
            logs_file=logs,
            host=host.strip("[]"),
            port=int(port),
            parent=parent,
        )
    except WitnessStateError as error:
        raise CommandError(
            "The witness does not start.",
            why=str(error),
            remedy="key and memory belong together; see docs/operating.md",
            code=Exit.CONFLICT,
        ) from error
    except OSError as error:
        raise CommandError(
            "The witness does not start.",
            why=str(error),
            remedy="see that its files can be read",
            code=Exit.NOT_FOUND,
        ) from error
    except MalformedKey as error:
        raise CommandError(
            "The witness does not start.",
            why=str(error),
            remedy="give the vkeys that the log serves at /log/lane-<n>/vkey",
            code=Exit.USAGE,
        ) from error
