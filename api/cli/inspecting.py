"""Commands about the installation: token, openapi, doctor."""

import json
import re
from datetime import timedelta
from typing import Annotated, Final

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

_TTL: Final = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(token)
    app.command()(openapi)
    app.command()(doctor)


def token(
    *,
    role: Annotated[str, typer.Option(help="buyer, merchant, agent, supervisor, ...")],
    subject: Annotated[str, typer.Option(help="Whose token it is: a pseudonymous reference.")],
    ttl: Annotated[str, typer.Option(help="How long it is valid, like 30m, 8h or 7d.")] = "8h",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print a bearer token for development, signed with this installation's own key."""
    match = _TTL.fullmatch(ttl)
    if match is None:
        raise CommandError(
            "--ttl names no duration.",
            why="it is a number and a unit",
            remedy="write it like 30m, 8h or 7d",
            code=Exit.USAGE,
        )
    within = timedelta(**{_UNITS[match[2]]: int(match[1])})
    settings = settings_of(data_dir=data_dir)
    from api import keys  # noqa: PLC0415 - heavy
    from api.auth import ROLES, mint  # noqa: PLC0415 - heavy
    from api.ids import wall_clock  # noqa: PLC0415 - heavy
    from domain.values import ActorKind, later  # noqa: PLC0415 - heavy

    if role not in ROLES:
        raise CommandError(
            "There is no such role.",
            why="a token carries one of the roles of this program",
            remedy=f"use one of {', '.join(sorted(ROLES))}",
            code=Exit.USAGE,
        )
    now = wall_clock()
    private = keys.load(settings.data_dir / "keys").token_private
    try:
        minted = mint(private, role=ActorKind(role), subject=subject, ttl=within, now=now)
    except (ValueError, OverflowError) as error:
        raise CommandError(
            "No token can be made of this.",
            why=str(error),
            remedy="choose another --subject or a shorter --ttl",
            code=Exit.USAGE,
        ) from error
    if as_json:
        expires_at = later(now, within)
        answer(
            {"token": minted, "role": role, "subject": subject, "expires_at": expires_at},
            as_json=True,
        )
    else:
        typer.echo(minted)


def openapi(*, as_json: Json = True) -> None:
    """Print the OpenAPI document of the API; it needs no database."""
    from api.app import openapi_document  # noqa: PLC0415 - heavy

    typer.echo(json.dumps(openapi_document(), ensure_ascii=False, indent=None if as_json else 2))


def doctor(
    *, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """Tell whether this installation is whole."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.doctor import examine  # noqa: PLC0415 - heavy

    findings = examine(settings)
    if as_json:
        whole = all(finding.fine for finding in findings)
        answer({"whole": whole, "findings": [one.table() for one in findings]}, as_json=True)
    else:
        for finding in findings:
            typer.echo(f"{'ok ' if finding.fine else 'BAD'}  {finding.what}: {finding.found}")
            if finding.remedy is not None:
                say(f"     next: {finding.remedy}")
    if not all(finding.fine for finding in findings):
        raise typer.Exit(Exit.FAILURE)
