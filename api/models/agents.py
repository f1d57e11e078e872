"""The bodies of commands about agents."""

from typing import Annotated, Final

from pydantic import Field

from api.models.base import At, Body
from api.models.commands import Code
from api.models.terms import Lax
from domain.values import BASIS_POINTS, Examination

SKILLS_MAX: Final = 50

Skills = Annotated[tuple[Code, ...], Field(strict=False, max_length=SKILLS_MAX)]


class AgentBody(Body):
    """Where an agent works, and what they are able to do."""

    desk: Code
    skills: Skills = ()


class CertificateGrantBody(Body):
    """An examination an agent passed."""

    certificate: Lax[Examination]
    expires_at: At
    """The first instant at which it counts no more."""


class CertificateWithdrawalBody(Body):
    """Why a certificate is taken from an agent."""

    certificate: Lax[Examination]
    why: Code


class MoveBody(Body):
    """To which desk an agent moves, and why."""

    desk: Code
    why: Code


class AgentRatingBody(Body):
    """Which share of an agent's answers was found good, in basis points."""

    good_bp: Annotated[int, Field(ge=0, le=BASIS_POINTS)]
