"""The bodies of a trainee's commands."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Body, Name, Reference
from api.models.commands import Awards, Clauses, Items, Shares, Side
from api.models.terms import Lax
from domain.values import About

SEED_MAX = 2**31 - 1
STEPS_MAX = 20_000

ScenarioName = Annotated[str, Field(pattern="^S[0-9A-HJKMNP-TV-Z]{13}$")]
"""A scenario's name: it tells nothing of the ticket it is drawn from."""


class StartBody(Body):
    """Which scenario is begun, and what the attempt is called."""

    attempt: Reference
    """A name of the trainee's choice; the same again is the same attempt."""
    scenario: ScenarioName
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] = 0
    """The same seed makes the same counterpart."""


class StepBody(Body):
    """Which step is to be shown: the one after the last."""

    step: Annotated[int, Field(ge=1, le=STEPS_MAX)]


class QuestionBody(Body):
    """Which side is asked for what."""

    party: Side
    about: Lax[About]


class TrainingRulingBody(Body):
    """The trainee's ruling: what is not asked of a scenario is left out."""

    in_favour_of: Literal["buyer", "merchant"] | None = None
    shares: Shares = ()
    awards: Awards = ()
    clauses: Clauses = Field(default_factory=list)
    relied_on: Items = Field(default_factory=list)
    outcome: Name | None = None
    """What another system called it, where that is asked."""
