"""The book's answer to each question that is asked again and again: one topic, one answer (DI-14).

A figure that stands elsewhere in the book is quoted from there and never written a second time.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, Field, model_validator

from domain.policies.table import Source, Table, twice

FIGURE: Final = "{figure}"
"""Where the figure stands in the text of an answer."""
Unit = Literal["minute", "hour", "day", "percent", "yuan"]


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


class Answer(Table):
    """What is answered to a question, with the one figure it turns on."""

    topic: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    question_zh: str = Field(min_length=1)
    question_en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    words_zh: tuple[str, ...] = Field(min_length=1)
    """Words by which a question or an answer is known to be about the topic."""
    words_en: tuple[str, ...] = Field(min_length=1)
    unit: Unit
    value: int | None = Field(default=None, ge=0)
    quotes: str | None = Field(default=None, pattern=r"^[a-z_]+(\.[a-z0-9_]+)+$")
    """Where in the book the figure stands: a table, the name of a row if it has rows, a column."""
    source: Source

    @model_validator(mode="after")
    def _has_one_figure(self) -> "Answer":
        if (self.value is None) == (self.quotes is None):
            raise ValueError("an answer has a value or quotes one, and not both")
        for text in (self.zh, self.en):
            if text.count(FIGURE) != 1:
                raise ValueError(f"the figure stands once in an answer, as {FIGURE}")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of both languages."""
        return *self.words_zh, *self.words_en


class BookAnswer(Table):
    """An answer with its figure, wherever in the book it stood."""

    topic: str
    zh: str
    en: str
    words: tuple[str, ...]
    measure: Measure
    value: int
    """In the unit of the measure."""


def resolved(answers: Iterable[Answer], book: BaseModel) -> tuple[BookAnswer, ...]:
    """Return answers with their figures, the quoted ones taken from the book."""
    return tuple(_resolved(answer, book) for answer in answers)


def problems(answers: Sequence[Answer], book: BaseModel) -> list[str]:
    """Return what is wrong with a book's answers: two for a topic or a word, figures of nothing."""
    found = [f"answer {one} stands twice" for one in twice([one.topic for one in answers])]
    found += [
        f"answer {answer.topic}: the word {word} belongs to two topics"
        for word in twice([word for answer in answers for word in answer.words])
        for answer in answers
        if word in answer.words
    ]
    for answer in answers:
        try:
            _resolved(answer, book)
        except LookupError:
            found.append(f"answer {answer.topic} quotes {answer.quotes}, which is no figure")
    return found


def _resolved(answer: Answer, book: BaseModel) -> BookAnswer:
    measure, size = UNITS[answer.unit]
    value = _quoted(answer.quotes, book, size) if answer.quotes else (answer.value or 0) * size
    figure = str(value // size)
    return BookAnswer(
        topic=answer.topic,
        zh=answer.zh.replace(FIGURE, figure),
        en=answer.en.replace(FIGURE, figure),
        words=answer.words,
        measure=measure,
        value=value,
    )


def _quoted(path: str, book: BaseModel, size: int) -> int:
    """Return the figure at a place of the book; LookupError when there is none in whole units."""
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


def _row(rows: tuple[object, ...], name: str) -> object:
    for row in rows:
        if name in {getattr(row, "name", None), getattr(row, "id", None)}:
            return row
    raise LookupError(name)
