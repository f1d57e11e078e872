"""Figures in the book's sentences: a sentence quotes its figure from where it stands in the book.

So a figure is written once, and what is said of it changes with it (DI-14). What the sentences are
for is not here.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

FIGURE: Final = "{figure}"
"""Where the figure stands in a sentence."""
Unit = Literal["minute", "hour", "day", "percent", "yuan"]
Quote = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z0-9_]+)+$")]
"""Where in the book a figure stands: a table, the name of a row if it has rows, a column."""


class Measure(StrEnum):
    """What a figure measures, and the unit in which figures are compared."""

    TIME = "time"
    """In minutes."""
    SHARE = "share"
    """In basis points."""
    AMOUNT = "amount"
    """In minor units of the currency spoken of."""


UNITS: Final[dict[str, tuple[Measure, int]]] = {
    "minute": (Measure.TIME, 1),
    "hour": (Measure.TIME, 60),
    "day": (Measure.TIME, 24 * 60),
    "percent": (Measure.SHARE, 100),
    "yuan": (Measure.AMOUNT, 100),
}


def quoted(path: str, book: BaseModel, unit: Unit) -> int:
    """Return the figure at a place of the book in its measure's own unit.

    Raises LookupError when there is none there, or none in whole units of the sentence.
    """
    _, size = UNITS[unit]
    found: object = book
    for step in path.split("."):
        found = _row(found, step) if isinstance(found, tuple) else getattr(found, step, None)
    if isinstance(found, timedelta):
        minutes, rest = divmod(found, timedelta(minutes=1))
        if rest or minutes % size:
            raise LookupError(path)
        return minutes
    if isinstance(found, int) and not isinstance(found, bool):
        return found * size
    raise LookupError(path)


def filled(text: str, value: int, unit: Unit) -> str:
    """Return a sentence with its figure, which is given in its measure's own unit."""
    _, size = UNITS[unit]
    return text.replace(FIGURE, str(value // size))


def require_one_figure(texts: Iterable[str]) -> None:
    """Let sentences pass in which the figure stands once; raise ValueError for others."""
    for text in texts:
        if text.count(FIGURE) != 1:
            raise ValueError(f"the figure stands once in a sentence, as {FIGURE}")


def _row(rows: tuple[object, ...], name: str) -> object:
    for row in rows:
        if name in {getattr(row, "name", None), getattr(row, "id", None)}:
            return row
    raise LookupError(name)
