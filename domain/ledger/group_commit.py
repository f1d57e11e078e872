"""Group commit: one queue and one writer thread a lane, through which every command passes.

The writer takes what waits (never two commands that share a stream) and commits it in one append.
While the database flushes, the next batch gathers, so the rate grows with the load and an idle
lane answers at once.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final

from domain import errors
from domain.commands import OpenTicket
from domain.ledger.committing import Committer
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.judging import main_stream
from domain.ledger.requests import BodyHmac, Outcome, Request, command_id
from domain.ledger.waiting import Answers, Waiting
from domain.streams import order_stream
from domain.values import Instant

BATCH_MAX: Final = 128
"""Commands in one append: the gain flattens here and the wait of the first one grows."""
GATHER_S: Final = 0.0005
"""How long a busy lane waits for more company: a flush that serves twice as many costs the same."""
ROWS_MAX: Final = 512
"""Rows of an import in one append."""
QUEUE_MAX: Final = 20_000
"""Commands that may wait for a lane; more are refused as Overloaded."""
TRIES_MAX: Final = 25
"""How often a command is judged anew after rivals; then it is refused as Contended."""
_CLOSED: Final = "this ledger is closed"
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Rows:
    """Rows of an import, recorded in their order."""

    waiting: list[Waiting]


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
        self._queue: Queue[Waiting | _Rows | None] = Queue(QUEUE_MAX)
        self._again: deque[Waiting] = deque()
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
        self._put(self._waiting(request, future, loop), block=False)

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
            self._put(_Rows(rows[start : start + ROWS_MAX]), block=True)
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

    def _put(self, one: "Waiting | _Rows", *, block: bool) -> None:
        """Queue for the writer; nothing may wait for a writer that has ended."""
        if self._closed:
            raise DatabaseUnavailable(_CLOSED)
        try:
            self._queue.put(one, block=block)
        except Full:
            raise errors.Overloaded from None
        if self._closed:
            # It was closed meanwhile: the writer has taken this as its last, or never will.
            self._thread.join()
            self._refuse_rest()

    def _refuse_rest(self) -> None:
        """Answer what came too late for the writer."""
        with suppress(Empty):
            while True:
                one = self._queue.get_nowait()
                rest = one.waiting if isinstance(one, _Rows) else [one] if one else []
                error = DatabaseUnavailable(_CLOSED)
                self._settle(Answers([(waiting, error) for waiting in rest]))

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
        closing = False
        busy = False
        while not (closing and self._queue.empty() and not self._again):
            if busy:
                time.sleep(GATHER_S)
            batch, rows, ended = self._gather(wait=not closing)
            busy = len(batch) > 1
            closing = closing or ended
            if batch:
                answers = self._write(self.committer.write, batch)
                self._settle(answers)
                self._again.extendleft(reversed(answers.again))
            if rows is not None:
                self._write_rows(rows)

    def _gather(self, *, wait: bool) -> tuple[list[Waiting], _Rows | None, bool]:
        """Return commands that share no stream, rows of an import, and whether to end."""
        batch: list[Waiting] = []
        put_off: list[Waiting] = []
        streams: set[str] = set()
        rows: _Rows | None = None
        ended = False
        while len(batch) < BATCH_MAX and len(put_off) < BATCH_MAX:
            one: Waiting | _Rows | None
            if self._again:
                one = self._again.popleft()
            else:
                try:
                    one = self._queue.get(block=wait and not batch and not put_off)
                except Empty:
                    break
            if one is None:
                ended = True
                break
            if isinstance(one, _Rows):
                rows = one
                break
            wanted = _wanted(one)
            if streams.isdisjoint(wanted):
                batch.append(one)
            else:
                put_off.append(one)
            streams |= wanted  # what was put off keeps its place before later ones
        self._again.extendleft(reversed(put_off))
        return batch, rows, ended

    def _write(
        self, write: Callable[[Sequence[Waiting]], Answers], batch: list[Waiting]
    ) -> Answers:
        """Return a batch's answers, those that must be judged again prepared for it."""
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
            alone = [self._write(write, [one]) for one in batch]
            return Answers(
                [pair for one in alone for pair in one.settled],
                [waiting for one in alone for waiting in one.again],
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


def _wanted(waiting: Waiting) -> set[str]:
    """Return what is known of a command's streams before anything is loaded, and its key."""
    command = waiting.request.command
    wanted = {waiting.command}
    if waiting.holder is not None:
        wanted.add(waiting.holder)
    if not isinstance(command, OpenTicket):
        wanted.add(main_stream(command, ticket=""))
    elif command.order is not None:
        wanted.add(order_stream(command.order))
    return wanted


def _settle_each(settled: Sequence[tuple[Waiting, Outcome | BaseException]]) -> None:
    for waiting, answer in settled:
        waiting.settle(answer)
