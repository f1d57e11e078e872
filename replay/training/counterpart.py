"""The other side, played: what it had said or shown by then, and else a line of the script."""

import hashlib
from collections.abc import Sequence
from typing import Final

from domain.commands import Answered
from domain.ticket.training import Attempt
from domain.values import About, AnsweredBy, Party, Stage
from replay.training.scenario import Scenario, Step
from replay.training.tables import Line, Sentence, script

_SPOKEN: Final = frozenset(
    {"statement", "message", "refusal", "offer", "decline", "contest", "grounds", "reopening"}
)
_LISTED_MAX: Final = 20


def answer_of(scenario: Scenario, attempt: Attempt, party: Party, about: About) -> Answered:
    """Return what a side answers after the steps shown so far; the same for a seed, for ever."""
    shown = scenario.steps[: attempt.shown]
    history = (
        _statements(shown, party) if about is About.STATEMENT else _items(scenario, attempt, party)
    )
    if history:
        return Answered(attempt.shown, AnsweredBy.HISTORY, history[-_LISTED_MAX:])
    stage = shown[-1].stage if shown else Stage.INTAKE
    lines = [one for one in script() if one.fits(party, about, scenario.reason, stage)]
    drawn = _drawn(
        f"{attempt.seed}\x1f{scenario.scenario}\x1f{attempt.shown}\x1f{party}\x1f{about}"
    )
    return Answered(attempt.shown, AnsweredBy.SCRIPT, (lines[drawn % len(lines)].id,))


def answer_told(
    scenario: Scenario, by: AnsweredBy, refers_to: Sequence[str]
) -> tuple[Sentence, ...]:
    """Return the sentences of an answer on record."""
    if by is AnsweredBy.SCRIPT:
        lines = {one.id: one for one in script()}
        return tuple(_sentence(lines[one]) for one in refers_to if one in lines)
    numbers = {one for one in refers_to if one.isdigit()}
    return tuple(
        Sentence(text.zh, text.en)
        for step in scenario.steps
        if str(step.step) in numbers
        for text in step.texts
    )


def _statements(shown: Sequence[Step], party: Party) -> tuple[str, ...]:
    """Return the steps in which a side spoke."""
    return tuple(
        str(step.step)
        for step in shown
        if step.by == party and any(text.kind in _SPOKEN for text in step.texts)
    )


def _items(scenario: Scenario, attempt: Attempt, party: Party) -> tuple[str, ...]:
    """Return the evidence items of a side that are on record by now."""
    return tuple(
        one.item
        for one in scenario.asked.evidence
        if one.party is party and 0 < one.step <= attempt.shown
    )


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _sentence(line: Line) -> Sentence:
    return Sentence(line.zh, line.en)
