"""Clauses: the sentences a decision rests on, in both languages, each with its branch of law.

Which decision rests on which clause is not decided here.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from domain.policies import returns
from domain.policies.quoting import Quote, Unit, filled, quoted, require_one_figure
from domain.policies.table import Source, Table, twice
from domain.policies.tags import DURATION_EN, DURATION_ZH

LegalBase = Literal["consumer protection", "network security", "personal information"]
"""The branches of law a clause can rest on (TR-06)."""


class Clause(Table):
    """One sentence a decision can rest on, in both languages."""

    id: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    quotes: Quote | None = None
    """Where the book has the one figure of the sentence, if it has one."""
    unit: Unit | None = None
    """Of the figure that is quoted."""
    legal_base: LegalBase | None = None
    source: Source | None = None
    """Whose figure stands in the sentence itself, where it is the law's and not the book's."""

    @model_validator(mode="after")
    def _quotes_one_figure(self) -> "Clause":
        if (self.quotes is None) != (self.unit is None):
            raise ValueError("a clause that quotes a figure names its unit, and no other does")
        if self.quotes is not None:
            require_one_figure((self.zh, self.en))
        return self


def resolved(clause: Clause, book: BaseModel) -> Clause:
    """Return a clause in words that can be read out, its figure taken from the book."""
    if clause.quotes is None or clause.unit is None:
        return clause
    value = quoted(clause.quotes, book, clause.unit)
    zh, en = (filled(text, value, clause.unit) for text in (clause.zh, clause.en))
    return clause.model_copy(update={"zh": zh, "en": en, "quotes": None, "unit": None})


def problems(clauses: Sequence[Clause], book: BaseModel) -> list[str]:
    """Return what is wrong with a book's clauses: twice, missing, a figure of nothing."""
    ids = [one.id for one in clauses]
    found = [
        *(f"clause {one} stands twice" for one in twice(ids)),
        *(f"clause {one} is missing" for one in returns.CLAUSES if one not in ids),
    ]
    for clause in clauses:
        try:
            resolved(clause, book)
        except LookupError:
            found.append(f"clause {clause.id} quotes {clause.quotes}, which is no figure")
    return found


def unquoted(clauses: Sequence[Clause]) -> list[str]:
    """Return the clauses with a length of time in their own words, which nobody would follow.

    A time that the law fixes may stand there when its source is named.
    """
    return [
        f"clause {one.id} names a length of time of its own: quote the book's figure, or name the "
        "law it is of as its source"
        for one in clauses
        if one.source is None and (DURATION_ZH.search(one.zh) or DURATION_EN.search(one.en))
    ]
