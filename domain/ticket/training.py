"""The judge and the fold of attempts at past matters: no ticket is read or written here."""

from typing import Final

import msgspec
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AnswerKey,
    AskCounterpart,
    GiveTrainingRuling,
    ShowTrainingStep,
    StartTraining,
)
from domain.events import (
    Event,
    TrainingCompared,
    TrainingQuestionAsked,
    TrainingRulingGiven,
    TrainingStarted,
    TrainingStepShown,
)
from domain.ticket.context import Context
from domain.ticket.files import SIDES
from domain.ticket.guards import require_role
from domain.ticket.state import Stamp
from domain.ticket.verdicts import compared, sound
from domain.values import STAFF, Actor, Verdict

AnyTrainingCommand = StartTraining | ShowTrainingStep | AskCounterpart | GiveTrainingRuling
QUESTIONS_MAX: Final = 40
"""So many questions one attempt may ask; a scenario is answered with less."""


class Attempt(msgspec.Struct, frozen=True):
    """How far a trainee has come with a scenario."""

    trainee: Actor
    scenario: str
    seed: int
    steps: int
    decision: int
    shown: int = 0
    questions: tuple[TrainingQuestionAsked, ...] = ()
    verdict: Verdict | None = None
    compared: TrainingCompared | None = None


def decide_training(
    command: AnyTrainingCommand, attempt: Attempt | None, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow from a trainee's command, or raise why not."""
    require_role(context, *STAFF)
    if isinstance(command, StartTraining):
        return _start(command, attempt, context.actor)
    if attempt is None or attempt.trainee != context.actor:
        raise errors.UnknownAttempt
    if isinstance(command, GiveTrainingRuling):
        return _rule(command, attempt)
    if isinstance(command, ShowTrainingStep) and command.step <= attempt.shown:
        return ()
    if attempt.verdict is not None:
        raise errors.AttemptOver
    if isinstance(command, AskCounterpart):
        return _ask(command, attempt)
    if command.step > attempt.steps:
        raise errors.Unreasonable("The scenario has no such step.", steps=attempt.steps)
    if command.step != attempt.shown + 1:
        raise errors.StepsFirst(next_step=attempt.shown + 1)
    return (TrainingStepShown(step=command.step),)


def evolve_training(attempt: Attempt | None, event: Event, stamp: Stamp) -> Attempt:
    """Return the attempt after one more fact."""
    if isinstance(event, TrainingStarted):
        return Attempt(
            trainee=stamp.actor,
            scenario=event.scenario,
            seed=event.seed,
            steps=event.steps,
            decision=event.decision,
        )
    assert attempt is not None, "an attempt's first fact is that it was begun"
    match event:
        case TrainingStepShown():
            return replace(attempt, shown=event.step)
        case TrainingQuestionAsked():
            return replace(attempt, questions=(*attempt.questions, event))
        case TrainingRulingGiven():
            return replace(attempt, verdict=event.verdict)
        case TrainingCompared():
            return replace(attempt, compared=event)
        case _:
            raise AssertionError("only facts of training lie on an attempt's stream")


def _start(command: StartTraining, attempt: Attempt | None, trainee: Actor) -> tuple[Event, ...]:
    if attempt is not None:
        begun = (attempt.trainee, attempt.scenario, attempt.seed)
        if begun != (trainee, command.scenario, command.seed):
            raise errors.AttemptKnownOtherwise
        return ()
    assert command.decision > 0, "a scenario is found before it is begun"
    return (
        TrainingStarted(
            scenario=command.scenario,
            seed=command.seed,
            steps=command.steps,
            decision=command.decision,
        ),
    )


def _ask(command: AskCounterpart, attempt: Attempt) -> tuple[Event, ...]:
    """A question is answered once a step: the same again is a repetition."""
    if command.party not in SIDES:
        raise errors.Unreasonable("Asked are buyer and merchant.")
    answered = command.answered
    assert answered is not None, "an answer is found before it is recorded"
    asked = (answered.step, command.party, command.about)
    if asked in {(one.step, one.party, one.about) for one in attempt.questions}:
        return ()
    if len(attempt.questions) == QUESTIONS_MAX:
        raise errors.LimitReached("So many questions are not answered.", limit=QUESTIONS_MAX)
    return (
        TrainingQuestionAsked(
            step=answered.step,
            party=command.party,
            about=command.about,
            answered_by=answered.by,
            refers_to=answered.refers_to,
        ),
    )


def _rule(command: GiveTrainingRuling, attempt: Attempt) -> tuple[Event, ...]:
    """A ruling is given once, when all is shown; it is compared in the same append."""
    key: AnswerKey | None = command.key
    assert key is not None, "the real decision is found before a ruling is held against it"
    given = sound(command.verdict, key)
    if attempt.verdict is not None:
        if given != attempt.verdict:
            raise errors.AttemptOver
        return ()
    if attempt.shown < attempt.steps:
        raise errors.StepsFirst(next_step=attempt.shown + 1)
    return (TrainingRulingGiven(verdict=given), compared(given, key))
