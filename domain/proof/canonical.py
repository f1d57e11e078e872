"""The one spelling of a record as bytes: RFC 8785 (JCS), on a domain where it has no surprises.

The domain (checked when the registry of event classes is built) is integers up to 2^53-1, strings
without U+0000, booleans, and objects with lower case ASCII keys; there, sorted msgspec JSON is
byte-identical to RFC 8785. A test holds the two together.
"""

import re
from typing import Any, Final

import msgspec

BYTES_MAX: Final = 65_535
"""A record's canonical bytes are never longer; what is longer goes into the vault."""


class NotCanonical(ValueError):  # noqa: N818 - named for what is wrong with the text
    """The value holds U+0000, which no record may hold and no column of text can."""


class TooLarge(ValueError):  # noqa: N818 - named for what is wrong with the record
    """The record would be longer than 65,535 bytes; put the content into the vault."""


def canonical(value: object) -> bytes:
    """Return the canonical bytes of a record (or of any value of the canonical domain).

    Raises TooLarge over 65,535 bytes, NotCanonical for U+0000 and TypeError for a personal value
    nobody has sealed.
    """
    encoded = _ENCODER.encode(value)
    if holds_null(encoded):
        raise NotCanonical("a record holds no U+0000")
    if len(encoded) > BYTES_MAX:
        raise TooLarge(f"a record holds at most {BYTES_MAX} bytes")
    return encoded


def holds_null(encoded: bytes) -> bool:
    """Return whether a text of an encoded JSON document holds U+0000."""
    # Most documents do not even hold what looks like it, and the plain search is much faster.
    return b"\\u0000" in encoded and _NULL.search(encoded) is not None


def _sealed(value: Any) -> dict[str, str]:
    """Return what stands in a record for a personal value: its commitment, never the value."""
    sd = getattr(value, "sd", None)
    if isinstance(sd, str):
        return {"sd": sd}
    raise TypeError(f"{type(value).__name__} is sealed before it is written, or not canonical")


_NULL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape itself; after an odd number of backslashes it would be a text about it."""
_ENCODER: Final = msgspec.json.Encoder(enc_hook=_sealed, order="sorted")
