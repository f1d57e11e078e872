"""Facts of training: attempts of a trainee at past matters; no ticket is touched by them."""

from typing import ClassVar

from domain.events.base import TrainingEvent
from domain.values import (
    About,
    AnsweredBy,
    Party,
    Points,
    RemedyDifference,
    ShareDifference,
    Verdict,
)


class TrainingStarted(TrainingEvent, frozen=True):
    """A trainee began a scenario; who is in the record around it."""

    TOPIC: ClassVar[str] = "training.started.v1"

    scenario: str
    """A name that tells nothing of the ticket it is drawn from."""
    seed: int
    steps: int
    """How many there are before the decision."""
    decision: int
    """The version at which the past matter was decided: a later one changes no attempt."""


class TrainingStepShown(TrainingEvent, frozen=True):
    """The trainee saw the next step."""

    TOPIC: ClassVar[str] = "training.step_shown.v1"

    step: int


class TrainingQuestionAsked(TrainingEvent, frozen=True):
    """The trainee asked a side, which answered from the history or from the script."""

    TOPIC: ClassVar[str] = "training.question_asked.v1"

    step: int
    """The last one that was shown."""
    party: Party
    about: About
    answered_by: AnsweredBy
    refers_to: tuple[str, ...]
    """Steps or evidence items of the scenario, or the line of the script."""


class TrainingRulingGiven(TrainingEvent, frozen=True):
    """The trainee decided the past matter."""

    TOPIC: ClassVar[str] = "training.ruling_given.v1"

    verdict: Verdict


class TrainingCompared(TrainingEvent, frozen=True):
    """The trainee's ruling was held against the real decision; the attempt is over."""

    TOPIC: ClassVar[str] = "training.compared.v1"

    real: Verdict
    shares: tuple[ShareDifference, ...]
    remedies: tuple[RemedyDifference, ...]
    clauses_missed: tuple[str, ...]
    clauses_extra: tuple[str, ...]
    evidence_missed: tuple[str, ...]
    evidence_extra: tuple[str, ...]
    within_cap: bool
    """Whether the order would have allowed what the trainee gave, by the caps of `policy`."""
    policy: str
    """The book the matter was decided under."""
    points: tuple[Points, ...]
    """Of the parts the real decision tells."""
    score: int
    """From 0 to 100."""
    scoring: str
    """The table the points follow from."""
