"""Whether what an agent answers is what the book answers; the text itself is judged by nobody here.

Only figures are compared: two sentences of one meaning may be worded as differently as people are.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from domain.policies.answers import BookAnswer
from domain.policies.lexicon import Lexicon
from domain.policies.quoting import UNITS
from domain.ticket.figures import Figure, figures
from domain.ticket.phrases import Match, Owner, Phrases, outermost, phrase
from domain.ticket.same import Same

_SENTENCE_END: Final = re.compile(r"[!?;。\n]|\.(?!\d)")
_CLAUSE_END: Final = re.compile(r"[,、:]")

COUNTED: Final = frozenset({"minute", "hour", "day", "hundredth"})
"""Units that have a plural."""


class Difference(msgspec.Struct, frozen=True):
    """A figure in an answer that is not the book's."""

    topic: str
    said: str
    """The figure that was said, with its unit; never the sentence."""
    book: str


def differs(
    text: str, answers: Sequence[BookAnswer], *, lexicon: Lexicon
) -> tuple[Difference, ...]:
    """Return where a text states another figure for a topic than the book does.

    A figure belongs to the topic named before it in its clause, else to the one named after it
    there, else to the last one of its sentence that had no figure yet. One that is denied ("not 30
    days") is not stated.
    """
    folded = lexicon.fold(text)
    if not figures(folded):
        return ()
    topics = _topics(Same(answers), Same(lexicon))
    found = [
        difference
        for sentence in _SENTENCE_END.split(folded)
        for difference in _of_a_sentence(sentence, answers, topics, lexicon)
    ]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=8)
def _topics(answers: Same[Sequence[BookAnswer]], lexicon: Same[Lexicon]) -> Phrases:
    """Return the words that name the topics of one book."""
    words = lexicon.table
    gaps = (words.en.gap, words.zh.gap)
    return Phrases(
        phrase(words.fold(word), Owner("answer", row), gaps=gaps, inflected=True)
        for row, answer in enumerate(answers.table)
        for word in answer.words
    )


def _of_a_sentence(
    sentence: str, answers: Sequence[BookAnswer], topics: Phrases, lexicon: Lexicon
) -> list[Difference]:
    found = []
    open_topic: int | None = None
    for clause in _CLAUSE_END.split(sentence):
        named = outermost(topics.find(clause))
        stated = figures(clause)
        settled = False
        for figure in stated:
            row = _topic(figure, named, answers, open_topic)
            if row is None:
                continue
            settled = True
            answer = answers[row]
            if figure.value != answer.value and not _denied(clause, figure, lexicon):
                said, book = _spelled(figure.value, answer), _spelled(answer.value, answer)
                found.append(Difference(topic=answer.topic, said=said, book=book))
        if named:
            open_topic = named[-1].owner.row
        if settled:
            open_topic = None
    return found


def _topic(
    figure: Figure, named: Sequence[Match], answers: Sequence[BookAnswer], open_topic: int | None
) -> int | None:
    """Return the topic that a figure is about, if it is about one."""
    fitting = [one for one in named if answers[one.owner.row].measure is figure.measure]
    before = [one for one in fitting if one.start <= figure.start]
    if before:
        return before[-1].owner.row
    if fitting:
        return fitting[0].owner.row
    if named or open_topic is None or answers[open_topic].measure is not figure.measure:
        return None
    return open_topic


def _spelled(value: int, answer: BookAnswer) -> str:
    """Return a figure in the largest unit in which it is a whole number."""
    unit, size = max(
        (
            (unit, size)
            for unit, (measure, size) in UNITS.items()
            if measure is answer.measure and value % size == 0
        ),
        key=lambda one: one[1],
        default=("hundredth", 1),
    )
    count = value // size
    return f"{count} {unit}" if count == 1 or unit not in COUNTED else f"{count} {unit}s"


def _denied(clause: str, figure: Figure, lexicon: Lexicon) -> bool:
    before = clause[: figure.start].rstrip()
    negators = (*lexicon.zh.negators, *lexicon.en.negators)
    return before.endswith(negators)
