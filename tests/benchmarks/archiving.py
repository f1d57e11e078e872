"""Verification of an archive: two processes against one, and a longer history against a shorter."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from replay.archive.checking import verify
from replay.archive.source import Source
from replay.archive.writing import Order, write
from replay.engines import open_engine
from tests.benchmarks.arithmetic import Row, Skipped, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.history import History
from tests.benchmarks.place import Place
from tests.benchmarks.rounds import rates_in_turns

RANGES: Final = 16
"""Ranges of either archive: so each of two processes has its half of the work."""


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield how much faster two processes are than one, and how much slower a long history is."""
    small, large = (
        _archive(place, History(place, events), f"archive-{events}")
        for events in (effort.verified_events // 10, effort.verified_events)
    )
    contestants = {
        f"{engine} over {archive.name}": partial(_verify, archive, engine)
        for archive, engine in ((small, "inline"), (large, "inline"), (large, "processes"))
    }
    samples = rates_in_turns(contestants, effort.rounds, load="no database")
    events = effort.verified_events
    yield Row(
        name=f"verification of an archive of {events:,} events, two processes",
        what="two processes, their start included",
        reference="one process",
        unit="/s",
        samples=samples[f"processes over {large.name}"],
        reference_samples=samples[f"inline over {large.name}"],
        target=Target(1.5, 2.0),
        note="all findings that need no database",
    )
    yield Row(
        name=f"verification of an archive of {events:,} events against {events // 10:,}",
        what="the long history",
        reference="the short one",
        unit="/s",
        samples=samples[f"inline over {large.name}"],
        reference_samples=samples[f"inline over {small.name}"],
        target=Target(0.9, 1.0),
        note="1 is linear: as many events a second",
    )
    for archive in (small, large):
        shutil.rmtree(archive)


def _archive(place: Place, history: History, name: str) -> Path:
    """Return an archive of a history."""
    directory = place.directory / name
    order = Order(
        directory=directory,
        log_keys=(history.signer.public,),
        width=-(-history.events // RANGES),
    )
    with Source(history.dsn) as source:
        write(source, order)
    return directory


def _verify(archive: Path, engine: str) -> dict[str, Any]:
    """Return how long one verification took, from nothing."""
    began = perf_counter()
    with open_engine(engine, workers=2) as chosen:
        report = verify(archive, chosen)
    assert report.findings == (), report.findings[0]
    return {"count": report.events, "elapsed": perf_counter() - began}
