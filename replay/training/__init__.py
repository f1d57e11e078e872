"""Past matters without a person in them, for trainees to decide again; no ticket is touched."""

from replay.training.counterpart import answer_of, answer_told
from replay.training.drawing import Drawn, NoScenario, draw
from replay.training.scenario import Against, Asked, Scenario, Step
from replay.training.tables import Sentence, sources

__all__ = [
    "Against",
    "Asked",
    "Drawn",
    "NoScenario",
    "Scenario",
    "Sentence",
    "Step",
    "answer_of",
    "answer_told",
    "draw",
    "sources",
]
