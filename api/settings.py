"""What can be set, by flag, then environment, then file; the only reader of the environment."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX: Final = "TICKETLEDGER_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
CONFIG_FILE: Final = "ticketledger.toml"

Dsn = Annotated[str, StringConstraints(min_length=1)]


class SettingsFileError(ValueError):
    """The settings file is missing, is not TOML, or holds a key we do not know."""


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
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    lanes: Annotated[int, Field(ge=1, le=1024)] | None = None
    """How many lanes a new ledger gets, one if none is named; an existing one keeps its own."""
    origin: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The name a new ledger signs under; none means one is drawn."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

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
