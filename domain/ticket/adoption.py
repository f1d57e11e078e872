"""Judging the adoption of a book of rules: what is adopted stays, and nothing is put in force late.

Whether the bytes are a book at all is found before anybody is asked (`domain.policies.book`).
"""

from datetime import timedelta
from typing import Final

import msgspec

from domain import errors
from domain.commands import AdoptBook
from domain.events import PolicyAdopted
from domain.values import Instant, Sha256, later

BOOKS_STREAM: Final = "policy:book"
NOTICE: Final = timedelta(seconds=5)
"""How long before a book is in force it is adopted at least: every process knows it by then."""


class Adopted(msgspec.Struct, frozen=True):
    """A book that was adopted, and from when it is in force."""

    version: str
    digest: Sha256
    in_force_from: Instant


def decide_adoption(
    command: AdoptBook, adopted: tuple[Adopted, ...] | None, now: Instant
) -> tuple[PolicyAdopted, ...]:
    """Return that a book is adopted; nothing when it was, however often it is offered.

    The first book of a ledger may be in force from the past: there is nothing it could change.
    """
    known = adopted or ()
    if any(one.digest == command.digest for one in known):
        return ()
    if any(one.version == command.version for one in known):
        raise errors.BookKnownOtherwise
    if known and command.in_force_from < later(now, NOTICE):
        raise errors.BookNotAhead(earliest=later(now, NOTICE))
    overlapping = [one.version for one in known if one.in_force_from == command.in_force_from]
    if overlapping:
        raise errors.BookOverlaps(version=overlapping[0])
    return (
        PolicyAdopted(
            version=command.version,
            digest=command.digest,
            in_force_from=command.in_force_from,
        ),
    )


def evolve_adoptions(
    adopted: tuple[Adopted, ...] | None, event: PolicyAdopted
) -> tuple[Adopted, ...]:
    """Return the adopted books after one more, in the order of their adoption."""
    told = Adopted(event.version, event.digest, event.in_force_from)
    return (*(adopted or ()), told)
