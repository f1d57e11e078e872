"""Settings come by flag, then environment, then file, and a typing error is never silent."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import PREFIX, Settings, SettingsFileError


@pytest.fixture(autouse=True)
def an_empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own installation reaches these tests."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_means_the_embedded_server_on_this_machine_only() -> None:
    """A newcomer sets nothing, and nobody outside the machine gets in."""
    settings = Settings()
    assert settings.is_embedded
    assert settings.migration_dsn is None
    assert (settings.data_dir, settings.host, settings.port) == (Path("var"), "127.0.0.1", 8000)
    assert settings.lanes is None


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is nearer to the call is meant more."""
    (tmp_path / "ticketledger.toml").write_text('port = 1001\nhost = "::1"\nlanes = 4\n')
    monkeypatch.setenv("TICKETLEDGER_PORT", "1002")
    monkeypatch.setenv("TICKETLEDGER_HOST", "127.0.0.2")
    settings = Settings(port=1003)
    assert (settings.port, settings.host, settings.lanes) == (1003, "127.0.0.2", 4)


def test_the_environment_may_name_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two installations on one machine keep apart, and the local file is then not read."""
    (tmp_path / "ticketledger.toml").write_text("port = 1001\n")
    (tmp_path / "other.toml").write_text("lanes = 3\n")
    monkeypatch.setenv("TICKETLEDGER_CONFIG", str(tmp_path / "other.toml"))
    assert (Settings().port, Settings().lanes) == (8000, 3)


def test_a_file_that_is_named_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Falling back to defaults would open an empty ledger in silence."""
    monkeypatch.setenv("TICKETLEDGER_CONFIG", "missing.toml")
    with pytest.raises(SettingsFileError, match=r"missing\.toml"):
        Settings()


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    """`databse_url` must not quietly mean the embedded server."""
    (tmp_path / "ticketledger.toml").write_text('databse_url = "dbname=x"\nport = 1\n')
    with pytest.raises(SettingsFileError, match="databse_url"):
        Settings()


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    """The message says which file to mend."""
    (tmp_path / "ticketledger.toml").write_text("port: 1\n")
    with pytest.raises(SettingsFileError, match=r"ticketledger\.toml"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "65536"), ("PORT", "x"), ("LANES", "0"), ("LOG_LEVEL", "loud")],
)
def test_a_value_out_of_range_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better no start than a start on something else."""
    monkeypatch.setenv(f"TICKETLEDGER_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_an_error_does_not_repeat_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DSN holds a password, and errors end up in logs."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"database_url": ["secret-word"]})
    assert "secret-word" not in str(refused.value)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells and compose files set empty variables for what is not set."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", "")
    assert Settings().is_embedded


def test_a_database_of_ones_own_is_migrated_by_its_owner() -> None:
    """The application role may be one that cannot own anything."""
    assert Settings(database_url="dbname=a").migration_dsn == "dbname=a"
    both = Settings(database_url="dbname=a", owner_database_url="dbname=a user=o")
    assert both.migration_dsn == "dbname=a user=o"
