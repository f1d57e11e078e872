"""The audit of a whole ledger: what is read, by how many workers, and what it came to."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from typing import Final, TypeVar

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.migrations import placeholders
from domain.ledger.sealing import KeyEncryptionKey
from domain.ledger.vault import Vault
from domain.proof.errors import ProofError
from domain.proof.tiles import WIDTH, Edge
from replay.children import begin_as_child
from replay.verify.contents import Open, check_books, check_contents
from replay.verify.ends import end_findings, reservation_findings, tile_findings
from replay.verify.joining import Joiner, Whole
from replay.verify.lanes import Lanes
from replay.verify.outside import Copies, compare, missing_lanes
from replay.verify.personal import Opener
from replay.verify.reading import Audited, Checked, LaneState, Reader, Task, open_snapshot
from replay.verify.receipts import check_receipts
from replay.verify.report import FINDINGS_MAX, Finding, Report, in_order
from replay.verify.rows import PAGE, microseconds_of
from replay.verify.span import Lane
from replay.verify.stamps import Outsiders, read_anchors

NOT_LOG_KEYS: Final = "who signed the checkpoints (no key of the log is known here)"
NOT_PERSONAL: Final = "whether personal values open (their key is not here)"
NOT_CONTENTS: Final = "the contents of the vault (it is not here)"
NOT_STAMPS: Final = "stamps (the package that reads them is not installed)"
Progress = Callable[[int, int], None]
"""Told how many positions of how many were read."""


_T = TypeVar("_T")


class Interrupted(Exception):  # noqa: N818 - what happened, in a word
    """Somebody stopped the audit; `wholes` is what was joined so far, to be taken up again."""

    def __init__(self, wholes: dict[int, Whole]) -> None:
        """Keep what was joined."""
        super().__init__("the audit was interrupted")
        self.wholes = wholes


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """How much is audited, and with what at hand."""

    since: int = 0
    """Begin after this position of every lane; what is before is taken as it is."""
    workers: int = 1
    vault: Vault | None = None
    outsiders: Outsiders = Outsiders()
    copies: Copies = Copies({}, {})
    taken_up: Mapping[int, Whole] = {}
    """What an interrupted audit had joined, by lane."""


def audit(
    audited: Audited, scope: Scope, *, now: datetime, progress: Progress = lambda _done, _all: None
) -> Report:
    """Return what an audit of the ledger comes to; raise Interrupted on Ctrl-C.

    Everything is read in one snapshot, so the ledger may go on meanwhile.
    """
    started = time.perf_counter()
    with ExitStack() as ending:
        connection = ending.enter_context(closing(open_snapshot(audited.dsn, None)))
        cursor = ending.enter_context(connection.cursor())
        cursor.execute("select pg_export_snapshot()")
        ((snapshot,),) = cursor.fetchall()
        audited = msgspec.structs.replace(audited, snapshot=str(snapshot))
        check = ending.enter_context(closing(_Workers(audited, scope.workers)))
        return _Audit(audited, scope, cursor, now).run(check, started, progress)


class _Audit:
    """One audit under way."""

    def __init__(self, audited: Audited, scope: Scope, cursor: Cursor, now: datetime) -> None:
        self._audited = audited
        self._scope = scope
        self._cursor = cursor
        self._now = now
        self._quoted = placeholders(audited.names)
        self._lanes = Lanes(cursor, self._quoted)
        self._joiners: dict[int, Joiner] = {}
        self._findings: list[Finding] = []
        self._unread = False

    def run(self, workers: "_Workers", started: float, progress: Progress) -> Report:
        """Return what it comes to."""
        states = [self._state(lane) for lane in range(len(self._audited.origins))]
        self._findings += missing_lanes(self._scope.copies.checkpoints, len(states))
        for state in states:
            self._joiners[state.number] = self._joiner(state)
        total = sum(state.last for state in states)
        done = sum(joiner.whole.position for joiner in self._joiners.values())
        progress(done, total)
        # Joining has a thread of its own, for Ctrl-C comes in this one: no span is half joined.
        with ThreadPoolExecutor(1, thread_name_prefix="joining") as joining:
            try:
                # A thread whose start was interrupted is not waited for: it starts with nothing.
                joining.submit(_nothing).result()
                for task, checked in workers.check(self._tasks(states)):
                    joiner, span = self._joiners[task.lane.number], checked.span
                    joining.submit(joiner.add, span, checked.claimed, task.wanted).result()
                    done += span.last - span.first
                    progress(done, total)
                agreed = {state.number: self._finish(state) for state in states}
                return self._report(agreed, started)
            except KeyboardInterrupt:
                joining.shutdown()
                written = {lane: joiner.written() for lane, joiner in self._joiners.items()}
                raise Interrupted(written) from None

    def _state(self, lane: int) -> LaneState:
        """Return how a lane stands, its anchors included."""
        said = read_anchors(
            self._cursor, self._quoted, lane, self._audited.origins, self._scope.outsiders
        )
        self._findings += said.findings
        self._unread = self._unread or said.unread
        try:
            return self._lanes.state(lane, said.stamps)
        except ProofError as error:
            what = f"the edge of the log is none: {error}"
            self._findings.append(Finding("E11", lane, 1, None, None, what))
            return self._lanes.state(lane, said.stamps, edge=Edge())

    def _joiner(self, state: LaneState) -> Joiner:
        """Return what joins the spans of a lane, from where the audit begins."""
        whole = self._scope.taken_up.get(state.number)
        if whole is None or whole.position > state.last or whole.position % WIDTH:
            first = min(self._scope.since, state.last, state.edge.size) // WIDTH * WIDTH
            whole = Whole(state.number, begins=first, position=first)
            if first:
                whole.tree = self._lanes.tree_before(state, first)
        position = whole.position
        return Joiner(whole, partial(self._lanes.links_before, state.number, position))

    def _tasks(self, states: Sequence[LaneState]) -> Iterator[Task]:
        for state in states:
            copies = self._scope.copies.checkpoints.get(state.number, ())
            sizes = sorted({copy.size for copy in copies if copy.size})
            first = self._joiners[state.number].whole.position
            while first < state.last:
                last = min(state.last, (first // PAGE + 1) * PAGE)
                wanted = tuple(size for size in sizes if first < size <= last)
                yield Task(state, first, last, wanted)
                first = last

    def _finish(self, state: LaneState) -> int:
        """Judge the ends of a lane; return the largest outside checkpoint that agrees."""
        lane, scope, joiner = state.number, self._scope, self._joiners[state.number]
        whole = joiner.whole
        oldest = self._lanes.oldest_outside_log(state)
        found = self._findings
        found += end_findings(
            state, microseconds_of(self._now), microseconds_of(oldest) if oldest else None
        )
        found += reservation_findings(lane, self._lanes.reservations(lane), whole)
        if not whole.begins and not any(one.code in {"E10", "E11"} for one in whole.findings):
            found += tile_findings(partial(self._lanes.level, lane), state, whole)
        found += check_books(lane, whole.books, partial(self._lanes.book, lane))
        if scope.vault is not None:
            found += check_contents(
                lane, whole.contents, scope.vault, whole.erased, self._opener(lane)
            )
        for sealed, what in whole.unopened:
            if (sealed.stream, sealed.version, f"/data/{sealed.name}") not in whole.erased:
                place = (lane, sealed.position, sealed.stream, sealed.version)
                found.append(Finding("E22", *place, what))
        found += check_receipts(
            self._cursor, self._quoted, lane, scope.copies.receipts.get(lane, ())
        )
        copies = scope.copies.checkpoints.get(lane, ())
        against, agreed = compare(lane, copies, state.last, joiner.roots)
        found += against
        return agreed

    def _opener(self, lane: int) -> Open | None:
        """Return what opens the personal contents of a lane; None when their key is not here."""
        kek = self._audited.key_encryption_key
        if kek is None:
            return None
        opener = Opener(self._cursor, self._quoted, KeyEncryptionKey(kek))
        return partial(opener.content, Lane(lane, self._audited.origins[lane]))

    def _report(self, agreed: Mapping[int, int], started: float) -> Report:
        wholes = [joiner.whole for joiner in self._joiners.values()]
        findings = in_order([*self._findings, *(one for whole in wholes for one in whole.findings)])
        missing = {
            NOT_LOG_KEYS: not self._audited.log_keys,
            NOT_PERSONAL: self._audited.key_encryption_key is None,
            NOT_CONTENTS: self._scope.vault is None,
            NOT_STAMPS: self._unread,
        }
        left_out = sum(whole.left_out for whole in wholes)
        return Report(
            events=sum(whole.events for whole in wholes),
            seconds=round(time.perf_counter() - started, 3),
            findings=tuple(findings[:FINDINGS_MAX]),
            anchored_outside=bool(self._scope.copies.checkpoints),
            anchored_upto={lane: size for lane, size in agreed.items() if size},
            not_checked=tuple(words for words, is_missing in missing.items() if is_missing),
            left_out=left_out + max(0, len(findings) - FINDINGS_MAX),
        )


class _Workers:
    """Checks tasks in this process, or in several; the answers come in the order of the tasks."""

    def __init__(self, audited: Audited, count: int) -> None:
        self._count = count
        self._reader = Reader(audited) if count == 1 else None
        self._pool: Executor = (
            ThreadPoolExecutor(1)
            if count == 1
            else ProcessPoolExecutor(
                count, mp_context=get_context("spawn"), initializer=_begin, initargs=(audited,)
            )
        )

    def check(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Checked]]:
        """Yield each task with what it came to."""
        if self._reader is None:
            yield from self._ahead(_check, tasks, 2 * self._count)
            return
        for task, fetched in self._ahead(self._reader.fetch, tasks, 1):
            yield task, self._reader.check(task, fetched)

    def close(self) -> None:
        """End the workers, also one that waits for the database."""
        if self._reader is not None:
            self._reader.cancel()
        self._pool.shutdown(cancel_futures=True)
        if self._reader is not None:
            self._reader.close()

    def _ahead(
        self, work: Callable[[Task], _T], tasks: Iterator[Task], count: int
    ) -> Iterator[tuple[Task, _T]]:
        """Yield each task with its result, so many tasks behind those that are worked on."""
        ahead: deque[tuple[Task, Future[_T]]] = deque()
        for task in tasks:
            ahead.append((task, self._pool.submit(work, task)))
            if len(ahead) > count:
                first, future = ahead.popleft()
                yield first, future.result()
        for first, future in ahead:
            yield first, future.result()


def _nothing() -> None:
    """Do nothing, in a thread that is to be there before its work."""


_READERS: Final[list[Reader]] = []
"""The one reader of a worker process."""


def _begin(audited: Audited) -> None:
    """Make a worker process ready."""
    begin_as_child()
    _READERS.append(Reader(audited))


def _check(task: Task) -> Checked:
    (reader,) = _READERS
    return reader.check(task, reader.fetch(task))
