"""What an engine is, and how the results of partitions become one; no engine is here."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class EngineMissing(Exception):  # noqa: N818 - named for what is wrong
    """The packages of an engine are not installed; `extra` is what brings them."""

    def __init__(self, engine: str, extra: str) -> None:
        """Keep the names."""
        super().__init__(f"the packages of the engine {engine!r} are not installed")
        self.extra = extra

    @property
    def remedy(self) -> str:
        """Return the command that installs them."""
        return f"pip install 'ticketledger[{self.extra}]'"


class EngineFailed(Exception):  # noqa: N818 - named for what happened
    """The engine could not work out every partition: no scheduler, or workers that keep dying."""


class Engine(Protocol):
    """Works out a pure function over partitions, somewhere.

    The function, the partitions and the results must survive pickling: a function is one of a
    module, or a `partial` of one. A worker that dies takes nothing with it but time.
    """

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the number of each partition with its result, in any order, each once.

        What the function raises is raised here.
        """
        ...

    def close(self) -> None:
        """End what was started for it."""
        ...


def ordered(
    engine: Engine,
    work: Callable[[P], R],
    partitions: Sequence[P],
    *,
    done: Callable[[P], None] = lambda _partition: None,
) -> Iterator[tuple[P, R]]:
    """Yield each partition with its result in the order of the partitions, ready or not before.

    `done` is told of each as soon as it is.
    """
    waiting: dict[int, R] = {}
    due = 0
    for number, result in engine.map(work, partitions):
        waiting[number] = result
        done(partitions[number])
        while due in waiting:
            yield partitions[due], waiting.pop(due)
            due += 1
    assert due == len(partitions), "an engine gives a result for every partition"


def merged(
    engine: Engine,
    work: Callable[[P], R],
    partitions: Sequence[P],
    merge: Callable[[R, R], R],
    nothing: R,
    *,
    done: Callable[[P], None] = lambda _partition: None,
) -> R:
    """Return the results of all partitions as one, `nothing` of none.

    They are merged in the order of the partitions, whichever is ready first; so a merge need only
    be associative, and the result is the same on every engine.
    """
    whole = nothing
    for _, result in ordered(engine, work, partitions, done=done):
        whole = merge(whole, result)
    return whole
