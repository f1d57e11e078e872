"""Intentions of training: a trainee lives through a past matter and decides it again."""

from typing import ClassVar

import msgspec

from domain.commands.base import Command
from domain.values import (
    About,
    AnsweredBy,
    Decided,
    Money,
    Party,
    Points,
    Verdict,
)


class Room(msgspec.Struct, frozen=True):
    """What could still be given on a line of the order when the matter was decided."""

    line: str
    refund: Money
    payout: Money


class AnswerKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a trainee's ruling is held against; the caller never says it."""

    decided: Decided
    real: Verdict
    worth: tuple[Points, ...]
    """What each part that is compared is worth; no points yet."""
    scoring: str
    evidence: tuple[str, ...]
    """The items on record at the decision."""
    policy: str
    """The book the matter was decided under."""
    clauses: tuple[str, ...]
    """Those of that book."""
    rooms: tuple[Room, ...]


class Answered(msgspec.Struct, frozen=True):
    """What a side answers, found by the program."""

    step: int
    """As of this step."""
    by: AnsweredBy
    refers_to: tuple[str, ...]
    """Steps or evidence items of the scenario, or the line of the script."""


class TrainingCommand(Command, frozen=True, kw_only=True):
    """A command of an attempt at a scenario."""

    attempt: str


class StartTraining(TrainingCommand, frozen=True, kw_only=True):
    """Begin an attempt at a scenario."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("steps", "decision")

    scenario: str
    seed: int = 0
    """The same seed makes the same counterpart."""
    steps: int = 0
    decision: int = 0
    """The version at which the past matter was decided."""


class ShowTrainingStep(TrainingCommand, frozen=True, kw_only=True):
    """See the next step of the past matter."""

    step: int
    """From 1; a step that was shown is not shown again."""


class AskCounterpart(TrainingCommand, frozen=True, kw_only=True):
    """Ask a side for a statement or evidence before the ruling."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("answered",)

    party: Party
    about: About
    answered: Answered | None = None


class GiveTrainingRuling(TrainingCommand, frozen=True, kw_only=True):
    """Decide the past matter, and see what was really decided."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("key",)

    verdict: Verdict
    key: AnswerKey | None = None
