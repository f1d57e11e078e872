"""The frozen shapes of all topics: `python -m tests.rules.topics` adds new ones, and changes none.

A topic names its shape for ever. A new shape is a new version of the topic and an upcast.
"""

import hashlib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.events import EVENTS, UPCASTS

LOCK: Final = Path(__file__).with_name("topics.lock")


def shapes() -> dict[str, str]:
    """Return topic → digest of its field names and types, as the program has them."""
    return {topic: digest(event_class) for topic, event_class in EVENTS.items()}


def locked() -> dict[str, str]:
    """Return topic → digest, as they were frozen."""
    rows = LOCK.read_text().splitlines() if LOCK.exists() else []
    return dict(row.rsplit(" ", 1) for row in rows if row)


def changed(frozen: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the topics whose shape is another one than was frozen, or that are gone."""
    return sorted(
        topic for topic in frozen if now.get(topic) != frozen[topic] and topic not in UPCASTS
    )


def digest(event_class: type[msgspec.Struct]) -> str:
    """Return a short digest of a class's shape."""
    return hashlib.sha256(_shape(event_class).encode()).hexdigest()[:16]


def _shape(kind: Any) -> str:
    """Return a text that differs whenever stored data would be read differently."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return f"personal({inner[1].extra['subject']})"
    if origin in {Union, types.UnionType}:
        return "|".join(_shape(one) for one in inner)
    if origin is tuple:
        return f"[{_shape(inner[0])}]"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        fields = msgspec.structs.fields(kind)
        rows = ",".join(f"{one.encode_name}:{_shape(hints[one.name])}" for one in fields)
        return f"{{{rows}}}"
    return str(kind.__name__)


def main() -> None:
    """Add the topics that are new; a changed one is left for the test to refuse."""
    rows = {**shapes(), **locked()}
    LOCK.write_text("".join(f"{topic} {rows[topic]}\n" for topic in sorted(rows)))


if __name__ == "__main__":
    main()
