"""What a build writes: remembered while it folds, and done by a thread while it goes on.

Which rows these are, and where they come from, is elsewhere.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.columns import Shared


class Later:
    """A cursor that only remembers what a page writes: the database works while one reads on."""

    def __init__(self) -> None:
        self._calls: list[Callable[[Cursor], None]] = []
        self._shared: list[Callable[[Cursor], None]] = []
        """What others wait for, from the first of these until the end of the transaction."""

    def execute(self, statement: str, values: Any = None) -> None:
        """Remember a statement; what it would answer is not there to be asked for."""
        calls = self._shared if isinstance(statement, Shared) else self._calls
        calls.append(lambda db: db.execute(statement, values))

    def copy_expert(self, statement: str, file: BytesIO, size: int = 8192) -> None:
        """Remember rows to add."""
        self._calls.append(lambda db: db.copy_expert(statement, file, size))

    def do(self, db: Cursor) -> None:
        """Do all of it in its order, but what changes shared rows last."""
        for call in (*self._calls, *self._shared):
            call(db)
