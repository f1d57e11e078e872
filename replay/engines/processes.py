"""The engine that works in processes of this machine, one a core unless told otherwise."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from replay.children import begin_as_child
from replay.engines.engine import EngineFailed, P, R

DEATHS_MAX: Final = 3
"""How often workers may die: by then it is the work that kills them."""


class Processes:
    """Starts its workers with the first partition; the dead are replaced, their work repeated."""

    def __init__(self, workers: int | None = None) -> None:
        """Use so many processes, or one for every core."""
        self._workers = workers or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the number of each partition with its result, the first that is ready first."""
        waiting = list(reversed(range(len(partitions))))
        running: dict[Future[R], int] = {}
        deaths = 0
        while waiting or running:
            try:
                pool = self._begun()
                while waiting and len(running) < 2 * self._workers:
                    running[pool.submit(work, partitions[waiting[-1]])] = waiting[-1]
                    waiting.pop()
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    result = future.result()
                    yield running.pop(future), result
            except BrokenProcessPool as error:
                deaths += 1
                self.close()
                waiting += sorted(running.values(), reverse=True)
                running.clear()
                if deaths > DEATHS_MAX:
                    raise EngineFailed(f"workers died {deaths} times; is there memory?") from error

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _begun(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=get_context("spawn"), initializer=begin_as_child
            )
        return self._pool
