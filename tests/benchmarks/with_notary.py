"""The rows about what the evidence costs an append: with the notary at work, and without."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, Final

from tests.benchmarks.appending import OURS, WRITERS, start_append, start_command
from tests.benchmarks.arithmetic import Row, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Place
from tests.benchmarks.processes import BenchmarkError, Obedient
from tests.benchmarks.rounds import rates_in_turns

WITH: Final = "with the notary at work"
WITHOUT: Final = "without a notary"


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Yield the rate of our ways of appending while a notary takes in and signs, and without."""
    for what, start in zip(OURS, (start_append, start_command), strict=True):
        with ExitStack() as stack:
            database, writer = start(place, stack)
            dsn = place.server.dsn("ticketledger_notary", database.name)
            setup = {"dsn": dsn}
            notary = stack.enter_context(
                closing(Obedient("tests.benchmarks.notary_process", setup))
            )
            order = {"writers": WRITERS[0], "seconds": effort.notary_seconds}

            def ask(
                *,
                works: bool,
                writer: Obedient = writer,
                notary: Obedient = notary,
                order: dict[str, Any] = order,
            ) -> dict[str, Any]:
                began = notary.ask({"works": works})["signed"]
                answer = writer.ask(order)
                if works and notary.ask({"works": False})["signed"] == began:
                    raise BenchmarkError("the notary signed nothing while it was measured")
                return answer

            contestants = {WITH: lambda: ask(works=True), WITHOUT: lambda: ask(works=False)}
            load = f"{what}, {WRITERS[0]} writers"
            samples = rates_in_turns(contestants, effort.rounds, load=load)
        yield Row(
            name=f"in process, {WRITERS[0]} writers, {what}",
            what=WITH,
            reference=WITHOUT,
            unit="/s",
            samples=samples[WITH],
            reference_samples=samples[WITHOUT],
            target=Target(0.9, 1.0),
        )
