"""What every test may ask for: a real PostgreSQL, a database per module, the shared material."""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import settings
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn

from api import embedded
from domain.ledger.migrations import migrate

ORIGIN = "ledger.test"
RUN = pytest.StashKey["Run"]()

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@dataclass(frozen=True)
class Run:
    """One run of the suite, which all its workers share."""

    name: str
    data_dir: Path


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server with the ledger's roles."""

    run: str
    superuser_dsn: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    own: bool = False
    """Whether it was started for this run, and ends with it."""

    def dsn(self, role: str, database: str) -> str:
        """How to connect to a database as one of the ledger's roles."""
        parts = dict(parse_dsn(self.superuser_dsn))
        parts.update(user=role, password=self.passwords[role], dbname=database)
        return str(make_dsn(**parts))

    def superuser(self, database: str) -> str:
        """How to connect to a database as the superuser."""
        return make_dsn(self.superuser_dsn, dbname=database)

    def clear(self, databases: Iterable[str]) -> None:
        """Drop databases; those of a server of the run's own go with it.

        Every drop has the server write down all it holds in memory, whosever it is.
        """
        if not self.own:
            self.execute(*(_drop(name) for name in databases))

    def execute(self, *statements: sql.Composable | str) -> None:
        """Run statements as the superuser, each on its own."""
        connection = psycopg2.connect(self.superuser_dsn)
        try:
            connection.autocommit = True
            with connection.cursor() as db:
                for statement in statements:
                    db.execute(statement)
        finally:
            connection.close()


@dataclass(frozen=True)
class Database:
    """A migrated database of a test, and the DSN of each role."""

    name: str
    lanes: int
    server: Server = field(repr=False)

    @property
    def owner_dsn(self) -> str:
        """The role that owns the record."""
        return self.server.dsn("ticketledger_owner", self.name)

    @property
    def app_dsn(self) -> str:
        """The role that reads and calls the append."""
        return self.server.dsn("ticketledger_app", self.name)

    @property
    def notary_dsn(self) -> str:
        """The role that writes tiles and checkpoints."""
        return self.server.dsn("ticketledger_notary", self.name)

    @property
    def eraser_dsn(self) -> str:
        """The role that deletes disclosures and keys."""
        return self.server.dsn("ticketledger_eraser", self.name)

    @property
    def superuser_dsn(self) -> str:
        """The role that may break things, which some tests must."""
        return self.server.superuser(self.name)


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its directory; workers are told of it by the process that started them."""
    config.addinivalue_line("markers", "lanes(*counts): run with each of these numbers of lanes")
    config.addinivalue_line("markers", "interop: asks a program that nobody here wrote")
    told: Mapping[str, str] | None = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[RUN] = Run(told["run_name"], Path(told["run_data_dir"]))
    else:
        data_dir = Path(tempfile.mkdtemp(prefix="tl-tests-"))
        # A server that had to give up root's rights must be able to reach its data.
        data_dir.chmod(0o711)
        config.stash[RUN] = Run(secrets.token_hex(4), data_dir)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist which run it belongs to."""
    run = node.config.stash[RUN]
    node.workerinput["run_name"] = run.name
    node.workerinput["run_data_dir"] = str(run.data_dir)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind: no server, no database, no directory."""
    if hasattr(config, "workerinput") or RUN not in config.stash:
        return
    run = config.stash[RUN]
    embedded.stop(run.data_dir)
    if dsn := os.environ.get("TICKETLEDGER_TEST_DSN"):
        _drop_databases_of(run, dsn)
    moved = run.data_dir / "postgres" / "server"
    if moved.is_symlink():
        shutil.rmtree(moved.resolve())
    shutil.rmtree(run.data_dir)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with every number of lanes its marker, or else its module's LANES, names."""
    if "lanes" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("lanes")
    counts = marker.args if marker else getattr(metafunc.module, "LANES", ())
    if counts:
        metafunc.parametrize("lanes", counts, scope="module", ids=lambda count: f"lanes={count}")


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """One server for all workers of the run: embedded, or the one TICKETLEDGER_TEST_DSN names."""
    run = pytestconfig.stash[RUN]
    if dsn := os.environ.get("TICKETLEDGER_TEST_DSN"):
        # The same for every worker and every run, for the roles outlive them.
        passwords = {
            role: hashlib.sha256(f"{role} {dsn}".encode()).hexdigest() for role in embedded.ROLES
        }
        embedded.ensure_roles_and_database(dsn, passwords, database=f"test_{run.name}")
        given = Server(run.name, dsn, passwords)
        _set_passwords(given)
        yield given
        return
    with embedded.start(
        run.data_dir, fsync=False, extra_settings={"max_connections": "300"}
    ) as own:
        yield Server(run.name, own.superuser_dsn, own.passwords, own=True)


@pytest.fixture(scope="module")
def lanes() -> int:
    """How many lanes the ledger of this test has."""
    return 1


@pytest.fixture(scope="session")
def make_database(server: Server) -> Iterator[Callable[[int], Database]]:
    """Make one more migrated database; all of them go when the session ends."""
    made: list[str] = []

    def make(lanes: int = 1) -> Database:
        name = f"test_{server.run}_{secrets.token_hex(6)}"
        template = _ensure_template(server, lanes)
        server.execute(
            sql.SQL("CREATE DATABASE {} OWNER ticketledger_owner TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        made.append(name)
        return Database(name, lanes, server)

    yield make
    server.clear(made)


@pytest.fixture(scope="module")
def database(make_database: Callable[[int], Database], lanes: int) -> Database:
    """A fresh migrated database for the tests of one module."""
    return make_database(lanes)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory of shared material: vectors, data, expected figures."""
    place = os.environ.get("TICKETLEDGER_SHARED")
    if not place:
        pytest.skip("TICKETLEDGER_SHARED does not name the directory of shared material")
    return Path(place)


def _ensure_template(server: Server, lanes: int) -> str:
    """A migrated database to copy, made by the first worker that needs it."""
    name = f"test_{server.run}_template_{lanes}"
    connection = psycopg2.connect(server.superuser_dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as db:
            db.execute("SELECT pg_advisory_lock(hashtext(%s))", (server.run,))
            db.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", (name,))
            found = db.fetchone()
            if found == (True,):
                return name
            if found is not None:
                db.execute(_drop(name))
            embedded.create_database(db, name)
            migrate(server.dsn("ticketledger_owner", name), lanes=lanes, origin=ORIGIN)
            # Marked last: a template without the mark was left by a failed migration.
            db.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
            return name
    finally:
        connection.close()


def _set_passwords(server: Server) -> None:
    """Let the tests in as roles that an earlier run, or somebody else, has made.

    A server with a ledger on it is no server for tests: its roles are in use.
    """
    connection = psycopg2.connect(server.superuser_dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as db:
            db.execute("SELECT FROM pg_database WHERE datname = %s", (embedded.DATABASE,))
            if db.rowcount:
                pytest.exit("TICKETLEDGER_TEST_DSN names a server with a ledger on it", 3)
            db.execute("SELECT pg_advisory_lock(hashtext('ticketledger test roles'))")
            for role, password in server.passwords.items():
                db.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(role)), (password,)
                )
    finally:
        connection.close()


def _drop_databases_of(run: Run, dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as db:
            db.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
                (f"test_{run.name}",),
            )
            for (name,) in db.fetchall():
                db.execute(
                    sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name))
                )
                db.execute(_drop(name))
    finally:
        connection.close()


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
