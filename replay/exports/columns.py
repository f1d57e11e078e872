"""An event's fields as flat, named and typed values, by the registry of events; for every form.

Names and types follow from the event's class alone, so every export of a topic has the same ones.
A personal field is the commitment that stands in the record.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, Union, get_args, get_origin
from typing import get_type_hints as hints_of

import msgspec

from domain.events.base import Event
from domain.events.registry import EVENTS
from domain.record import Record
from domain.values import Confidential, Instant, Money

Value: TypeAlias = str | int | bool


class Kind(StrEnum):
    """What a value is, in the words of OCEL 2.0."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"


class Column(NamedTuple):
    """One named value of an event, and where in the event it is found."""

    name: str
    kind: Kind
    path: tuple[str, ...]
    packed: bool = False
    """A list, which is told as its JSON text."""


LEDGER: Final[Mapping[str, Kind]] = {
    "ledger_lane": Kind.INTEGER,
    "ledger_position": Kind.INTEGER,
    "ledger_version": Kind.INTEGER,
    "ledger_recorded_at": Kind.TIME,
    "ledger_leaf_hash": Kind.STRING,
    "actor_kind": Kind.STRING,
    "actor_ref": Kind.STRING,
    "source_system": Kind.STRING,
    "source_ref": Kind.STRING,
}
"""What every event has, whatever its topic: its place in the ledger, who, and from where."""


def place_values(record: Record) -> dict[str, Value]:
    """Return an event's values of LEDGER; one that it does not have is left out."""
    found: dict[str, Value] = {
        "ledger_lane": record.lane,
        "ledger_position": record.position,
        "ledger_version": record.version,
        "ledger_recorded_at": record.at,
        "ledger_leaf_hash": record.leaf_hash,
        "actor_kind": record.actor.kind.value,
        "actor_ref": record.actor.ref,
    }
    source = record.envelope.source
    if source is not None:
        found |= {"source_system": source.system, "source_ref": source.ref}
    return found


def event_values(event: Event) -> dict[str, Value]:
    """Return an event's own fields by name; what it does not have is left out."""
    told: Any = msgspec.to_builtins(event, enc_hook=_commitment)
    found: dict[str, Value] = {}
    for column in columns_of(type(event)):
        value: Any = told
        for step in column.path:
            value = value.get(step) if value is not None else None
        if value is not None:
            found[column.name] = packed(value) if column.packed else value
    return found


def packed(value: object) -> str:
    """Return a list as its JSON text."""
    return msgspec.json.encode(value, order="sorted").decode()


@cache
def columns_of(event_class: type[Event]) -> tuple[Column, ...]:
    """Return the values that events of a class may have."""
    return tuple(_of_struct(event_class, "", ()))


def _of_struct(struct: type, prefix: str, path: tuple[str, ...]) -> Iterator[Column]:
    hints = hints_of(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        hint, name = _inner(hints[field.name]), f"{prefix}{field.name}"
        at = (*path, field.name)
        if hint is Money:
            yield Column(f"{name}_minor", Kind.INTEGER, (*at, "amount_minor"))
            yield Column(f"{name}_currency", Kind.STRING, (*at, "currency"))
        elif get_origin(hint) is tuple:
            yield Column(name, Kind.STRING, at, packed=True)
        elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from _of_struct(hint, f"{name}_", at)
        else:
            yield Column(name, _kind(hint), at)


def _inner(hint: Any) -> Any:
    """Return what an optional or annotated type is of."""
    if get_origin(hint) in {Union, UnionType}:
        return _inner(next(one for one in get_args(hint) if one is not type(None)))
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _kind(hint: Any) -> Kind:
    if hint is Instant:
        return Kind.TIME
    if hint is bool:
        return Kind.BOOLEAN
    return Kind.INTEGER if hint is int else Kind.STRING


def _commitment(value: Any) -> str:
    """Return what stands in the record for a personal value."""
    assert isinstance(value, Confidential), "everything else is plain"
    sd: str = getattr(value, "sd")  # noqa: B009 - a sealed value has one, an open one fails here
    return sd


def _check() -> None:
    """Refuse, when the program starts, an event whose fields would hide one another."""
    for topic, event_class in EVENTS.items():
        names = [*LEDGER, *(column.name for column in columns_of(event_class))]
        if len(set(names)) != len(names) or any(name.startswith("ocel") for name in names):
            raise TypeError(f"the fields of {topic} can not be told apart in an export")


_check()
