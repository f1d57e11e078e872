"""Engines by their names; what an engine needs is imported when it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from replay.engines.engine import Engine, EngineMissing
from replay.engines.inline import Inline
from replay.engines.processes import Processes

ENGINES: Final = ("inline", "processes", "dask", "ray")


@contextmanager
def open_engine(
    name: str, *, workers: int | None = None, scheduler: str | None = None
) -> Iterator[Engine]:
    """Give an engine, and close it at the end.

    `scheduler` is the address of a cluster there is; without one, Dask and Ray start their own on
    this machine. Raises EngineMissing and EngineFailed.
    """
    engine = _engine(name, workers, scheduler)
    try:
        yield engine
    finally:
        engine.close()


def _engine(name: str, workers: int | None, scheduler: str | None) -> Engine:
    match name:
        case "inline":
            return Inline()
        case "processes":
            return Processes(workers)
        case "dask":
            try:
                from replay.engines.on_dask import OnDask  # noqa: PLC0415 - an extra
            except ModuleNotFoundError as error:
                raise EngineMissing(name, "dask") from error
            return OnDask(scheduler, workers)
        case "ray":
            try:
                from replay.engines.on_ray import OnRay  # noqa: PLC0415 - an extra
            except ModuleNotFoundError as error:
                raise EngineMissing(name, "ray") from error
            return OnRay(scheduler, workers)
        case _:
            raise ValueError(f"an engine is one of {', '.join(ENGINES)}")
