"""The engine that works on Dask distributed: a cluster there is, or two processes of its own."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from typing import Any, Final

from distributed import Client, LocalCluster, as_completed
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.scheduler import KilledWorker

from replay.engines.engine import EngineFailed, P, R

CONNECT_S: Final = 10
WORKERS: Final = 2
_LOST: Final = (CancelledError, ClosedClientError, CommClosedError, TimeoutError)
"""What becomes of work whose scheduler went away."""


class OnDask:
    """Dask gives the work of a dead worker to another one, results it had not delivered too."""

    def __init__(self, scheduler: str | None = None, workers: int | None = None) -> None:
        """Connect to a scheduler, or start one with worker processes on this machine alone."""
        self._ending = ExitStack()
        try:
            self.client: Client = self._connect(scheduler, workers)
        except BaseException:
            self._ending.close()
            raise

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the number of each partition with its result, the first that is ready first."""
        numbers: dict[Any, int] = {}
        futures: list[Any] = []
        for number, partition in enumerate(partitions):
            try:
                future = self.client.submit(work, partition, pure=False)
            except _LOST as error:
                raise EngineFailed(f"the scheduler is gone: {error}") from error
            numbers[future.key] = number
            futures.append(future)
        ready = as_completed(futures, loop=self.client.loop)
        del futures  # what was given on need not be kept by the cluster
        for future in ready:
            try:
                result = future.result()
            except KilledWorker as error:
                raise EngineFailed(f"workers keep dying: {error}") from error
            except _LOST as error:
                if future.status == "error":  # the work itself failed
                    raise
                raise EngineFailed(f"the scheduler is gone: {error}") from error
            yield numbers.pop(future.key), result

    def close(self) -> None:
        """Leave the cluster, and end it if it is our own."""
        self._ending.close()

    def _connect(self, scheduler: str | None, workers: int | None) -> Any:
        try:
            where = scheduler or self._ending.enter_context(_cluster(workers or WORKERS))
            client = self._ending.enter_context(
                Client(where, set_as_default=False, timeout=CONNECT_S)
            )
        except (OSError, RuntimeError, ValueError) as error:
            where = scheduler or "this machine"
            raise EngineFailed(f"no Dask scheduler at {where}: {error}") from error
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
            if scheduler is None:
                client.register_plugin(_Quiet())
        except TimeoutError as error:
            where = scheduler or "this machine"
            what = f"the Dask scheduler at {where} had no worker within {CONNECT_S} seconds"
            raise EngineFailed(what) from error
        except _LOST as error:
            raise EngineFailed(f"the scheduler is gone: {error}") from error
        return client


class _Quiet(WorkerPlugin):
    """Keeps a worker from telling what is raised where the result is read."""

    def setup(self, worker: Any) -> None:
        """Begin on a worker, one that takes the place of a dead one too."""
        logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _cluster(workers: int) -> Any:
    """Return a cluster that nobody but this machine reaches, without a dashboard."""
    return LocalCluster(
        silence_logs=logging.CRITICAL,
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
    )
