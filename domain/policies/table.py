"""What every table of the book has in common: it is frozen, and it knows all its columns."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

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


class Table(BaseModel):
    """One row, or one small table, of the book."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def twice(names: Sequence[str]) -> list[str]:
    """Return the names that stand more than once."""
    return sorted({name for name in names if names.count(name) > 1})
