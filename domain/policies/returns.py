"""Exceptions to the general rule of returns, by category of goods (DI-07); who decides is not here.

The general rule, what may go back until when, is the book's table of returns.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import Field, model_validator

from domain.policies.table import Days, Source, Table

CLAUSES: Final = (
    "returns.not_signed",
    "returns.quality",
    "returns.excluded",
    "returns.no_reason",
    "returns.window_passed",
)
"""What every answer about a return rests on where no exception names its own."""


class ReturnException(Table):
    """What another rule applies to than the general one, and its clause."""

    category: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    opened: bool = False
    """Whether it holds only for goods that have been opened."""
    no_reason_days: Days = Field(ge=0)
    """0 where the goods do not go back without a reason at all."""
    quality_days: Days | None = Field(default=None, gt=0)
    """None where the general time holds."""
    clause: str = Field(pattern=r"^returns\.[a-z_]+$")
    source: Source

    @model_validator(mode="after")
    def _leaves_faults_alone(self) -> "ReturnException":
        if self.opened and self.quality_days is not None:
            raise ValueError("a fault is found by opening: that shortens no time")
        return self


def problems(
    exceptions: Sequence[ReturnException], *, excluded: Sequence[str], clauses: frozenset[str]
) -> list[str]:
    """Return what is wrong with exceptions: two for one case, no clause, no use."""
    cases = [(one.category, one.opened) for one in exceptions]
    found = [
        f"return_exception {category} stands twice for {'opened' if opened else 'all'} goods"
        for category, opened in sorted({case for case in cases if cases.count(case) > 1})
    ]
    found += [
        f"return_exception {one.category} names the unknown clause {one.clause}"
        for one in exceptions
        if one.clause not in clauses
    ]
    found += [
        f"return_exception {one.category} has a time, and the category is excluded"
        for one in exceptions
        if one.category in excluded and one.no_reason_days > 0
    ]
    return found
