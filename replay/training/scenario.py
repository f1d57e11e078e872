"""What a scenario is: steps of a past matter that tell of nobody, and what is asked at the end."""

import msgspec

from domain.values import (
    Decided,
    Difficulty,
    Ending,
    EvidenceKind,
    Kind,
    Part,
    Party,
    Reason,
    Stage,
)


class Told(msgspec.Struct, frozen=True):
    """One thing a step tells."""

    name: str
    value: str


class Text(msgspec.Struct, frozen=True):
    """That there was a text: its kind and length, and a sentence of ours in its place."""

    kind: str
    length: str
    """short, medium, long, or forgotten where it was erased."""
    zh: str
    en: str


class Step(msgspec.Struct, frozen=True):
    """One fact of the past matter."""

    step: int
    """From 1; 0 for what came after the decision."""
    after_min: int
    """Whole minutes since the matter was opened; negative for what was before."""
    by: str
    """A role, or a name within the scenario: buyer, merchant, agent-1 …"""
    what: str
    """The fact's topic without its version."""
    stage: Stage
    told: tuple[Told, ...]
    texts: tuple[Text, ...]


class Item(msgspec.Struct, frozen=True):
    """An evidence item that could be relied on."""

    item: str
    kind: EvidenceKind
    party: Party
    step: int
    """With which it came on record."""


class Clause(msgspec.Struct, frozen=True):
    """A clause of the book the matter was decided under."""

    clause: str
    zh: str
    en: str


class Worth(msgspec.Struct, frozen=True):
    """What a part of the decision is worth."""

    part: Part
    of: int


class Against(msgspec.Struct, frozen=True):
    """What the trainee's ruling is held against, in a sentence, and whose decision that is."""

    zh: str
    en: str
    system: str | None
    """The other system, where it is another one's."""


class Asked(msgspec.Struct, frozen=True):
    """What a trainee is asked when all steps were shown."""

    parts: tuple[Worth, ...]
    """What is compared."""
    lines: tuple[str, ...]
    """Of the order, for remedies."""
    evidence: tuple[Item, ...]
    clauses: tuple[Clause, ...]
    choices: tuple[str, ...]
    """The words of another system, where its outcome is asked and they are known."""


class Scenario(msgspec.Struct, frozen=True):
    """A past matter as a trainee may live through it."""

    scenario: str
    decided: Decided
    """Told when the trainee has ruled; `ending` is what is told before."""
    ending: Ending
    reason: Reason
    kind: Kind
    difficulty: Difficulty
    imported: bool
    """Whether it is another system's: then its outcome is the real decision, no ruling of ours."""
    beforehand: Against
    """What is told of it until the trainee has ruled."""
    against: Against
    steps: tuple[Step, ...]
    asked: Asked
    afterwards: tuple[Step, ...]
    """What came of it; shown when the trainee has ruled."""
