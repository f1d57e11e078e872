"""Money, terms and attachments as they come in."""

from typing import Annotated, TypeVar

from pydantic import Field

from api.models.base import AmountMinor, Body, Currency, Digest, Reference
from domain.ledger.vault_drafts import SEALED_BYTES_MAX
from domain.values import RemedyKind, Responsible

T = TypeVar("T")
Lax = Annotated[T, Field(strict=False)]
"""An enumeration comes as its text; a list comes as a JSON array."""


class MoneyBody(Body):
    """An exact amount: integer minor units and an ISO 4217 currency."""

    amount_minor: AmountMinor
    currency: Currency


class TermsBody(Body):
    """One remedy as it is proposed, approved or awarded."""

    kind: Lax[RemedyKind]
    line: Reference | None = None
    amount: MoneyBody | None = None


class ShareBody(Body):
    """How much of the responsibility one party bears, in basis points."""

    party: Lax[Responsible]
    share_bp: Annotated[int, Field(ge=0, le=10_000)]


class AttachmentBody(Body):
    """A content that was uploaded here: the answer of the upload, as it came."""

    sha256: Digest
    size: Annotated[int, Field(ge=1, le=SEALED_BYTES_MAX)]
    media_type: Annotated[str, Field(min_length=1, max_length=100)]
    receipt: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[A-Za-z0-9_-]+$")]
