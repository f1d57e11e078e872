"""The engine that works in this process, one partition after the other."""

from collections.abc import Callable, Iterator, Sequence

from replay.engines.engine import P, R


class Inline:
    """Needs nothing, and shows an error where it happens."""

    def map(self, work: Callable[[P], R], partitions: Sequence[P], /) -> Iterator[tuple[int, R]]:
        """Yield the number of each partition with its result, in order."""
        for number, partition in enumerate(partitions):
            yield number, work(partition)

    def close(self) -> None:
        """Nothing was started."""
