"""The rows about verification: all findings against reading the same rows, and a longer history."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any, Final

from domain.ledger.migrations import Names
from domain.ledger.recorder import Recorder
from replay.verify.auditing import Scope, audit
from replay.verify.reading import Audited
from replay.verify.report import Report
from tests.benchmarks.arithmetic import Row, Skipped, Target
from tests.benchmarks.effort import Effort
from tests.benchmarks.history import BEGAN, ORIGIN, History
from tests.benchmarks.place import Place
from tests.benchmarks.rounds import rates_in_turns

PAGE: Final = 4_096


def measure(place: Place, effort: Effort) -> Iterator[Row | Skipped]:
    """Yield the rate of an audit against that of reading, and of a long history's audit."""
    small, large = (
        History(place, events) for events in (effort.verified_events // 10, effort.verified_events)
    )
    report = _report(small)
    assert report.findings == (), report.findings[0]
    assert report.events == small.events
    contestants = {
        f"{what} of {history.events:,} events": partial(work, history)
        for history in (small, large)
        for what, work in (("audit", _audit), ("reading", _read))
    }
    samples = rates_in_turns(contestants, effort.rounds, load="one process")
    for history in (small, large):
        yield Row(
            name=f"verification of {history.events:,} events, one process",
            what="an audit, all findings",
            reference="reading the same rows",
            unit="/s",
            samples=samples[f"audit of {history.events:,} events"],
            reference_samples=samples[f"reading of {history.events:,} events"],
            target=Target(0.5, 1.0),
            note="events with their texts and keys, as the application reads them",
        )
    yield Row(
        name=f"verification of {large.events:,} events against {small.events:,}",
        what="the long history",
        reference="the short one",
        unit="/s",
        samples=samples[f"audit of {large.events:,} events"],
        reference_samples=samples[f"audit of {small.events:,} events"],
        target=Target(0.9, 1.0),
        note="1 is linear: as many events a second",
    )


def _audit(history: History) -> dict[str, Any]:
    """Return how long one audit took."""
    began = perf_counter()
    _report(history)
    return {"count": history.events, "elapsed": perf_counter() - began}


def _report(history: History) -> Report:
    audited = Audited(
        dsn=history.dsn,
        names=Names(),
        origins=(ORIGIN,),
        log_keys=(history.signer.public,),
        key_encryption_key=history.key_encryption_key,
    )
    return audit(audited, Scope(), now=BEGAN + timedelta(days=1))


def _read(history: History) -> dict[str, Any]:
    """Return how long reading the same rows by the application's way took."""
    began = perf_counter()
    after = 0
    with closing(Recorder.connect(history.dsn, readers_max=1)) as recorder:
        while rows := recorder.read(0, after, PAGE):
            after = rows[-1].position
        recorder.connections.read(_read_beside)
    return {"count": history.events, "elapsed": perf_counter() - began}


def _read_beside(cursor: Any) -> None:
    """Read the sealed texts, page by page, as rows."""
    last = ("", 0)
    while True:
        cursor.execute(
            "select d.stream, d.version, d.pointer, d.subject, d.sealed, k.wrapped"
            " from personal.disclosure d join personal.subject_key k using (lane, stream, subject)"
            " where lane = 0 and (d.stream, d.version) > (%s, %s)"
            " order by d.stream, d.version limit %s",
            (*last, PAGE),
        )
        rows = cursor.fetchall()
        if not rows:
            return
        last = (rows[-1][0], rows[-1][1])
