"""The bodies of what is reported of customers."""

from typing import Annotated

from pydantic import Field

from api.models.base import AMOUNT_MINOR_MAX, At, Body, Currency, Reference
from api.models.terms import Lax
from domain.values import Tier

CATEGORIES_MAX = 200


class SpendBody(Body):
    """What was spent; nothing at all is an amount too."""

    amount_minor: Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]
    currency: Currency


class StandingBody(Body):
    """What a customer is to the platform, as it stood at an instant."""

    tier: Lax[Tier]
    as_of: At
    spend: SpendBody | None = None
    """In the year before."""
    bought: Annotated[tuple[Reference, ...], Field(strict=False, max_length=CATEGORIES_MAX)] = ()
    """The categories of earlier orders."""
