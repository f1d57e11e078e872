"""Who a journey is told to: which facts they may know of, and how much of the house's inside."""

from collections.abc import Callable
from typing import Final, NamedTuple

from domain.record import Record
from replay.explain.telling import EventRef, ref


class Audience(NamedTuple):
    """What readers may know; the default is staff, who may know everything."""

    knows: Callable[[Record], bool] = lambda _record: True
    """Whether they may know that a record is there."""
    shows: Callable[[str, str], bool] = lambda _policy, _clock: True
    """Whether they are told of a promise: by its book, and its name on the ticket."""
    inside: bool = True
    """Whether they are told who of the house had the ball, and for which of its own promises."""

    def ref(self, record: Record | None) -> EventRef | None:
        """Return a record's place, where they may know of it."""
        return None if record is None or not self.knows(record) else ref(record)


STAFF: Final = Audience()
"""Those who see every fact."""
