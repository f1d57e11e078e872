"""The vocabulary of a book: what everything its tables speak of is called, in both languages.

Words the program knows by itself (kinds, parties, channels …) have a name each and none beside
them; the free ones (categories of goods, marks of orders, skills) are closed lists, so a slip of
the pen in another table names nothing. What a class or a queue makes of a word is not here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from pydantic import Field

from domain.policies.matters import MatterClass
from domain.policies.table import Source, Table, twice
from domain.values import (
    Awaiting,
    Channel,
    Examination,
    Kind,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Sentiment,
    Stage,
    Tier,
    Urgency,
)


class Word(Table):
    """One word of the tables and its names."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


Words = tuple[Word, ...]


class Vocabulary(Table):
    """Every word by what it is a word for."""

    kind: Words
    responsible: Words
    scenario: Words
    channel: Words
    tier: Words
    reason: Words
    remedy: Words
    urgency: Words
    sentiment: Words
    stage: Words
    awaiting: Words
    examination: Words
    category: Words
    """Of goods."""
    service: Words
    """What an order can be marked as."""
    skill: Words
    """What an agent can be able to do."""
    currency: Words
    source: Source

    def of(self, subject: str) -> Words:
        """Return the words of a subject."""
        words: Words = getattr(self, subject)
        return words

    def ids(self, subject: str) -> frozenset[str]:
        """Return what the words of a subject are called in tables."""
        return frozenset(one.id for one in self.of(subject))

    def word(self, subject: str, name: str) -> Word | None:
        """Return a word of a subject; None for what was reported and no table speaks of."""
        return next((one for one in self.of(subject) if one.id == name), None)

    def told(self) -> Iterator[Word]:
        """Return the words by which a ticket is told, in the order of their subjects."""
        for subject in TOLD:
            yield from self.of(subject)


SUBJECTS: Final = tuple(name for name in Vocabulary.model_fields if name != "source")
TOLD: Final = tuple(one for one in SUBJECTS if one not in {"examination", "skill", "currency"})
"""Of these no word means one thing here and another there."""
KNOWN: Final[Mapping[str, type[StrEnum]]] = {
    "kind": Kind,
    "responsible": Responsible,
    "scenario": Scenario,
    "channel": Channel,
    "tier": Tier,
    "reason": Reason,
    "remedy": RemedyKind,
    "urgency": Urgency,
    "sentiment": Sentiment,
    "stage": Stage,
    "awaiting": Awaiting,
    "examination": Examination,
}
"""The words the program knows by itself; all others are the book's own."""


def problems(vocabulary: Vocabulary) -> list[str]:
    """Return what is wrong with the words themselves: missing, unknown, twice."""
    found = []
    for subject in SUBJECTS:
        ids = [one.id for one in vocabulary.of(subject)]
        found += [f"vocabulary {subject} {one} stands twice" for one in twice(ids)]
        for language in ("zh", "en"):
            names = [getattr(one, language) for one in vocabulary.of(subject)]
            found += [
                f"vocabulary {subject}: two words are called {one} ({language})"
                for one in twice(names)
            ]
        known = KNOWN.get(subject)
        if known is not None:
            theirs = [one.value for one in known]
            found += [f"vocabulary {subject} {one} is missing" for one in theirs if one not in ids]
            found += [
                f"vocabulary {subject} {one} is a word the program does not know"
                for one in ids
                if one not in theirs
            ]
    return found


def unknown(vocabulary: Vocabulary, named: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return the words that tables name and the vocabulary has not: (table and row, subject, word).

    A subject's list is closed: what is in none of its rows is a slip of the pen.
    """
    known = {subject: vocabulary.ids(subject) for subject in SUBJECTS}
    return [
        f"{place} names the {subject} {word}, which is not in the vocabulary"
        for place, subject, word in named
        if word not in known[subject]
    ]


def of_classes(classes: Sequence[MatterClass]) -> Iterator[tuple[str, str, str]]:
    """Return the free words by which classes of matters are told, each with its place."""
    for one in classes:
        for condition in one.any:
            for word in (*condition.category, *condition.bought):
                yield f"matter {one.name}", "category", word
            for word in condition.service:
                yield f"matter {one.name}", "service", word
