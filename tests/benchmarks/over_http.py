"""The row about durable commands over HTTP, against a route that takes them and does nothing."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from tests.benchmarks.arithmetic import Row, Skipped, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Place
from tests.benchmarks.processes import Obedient
from tests.benchmarks.rounds import rates_in_turns

IN_FLIGHT: Final = 64
TICKETS_EACH: Final = 4
COMMAND: Final = "a message to a ticket"
NOTHING: Final = "a no-op that takes and answers the same"
_PATHS: Final = {COMMAND: "/v1/tickets/{}/messages", NOTHING: "/v1/tickets/{}/benchmark-messages"}


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the rate of durable commands against that of commands that do nothing."""
    database = place.new_database("over_http", migrated=True)
    setup = {"dsn": database.app_dsn, "data_dir": str(place.directory / "api")}
    with (
        Obedient("tests.benchmarks.api_process", setup) as api,
        Obedient("tests.benchmarks.load", {}) as load,
    ):
        port = api.ask({})["port"]
        given = api.ask({"tickets": IN_FLIGHT * TICKETS_EACH})
        asking = {
            name: partial(load.ask, _order(name, port, given, effort.seconds)) for name in _PATHS
        }
        samples = rates_in_turns(asking, effort.rounds, load=f"{IN_FLIGHT} in flight")
    yield Row(
        name=f"over HTTP, {IN_FLIGHT} in flight",
        what=COMMAND,
        reference=NOTHING,
        unit="/s",
        samples=samples[COMMAND],
        reference_samples=samples[NOTHING],
        target=Target(0.5, 0.7),
        note="one API process, no worker beside it; a buyer and a token for each connection",
    )


def _order(name: str, port: int, given: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the load of one round: each connection writes to tickets of its own, in turn."""
    calls = [
        [_PATHS[name].format(ticket), token]
        for ticket, token in zip(given["tickets"], given["tokens"], strict=True)
    ]
    return {
        "method": "POST",
        "port": port,
        "connections": [calls[first::IN_FLIGHT] for first in range(IN_FLIGHT)],
        "body": given["body"],
        "status": 200,
        "seconds": seconds,
    }
