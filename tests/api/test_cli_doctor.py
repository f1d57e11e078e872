"""The doctor finds what is wrong with an installation and says what to do."""

from collections.abc import Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path

import psycopg2
import pytest

from api import keys
from api.doctor import Finding, examine, foreign_owners
from api.settings import Settings
from tests.conftest import Database


def finding(what: str, settings: Settings) -> Finding:
    """What the doctor found on one matter."""
    (found,) = [one for one in examine(settings) if one.what == what]
    return found


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """An installation that is whole."""
    keys.load(tmp_path / "keys")
    return Settings(database_url=database.app_dsn, data_dir=tmp_path)


def test_a_whole_installation_is_found_whole(settings: Settings) -> None:
    """No false alarm."""
    findings = examine(settings)

    assert [one for one in findings if not one.fine] == []
    assert {"Python", "package domain", "keys", "database", "schema"} <= {
        one.what for one in findings
    }


def test_the_first_start_lies_ahead_of_a_fresh_installation(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    place = tmp_path / "var"

    findings = examine(Settings(data_dir=place))

    assert all(one.fine for one in findings)
    assert not place.exists()


def test_a_database_that_does_not_answer_is_found(tmp_path: Path) -> None:
    """The doctor says so within seconds."""
    settings = Settings(database_url=f"host={tmp_path} dbname=x", data_dir=tmp_path)

    found = finding("database", settings)

    assert not found.fine
    assert found.remedy


def test_a_database_without_a_ledger_is_found(database: Database, tmp_path: Path) -> None:
    """The remedy is the command that makes one."""
    empty = database.server.dsn("ticketledger_app", "postgres")
    settings = Settings(database_url=empty, data_dir=tmp_path)

    found = finding("schema", settings)

    assert not found.fine
    assert "migrate" in (found.remedy or "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            "insert into ledger_migration.applied(number, name, digest) values (999, 'x', '')",
            "newer",
            id="newer",
        ),
        pytest.param(
            "delete from ledger_migration.applied where number ="
            " (select max(number) from ledger_migration.applied)",
            "older",
            id="older",
        ),
        pytest.param("update ledger_migration.applied set digest = ''", "other", id="edited"),
    ],
)
def test_a_schema_of_another_version_is_found(
    change: str, told: str, settings: Settings, database: Database
) -> None:
    """Program and data belong together."""
    connection = psycopg2.connect(database.superuser_dsn)
    try:
        with connection.cursor() as db:
            db.execute("create temp table before as select * from ledger_migration.applied")
            db.execute(change)
            connection.commit()
            found = finding("schema", settings)
            db.execute("delete from ledger_migration.applied")
            db.execute("insert into ledger_migration.applied select * from before")
            connection.commit()
    finally:
        connection.close()

    assert not found.fine
    assert told in found.found
    assert finding("schema", settings).fine


def test_keys_that_others_may_read_are_found(settings: Settings) -> None:
    """A key that others read is no key."""
    (settings.data_dir / "keys" / "root.key").chmod(0o644)

    found = finding("keys", settings)

    assert not found.fine
    assert "root.key" in found.found


def test_a_broken_key_is_found(settings: Settings) -> None:
    """Whoever loses a key must hear of it before they need it."""
    (settings.data_dir / "keys" / "personal.kek").write_bytes(b"short")

    assert not finding("keys", settings).fine


class Other(metadata.Distribution):
    """A distribution that puts a package of its own where ours is."""

    def read_text(self, filename: str) -> str | None:
        """Name one file in a room of ours."""
        return "domain/__init__.py,,\nother/x.py,,\n" if filename == "RECORD" else None

    def locate_file(self, path: object) -> Path:  # type: ignore[override]
        """Lie nowhere."""
        return Path(str(path))

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        """Have a name."""
        message = Message()
        message["Name"] = "other"
        return message


def test_another_distribution_in_our_rooms_is_found() -> None:
    """The four rooms have common names: who else owns one would be imported for us."""

    def distributions() -> Iterator[metadata.Distribution]:
        yield Other()

    assert foreign_owners(distributions()) == {"domain": ["other"]}
    assert foreign_owners(iter(metadata.distributions())) == {}
