"""Group commit: one queue and one writer thread a lane, through which every command passes.

The writer takes what waits (never two commands that share a stream) and commits it in one append.
While the database writes and flushes, the writer judges what comes in; all of it that is ready then
is the next append, so the rate grows with the load and an idle lane answers at once.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from domain import errors
from domain.commands import OpenTicket
from domain.ledger.batch import Verdict
from domain.ledger.committing import Committer
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.judging import main_stream
from domain.ledger.requests import BodyHmac, Outcome, Request, command_id
from domain.ledger.waiting import Answers, Judged, Waiting
from domain.streams import order_stream
from domain.values import Instant

BATCH_MAX: Final = 128
"""Commands in one append: the gain flattens here and the wait of the first one grows."""
JUDGED_MAX: Final = 32
"""Commands judged before the writer looks whether its append has come back."""
GATHER_S: Final = 0.0005
"""How long a busy lane waits for more company: a flush that serves twice as many costs the same."""
ROWS_MAX: Final = 512
"""Rows of an import in one append."""
QUEUE_MAX: Final = 20_000
"""Commands that may wait for a lane; more are refused as Overloaded.

Rows of an import are let in: who brings them holds them in memory anyway.
"""
TRIES_MAX: Final = 25
"""How often a command is judged anew after rivals; then it is refused as Contended."""
_CLOSED: Final = "this ledger is closed"
_Write = Callable[[Sequence[Waiting]], Answers]
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Rows:
    """Rows of an import, recorded in their order."""

    waiting: list[Waiting]


@dataclass(slots=True, eq=False)
class _Flight:
    """One append on its way, and the streams nothing else may be judged on until it is back."""

    judged: list[Judged]
    streams: set[str]
    verdicts: Future[list[Verdict]]


class _Landed:
    """Wakes a writer that waits for commands while an append is on its way."""


class Lane:
    """The writer of one lane: every command of this process for the lane passes here."""

    def __init__(
        self,
        lane: int,
        committer: Committer,
        *,
        hmac_secret: bytes,
        now: Callable[[], Instant],
        new_id: Callable[[], str],
        draw_ticket: Callable[[int, Instant], str],
    ) -> None:
        """Start the lane's writer thread; it ends with `close`."""
        self.committer = committer
        self._lane = lane
        self._hmac = BodyHmac(hmac_secret)
        self._now = now
        self._new_id = new_id
        self._draw_ticket = draw_ticket
        self._queue: SimpleQueue[Waiting | _Rows | _Landed | None] = SimpleQueue()
        self._again: deque[Waiting] = deque()
        self._ready: list[Judged] = []
        self._ready_streams: set[str] = set()
        self._rows: _Rows | None = None
        self._flight: _Flight | None = None
        self._appender = ThreadPoolExecutor(1, thread_name_prefix=f"append-{lane}")
        self._appender.submit(int).result()  # a thread that can not start is told of now
        self._closed = False
        self._thread = Thread(target=self._run, name=f"lane-{lane}", daemon=True)
        self._thread.start()

    def submit(
        self,
        request: Request,
        future: "Future[Outcome] | asyncio.Future[Outcome]",
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Queue a request; its future is settled on `loop`, or on the writer's thread."""
        if self._queue.qsize() >= QUEUE_MAX:
            raise errors.Overloaded
        self._put(self._waiting(request, future, loop))

    def import_rows(self, requests: Sequence[Request]) -> list[Outcome | errors.Refusal]:
        """Record rows in their order, several on one stream included, and return their answers.

        Live commands that came in before are written first, those after it next.
        """
        futures: list[Future[Outcome]] = [Future() for _ in requests]
        rows: list[Waiting] = []
        for request, future in zip(requests, futures, strict=True):
            try:
                rows.append(self._waiting(request, future, None))
            except errors.Refusal as refusal:
                future.set_exception(refusal)
        for start in range(0, len(rows), ROWS_MAX):
            self._put(_Rows(rows[start : start + ROWS_MAX]))
        answers: list[Outcome | errors.Refusal] = []
        for future in futures:
            error = future.exception()
            if error is None:
                answers.append(future.result())
            elif isinstance(error, errors.Refusal):
                answers.append(error)
            else:
                raise error
        return answers

    def close(self) -> None:
        """Write what waits, then end the thread; what comes later is refused at once."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _put(self, one: "Waiting | _Rows") -> None:
        """Queue for the writer; nothing may wait for a writer that has ended."""
        if self._closed:
            raise DatabaseUnavailable(_CLOSED)
        self._queue.put(one)
        if self._closed:
            # It was closed meanwhile: the writer has taken this as its last, or never will.
            self._thread.join()
            self._refuse_rest()

    def _refuse_rest(self) -> None:
        """Answer what came too late for the writer, and what it has left when it broke."""
        rest = [*self._again, *(one.waiting for one in self._ready)]
        rest += [one.waiting for one in self._flight.judged] if self._flight else []
        rest += self._rows.waiting if self._rows else []
        with suppress(Empty):
            while True:
                one = self._queue.get_nowait()
                rest += one.waiting if isinstance(one, _Rows) else []
                rest += [one] if isinstance(one, Waiting) else []
        error = DatabaseUnavailable(_CLOSED)
        self._settle(Answers([(one, error) for one in rest if not one.future.done()]))

    def _waiting(
        self,
        request: Request,
        future: "Future[Outcome] | asyncio.Future[Outcome]",
        loop: asyncio.AbstractEventLoop | None,
    ) -> Waiting:
        opening = isinstance(request.command, OpenTicket)
        return Waiting(
            request=request,
            command=command_id(request.actor, request.key) if request.key else self._new_id(),
            hmac=self._hmac.of(request.command),
            ticket=self._draw_ticket(self._lane, self._now()) if opening else "",
            future=future,
            loop=loop,
        )

    # --- the writer thread --------------------------------------------------------------------

    def _run(self) -> None:
        try:
            with self._appender:
                self._serve()
        finally:
            # However the writer ends, nobody waits for one that is gone.
            self._closed = True
            self._refuse_rest()

    def _serve(self) -> None:
        closing = False
        busy = False
        while self._unfinished() or self._rows or not (closing and self._queue.empty()):
            if busy and not self._flight:
                time.sleep(GATHER_S)
            batch, ended = self._gather(wait=not closing)
            closing = closing or ended
            if batch:
                self._finish(self._write(self._judge, batch))
            if self._ready and not self._flight:
                busy = len(self._ready) > 1
                self._send()
            elif self._flight and (self._flight.verdicts.done() or not batch):
                self._land(self._flight)
            if self._rows is not None and not self._unfinished():
                self._write_rows(self._rows)
                self._rows = None

    def _unfinished(self) -> bool:
        """Return whether any command was taken up that has no answer yet."""
        return bool(self._flight or self._ready or self._again)

    def _gather(self, *, wait: bool) -> tuple[list[Waiting], bool]:
        """Return commands that share no stream, and whether to end.

        Nothing is returned when the append on its way came back before there was anything to judge.
        Rows of an import are set aside; what came after them waits for them.
        """
        batch: list[Waiting] = []
        put_off: list[Waiting] = []
        streams = self._ready_streams | (self._flight.streams if self._flight else set())
        ended = False
        most = min(JUDGED_MAX, BATCH_MAX - len(self._ready))
        while len(batch) < most and len(put_off) < BATCH_MAX:
            one: Waiting | _Rows | _Landed | None
            if self._again:
                one = self._again.popleft()
            elif self._rows is not None:
                break
            else:
                if self._flight and self._flight.verdicts.done():
                    break
                idle = not batch and (self._flight is not None or (wait and not self._ready))
                try:
                    one = self._queue.get(block=idle)
                except Empty:
                    break
            if isinstance(one, _Landed):
                continue  # whether there is a flight to look at is seen above
            if one is None:
                ended = True
                break
            if isinstance(one, _Rows):
                self._rows = one
                break
            wanted = one.streams = _wanted(one)
            if streams.isdisjoint(wanted):
                batch.append(one)
            else:
                put_off.append(one)
            streams |= wanted  # what was put off keeps its place before later ones
        self._again.extendleft(reversed(put_off))
        return batch, ended

    def _judge(self, batch: Sequence[Waiting]) -> Answers:
        """Judge a batch: what it records goes with the next append, the rest is answered."""
        judged, answers = self.committer.judge(batch)
        self._ready += judged
        for one in judged:
            self._ready_streams |= one.waiting.streams
        return answers

    def _send(self) -> None:
        """Send all that is ready in one append, without waiting for it."""
        verdicts = self._appender.submit(self.committer.append, self._ready)
        self._flight = _Flight(self._ready, self._ready_streams, verdicts)
        self._ready, self._ready_streams = [], set()
        verdicts.add_done_callback(self._wake)

    def _wake(self, _verdicts: Future[list[Verdict]]) -> None:
        """Wake the writer."""
        self._queue.put(_Landed())

    def _land(self, flight: _Flight) -> None:
        """Wait for an append and answer its commands."""

        def answer(_batch: Sequence[Waiting]) -> Answers:
            return self.committer.answer(flight.judged, flight.verdicts.result())

        batch = [one.waiting for one in flight.judged]
        self._finish(self._write(answer, batch, alone=self.committer.write))
        self._flight = None

    def _write(
        self, write: _Write, batch: list[Waiting], *, alone: _Write | None = None
    ) -> Answers:
        """Return a batch's answers, those that must be judged again prepared for it.

        When the batch breaks, each is written by itself: by `alone`, where that is another way.
        """
        try:
            answers = write(batch)
        except (DatabaseUnavailable, AppendUnknown) as error:
            log.warning("a batch of lane %d failed", self._lane, exc_info=True)
            return Answers([(one, error) for one in batch])
        except Exception as error:
            # A broken program does not end the lane, and who breaks it fails alone: what of the
            # batch is on record already is answered by its command's id.
            log.exception("a batch of lane %d broke", self._lane)
            if len(batch) == 1:
                return Answers([(batch[0], error)])
            each = [self._write(alone or write, [one]) for one in batch]
            return Answers(
                [pair for one in each for pair in one.settled],
                [waiting for one in each for waiting in one.again],
            )
        for one in answers.again:
            one.tries += 1
            if isinstance(one.request.command, OpenTicket) and one.holder is None:
                # The id may have been drawn before: nobody's ticket is ever written onto.
                one.ticket = self._draw_ticket(self._lane, self._now())
            if one.tries > TRIES_MAX:
                answers.add(one, errors.Contended())
        answers.again = [one for one in answers.again if one.tries <= TRIES_MAX]
        return answers

    def _finish(self, answers: Answers) -> None:
        """Give answers out, and queue again in front what must be judged again."""
        self._settle(answers)
        self._again.extendleft(reversed(answers.again))

    def _write_rows(self, rows: _Rows) -> None:
        """Write rows until each has its answer; what rivals disturbed is judged again at once."""
        waiting = rows.waiting
        while waiting:
            answers = self._write(self.committer.write_rows, waiting)
            self._settle(answers)
            waiting = answers.again

    def _settle(self, answers: Answers) -> None:
        """Settle futures: those of threads here, those of an event loop in one call a loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiting, Outcome | BaseException]]] = {}
        for waiting, answer in answers.settled:
            if waiting.loop is None:
                waiting.settle(answer)
            else:
                by_loop.setdefault(waiting.loop, []).append((waiting, answer))
        for loop, settled in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle_each, settled)
            except RuntimeError:
                log.info("an event loop ended before %d answers reached it", len(settled))


def _wanted(waiting: Waiting) -> frozenset[str]:
    """Return what is known of a command's streams before anything is loaded, and its key."""
    command = waiting.request.command
    if not isinstance(command, OpenTicket):
        stream = main_stream(command, ticket="")
    elif command.order is not None:
        stream = order_stream(command.order)
    else:
        stream = waiting.command
    return frozenset((waiting.command, stream, waiting.holder or stream))


def _settle_each(settled: Sequence[tuple[Waiting, Outcome | BaseException]]) -> None:
    for waiting, answer in settled:
        waiting.settle(answer)
