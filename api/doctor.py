"""Whether an installation is whole: what is looked at, what was found, what to do about it.

Nothing here repairs anything or writes a byte.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib import metadata
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg2

from api import embedded, keys
from api.alarms import Watched, standing_alarms
from api.embedded import EmbeddedError
from api.embedded.binaries import find_binaries
from api.ids import wall_clock
from api.settings import Settings
from domain.ledger.connections import Connections, DatabaseUnavailable
from domain.ledger.migrations import migrations
from domain.ledger.standing import Standing

ROOMS: Final = ("domain", "projections", "replay", "api")
DISTRIBUTION: Final = "ticketledger"
PYTHON_MIN: Final = (3, 11)
POSTGRES_MIN: Final = 15
MIGRATE: Final = "run `ticketledger migrate` with an owner's DSN"
CONNECT_TIMEOUT_S: Final = 5
OTHERS_MAY: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    fine: bool = field(kw_only=True)
    remedy: str | None = None

    def table(self) -> dict[str, object]:
        """Return the finding as it is printed."""
        return {
            "what": self.what,
            "fine": self.fine,
            "found": self.found,
            "remedy": self.remedy,
        }


def examine(settings: Settings) -> list[Finding]:
    """Return a finding for everything that an installation needs."""
    return [finding for look in _LOOKS for finding in look(settings)]


def foreign_owners(distributions: Iterator[metadata.Distribution]) -> dict[str, list[str]]:
    """Return room → names of other distributions that put files into it."""
    found: dict[str, set[str]] = {}
    for distribution in distributions:
        name = distribution.metadata["Name"]
        if name == DISTRIBUTION:
            continue
        for file in distribution.files or ():
            room = file.parts[0].removesuffix(".py")
            if room in ROOMS:
                found.setdefault(room, set()).add(name)
    return {room: sorted(names) for room, names in sorted(found.items())}


def _python(_settings: Settings) -> Iterator[Finding]:
    """The language's version."""
    fine = sys.version_info[:2] >= PYTHON_MIN
    wanted = ".".join(map(str, PYTHON_MIN))
    yield Finding(
        "Python",
        sys.version.split()[0],
        fine=fine,
        remedy=None if fine else f"install Python {wanted} or newer, then `make setup` with it",
    )


def _rooms(_settings: Settings) -> Iterator[Finding]:
    """Packages of common names: another distribution with one of them would be imported for us."""
    owners = foreign_owners(iter(metadata.distributions()))
    for room in ROOMS:
        others = owners.get(room, [])
        yield Finding(
            f"package {room}",
            f"also installed by {', '.join(others)}" if others else "ours alone",
            fine=not others,
            remedy="install ticketledger into an environment of its own" if others else None,
        )


def _zones(_settings: Settings) -> Iterator[Finding]:
    """The zone data that calendars are computed with."""
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        yield Finding("time zones", "no zone data", fine=False, remedy="install the package tzdata")
        return
    yield Finding("time zones", f"tzdata {metadata.version('tzdata')}", fine=True)


def _data_dir(settings: Settings) -> Iterator[Finding]:
    """The directory everything is kept in, and the keys in it."""
    place = settings.data_dir
    if not place.exists():
        yield Finding("data directory", f"{place} is made at the first start", fine=True)
        return
    writable = os.access(place, os.W_OK | os.X_OK)
    yield Finding(
        "data directory",
        f"{place} {'can' if writable else 'can not'} be written",
        fine=writable,
        remedy=None if writable else "give it to the user the program runs as",
    )
    directory = place / "keys"
    if not directory.exists():
        yield Finding("keys", "made at the first start", fine=True)
        return
    open_to_others = [
        one.name for one in sorted(directory.iterdir()) if one.stat().st_mode & OTHERS_MAY
    ]
    try:
        keys.load(directory)
    except (keys.KeyFileError, OSError, ValueError) as error:
        yield Finding("keys", str(error), fine=False, remedy="restore them from your backup")
        return
    yield Finding(
        "keys",
        f"others may read {', '.join(open_to_others)}"
        if open_to_others
        else "readable by us alone",
        fine=not open_to_others,
        remedy=f"chmod 600 {directory}/*" if open_to_others else None,
    )


def _channels(settings: Settings) -> Iterator[Finding]:
    """The places notices go to: whether the library knows each, without its secrets."""
    if not settings.notify_urls:
        yield Finding("notices", "written to a file: no notify_urls are set", fine=True)
        return
    try:
        from api.notifying.apprising import is_known  # noqa: PLC0415 - of the extra `notify`
    except ImportError:
        remedy = "install ticketledger[notify]"
        yield Finding("notices", "the extra `notify` is not installed", fine=False, remedy=remedy)
        return
    for route, url in sorted(settings.notify_urls.items()):
        fine = is_known(url.get_secret_value())
        yield Finding(
            f"notices by {route}",
            "Apprise knows the URL" if fine else "Apprise knows no such URL",
            fine=fine,
            remedy=None
            if fine
            else "write it as Apprise does: WeCom is wecombot://, SMS a gateway",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    """The database: that it answers, and that its schema is this version's."""
    if settings.database_url is not None:
        yield from _ledger(settings, settings.database_url)
        return
    try:
        binaries = find_binaries(None)
    except EmbeddedError as error:
        yield Finding("embedded PostgreSQL", error.why, fine=False, remedy=error.remedy)
        return
    yield Finding("embedded PostgreSQL", str(binaries.version), fine=True)
    if not (settings.data_dir / "postgres").exists():
        yield Finding("database", "made at the first start", fine=True)
        return
    try:
        with embedded.start(settings.data_dir) as server:
            yield from _ledger(settings, server.app_dsn)
    except EmbeddedError as error:
        yield Finding("database", f"{error.what} {error.why}", fine=False, remedy=error.remedy)


def _ledger(settings: Settings, dsn: str) -> Iterator[Finding]:
    """The schema and, where it is this version's, what the ledger says of its evidence."""
    found = list(_schema(dsn))
    yield from found
    if all(one.fine for one in found):
        yield from _evidence(settings, dsn)


def _evidence(settings: Settings, dsn: str) -> Iterator[Finding]:
    """Notary, witnesses and stamps: what is the matter, why, and what to do next."""
    try:
        with closing(Connections(dsn)) as connections:
            watched = Watched(settings, Standing(connections), wall_clock())
            alarms = standing_alarms(watched)
    except DatabaseUnavailable as error:
        yield Finding("evidence", str(error), fine=False, remedy="ask again")
        return
    if not alarms:
        yield Finding("evidence", "notary and anchors are level", fine=True)
    for alarm in alarms:
        place = "" if alarm.lane is None else f"lane {alarm.lane}: "
        found = f"{alarm.code}: {place}{alarm.what}, because {alarm.why}"
        yield Finding("evidence", found, fine=False, remedy=alarm.next)


def _schema(dsn: str) -> Iterator[Finding]:
    """What the database says of itself."""
    try:
        connection = psycopg2.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg2.OperationalError:
        remedy = "see that it runs and that TICKETLEDGER_DATABASE_URL is right"
        yield Finding("database", "does not answer", fine=False, remedy=remedy)
        return
    try:
        version = connection.info.server_version // 10_000
        yield Finding(
            "database",
            f"PostgreSQL {version}",
            fine=version >= POSTGRES_MIN,
            remedy=None if version >= POSTGRES_MIN else "use PostgreSQL 15 or newer",
        )
        with connection.cursor() as db:
            db.execute("select number, digest from ledger_migration.applied")
            applied = {number: bytes(digest) for number, digest in db.fetchall()}
    except psycopg2.Error:
        yield Finding(
            "schema", "there is no ledger", fine=False, remedy="run `ticketledger migrate`"
        )
        return
    finally:
        connection.close()
    ours = {migration.number: migration.digest for migration in migrations()}
    if applied == ours:
        yield Finding("schema", f"migration {max(ours)}", fine=True)
    elif set(applied) - set(ours):
        remedy = "install the version of ticketledger the data is for"
        yield Finding("schema", "newer than this program", fine=False, remedy=remedy)
    elif any(ours[number] != digest for number, digest in applied.items()):
        remedy = "an applied file was edited: put the original back"
        yield Finding("schema", "made by other migrations", fine=False, remedy=remedy)
    else:
        yield Finding(
            "schema", "older than this program", fine=False, remedy="run `ticketledger migrate`"
        )


_LOOKS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _python,
    _rooms,
    _zones,
    _data_dir,
    _channels,
    _database,
)
