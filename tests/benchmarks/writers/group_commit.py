"""Appends by our recorder's batch form: what waits while one batch is flushed is the next batch.

Only queue and append: the commands come judged. The whole way of a command is measured beside it.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from domain.ledger.batch import Attempt, Verdict, VerdictKind
from domain.ledger.group_commit import BATCH_MAX, GATHER_S
from domain.ledger.recorder import Recorder
from tests.benchmarks.measuring import Order, Write, answer_orders, writing
from tests.benchmarks.writers.attempts import Attempts


class Waiting:
    """One attempt and its writer, who sleeps on a lock until the verdict is there."""

    __slots__ = ("attempt", "settled", "verdict")

    def __init__(self, attempt: Attempt) -> None:
        """Wait, until somebody releases `settled`."""
        self.attempt = attempt
        self.verdict: Verdict | None = None
        self.settled = Lock()
        self.settled.acquire()


def setup(order: Order, _stack: ExitStack) -> Callable[[Order], Order]:
    """Start the one thread that appends for all writers."""
    recorder = Recorder.connect(order["dsn"])
    queue: SimpleQueue[Waiting] = SimpleQueue()

    def append() -> None:
        busy = False
        while True:
            if busy:
                time.sleep(GATHER_S)  # as the product's lane does
            batch = [queue.get()]
            try:
                while len(batch) < BATCH_MAX:
                    batch.append(queue.get_nowait())
            except Empty:
                pass
            busy = len(batch) > 1
            verdicts = recorder.append(0, [waiting.attempt for waiting in batch])
            for waiting, verdict in zip(batch, verdicts, strict=True):
                waiting.verdict = verdict
                waiting.settled.release()

    Thread(target=append, daemon=True).start()

    def new_writer(writer: int) -> Write:
        attempts = Attempts(writer)

        def write() -> None:
            waiting = Waiting(attempts.next())
            queue.put(waiting)
            assert waiting.settled.acquire(timeout=30.0), "no verdict came"
            assert waiting.verdict is not None
            assert waiting.verdict.kind is VerdictKind.ACCEPTED, waiting.verdict

        return write

    return writing(new_writer)


if __name__ == "__main__":
    answer_orders(setup)
