"""What can be set, by flag, then environment, then file; the only reader of the environment."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from domain.streams import LANES_MAX

PREFIX: Final = "TICKETLEDGER_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
CONFIG_FILE: Final = "ticketledger.toml"

Dsn = Annotated[str, StringConstraints(min_length=1)]


HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", max_length=2_000)]


NoticeRoute = Annotated[
    str,
    StringConstraints(
        pattern=r"^(email|sms|im|app)(/(buyer|merchant|desk|department|(desk|department):[a-z_]+))?$"
    ),
]
"""A channel, and whom it is for where not everybody."""


class SettingsFileError(ValueError):
    """The settings file is missing, is not TOML, or holds a key we do not know."""


class WitnessPlace(BaseModel):
    """A witness of another organisation: what we call it, where it is, and its key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    url: HttpUrl
    """What `/add-checkpoint` is appended to."""
    vkey: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]

    @field_validator("vkey")
    @classmethod
    def _is_a_cosigner(cls, vkey: str) -> str:
        """Refuse what is no key, or one that signs without a time."""
        from domain.proof.keys import KeyType, parse_vkey  # noqa: PLC0415 - only who has witnesses

        if parse_vkey(vkey).type is not KeyType.COSIGNATURE:
            raise ValueError("the key of a witness is a cosignature key")
        return vkey


class Settings(BaseSettings):
    """The settings of one installation; nothing here opens a file or a connection later on."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Path("var")
    """Everything that is kept outside a database of your own: the embedded server, keys, vault."""
    database_url: Dsn | None = None
    """The application role's DSN; none means the embedded server."""
    owner_database_url: Dsn | None = None
    """The DSN `migrate` uses when the application role may not own the schema."""
    views_url: Dsn | None = None
    """The database of the views, when it is not the record's."""
    notary_database_url: Dsn | None = None
    eraser_database_url: Dsn | None = None
    vault_url: Annotated[str, StringConstraints(pattern=r"^(s3|file|memory)://")] | None = None
    """The object store for contents, like s3://bucket/prefix (needs the extra `s3`; credentials
    as AWS_ variables); none means files below the data directory."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    lanes: Annotated[int, Field(ge=1, le=LANES_MAX)] | None = None
    """How many lanes a new ledger gets, one if none is named; an existing one keeps its own."""
    origin: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The name a new ledger signs under; none means one is drawn."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    witnesses: tuple[WitnessPlace, ...] = ()
    """Who is asked to cosign every checkpoint."""
    witness_quorum: Annotated[int, Field(ge=0, le=64)] = 0
    """How many of them make a checkpoint witnessed."""
    stamp_url: HttpUrl | None = None
    """The RFC 3161 authority that stamps checkpoints; none means nobody does."""
    stamp_roots: Path | None = None
    """A PEM file of the certificates by which the authority's answers are trusted."""
    stamp_every_s: Annotated[int, Field(ge=1, le=86_400)] = 600
    """How often a growing lane is anchored when nothing weighty happens in it."""
    anchor_copies: Annotated[str, StringConstraints(min_length=1)] | None = None
    """Where copies of anchored checkpoints go: a directory, best on write-once storage of somebody
    else, or an object store like s3://bucket/prefix (needs the extra `s3`)."""

    notify_urls: dict[NoticeRoute, SecretStr] = {}
    """Apprise URLs by channel, or by channel and recipient: email, im/desk:director, sms/buyer …
    (needs the extra `notify`); a party's holds {address}. Without one, a channel's notices are
    written to a file in the data directory."""
    addresses_url: HttpUrl | None = None
    """The directory that knows where buyers and merchants are reached; none means nobody does,
    but in the app."""
    addresses_token: SecretStr | None = None

    @model_validator(mode="after")
    def _anchors_are_possible(self) -> Self:
        """Refuse a quorum nobody can reach, a name used twice, and stamps nobody could check."""
        if len({witness.name for witness in self.witnesses}) != len(self.witnesses):
            raise ValueError("two witnesses have the same name")
        if self.witness_quorum > len(self.witnesses):
            raise ValueError("the quorum is larger than the number of witnesses")
        if self.stamp_url is not None and self.stamp_roots is None:
            raise ValueError("stamp_url needs stamp_roots, or its answers could not be checked")
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded server."""
        return self.database_url is None

    @property
    def migration_dsn(self) -> str | None:
        """The DSN that migrates a database of your own."""
        return self.owner_database_url or self.database_url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file; no .env and no secret files."""
        file = InitSettingsSource(settings_cls, _read_file(set(settings_cls.model_fields)))
        return init_settings, env_settings, file


def _read_file(known: set[str]) -> dict[str, Any]:
    """What the file sets: the one the environment names, or the one in the current directory."""
    named = os.environ.get(CONFIG_VARIABLE)
    path = Path(named or CONFIG_FILE)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise SettingsFileError(f"{CONFIG_VARIABLE} names {path}, which is missing") from None
        return {}
    except (OSError, ValueError) as error:
        raise SettingsFileError(f"{path} cannot be read as TOML: {error}") from error
    if unknown := sorted(set(content) - known):
        raise SettingsFileError(f"{path} sets what is not a setting: {', '.join(unknown)}")
    return content
