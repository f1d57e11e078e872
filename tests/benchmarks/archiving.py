"""Verification of an archive: two processes against one, and a longer record against a shorter.

`python -m tests.benchmarks.archiving 10000000` does one of any length, by hand: once each.
"""

import argparse
import resource
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from replay.archive.checking import verify
from replay.archive.layout import RANGE
from replay.archive.writing import Order, write
from replay.engines import open_engine
from tests.benchmarks.arithmetic import Row, Skipped, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.long_record import CHECKPOINT_EVERY, LongRecord
from tests.benchmarks.place import Place
from tests.benchmarks.rounds import rates_in_turns

RANGES: Final = 16
"""Ranges of the longer archive, or more: so each of two processes has its half of the work."""


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield how much faster two processes are than one, and how much slower a long history is."""
    width = _width(effort.verified_events)
    small, large = (
        written(place.directory / f"archive-{events}", LongRecord(events), width)
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


def written(directory: Path, record: LongRecord, width: int) -> Path:
    """Return an archive of a record."""
    write(record, Order(directory=directory, log_keys=(record.public,), width=width))
    return directory


def by_hand(arguments: Sequence[str] | None = None) -> None:
    """Write an archive of a length, verify it by one process and by two, and take it away."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.archiving")
    parser.add_argument("events", type=int)
    parser.add_argument("--directory", type=Path, default=Path("var/benchmarks/by-hand"))
    chosen = parser.parse_args(arguments)
    directory = chosen.directory
    directory.mkdir(parents=True)  # not over anything that is there
    try:
        began = perf_counter()
        written(directory, LongRecord(chosen.events), _width(chosen.events))
        _tell("told, signed and archived", chosen.events, perf_counter() - began)
        stored = sum(file.stat().st_size for file in directory.rglob("*.parquet"))
        print(f"{stored / chosen.events:.0f} bytes of Parquet an event")  # noqa: T201 - by hand
        for engine in ("inline", "processes"):
            answer = _verify(directory, engine)
            _tell(f"verified, {engine}", answer["count"], answer["elapsed"])
    finally:
        shutil.rmtree(directory)


def _width(events: int) -> int:
    """Return how many positions a range has: both archives are of the same form."""
    return min(RANGE, -(-events // RANGES // CHECKPOINT_EVERY) * CHECKPOINT_EVERY)


def _tell(what: str, events: int, elapsed: float) -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    words = f"{what}: {events:,} events in {elapsed:,.1f} s, {events / elapsed:,.0f} /s"
    print(f"{words}, this process up to {most:,.0f} MiB", flush=True)  # noqa: T201 - by hand


def _verify(archive: Path, engine: str) -> dict[str, Any]:
    """Return how long one verification took, from nothing."""
    began = perf_counter()
    with open_engine(engine, workers=2) as chosen:
        report = verify(archive, chosen)
    assert report.findings == (), report.findings[0]
    return {"count": report.events, "elapsed": perf_counter() - began}


if __name__ == "__main__":
    by_hand()
