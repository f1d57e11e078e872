"""How an answer says which moment of the past it is of."""

from typing import Annotated

import msgspec
from msgspec import Meta

from domain.values import Instant
from replay.as_of import At
from replay.verify.report import Finding

By = Annotated[str, Meta(pattern="^(version|position|time|occurred)$")]


class AsOf(msgspec.Struct, frozen=True, omit_defaults=True):
    """A moment of the past; the answer's `position` says up to which records."""

    by: By
    """`occurred` counts what had occurred by the instant, all others what was recorded."""
    version: int | None = None
    instant: Instant | None = None
    verified: bool | Finding | None = None
    """Of one ticket: true when the chain of its records up to there was found whole just now."""


def as_of(at: At, verified: bool | Finding | None = None) -> AsOf:  # noqa: FBT001 - as it is found
    """Return how a moment that was asked for is told."""
    by = next(name for name in At.__struct_fields__ if getattr(at, name) is not None)
    return AsOf(by, at.version, at.time or at.occurred, verified)
