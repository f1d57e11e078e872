"""Records' bytes, read once: whether they are canonical, and what an audit needs of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.events import EVENTS
from domain.events.registry import UPCASTS
from domain.proof.canonical import holds_null
from domain.record import FORMAT
from domain.ticket.files import CONTENT_KEY, DESCRIPTOR


class NoLine(Exception):  # noqa: N818 - named for what the bytes are not
    """The bytes are no line of a record; `code` is the finding."""

    def __init__(self, code: str, what: str) -> None:
        """Keep the code and the sentence."""
        super().__init__(what)
        self.code = code
        self.what = what


class Actor(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """On whose authority it happened."""

    kind: str
    ref: str


class After(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The newest published checkpoint the writer knew."""

    root: str
    size: int


class Cause(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Why there is this record."""

    command: str
    correlation: str
    by: str | None = None


class Source(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Where a fact from elsewhere comes from."""

    imported: bool
    ref: str
    system: str
    occurred_at: str | None = None


class Line(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    kw_only=True,
):
    """A record of format 1 with its data as plain JSON.

    It is the published form again and not the application's class: an audit that reads with the
    code it audits would share its mistakes.
    """

    actor: Actor
    after: After | None = None
    at: str
    cause: Cause
    data: dict[str, Any]
    format: int
    id: str
    ledger: str
    prev: str
    source: Source | None = None
    stream: str
    topic: str
    version: int


def read_line(state: bytes) -> Line:
    """Return the line that canonical bytes are; raise NoLine otherwise."""
    try:
        line = _DECODER.decode(state)
    except msgspec.ValidationError as error:
        raise NoLine("E02", f"this is no record of format {FORMAT}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoLine("E01", f"the bytes are not JSON: {error}") from None
    except (ValueError, RecursionError) as error:
        raise NoLine("E02", f"the record is not canonical: {error}") from None
    if line.format != FORMAT:
        raise NoLine("E02", f"the record is of format {line.format}")
    if line.topic not in EVENTS and line.topic not in UPCASTS:
        raise NoLine("E02", f"no version of the program knew the topic {line.topic!r}")
    # The members again, sorted: other spellings, doubled keys and blanks all come out different.
    if _ENCODER.encode(line) != state or (b"\\u0000" in state and holds_null(state)):
        raise NoLine("E02", "the bytes are not the canonical form of what they say")
    return line


def read_lines(states: Sequence[bytes]) -> list[Line] | None:
    """Return the lines that all of these are; None when one of them is none, whichever it is.

    They are read in one call and written again in one call, a line each. No written line holds a
    line break, so when both texts are the same and have a break for every record, no record holds
    one either, and each is exactly its own line.
    """
    text = b"".join([b"\n".join(states), b"\n"]) if states else b""
    try:
        lines = _DECODER.decode_lines(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if len(lines) != len(states) or _ENCODER.encode_lines(lines) != text or b"\\u0000" in text:
        return None
    formats, topics = {line.format for line in lines}, {line.topic for line in lines}
    known = all(topic in EVENTS or topic in UPCASTS for topic in topics)
    return lines if known and formats <= {FORMAT} else None


def holds_commitment(state: bytes) -> bool:
    """Return whether a record may hold a commitment to a personal value: if not, it does not."""
    return b'"sd":' in state


def commitments(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and commitment of every personal field of an event."""
    for name, value in data.items():
        if type(value) is dict and len(value) == 1 and "sd" in value:
            yield name, value["sd"]


def contents(value: Any) -> Iterator[tuple[str, int]]:
    """Yield digest and size of every content of the vault that an event names."""
    if type(value) is dict:
        if "sha256" in value and "size" in value:
            yield value["sha256"], value["size"]
        else:
            for inner in value.values():
                yield from contents(inner)
    elif type(value) is list:
        for inner in value:
            yield from contents(inner)


def sealed_content(data: dict[str, Any]) -> tuple[str, ...]:
    """Return an event's commitments to what a personal content is and what opens it, if any."""
    fields = [data.get(name) for name in (DESCRIPTOR, CONTENT_KEY)]
    return tuple(one["sd"] for one in fields if type(one) is dict and "sd" in one)


def _no_floats(_text: str) -> Any:
    raise ValueError("a record holds no floats")


_DECODER: Final = msgspec.json.Decoder(Line, float_hook=_no_floats)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
