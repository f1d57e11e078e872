"""What training is told by: where a matter was decided, how hard it is, and what is compared."""

from enum import StrEnum

import msgspec

from domain.values.amounts import Money, Share, Terms
from domain.values.matters import RemedyKind, Responsible
from domain.values.people import Party


class Decided(StrEnum):
    """What kind of decision ends a scenario."""

    RULING = "ruling"
    APPEAL = "appeal"
    """What was decided on appeal: the ruling was upheld, varied or overturned."""
    RESOLUTION = "resolution"
    """A written resolution that a supervisor signed."""
    APPROVAL = "approval"
    """The merchant granted it by its own rules."""
    SETTLEMENT = "settlement"
    """Both sides agreed."""
    GOODWILL = "goodwill"
    ANSWER = "answer"
    """The platform answered, and gave nothing."""
    SOURCE = "source"
    """Another system's outcome: there is no ruling of ours."""


class Ending(StrEnum):
    """How a scenario ends, as far as it may be told before the trainee has ruled.

    It tells what is asked, and nothing of what was decided.
    """

    RULING = "ruling"
    """A ruling, or what was decided on the appeal against it."""
    NO_RULING = "no_ruling"
    """The desk, the merchant or both sides ended it."""
    SOURCE = "source"
    """Another system did."""


class Difficulty(StrEnum):
    """How hard a scenario is, in rising weight; it follows from its course, not its outcome."""

    EASY = "easy"
    """It came to no ruling."""
    MEDIUM = "medium"
    """It was ruled, and nobody appealed."""
    HARD = "hard"
    """It is decided on appeal."""


class About(StrEnum):
    """What a trainee asks a side for."""

    STATEMENT = "statement"
    EVIDENCE = "evidence"


class AnsweredBy(StrEnum):
    """Where an answer to a trainee comes from."""

    HISTORY = "history"
    """From what the side had said or shown by then."""
    SCRIPT = "script"


class Part(StrEnum):
    """What of a decision is compared."""

    FAVOUR = "favour"
    SHARES = "shares"
    REMEDIES = "remedies"
    CLAUSES = "clauses"
    EVIDENCE = "evidence"
    OUTCOME = "outcome"


class Verdict(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A decision of a past matter: the trainee's, or the real one."""

    shares: tuple[Share, ...]
    awards: tuple[Terms, ...]
    clauses: tuple[str, ...]
    relied_on: tuple[str, ...]
    in_favour_of: Party | None = None
    outcome: str | None = None
    """What another system called it."""


class ShareDifference(msgspec.Struct, frozen=True, gc=False):
    """What one party bears by the trainee and by the real decision."""

    party: Responsible
    given_bp: int
    real_bp: int


class RemedyDifference(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One remedy of the trainee beside one of the real decision."""

    kind: RemedyKind
    found: str
    """same, amount_differs, missed or extra."""
    given: Money | None = None
    real: Money | None = None


class Points(msgspec.Struct, frozen=True, gc=False):
    """How many points of how many a part of a decision is worth."""

    part: Part
    points: int
    of: int
