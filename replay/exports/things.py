"""Which things an event is about, and how they belong together: the objects of OCEL 2.0.

The names are the registry's: an object is called as the field that names it, and the qualifier of
a relation is that field's name. How things change is told in `attributes`.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.events import Event, OrderPlaced, TicketOpened, TicketsLinked
from domain.record import Record
from domain.values import MACHINES, ActorKind

SUBJECT: Final = "subject"
"""The qualifier of the thing on whose stream an event stands."""
ACTOR: Final = "actor"
"""The qualifier of whoever brought an event about."""

_STREAMS: Final[Mapping[str, str]] = {"customer": "buyer", "access": "ticket", "notice": "ticket"}
"""The kinds of streams that are about things called otherwise."""
_FIELDS: Final[Mapping[str, str]] = {
    "ticket": "ticket",
    "other": "ticket",
    "order": "order",
    "buyer": "buyer",
    "merchant": "merchant",
    "carrier": "carrier",
    "supplier": "supplier",
    "agent": "agent",
    "arbitrator": "arbitrator",
    "queue": "queue",
    "item": "evidence_item",
    "items": "evidence_item",
    "replaces": "evidence_item",
    "shown": "evidence_item",
    "relied_on": "evidence_item",
    "offer": "offer",
    "counters": "offer",
    "ruling": "ruling",
    "appeal": "appeal",
    "remedy": "remedy",
}
"""Field → the type of thing that its text names."""
_OF_A_TICKET: Final = frozenset({"evidence_item", "offer", "ruling", "appeal", "remedy"})
"""What is numbered within its ticket."""
_UNNAMED: Final = frozenset({ActorKind.SYSTEM, *MACHINES}) - {ActorKind.CARRIER}
"""Whoever acts here is no party and nobody's colleague; the event's attributes name it."""
_BELONGING: Final = (("offer", "counters"), ("item", "replaces"), ("appeal", "ruling"))
"""Pairs of fields of one event of which the first thing belongs to the second."""
_LASTING: Final[Mapping[type[Event], tuple[str, ...]]] = {
    TicketOpened: ("order", "buyer", "merchant"),
    TicketsLinked: ("other",),
    OrderPlaced: ("buyer", "merchant"),
}
"""Fields that name what the subject belongs to from then on."""


class Thing(NamedTuple):
    """An object: its type, and its id, which no other object of the ledger has."""

    type: str
    id: str


class Relation(NamedTuple):
    """That an event is about a thing."""

    thing: Thing
    qualifier: str


class Tie(NamedTuple):
    """That a thing belongs to another."""

    source: Thing
    target: Thing
    qualifier: str


class Told(NamedTuple):
    """What an event says of things."""

    relations: tuple[Relation, ...]
    ties: tuple[Tie, ...]


def thing(kind: str, reference: str, ticket: str | None = None) -> Thing:
    """Return the thing of a type that a reference names, on a ticket where it is numbered there."""
    if kind in _OF_A_TICKET and ticket is not None:
        return Thing(kind, f"{kind}:{ticket}/{reference}")
    return Thing(kind, f"{kind}:{reference}")


def subject_of(stream: str) -> Thing:
    """Return the thing a stream is about."""
    family, _, reference = stream.partition(":")
    if family == "notice" and ":" in reference:  # about a stream that is no ticket's
        return subject_of(reference)
    return thing(_STREAMS.get(family, family), reference)


def ticket_of(record: Record) -> str | None:
    """Return the ticket an event is about: its stream's, or the one that it names."""
    if subject_of(record.stream).type == "ticket":
        return record.subject
    return getattr(record.event, "ticket", None)


def told_of(record: Record) -> Told:
    """Return which things an event is about; the subject first, and it is never without one."""
    subject, ticket, event = subject_of(record.stream), ticket_of(record), record.event
    named: dict[str, list[Thing]] = {}
    for field in _naming(type(event)):
        value = getattr(event, field)
        values = () if value is None else value if isinstance(value, tuple) else (value,)
        named[field] = [thing(_FIELDS[field], one, ticket) for one in values if one]
    relations = [Relation(subject, SUBJECT)]
    if record.actor.kind not in _UNNAMED:
        relations.append(Relation(thing(record.actor.kind.value, record.actor.ref), ACTOR))
    relations += [Relation(one, field) for field, things in named.items() for one in things]
    suppliers = _suppliers(event)
    relations += [Relation(one, "supplier") for one in suppliers]
    ties = [
        *_ties(subject, ticket, event, named),
        *(Tie(subject, one, "supplier") for one in suppliers),
    ]
    return Told(tuple(dict.fromkeys(relations)), tuple(dict.fromkeys(ties)))


def _ties(
    subject: Thing, ticket: str | None, event: Event, named: Mapping[str, list[Thing]]
) -> Iterator[Tie]:
    for field in _LASTING.get(type(event), ()):
        yield from (Tie(subject, one, field) for one in named.get(field, ()))
    if ticket is not None:
        whole = thing("ticket", ticket)
        for things in named.values():
            yield from (Tie(one, whole, "ticket") for one in things if one.type in _OF_A_TICKET)
    for owner, field in _BELONGING:
        for one in named.get(owner, ()):
            yield from (Tie(one, other, field) for other in named.get(field, ()))
    for judged in named.get("appeal") or named.get("ruling") or ():
        yield from (Tie(judged, item, "relied_on") for item in named.get("relied_on", ()))


def _suppliers(event: Event) -> list[Thing]:
    """Return who supplied the goods of an order."""
    if not isinstance(event, OrderPlaced):
        return []
    named = dict.fromkeys(line.supplier for line in event.lines if line.supplier)
    return [thing("supplier", one) for one in named if one is not None]


@cache
def _naming(event_class: type[Event]) -> tuple[str, ...]:
    """Return the fields of a class that name things: texts and lists of texts, by their names."""
    hints = get_type_hints(event_class, include_extras=True)
    return tuple(
        field.name
        for field in msgspec.structs.fields(event_class)
        if field.name in _FIELDS and _is_text(hints[field.name])
    )


def _is_text(hint: Any) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return any(_is_text(one) for one in get_args(hint) if one is not type(None))
    return hint is str or (get_origin(hint) is tuple and get_args(hint)[0] is str)
