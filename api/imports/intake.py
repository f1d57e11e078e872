"""Opening live tickets from a source's file: the first row of each case is a matter brought to us.

These are ordinary commands with clocks and deadlines; history that starts nothing is in `engine`.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from api.imports.engine import Rows, Totals, Watch, unstopped, unwatched
from api.imports.files import BadRow, open_source
from api.imports.mapping import Mapping
from api.imports.rejects import Rejects
from api.imports.rows import RowReader
from domain.errors import Refusal
from domain.ledger.requests import Outcome, Request

IN_FLIGHT: Final = 128
"""Requests under way at once, so that the ledger's group commit has groups to commit."""


class IntakeLedger(Protocol):
    """What an intake asks of the ledger."""

    @property
    def lanes(self) -> int:
        """How many lanes the ledger has."""

    @property
    def submit(self) -> Callable[[Request], "Future[Outcome]"]:
        """Give what takes a request and answers with its future outcome."""


def open_tickets(
    path: Path,
    mapping: Mapping,
    ledger: IntakeLedger,
    rejects: Rejects,
    *,
    watch: Watch = unwatched,
    stopped: Callable[[], bool] = unstopped,
) -> Totals:
    """Return the totals after opening a ticket for every case of a file that has none yet.

    Later rows of a case, and cases that are known, are skipped; so the same file opens each once.
    Raises FileError for a file that can not be read as a whole.
    """
    began = monotonic()
    totals = Totals()
    rows = Rows(totals, rejects)
    reader = RowReader(mapping, lanes=ledger.lanes)
    opened: set[str] = set()
    under_way: deque[tuple[int, Future[Outcome]]] = deque()

    def settle(under_way_max: int) -> None:
        while len(under_way) > under_way_max:
            number, future = under_way.popleft()
            _tell(rows, number, future)

    with open_source(path, mapping) as source:
        for row in source.rows():
            if stopped():
                totals.interrupted = True
                break
            rows.read(row)
            try:
                if row.bad is not None:
                    raise row.bad
                case = reader.case(row.values)
                if case in opened:
                    rows.skip(row.number)
                    continue
                request = reader.opening(row.number, row.values)
            except BadRow as bad:
                rows.reject(row.number, bad.code, bad.reason)
                continue
            opened.add(case)
            under_way.append((row.number, ledger.submit(request)))
            settle(IN_FLIGHT)
            if row.number % IN_FLIGHT == 0:
                rows.count()
                totals.seconds = monotonic() - began
                watch(source.share_read, totals)
        settle(0)
    rows.count()
    totals.seconds = monotonic() - began
    totals.rejects = rejects.path
    return totals


def _tell(rows: Rows, number: int, future: "Future[Outcome]") -> None:
    """Count what the ledger answered to one opening."""
    try:
        outcome = future.result()
    except Refusal as refusal:
        rows.refuse(number, refusal)
        return
    if outcome.replayed or not outcome.events:
        rows.skip(number)
    else:
        rows.accept(number, outcome.stream.partition(":")[2], len(outcome.events))
