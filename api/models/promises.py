"""The bodies of what is reported of a matter, planned, waited for, and asked of departments."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import At, Body, Reference, Text
from api.models.commands import Code
from api.models.terms import Lax, TermsBody
from domain.ticket.departments import REQUESTS_MAX
from domain.values import PlanLevel

ReportedFact = Literal[
    "flaw_photo",
    "negative_sentiment",
    "mention_found",
    "network_answered",
    "on_site",
    "warehouse_received",
    "cross_border_completed",
]
"""What has no command of its own; who may report which is the domain's to say."""


class FactBody(Body):
    """Something that happened outside, with the instant at which it did."""

    fact: ReportedFact
    occurred_at: At
    reference: Reference | None = None
    """Of what it is about, in the reporting system."""


class PlanBody(Body):
    """How the matter will be resolved."""

    level: Lax[PlanLevel]
    text: Text


class AutomaticAnswerBody(Body):
    """What a machine answers, and whether that settles the question as far as it knows."""

    text: Text
    effective: bool


class WaitBody(Body):
    """Who must act before anything can be done."""

    on: Literal["buyer", "carrier", "third_party"]
    why: Code


class ResolutionBody(Body):
    """How the complaint is resolved, what will be better, and what compensates."""

    text: Text
    improvement: Text
    compensation: TermsBody


class DepartmentRequestBody(Body):
    """Which departments are asked for a plan, and what they are asked."""

    departments: Annotated[list[Code], Field(min_length=1, max_length=REQUESTS_MAX)]
    question: Text


class DepartmentPlanBody(Body):
    """A department's plan."""

    plan: Text


class QueueBody(Body):
    """To which queue of the book the matter is brought."""

    queue: Code
    why: Code


class BookBody(Body):
    """Which adopted book's promises are made on the ticket from now on."""

    policy: Reference
    """Its version."""
    why: Code
