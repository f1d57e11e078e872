"""The command that forgets a person: erase."""

from typing import Annotated

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


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(erase)


def erase(
    *,
    subject: Annotated[
        str | None, typer.Option(help="Whose personal data: role:reference, like buyer:b-1.")
    ] = None,
    ground: Annotated[
        str | None, typer.Option(help="no_longer_needed, consent_withdrawn, objection, ...")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="The administrator who orders it, by reference.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Erase what only had to wait and waits no more.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Forget a person wherever something of him is kept; hashes and proofs stay valid."""
    if due == (subject is not None) or (subject is not None and ground is None and not dry_run):
        raise CommandError(
            "It is not said what to erase.",
            why="an erasure names a person and a ground, or takes what has become due",
            remedy="give --subject and --ground, or --due alone",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    import msgspec  # noqa: PLC0415 - heavy

    from api.models.privacy import ErasureBody, PreviewBody  # noqa: PLC0415 - heavy
    from api.reads.privacy import eraser_of  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.values import SYSTEM, Actor, ActorKind  # noqa: PLC0415 - heavy

    asked = None
    try:
        if subject is not None:
            asked = PreviewBody(subject=subject)
        body = (
            None
            if due or dry_run
            else ErasureBody.model_validate({"subject": subject, "ground": ground})
        )
    except ValueError as error:
        raise CommandError(
            "This is no subject, or no ground, of an erasure.",
            why="a subject is a role and a reference; the grounds are those of docs/operating.md",
            remedy="write it like --subject buyer:b-1 --ground consent_withdrawn",
            code=Exit.USAGE,
        ) from error
    actor = SYSTEM if by is None else Actor(ActorKind.ADMIN, by)
    with services(settings) as parts:
        eraser = eraser_of(parts)
        if asked is not None and body is None:
            found = eraser.preview(asked.subject)
            answer({"subject": subject, "tickets": msgspec.to_builtins(found)}, as_json=as_json)
        elif body is None:
            answer({"erased": eraser.carry_out_what_is_due()}, as_json=as_json)
        else:
            told = eraser.erase(body.subject, body.ground, actor)
            answer(msgspec.to_builtins(told), as_json=as_json)
            if not told.destroyed:
                say("Recorded, not destroyed yet: run `ticketledger keys reconcile` as the eraser.")
            for one in told.tickets:
                if one.standing is not None:
                    until = f" until {one.until}" if one.until else ""
                    say(f"{one.ticket}: kept, and kept from view{until} ({one.standing})")
