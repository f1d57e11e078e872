"""The bodies of what is asked about keeping and forgetting personal data."""

from typing import Annotated

from pydantic import Field

from api.models.base import Body, Reference
from api.models.terms import Lax
from domain.values import ErasureGround, HoldGround

Subject = Annotated[
    str,
    Field(
        pattern=r"^(buyer|merchant|agent|supervisor|arbitrator|ticket):"
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        examples=["buyer:b-1"],
    ),
]
"""Whose personal data it is: a role and a pseudonymous reference."""


class LegalHoldBody(Body):
    """The proceedings that need what is on the ticket."""

    hold: Reference
    ground: Lax[HoldGround]


class LegalHoldReleaseBody(Body):
    """The proceedings that need it no more."""

    hold: Reference


class ErasureBody(Body):
    """Who is to be forgotten, and why."""

    subject: Subject
    ground: Lax[ErasureGround]


class PreviewBody(Body):
    """Whose erasure is looked at beforehand."""

    subject: Subject
