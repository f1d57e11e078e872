"""The engine that works on Ray: a cluster there is, or processes of its own on this machine."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import ray
from ray.exceptions import RayError, RayTaskError

from replay.engines.engine import EngineFailed, P, R

RETRIES: Final = 3
WORKERS: Final = 2


class OnRay:
    """Ray works a task out again whose worker died."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        """Connect to a cluster, or start one on this machine alone."""
        self._workers = workers or WORKERS
        # Its reports of use go out to the internet unless it is told not to.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        own: dict[str, Any] = {
            "num_cpus": self._workers,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
        }
        try:
            ray.init(address=address, log_to_driver=False, **({} if address is not None else own))
        except (ConnectionError, RayError, RuntimeError, ValueError) as error:
            raise EngineFailed(f"no Ray cluster at {address or 'this machine'}: {error}") from error

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the number of each partition with its result, the first that is ready first."""
        remote = ray.remote(max_retries=RETRIES)(_call)
        running = {
            remote.remote(work, partition): number for number, partition in enumerate(partitions)
        }
        while running:
            ready, _ = ray.wait(list(running), num_returns=1)
            for one in ready:
                try:
                    result = ray.get(one)
                except RayTaskError as error:
                    raise error.cause or error from None
                except RayError as error:
                    raise EngineFailed(f"workers keep dying: {error}") from error
                yield running.pop(one), result

    def close(self) -> None:
        """Leave the cluster, and end it if it is our own."""
        ray.shutdown()


def _call(work: Callable[[P], R], partition: P) -> R:
    """Return the result of a partition: what a worker of the cluster runs."""
    return work(partition)
