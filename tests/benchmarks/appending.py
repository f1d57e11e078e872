"""The rows about appending in process: our group commit against other ways to be durable."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.benchmarks.arithmetic import Row, Skipped, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.environments import NotInstalledError
from tests.benchmarks.place import Database, Place, free_port, run_sql
from tests.benchmarks.processes import BenchmarkError, Obedient, end, start_module
from tests.benchmarks.rounds import rates_in_turns

WRITERS: Final = (32, 8)
_PACKAGE: Final = "tests.benchmarks.writers"
_UMADB: Final = ("umadb==0.7.8",)
_EVENTSOURCING: Final = ("eventsourcing==9.5.6", "psycopg[binary,pool]>=3.2,<4")
_MESSAGE_DB: Final = ("@eventide/message-db", "1.3.1")
_MESSAGE_DB_FILES: Final = (
    "schema/message-store",
    "tables/messages",
    "types/message",
    *(
        f"functions/{name}"
        for name in (
            "message-store-version",
            "hash-64",
            "acquire-lock",
            "category",
            "is-category",
            "id",
            "cardinal-id",
            "stream-version",
            "write-message",
        )
    ),
    "indexes/messages-id",
    "indexes/messages-stream",
    "indexes/messages-category",
)
APPEND: Final = "append by group commit"
COMMAND: Final = "whole command"
OURS: Final = (APPEND, COMMAND)
"""The append compares like with like; a whole command also loads, decides and seals."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of appending: how it starts, and the targets against it by number of writers."""

    name: str
    start: Callable[[Place, ExitStack], Obedient]
    targets: Mapping[int, Target]


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield our ways of appending against every reference that can be installed."""
    with ExitStack() as stack:
        running: dict[str, Obedient] = {}
        for contestant in CONTESTANTS:
            try:
                running[contestant.name] = contestant.start(place, stack)
            except (NotInstalledError, BenchmarkError) as error:
                if contestant.name in OURS:
                    raise
                yield Skipped(f"in process against {contestant.name}", str(error))
        for writers in WRITERS:
            order = {"writers": writers, "seconds": effort.seconds}
            asking = {name: partial(one.ask, order) for name, one in running.items()}
            samples = rates_in_turns(asking, effort.rounds, load=f"{writers} writers")
            for ours in OURS:
                for reference in CONTESTANTS:
                    if reference.name in samples and reference.name not in OURS:
                        yield Row(
                            name=f"in process, {writers} writers",
                            what=ours,
                            reference=reference.name,
                            unit="/s",
                            samples=samples[ours],
                            reference_samples=samples[reference.name],
                            target=reference.targets.get(writers, Target())
                            if ours == APPEND
                            else Target(),
                        )


def start_append(place: Place, stack: ExitStack) -> tuple[Database, Obedient]:
    """Start a writer by group commit on a database of its own."""
    database = place.new_database("group_commit", migrated=True)
    return database, _obedient(stack, "group_commit", {"dsn": database.app_dsn})


def start_command(place: Place, stack: ExitStack) -> tuple[Database, Obedient]:
    """Start a writer of whole commands on a database of its own."""
    database = place.new_database("command", migrated=True)
    setup = {
        "dsn": database.app_dsn,
        "data_dir": str(place.directory / database.name),
        "writers_max": max(WRITERS),
    }
    return database, _obedient(stack, "command", setup)


def _start_append(place: Place, stack: ExitStack) -> Obedient:
    return start_append(place, stack)[1]


def _start_command(place: Place, stack: ExitStack) -> Obedient:
    return start_command(place, stack)[1]


def _start_one_transaction(place: Place, stack: ExitStack) -> Obedient:
    database = place.new_database("one_transaction", migrated=True)
    return _obedient(stack, "one_transaction", {"dsn": database.app_dsn})


def _start_eventsourcing(*, database_functions: bool) -> Callable[[Place, ExitStack], Obedient]:
    def start(place: Place, stack: ExitStack) -> Obedient:
        python = place.environments.python("eventsourcing", _EVENTSOURCING)
        parts = place.new_database("eventsourcing", migrated=False).parts()
        setup = parts | {"writers_max": max(WRITERS), "database_functions": database_functions}
        return _obedient(stack, "eventsourcing_recorder", setup, python=python)

    return start


def _start_message_db(place: Place, stack: ExitStack) -> Obedient:
    files = place.environments.npm_package(*_MESSAGE_DB)
    database = place.new_database("message_db", migrated=False)
    # Without its extension: what it was needed for is part of PostgreSQL since version 13.
    texts = [files[f"package/database/{name}.sql"] for name in _MESSAGE_DB_FILES]
    run_sql(database.superuser_dsn, "set search_path to message_store, public", *texts)
    return _obedient(stack, "message_db", {"dsn": database.superuser_dsn})


def _start_umadb(place: Place, stack: ExitStack) -> Obedient:
    python = place.environments.python("umadb", _UMADB)
    data = place.directory / "umadb"
    data.mkdir()
    port = free_port()
    listen = ("--listen", f"127.0.0.1:{port}", "--db-path", str(data))
    server = start_module(
        f"{_PACKAGE}.umadb_server", listen, python=python, stdout=subprocess.DEVNULL
    )
    stack.callback(end, server)
    deadline = time.monotonic() + 30.0
    while True:
        try:
            return _obedient(
                stack, "umadb_client", {"url": f"http://127.0.0.1:{port}"}, python=python
            )
        except BenchmarkError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise


def _obedient(stack: ExitStack, module: str, setup: Mapping[str, Any], **options: Any) -> Obedient:
    return stack.enter_context(closing(Obedient(f"{_PACKAGE}.{module}", setup, **options)))


CONTESTANTS: Final = (
    Contestant(APPEND, _start_append, {}),
    Contestant(COMMAND, _start_command, {}),
    Contestant(
        "eventsourcing recorder",
        _start_eventsourcing(database_functions=False),
        {32: Target(8, 20)},
    ),
    Contestant(
        "eventsourcing recorder with database functions",
        _start_eventsourcing(database_functions=True),
        {32: Target(2.5, 8)},
    ),
    Contestant("Message DB", _start_message_db, {32: Target(3, 6)}),
    Contestant("UmaDB", _start_umadb, {32: Target(1, 3), 8: Target(0.5, 1.2)}),
    Contestant("one transaction per command", _start_one_transaction, {}),
)
