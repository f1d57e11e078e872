"""What every table of the book has in common: it is frozen, and it knows all its columns."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

ROWS: Final[Mapping[str, int]] = {
    **{"IN": 13, "DI": 14, "SL": 27, "RO": 7, "RE": 22, "AR": 10},
    **{"PR": 5, "CL": 19, "KN": 4, "CO": 5, "TR": 7, "PK": 6},
}
"""The chapters of the rulebook by their letters, and how many rows each has."""
_ROW: Final = re.compile(r"\b([A-Z]{2})-([0-9]{2})\b")
_OTHER: Final = re.compile(
    r"\bours\b|\bLaw of the PRC\b|\bnotice of the State Council\b"
    r"|^rulebook, (words\b|section [0-9])"
)


def is_row(chapter: str, number: str) -> bool:
    """Return whether the rulebook has a row of a chapter."""
    return 1 <= int(number) <= ROWS.get(chapter, 0)


def rows_of(source: str | None) -> list[str]:
    """Return the rows of the rulebook that a source names."""
    return [f"{chapter}-{number}" for chapter, number in _ROW.findall(source or "")]


def _known(source: str) -> str:
    rows = _ROW.findall(source)
    unknown = [f"{chapter}-{number}" for chapter, number in rows if not is_row(chapter, number)]
    if unknown:
        raise ValueError(f"names {unknown[0]}, which the rulebook does not have")
    if not rows and not _OTHER.search(source):
        raise ValueError('names no row of the rulebook and no law, and is not "ours"')
    return source


Source = Annotated[str, AfterValidator(_known)]
"""Where figures come from: rows of the rulebook, a law, or "ours" where practice fixes none."""

LONGEST_YEARS: Final = 100
LONGEST: Final = timedelta(days=LONGEST_YEARS * 365)
"""The longest time a book may give anybody.

No matter lasts as long, and what is added to today stays far from the end of the calendar, where
there are no instants any more.
"""


def _in_sight(length: timedelta) -> timedelta:
    if length > LONGEST:
        raise ValueError(
            f"{length.days} days are more than {LONGEST_YEARS} years, which nobody waits for and "
            "no calendar reaches: write a shorter time"
        )
    return length


def _days_in_sight(days: int) -> int:
    if days > LONGEST.days:
        raise ValueError(
            f"{days} days are more than {LONGEST_YEARS} years, which nobody waits for and no "
            "calendar reaches: write fewer"
        )
    return days


Duration = Annotated[timedelta, AfterValidator(_in_sight)]
"""A time that a book gives, or lets pass; which ones are too short is said where it stands."""
Days = Annotated[int, AfterValidator(_days_in_sight)]
"""A time in whole days."""


class Table(BaseModel):
    """One row, or one small table, of the book."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ROWS_STEP: Final = "rows"
"""Where a column keeps its rows; in a book they stand in the table itself."""
Key = TypeVar("Key")
Value = TypeVar("Value")


class Column(Table, Generic[Key, Value]):
    """A table of one figure a row, its rows called by what they are about."""

    rows: dict[Key, Value]
    source: Source | None = None
    """None in books that were adopted before such tables said so."""

    @model_validator(mode="before")
    @classmethod
    def _source_aside(cls, table: Any) -> Any:
        """Tell the source from the rows it stands among."""
        if not isinstance(table, Mapping) or isinstance(table.get(ROWS_STEP), Mapping):
            return table
        rows = {name: value for name, value in table.items() if name != "source"}
        return {ROWS_STEP: rows, **({"source": table["source"]} if "source" in table else {})}

    def __getitem__(self, key: Key) -> Value:
        """Return the figure of a row; the book's validator proves that there is one."""
        return self.rows[key]

    def __contains__(self, key: object) -> bool:
        """Return whether there is such a row."""
        return key in self.rows


def twice(names: Sequence[str]) -> list[str]:
    """Return the names that stand more than once."""
    return sorted({name for name in names if names.count(name) > 1})
