"""Commands about the keys a ledger signs with: `keys init`, `rotate`, `freeze`, `reconcile`."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

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

if TYPE_CHECKING:
    from api.wiring import Services
    from domain.values import FreezeGround, KeyPurpose

Choice = TypeVar("Choice", bound=StrEnum)


def register(app: typer.Typer) -> None:
    """Add the commands of this group, below `keys`."""
    group = typer.Typer(
        help="The keys this ledger signs with.", no_args_is_help=True, rich_markup_mode=None
    )
    for command in (init, rotate, freeze, reconcile):
        group.command()(command)
    app.add_typer(group, name="keys")


def init(
    *, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """Make the keys that are not there yet, put them on record, and print the public ones."""
    _print(_with_services(_init, data_dir, database_url, makes=True), as_json=as_json)


def rotate(
    purpose: Annotated[
        str, typer.Argument(help="What the key signs: log or receipt.", show_default=True)
    ] = "log",
    *,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Put a new key in use; the former one says so, and signs checkpoints too for 30 days."""
    from domain.values import KeyPurpose  # noqa: PLC0415 - heavy

    chosen = _chosen(purpose, KeyPurpose)
    keys = _with_services(lambda parts: _rotate(parts, chosen), data_dir, database_url)
    _print(keys, as_json=as_json)


def freeze(
    *,
    because: Annotated[str, typer.Option(help="compromised, lost or retired.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Stop signing, for good: the last witnessed checkpoint is the truth, a new ledger follows."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.keys import FileKeys  # noqa: PLC0415 - heavy
    from api.wiring import require_ledger  # noqa: PLC0415 - heavy
    from domain.values import FreezeGround  # noqa: PLC0415 - heavy

    ground = _chosen(because, FreezeGround)
    require_ledger(settings)  # keys of nothing would be frozen, and those that are meant go on
    # First here, at once: the database may be in the hands of whoever has the key.
    FileKeys(settings.data_dir / "keys").freeze()
    say("Nothing is signed with the keys of this data directory any more.")
    last = _with_services(lambda parts: _freeze(parts, ground), data_dir, database_url)
    answer({"frozen": True, "ground": ground.value, "last_signed": last}, as_json=as_json)


def reconcile(
    *, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """After a restore from a backup: repeat every erasure that is on record."""
    answer(_with_services(_reconcile, data_dir, database_url), as_json=as_json)


def _chosen(word: str, among: type[Choice]) -> Choice:
    """Return which of a few a word names."""
    try:
        return among(word)
    except ValueError as error:
        raise CommandError(
            f"{word!r} is none of the words that can stand here.",
            why="a key has one purpose, and a freeze one ground",
            remedy=f"use one of {', '.join(among)}",
            code=Exit.USAGE,
        ) from error


def _with_services(
    work: "Callable[[Services], Mapping[str, Any]]",
    data_dir: DataDir,
    database_url: DatabaseUrl,
    *,
    makes: bool = False,
) -> Mapping[str, Any]:
    """Return what work answers on the joined parts; what the keys forbid is told as such."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.ledger.signing import KeyMissing, KeysFrozenAlready  # noqa: PLC0415 - heavy

    with services(settings, makes=makes) as parts:
        try:
            return work(parts)
        except KeysFrozenAlready as error:
            raise CommandError(
                "Nothing is signed any more.",
                why=str(error),
                remedy="begin a new ledger whose first record names this one",
                code=Exit.CONFLICT,
            ) from error
        except KeyMissing as error:
            raise CommandError(
                "The ledger can not sign.",
                why=str(error),
                remedy="bring the key files back from your backup, or run `ticketledger keys init`",
            ) from error


def _init(parts: "Services") -> Mapping[str, Any]:
    from api.keys import introduce  # noqa: PLC0415 - heavy
    from domain.values import KeyPurpose  # noqa: PLC0415 - heavy

    introduce(parts.ledger, parts.key_store, *KeyPurpose)
    return _vkeys(parts)


def _rotate(parts: "Services", purpose: "KeyPurpose") -> Mapping[str, Any]:
    from api.keys import introduce  # noqa: PLC0415 - heavy
    from domain.ledger.requests import Request  # noqa: PLC0415 - heavy
    from domain.ledger.signing import rotation  # noqa: PLC0415 - heavy
    from domain.values import SYSTEM  # noqa: PLC0415 - heavy

    record = introduce(parts.ledger, parts.key_store, purpose)
    command = rotation(
        record,
        parts.key_store,
        origin=parts.ledger.origins[0],
        purpose=purpose,
        now=parts.now(),
    )
    parts.ledger.handle(Request(command=command, actor=SYSTEM))
    return _vkeys(parts)


def _freeze(parts: "Services", ground: "FreezeGround") -> Mapping[str, Any]:
    from domain.commands import FreezeKeys  # noqa: PLC0415 - heavy
    from domain.ledger.requests import Request  # noqa: PLC0415 - heavy
    from domain.proof import base64text  # noqa: PLC0415 - heavy
    from domain.values import SYSTEM  # noqa: PLC0415 - heavy

    newest = [parts.ledger.merkle_log.checkpoint(lane) for lane in range(parts.ledger.lanes)]
    last = tuple(
        (signed.lane, signed.size, base64text.encode(signed.root)) for signed in newest if signed
    )
    command = FreezeKeys(ground=ground, last_signed=last)
    parts.ledger.handle(Request(command=command, actor=SYSTEM))
    return {str(lane): f"{size} {root}" for lane, size, root in last}


def _reconcile(parts: "Services") -> Mapping[str, Any]:
    """Finish the erasures that were begun, and destroy again what the record says was erased."""
    if parts.dsns.eraser is None:
        raise CommandError(
            "Nothing can be destroyed here.",
            why="the eraser's database URL is not set",
            remedy="set TICKETLEDGER_ERASER_DATABASE_URL where this command runs",
        )
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.privacy import eraser_of  # noqa: PLC0415 - heavy

    told: Mapping[str, Any] = msgspec.to_builtins(eraser_of(parts).reconcile())
    return told


def _vkeys(parts: "Services") -> Mapping[str, Any]:
    """Return, by purpose, the keys in use under their names in every lane."""
    from domain.ledger.signing import verifier  # noqa: PLC0415 - heavy

    record = parts.ledger.keys_on_record()
    told: dict[str, Any] = {}
    for purpose, in_use in record.in_use.items():
        keys = [verifier(origin, purpose, in_use.key).vkey for origin in parts.ledger.origins]
        told[purpose.value] = {"generation": in_use.generation, "vkeys": keys}
        if in_use.former_until is not None:
            told[purpose.value]["former_until"] = in_use.former_until
    return {"frozen": record.frozen or parts.key_store.is_frozen, "keys": told}


def _print(table: Mapping[str, Any], *, as_json: bool) -> None:
    """Print keys: as JSON, or a vkey a line."""
    if as_json:
        answer(table, as_json=True)
        return
    for one in table["keys"].values():
        for vkey in one["vkeys"]:
            typer.echo(vkey)
