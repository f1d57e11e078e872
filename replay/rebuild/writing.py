"""What a build writes: remembered while it folds, and done by a thread while it goes on.

Which rows these are, and where they come from, is elsewhere.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name


class Later:
    """A cursor that only remembers what a page writes: the database works while one reads on."""

    def __init__(self) -> None:
        self._calls: list[Callable[[Cursor], None]] = []

    def execute(self, statement: str, values: Any = None) -> None:
        """Remember a statement; what it would answer is not there to be asked for."""
        self._calls.append(lambda db: db.execute(statement, values))

    def copy_expert(self, statement: str, file: BytesIO, size: int = 8192) -> None:
        """Remember rows to add."""
        self._calls.append(lambda db: db.copy_expert(statement, file, size))

    def do(self, db: Cursor) -> None:
        """Do all of it, in its order."""
        for call in self._calls:
            call(db)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no collection walk through the rows again and again: they hold no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
