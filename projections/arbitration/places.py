"""How a case file points into the record: at the fact that says something, at a personal value."""

import msgspec

from domain.values import ActorKind, Instant


class Place(msgspec.Struct, omit_defaults=True, gc=False):
    """Where a personal value lies in the record; never the value."""

    version: int
    field: str
    stream: str = ""
    """Not stored: it is the ticket's own."""


class Mark(msgspec.Struct, omit_defaults=True, gc=False):
    """The record that says something: where it is, when it was made, in which role.

    Only the version is stored; the rest is filled in from the timeline when the file is read.
    """

    version: int
    position: str = ""
    leaf_hash: str = ""
    at: Instant = Instant("")
    by: ActorKind = ActorKind.SYSTEM
