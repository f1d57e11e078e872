"""The closed table topic ↔ class, what a class must be to stand in it, and reading stored data."""

import re
import types
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from domain.events import (
    agents,
    anchors,
    arbitration,
    clocks,
    deadlines,
    diagnosis,
    evidence,
    facts,
    intake,
    ledger,
    negotiation,
    notices,
    orders,
    parties,
    pilots,
    privacy,
    remedies,
    routing,
    sources,
    surveys,
    training,
)
from domain.events.base import Event
from domain.values import Commitment, Confidential, Of

_MODULES: Final = (
    intake,
    deadlines,
    negotiation,
    evidence,
    arbitration,
    remedies,
    sources,
    orders,
    parties,
    ledger,
    privacy,
    anchors,
    clocks,
    diagnosis,
    facts,
    routing,
    agents,
    surveys,
    notices,
    pilots,
    training,
)
_TOPIC: Final = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*")
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]*")


def read_event(topic: str, data: msgspec.Raw | bytes) -> Event:
    """Return the event that stored data of a topic mean today.

    Raises KeyError for a topic no version of the program knew, msgspec.ValidationError for data
    that is not of the topic's shape.
    """
    upcast = UPCASTS.get(topic)
    if upcast is not None:
        return upcast(msgspec.json.decode(data))
    return _DECODERS[topic].decode(data)


def personal_fields(event_class: type[Event]) -> Mapping[str, Of]:
    """Return the personal fields of a class with whose data each holds."""
    return _PERSONAL[event_class]


def _collect() -> dict[str, type[Event]]:
    """Return topic → class of every event class, after checking each."""
    found: dict[str, type[Event]] = {}
    for module in _MODULES:
        for value in vars(module).values():
            local = isinstance(value, type) and value.__module__ == module.__name__
            if local and issubclass(value, Event):
                if "TOPIC" not in vars(value):
                    raise TypeError(f"{value.__name__} names no topic of its own")
                if value.TOPIC in found:
                    raise TypeError(f"two classes name the topic {value.TOPIC}")
                check_class(value)
                found[value.TOPIC] = value
    return found


def check_class(event_class: type[Event]) -> None:
    """Refuse, with TypeError, a class whose events would not be canonical evidence."""
    name = event_class.__name__
    if not _TOPIC.fullmatch(event_class.TOPIC):
        raise TypeError(f"{name}: a topic is noun.verb_in_past.vN, not {event_class.TOPIC!r}")
    if not event_class.FAMILY:
        raise TypeError(f"{name}: an event belongs to a family of streams")
    hints = get_type_hints(event_class, include_extras=True)
    for field in msgspec.structs.fields(event_class):
        if not field.required and field.default is not None:
            raise TypeError(f"{name}.{field.name}: an optional field has None for its default")
        hint = hints[field.name]
        if _subject(hint) is None:
            _check_type(hint, f"{name}.{field.name}", optional=not field.required)


def _check_type(hint: Any, where: str, *, optional: bool = False) -> None:
    """Refuse a type outside the canonical domain: no floats, no open dictionaries, no null."""
    if hasattr(hint, "__supertype__"):
        return _check_type(hint.__supertype__, where, optional=optional)
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        inner = [one for one in get_args(hint) if one is not type(None)]
        if len(inner) != 1 or not optional:
            raise TypeError(f"{where}: only `T | None = None` may be a union")
        return _check_type(inner[0], where)
    if origin is tuple:
        arguments = get_args(hint)
        if len(arguments) != 2 or arguments[1] is not Ellipsis:
            raise TypeError(f"{where}: a list is tuple[T, ...]")
        return _check_type(arguments[0], where)
    if hint in {int, str, bool} or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        return None
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        hints = get_type_hints(hint, include_extras=True)
        for field in msgspec.structs.fields(hint):
            if not _FIELD.fullmatch(field.encode_name):
                raise TypeError(f"{where}.{field.name}: a key is lower case ASCII")
            inner_optional = not field.required and field.default is None
            _check_type(hints[field.name], f"{where}.{field.name}", optional=inner_optional)
        return None
    raise TypeError(f"{where}: {hint} is outside the canonical domain")


def _subject(hint: Any) -> Of | None:
    """Return whose personal data a field's type declares, or None when it is not personal."""
    if get_origin(hint) in {Union, types.UnionType}:
        return next((found for one in get_args(hint) if (found := _subject(one))), None)
    if get_origin(hint) is Annotated and get_args(hint)[0] is Confidential:
        return cast("Of", get_args(hint)[1].extra["subject"])
    return None


def _commitment(kind: type, value: Any) -> Any:
    """Return the commitment a record holds in place of a personal value."""
    if kind is Confidential and isinstance(value, dict) and value.keys() == {"sd"}:
        return Commitment(value["sd"])
    raise msgspec.ValidationError("a personal field holds a commitment and nothing else")


EVENTS: Final[Mapping[str, type[Event]]] = types.MappingProxyType(_collect())
"""Topic → class of every fact."""

UPCASTS: Final[Mapping[str, Callable[[Any], Event]]] = types.MappingProxyType({})
"""Topic of a former shape → the function that tells its data as an event of today."""

_DECODERS: Final = {
    topic: msgspec.json.Decoder(event_class, dec_hook=_commitment)
    for topic, event_class in EVENTS.items()
}
_PERSONAL: Final[dict[type[Event], Mapping[str, Of]]] = {
    event_class: {
        name: subject
        for name, hint in get_type_hints(event_class, include_extras=True).items()
        if (subject := _subject(hint)) is not None
    }
    for event_class in EVENTS.values()
}
