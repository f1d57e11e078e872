"""Reads that a connection parses and plans once, however often it runs them.

Planning a page of a view takes longer than fetching it. This is for statements whose conditions
have an index in the order that is asked for, so that one plan is right for every value.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any, Final
from weakref import WeakKeyDictionary

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

PLANS_MAX: Final = 64
"""So many plans a connection keeps; the one that was not used for longest makes room."""
_MODE: Final = "set plan_cache_mode = force_generic_plan"


def execute(db: Cursor, statement: str, values: Sequence[Any]) -> None:
    """Run a statement that has `%s` for each value, by a plan made when it first ran there."""
    plans = _plans.get(db.connection)
    if plans is None:
        plans = _plans[db.connection] = _Plans()
    name = plans.of(db, statement)
    places = f"({', '.join(['%s'] * len(values))})" if values else ""
    db.execute(f"execute {name}{places}", values)


class _Plans:
    """The plans of one connection, by their statements; the last used one comes last."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._made = count()

    def of(self, db: Cursor, statement: str) -> str:
        """Return the name of a statement's plan, which is made if there is none."""
        name = self._names.pop(statement, None) or self._make(db, statement)
        self._names[statement] = name
        return name

    def _make(self, db: Cursor, statement: str) -> str:
        while len(self._names) >= PLANS_MAX:
            oldest = next(iter(self._names))
            db.execute(f"deallocate {self._names.pop(oldest)}")
        name, (first, *others) = f"planned_{next(self._made)}", statement.split("%s")
        text = first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))
        db.execute(f"{_MODE}; prepare {name} as {text}")
        return name


_plans: Final[WeakKeyDictionary[Connection, _Plans]] = WeakKeyDictionary()
