"""The bodies of commands about pilots."""

from typing import Annotated

from pydantic import Field

from api.models.base import At, Body, Reference
from api.models.commands import Code
from domain.values import BASIS_POINTS


class PilotBody(Body):
    """Which adopted book is tried, on which new tickets, from when until when."""

    pilot: Reference
    """What the pilot is called."""
    policy: Reference
    """The book's version."""
    begins_at: At
    ends_at: At
    why: Code
    category: Reference | None = None
    """Of the goods a ticket is about; all tickets where it is not said."""
    share_bp: Annotated[int, Field(ge=0, le=BASIS_POINTS)] = BASIS_POINTS
    """Which share of these tickets is opened under the book, in basis points."""


class PilotEndBody(Body):
    """Why a pilot ends before its time."""

    why: Code
