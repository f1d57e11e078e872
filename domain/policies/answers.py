"""The book's answer to each question that is asked again and again: one topic, one answer (DI-14).

A figure that stands elsewhere in the book is quoted from there and never written a second time.
"""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, Field, model_validator

from domain.policies.quoting import (
    UNITS,
    Measure,
    Quote,
    Unit,
    filled,
    quoted,
    require_one_figure,
)
from domain.policies.table import Source, Table, twice


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
    quotes: Quote | None = None
    source: Source

    @model_validator(mode="after")
    def _has_one_figure(self) -> "Answer":
        if (self.value is None) == (self.quotes is None):
            raise ValueError("an answer has a value or quotes one, and not both")
        require_one_figure((self.zh, self.en))
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
    if answer.quotes is None:
        value = (answer.value or 0) * size
    else:
        value = quoted(answer.quotes, book, answer.unit)
    return BookAnswer(
        topic=answer.topic,
        zh=filled(answer.zh, value, answer.unit),
        en=filled(answer.en, value, answer.unit),
        words=answer.words,
        measure=measure,
        value=value,
    )
